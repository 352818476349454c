"""Which instance profile an instance has, changed after its launch.

Source: EC2 API Reference, AssociateIamInstanceProfile ("a running or stopped instance"),
ReplaceIamInstanceProfileAssociation (its example answers with another id and the state
``associating``); EC2 API error codes. What comes next is there at the next look [NV].
"""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociation
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.launches import LaunchRules
from sandbox.ec2.wire import DocumentResult

ASSOCIABLE = frozenset({"pending", "running", "stopping", "stopped"})


class ProfileActions(EC2Response):
    """Giving an instance a profile, or another one."""

    @override
    def associate_iam_instance_profile(self) -> ActionResult:
        """Only where there is none yet (``IncorrectState``)."""
        backend = self._profiles
        instance = backend.get_instance(self._get_param("InstanceId"))
        profile = self._wanted()
        if instance.state not in ASSOCIABLE:
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'running' or 'stopped' state.",
            )
        return _associating(
            backend.associate_iam_instance_profile(
                instance.id, iam_instance_profile_arn=profile["Arn"]
            )
        )

    @override
    def replace_iam_instance_profile_association(self) -> ActionResult:
        """The former association ends; the new one has an id of its own."""
        backend = self._profiles
        asked = self._get_param("AssociationId")
        profile = self._wanted()
        former = next(
            (
                each
                for each in backend.iam_instance_profile_associations.values()
                if each.association_id == asked
            ),
            None,
        )
        if former is None:
            raise EC2ClientError(
                "InvalidAssociationID.NotFound", f"An invalid association-id of '{asked}' was given"
            )
        del backend.iam_instance_profile_associations[former.instance_id]
        return _associating(
            backend.associate_iam_instance_profile(
                former.instance_id, iam_instance_profile_arn=profile["Arn"]
            )
        )

    def _wanted(self) -> dict[str, str]:
        given = {name: self._get_param(f"IamInstanceProfile.{name}") for name in ("Arn", "Name")}
        profile = self._profiles.instance_profile(given)
        if profile is None:
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter IamInstanceProfile"
            )
        return profile

    @property
    def _profiles(self) -> LaunchRules:
        backend: LaunchRules = self.ec2_backend
        return backend


def _associating(made: IamInstanceProfileAssociation) -> DocumentResult:
    profile = made.iam_instance_profile
    return DocumentResult(
        {
            "IamInstanceProfileAssociation": {
                "AssociationId": made.association_id,
                "InstanceId": made.instance_id,
                "IamInstanceProfile": {"Arn": profile.arn, "Id": profile.id},
                "State": "associating",
            }
        }
    )
