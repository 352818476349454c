"""Who may use a snapshot: its create volume permissions, and whether any may be public.

Source: EC2 API pages ModifySnapshotAttribute, ResetSnapshotAttribute and
EnableSnapshotBlockPublicAccess; EBS User Guide, "Share an Amazon EBS snapshot" and "Block
public access for Amazon EBS snapshots".
"""

from collections.abc import Mapping, Sequence
from typing import cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.accounts import ACCOUNT_ID
from sandbox.ec2.encryption import existing_managed_key
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.snapshots import SnapshotRules
from sandbox.ec2.wire import DocumentResult

MOST_CHANGES = 500
BLOCKING = ("block-all-sharing", "block-new-sharing")
ALL = "all"

Permission = Mapping[str, str]


class AccessRules(SnapshotRules):
    """Changes of permissions, all or none."""

    def share_snapshot(
        self, snapshot: EbsSnapshot, add: Sequence[Permission], remove: Sequence[Permission]
    ) -> None:
        """Add or take back permissions, not both; at most 500 in a call."""
        if add and remove:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Permissions can be added or removed, not both in one request.",
            )
        changes = [*add, *remove]
        if not 1 <= len(changes) <= MOST_CHANGES:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Specify 1 to {MOST_CHANGES} permissions, not {len(changes)}.",
            )
        for each in changes:
            _check(each)
        if add:
            self._require_sharable_snapshot(snapshot, public=any(each.get("Group") for each in add))
        users = {each["UserId"] for each in changes if each.get("UserId")}
        groups = {each["Group"] for each in changes if each.get("Group")}
        held = snapshot.create_volume_permission_userids, snapshot.create_volume_permission_groups
        for permissions, changed in zip(held, (users, groups), strict=True):
            if add:
                permissions.update(changed)
            else:
                permissions.difference_update(changed)

    def _require_sharable_snapshot(self, snapshot: EbsSnapshot, *, public: bool) -> None:
        """Refuse what cannot be shared; the codes are [NV].

        Encrypted snapshots cannot be public, those under the AWS managed key not shared at
        all (botocore's model, ModifySnapshotAttribute), nor archived ones (EBS User Guide).
        """
        if snapshot.key is not None and (public or snapshot.key == existing_managed_key(self)):
            what = "public" if public else "shared: it is under the AWS managed key"
            raise EC2ClientError(
                "InvalidParameter", f"Encrypted snapshot {snapshot.id} can't be {what}"
            )
        if not snapshot.is_standard:
            raise EC2ClientError("IncorrectState", f"The snapshot {snapshot.id} is archived.")
        if public and self.sharing_block in BLOCKING:
            raise EC2ClientError(
                "OperationNotPermitted",
                "Snapshots can't be shared publicly: block public access is enabled for this "
                "account.",
            )


class AccessActions(EC2Response):
    """The same on the wire."""

    @property
    def _access(self) -> AccessRules:
        return cast("AccessRules", self.ec2_backend)

    @override
    def describe_snapshot_attribute(self) -> ActionResult:
        """DescribeSnapshotAttribute: createVolumePermission or productCodes, the owner's."""
        self.error_on_dryrun()
        snapshot = self._access.own_snapshot(self._get_param("SnapshotId"))
        if self._get_param("Attribute") == "productCodes":
            return DocumentResult(
                {"SnapshotId": snapshot.id, "ProductCodes": snapshot.licence.as_described()}
            )
        self._check_attribute()
        permissions = [{"Group": each} for each in snapshot.create_volume_permission_groups]
        permissions += [
            {"UserId": each} for each in sorted(snapshot.create_volume_permission_userids)
        ]
        return DocumentResult({"SnapshotId": snapshot.id, "CreateVolumePermissions": permissions})

    @override
    def modify_snapshot_attribute(self) -> ActionResult:
        """ModifySnapshotAttribute: "only volume creation permissions can be modified"."""
        self.error_on_dryrun()
        self._check_attribute()
        snapshot = self._access.own_snapshot(self._get_param("SnapshotId"))
        changes: Mapping[str, Sequence[Permission]] = self._get_param("CreateVolumePermission", {})
        listed = [{"UserId": each} for each in self._get_param("UserIds", [])]
        listed += [{"Group": each} for each in self._get_param("GroupNames", [])]
        operation = self._get_param("OperationType")
        add = [*changes.get("Add", []), *(listed if operation == "add" else [])]
        remove = [*changes.get("Remove", []), *(listed if operation == "remove" else [])]
        self._access.share_snapshot(snapshot, add, remove)
        return EmptyResult()

    @override
    def reset_snapshot_attribute(self) -> ActionResult:  # type: ignore[override] # moto: not done
        """ResetSnapshotAttribute: private again."""
        self.error_on_dryrun()
        self._check_attribute()
        snapshot = self._access.own_snapshot(self._get_param("SnapshotId"))
        snapshot.create_volume_permission_groups.clear()
        snapshot.create_volume_permission_userids.clear()
        return EmptyResult()

    def get_snapshot_block_public_access_state(self) -> ActionResult:
        """GetSnapshotBlockPublicAccessState."""
        self.error_on_dryrun()
        return DocumentResult({"State": self._access.sharing_block, "ManagedBy": "account"})

    def enable_snapshot_block_public_access(self) -> ActionResult:
        """EnableSnapshotBlockPublicAccess; ``unblocked`` is not valid here."""
        self.error_on_dryrun()
        state = self._get_param("State")
        if state not in BLOCKING:
            raise EC2ClientError(
                "InvalidParameterValue", f"Value ({state}) for parameter state is invalid."
            )
        return self._block(state)

    def disable_snapshot_block_public_access(self) -> ActionResult:
        """DisableSnapshotBlockPublicAccess."""
        self.error_on_dryrun()
        return self._block("unblocked")

    def _block(self, state: str) -> ActionResult:
        self._access.sharing_block = state
        return DocumentResult({"State": state})

    def _check_attribute(self) -> None:
        name = self._get_param("Attribute", "createVolumePermission")
        if name != "createVolumePermission":
            raise EC2ClientError(
                "InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid."
            )


def _check(permission: Permission) -> None:
    """Refuse what is neither an account nor ``all``.

    The code is that of an image's attribute: snapshots have none of their own [NV].
    """
    user, group = permission.get("UserId"), permission.get("Group")
    is_user = user is not None and ACCOUNT_ID.fullmatch(user) is not None
    if not is_user and group != ALL:
        raise EC2ClientError(
            "InvalidAMIAttributeItemValue",
            f'Invalid attribute item value "{user or group}" for '
            f"{'userId' if user else 'userGroup'} item type.",
        )
