"""An image's attributes: who may launch it, its description, and whether it may go public.

Source: EC2 API pages Describe-, Modify- and ResetImageAttribute and
EnableImageBlockPublicAccess; EC2 User Guide, "Share an AMI" and "Block public access".
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import AuthFailureRestricted, EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.encryption import existing_managed_key
from sandbox.ec2.filters import moment
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import ImageRules
from sandbox.ec2.wire import DocumentResult

BLOCKED = "block-new-sharing"
UNBLOCKED = "unblocked"
Permission = dict[str, str]

_VALUES: dict[str, tuple[str, Callable[[Image], str | None]]] = {
    "description": ("Description", lambda image: image.description),
    "kernel": ("KernelId", lambda image: image.traits.kernel_id),
    "ramdisk": ("RamdiskId", lambda image: image.traits.ramdisk_id),
    "sriovNetSupport": ("SriovNetSupport", lambda image: image.traits.sriov_net_support),
    "bootMode": ("BootMode", lambda image: image.traits.boot_mode),
    "tpmSupport": ("TpmSupport", lambda image: image.traits.tpm_support),
    "uefiData": ("UefiData", lambda image: image.traits.uefi_data),
    "imdsSupport": ("ImdsSupport", lambda image: image.traits.imds_support),
    "lastLaunchedTime": (
        "LastLaunchedTime",
        lambda image: moment(image.last_launched) if image.last_launched else None,
    ),
    "deregistrationProtection": (
        "DeregistrationProtection",
        lambda image: image.deregistration_protection,
    ),
}


class ImageAttributeRules(ImageRules):
    """Changes of an image's attributes; the owner's alone."""

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
        self.validate_permission_targets(add)
        self.validate_permission_targets(remove)
        if add:
            self._require_sharable(image, public={"Group": "all"} in add)
        kept = [each for each in image.launch_permissions if each not in remove]
        image.launch_permissions[:] = kept + [
            each for at, each in enumerate(add) if each not in kept and each not in add[:at]
        ]

    def _require_sharable(self, image: Image, *, public: bool) -> None:
        """Refuse to share what cannot be shared.

        A disabled image cannot be, nor one under the AWS managed key, and an encrypted one
        cannot be public (EC2 User Guide, "Share an AMI"). The codes are [NV].
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
        if public and self.public_access == BLOCKED:
            raise EC2ClientError(
                "OperationNotPermitted",
                "You can't publicly share this image because block public access for AMIs is "
                "enabled for this account.",
            )


class ImageAttributeActions(EC2Response):
    """The same on the wire."""

    @property
    def _attributes(self) -> ImageAttributeRules:
        return cast("ImageAttributeRules", self.ec2_backend)

    @override
    def describe_image_attribute(self) -> ActionResult:
        """DescribeImageAttribute: one attribute of one's own image.

        ``blockDeviceMapping`` is refused as EC2 does (botocore's model: "we recommend that you
        use DescribeImages").
        """
        self.error_on_dryrun()
        name = self._get_param("Attribute")
        image = self._attributes.own_image(self._get_param("ImageId"))
        answer: dict[str, Any] = {"ImageId": image.id}
        if name == "blockDeviceMapping":
            raise AuthFailureRestricted
        if name == "launchPermission":
            answer["LaunchPermissions"] = image.launch_permissions
        elif name == "productCodes":
            answer["ProductCodes"] = [
                {"ProductCodeId": code, "ProductCodeType": "marketplace"}
                for code in image.traits.product_codes
            ]
        elif name in _VALUES:
            member, read = _VALUES[name]
            value = read(image)
            answer[member] = {} if value is None else {"Value": value}
        else:
            raise EC2ClientError(
                "InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid."
            )
        return DocumentResult(answer)

    @override
    def modify_image_attribute(self) -> ActionResult:
        """ModifyImageAttribute: one attribute a call."""
        self.error_on_dryrun()
        image = self._attributes.own_image(self._get_param("ImageId"))
        asked = self._asked()
        if len(asked) != 1:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify exactly one of description, imdsSupport and launchPermission",
            )
        attribute = asked.pop()
        if attribute == "description":
            image.description = self._value("Description")
        elif attribute == "imdsSupport":
            image.traits = replace(image.traits, imds_support=self._value("ImdsSupport"))
        elif attribute == "launchPermission":
            self._attributes.share_image(image.id, self._listed("add"), self._listed("remove"))
        else:
            raise EC2ClientError(
                "InvalidParameterValue", f"Value ({attribute}) for parameter attribute is invalid."
            )
        return EmptyResult()

    @override
    def reset_image_attribute(self) -> ActionResult:  # type: ignore[override] # moto: not done
        """ResetImageAttribute: launch permissions back to none."""
        self.error_on_dryrun()
        if self._get_param("Attribute") != "launchPermission":
            raise EC2ClientError("InvalidParameterValue", "Only launchPermission can be reset")
        self._attributes.own_image(self._get_param("ImageId")).launch_permissions.clear()
        return EmptyResult()

    def get_image_block_public_access_state(self) -> ActionResult:
        """GetImageBlockPublicAccessState."""
        self.error_on_dryrun()
        return DocumentResult(
            {"ImageBlockPublicAccessState": self._attributes.public_access, "ManagedBy": "account"}
        )

    def enable_image_block_public_access(self) -> ActionResult:
        """EnableImageBlockPublicAccess."""
        self.error_on_dryrun()
        return self._set_public_access(BLOCKED)

    def disable_image_block_public_access(self) -> ActionResult:
        """DisableImageBlockPublicAccess."""
        self.error_on_dryrun()
        return self._set_public_access(UNBLOCKED)

    def _set_public_access(self, state: str) -> ActionResult:
        self._attributes.public_access = state
        return DocumentResult({"ImageBlockPublicAccessState": state})

    def _asked(self) -> set[str]:
        """The attributes that the request is about, by whichever parameter it says so."""
        named = {"Description": "description", "ImdsSupport": "imdsSupport"}
        asked = {attribute for name, attribute in named.items() if self._get_param(name)}
        lists = ("UserIds", "UserGroups", "OrganizationArns", "OrganizationalUnitArns")
        if self._get_param("LaunchPermission") or any(self._get_param(each) for each in lists):
            asked.add("launchPermission")
        if self._get_param("Attribute"):
            asked.add(self._get_param("Attribute"))
        return asked

    def _value(self, name: str) -> str | None:
        given: Mapping[str, str] | None = self._get_param(name)
        return given.get("Value") if given else self._get_param("Value")

    def _listed(self, operation: str) -> list[Permission]:
        changes = self._get_param("LaunchPermission", {})
        found = [dict(each) for each in changes.get(operation.capitalize(), [])]
        if self._get_param("OperationType") == operation:
            for name, member in _LISTS.items():
                found += [{member: each} for each in self._get_param(name, [])]
        return found


_LISTS = {
    "UserIds": "UserId",
    "UserGroups": "Group",
    "OrganizationArns": "OrganizationArn",
    "OrganizationalUnitArns": "OrganizationalUnitArn",
}
