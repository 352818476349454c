"""An image's attributes: described, changed, reset.

Source: EC2 API pages Describe-, Modify- and ResetImageAttribute.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import AuthFailureRestricted, EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.filters import moment
from sandbox.ec2.image_model import Image
from sandbox.ec2.image_names import checked_description
from sandbox.ec2.launch_permissions import LaunchPermissionRules, Permission
from sandbox.ec2.wire import DocumentResult

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


class ImageAttributeActions(EC2Response):
    """The same on the wire."""

    @property
    def _attributes(self) -> LaunchPermissionRules:
        return cast("LaunchPermissionRules", self.ec2_backend)

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
        """ModifyImageAttribute: one attribute a call.

        Not while the image is pending or after it has failed (EC2 API error codes,
        InvalidAMIID.Unavailable: "not in a state from which you can ... modify attributes").
        """
        self.error_on_dryrun()
        image = self._attributes.own_image(self._get_param("ImageId"))
        if image.state not in {"available", "disabled"}:
            raise EC2ClientError(
                "InvalidAMIID.Unavailable", f"The image '{image.id}' is {image.state}"
            )
        asked = self._asked()
        if len(asked) != 1:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify exactly one of description, imdsSupport and launchPermission",
            )
        attribute = asked.pop()
        if attribute == "description":
            image.description = checked_description(self._value("Description"))
        elif attribute == "imdsSupport":
            _require_imdsv2(self._value("ImdsSupport"))
            image.traits = replace(image.traits, imds_support="v2.0")
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


def _require_imdsv2(value: str | None) -> None:
    """``v2.0`` is the one value, and there is no way back (botocore's model)."""
    if value != "v2.0":
        raise EC2ClientError(
            "InvalidParameterValue", f"Value ({value}) for parameter imdsSupport is invalid."
        )
