"""Who may launch an image: accounts, organisations, everybody; and whether anybody may.

Source: EC2 API pages ModifyImageAttribute, CancelImageLaunchPermission and
EnableImageBlockPublicAccess; EC2 User Guide, "Shared AMI usage", "AMI quotas in Amazon EC2"
and "Block public access to your AMIs". That accounts of an organisation can use what is
shared with it is not done: the sandbox does not know who belongs to one.
"""

import re
from typing import cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidAMIAttributeItemValueError
from moto.ec2.responses import EC2Response

from sandbox.ec2.encryption import existing_managed_key
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import ImageRules
from sandbox.ec2.wire import DocumentResult
from sandbox.quotas import quotas
from sandbox.rbin import Kind

BLOCKED = "block-new-sharing"
UNBLOCKED = "unblocked"
EVERYBODY = {"Group": "all"}

Permission = dict[str, str]

_ARNS = {
    "OrganizationArn": re.compile(
        r"arn:[\w-]+:organizations::\d{12}:organization/o-[a-z0-9]{10,32}"
    ),
    "OrganizationalUnitArn": re.compile(
        r"arn:[\w-]+:organizations::\d{12}:ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"
    ),
}


class LaunchPermissionRules(ImageRules):
    """Changes of launch permissions; the owner's, save for giving up one's own."""

    @property
    def public_access(self) -> str:
        """Whether images may be made public here.

        Blocked unless the account unblocked it (EC2 User Guide, "Block public access to
        your AMIs": the default of accounts without public images).
        """
        return str(self.__dict__.get("_public_access", BLOCKED))

    @public_access.setter
    def public_access(self, value: str) -> None:
        self.__dict__["_public_access"] = value

    def share_image(self, image_id: str, add: list[Permission], remove: list[Permission]) -> None:
        """Add and take back launch permissions, all or none."""
        image = self.own_image(image_id)
        for each in (*add, *remove):
            self._check_target(each)
        kept = [each for each in image.launch_permissions if each not in remove]
        new = [each for at, each in enumerate(add) if each not in kept and each not in add[:at]]
        if add:
            self._require_sharable(image, public=EVERYBODY in add)
            self._require_quota(image, [*kept, *new])
        image.launch_permissions[:] = kept + new

    def give_up_image(self, image_id: str) -> None:
        """Take this account off an image's launch permissions.

        Only where it is shared with the account itself, not with its organisation or with all
        (EC2 User Guide, "Cancel having an AMI shared with your account"); the code is [NV].
        """
        image = self.get_image(image_id)
        own: Permission = {"UserId": self.account_id}
        if image.owner_id == self.account_id or own not in image.launch_permissions:
            raise EC2ClientError(
                "InvalidRequest", f"The image '{image_id}' is not shared with this account itself"
            )
        image.launch_permissions.remove(own)

    def _check_target(self, permission: Permission) -> None:
        """Refuse what is no account, group or ARN (EC2 API, InvalidAMIAttributeItemValue)."""
        self.validate_permission_targets([permission])
        for member, pattern in _ARNS.items():
            if member in permission and not pattern.fullmatch(permission[member]):
                name = member[:1].lower() + member[1:]
                raise InvalidAMIAttributeItemValueError(name, permission[member])

    def _require_sharable(self, image: Image, *, public: bool) -> None:
        """Refuse to share what cannot be shared.

        A disabled image cannot be, nor one under the AWS managed key; an encrypted one cannot
        be public, nor one with a Marketplace product code (EC2 User Guide, "Shared AMI usage";
        botocore's model, ModifyImageAttribute). The codes are [NV].
        """
        if image.disabled:
            raise EC2ClientError("IncorrectState", f"The image '{image.id}' is disabled")
        found = [self.snapshots.get(each) for each in image.snapshot_ids()]
        keys = {each.kms_key_id for each in found if each is not None and each.encrypted}
        if keys and (public or existing_managed_key(self) in keys):
            raise EC2ClientError(
                "InvalidParameter",
                "Snapshots encrypted with the AWS Managed CMK can't be shared"
                if not public
                else f"The image '{image.id}' has encrypted snapshots and can't be public",
            )
        if public and image.traits.product_codes:
            raise EC2ClientError(
                "InvalidParameter", f"The image '{image.id}' has product codes: it can't be public"
            )
        if public and self.public_access == BLOCKED:
            raise EC2ClientError(
                "OperationNotPermitted",
                "You can't publicly share this image because block public access for AMIs is "
                "enabled for this account.",
            )

    def _require_quota(self, image: Image, permissions: list[Permission]) -> None:
        """Refuse a 1,001st entity and a sixth public image; the code is [NV]."""
        most, most_public = quotas.most("shared_with"), quotas.most("public_images")
        entities = [each for each in permissions if each != EVERYBODY]
        if len(entities) > most:
            raise _too_many(f"An image can be shared with {most} entities")
        if EVERYBODY in permissions and not image.is_public:
            held = [cast("Image", each) for each in self.amis.values()]
            held += [cast("Image", each.resource) for each in self.kept_of(Kind.IMAGE)]
            if sum(each.is_public for each in held) >= most_public:
                raise _too_many(f"A Region can have {most_public} public images")


class LaunchPermissionActions(EC2Response):
    """What is not an image attribute, on the wire."""

    @property
    def _permissions(self) -> LaunchPermissionRules:
        return cast("LaunchPermissionRules", self.ec2_backend)

    def cancel_image_launch_permission(self) -> ActionResult:
        """CancelImageLaunchPermission."""
        self.error_on_dryrun()
        self._permissions.give_up_image(self._get_param("ImageId"))
        return DocumentResult({"Return": True})

    def get_image_block_public_access_state(self) -> ActionResult:
        """GetImageBlockPublicAccessState."""
        self.error_on_dryrun()
        state = self._permissions.public_access
        return DocumentResult({"ImageBlockPublicAccessState": state, "ManagedBy": "account"})

    def enable_image_block_public_access(self) -> ActionResult:
        """EnableImageBlockPublicAccess: ``block-new-sharing`` is its one value."""
        self.error_on_dryrun()
        state = self._get_param("ImageBlockPublicAccessState")
        if state != BLOCKED:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({state}) for parameter imageBlockPublicAccessState is invalid.",
            )
        return self._set_public_access(BLOCKED)

    def disable_image_block_public_access(self) -> ActionResult:
        """DisableImageBlockPublicAccess."""
        self.error_on_dryrun()
        return self._set_public_access(UNBLOCKED)

    def _set_public_access(self, state: str) -> ActionResult:
        self._permissions.public_access = state
        return DocumentResult({"ImageBlockPublicAccessState": state})


def _too_many(message: str) -> EC2ClientError:
    return EC2ClientError("ResourceLimitExceeded", message)
