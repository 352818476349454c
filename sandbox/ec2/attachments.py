"""Attaching and detaching: where a volume may go, and how long letting go of it takes.

The methods that moto's own code calls (``attach_volume``, ``detach_volume``) act without
asking, as a launch or a termination needs; ``require_attachable`` is what a caller of the
API has to pass. Sources: EC2 API pages AttachVolume and DetachVolume, with their errors;
EBS User Guide, "Attach a volume to multiple instances" (Multi-Attach).
"""

import re
from datetime import datetime

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.attachment_model import ATTACHING, DETACHING, AttachedDevice, Attachment
from sandbox.ec2.errors import invalid_value
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volumes import VolumeRules

MOST_MULTI_ATTACHED = 16
NOT_BOOTABLE = frozenset({"st1", "sc1"})
_DEVICE = re.compile(r"(?:/dev/)?(?:sd[a-z]\d{0,2}|xvd[a-z]{1,2}\d{0,2}|hd[a-z]\d{0,2})")


class AttachmentRules(VolumeRules):
    """Which volume is on which instance of one account and region."""

    @override
    def attach_volume(
        self,
        volume_id: str,
        instance_id: str,
        device_path: str,
        delete_on_termination: bool = False,
        *,
        attach_time: datetime | None = None,
    ) -> Attachment:
        """Attach now; DeleteOnTermination is false unless a launch says otherwise.

        Source: EC2 User Guide, "Preserve data when an instance is terminated". Marketplace
        product codes are copied to the instance (EC2 API, AttachVolume).
        """
        volume = self.get_volume(volume_id)
        instance: SandboxInstance = self.get_instance(instance_id)  # type: ignore[assignment]
        since = attach_time or clock.now().replace(microsecond=0)
        attachment = Attachment(volume, instance, device_path, since)  # type: ignore[abstract]
        volume.held_by[instance.id] = attachment
        instance.block_device_mapping[device_path] = AttachedDevice(
            attachment, delete_on_termination=delete_on_termination
        )
        if device_path == instance.root_device_name:
            instance.root_volumes.append(volume.id)
        _add_product_codes(instance, volume)
        return attachment

    @override
    def detach_volume(
        self,
        volume_id: str,
        instance_id: str | None,
        device_path: str | None = None,
        *,
        takes_time: bool = False,
        force: bool = False,
    ) -> Attachment:
        """Detach, at once or, as the API does, over some seconds in state ``detaching``."""
        volume = self.get_volume(volume_id)
        attachment = _attachment_of(volume, instance_id, device_path)
        if not takes_time:
            self.release(attachment)
            return attachment
        again = attachment.detach_asked is not None
        attachment.leave(clock.now(), force=force)
        if force or not again:
            self.timeline.at(clock.now() + DETACHING, lambda _: self._let_go(attachment))
        return attachment

    def give_up(self, attachment: Attachment) -> None:
        """Let an attachment that cannot be completed end by itself (EBS's event attachVolume)."""
        self.timeline.at(clock.now() + ATTACHING, lambda _: self.release(attachment))

    def release(self, attachment: Attachment) -> None:
        """The volume is off the instance, and so are its product codes (DetachVolume)."""
        volume, instance = attachment.volume, attachment.instance
        if volume.held_by.get(instance.id) is not attachment:
            return
        del volume.held_by[instance.id]
        del instance.block_device_mapping[attachment.device]
        if volume.licence.product_codes:
            others = [each for _, each in self.volumes_of(instance)]
            kept = {code for each in others for code in each.licence.product_codes}
            instance.facts["ProductCodes"] = [
                each
                for each in instance.facts.get("ProductCodes") or ()
                if each["ProductCodeId"] in kept
                or each["ProductCodeId"] not in volume.licence.product_codes
            ]

    def _let_go(self, attachment: Attachment) -> None:
        """The end of a detachment, or another look later while it sticks."""
        if attachment.detach_asked is None:
            return
        if attachment.sticks:
            self.timeline.at(clock.now() + DETACHING, lambda _: self._let_go(attachment))
        else:
            self.release(attachment)

    def require_attachable(self, volume: EbsVolume, instance: SandboxInstance, device: str) -> None:
        """Refuse what EC2 refuses: volume, instance, zone, device, type, number, in this order.

        The order is [NV].
        """
        _require_available(volume, instance)
        is_root = device == instance.root_device_name
        if instance.state not in {"running", "stopped"}:
            raise _state(f"Instance '{instance.id}' is not 'running'.")
        if volume.zone.name != instance.availability_zone:
            raise zone_mismatch(volume, instance)
        if not _DEVICE.fullmatch(device):
            raise invalid_value(
                f"Value ({device}) for parameter device is invalid. {device} is not a valid EBS "
                "device name."
            )
        if device in instance.block_device_mapping:
            raise invalid_value(
                f"Invalid value '{device}' for unixDevice. Attachment point {device} is already "
                "in use"
            )
        if is_root:
            require_bootable(volume)
        if instance.state == "running" and (is_root or volume.licence.product_codes):
            # a root to a running machine is [NV]
            raise _state(f"Instance '{instance.id}' is not 'stopped'.")
        _require_support(volume, instance)


def require_bootable(volume: EbsVolume) -> None:
    """Refuse as a root what cannot boot: HDD and Multi-Attach volumes.

    Sources: botocore's model, CreateVolumeRequest.VolumeType; EBS User Guide, Multi-Attach
    ("can't be created as boot volumes"). The code is [NV].
    """
    if volume.volume_type in NOT_BOOTABLE or volume.multi_attach_enabled:
        kind = "Multi-Attach enabled" if volume.multi_attach_enabled else volume.volume_type
        raise invalid_value(f"The volume '{volume.id}' is {kind} and cannot be a root device.")


def zone_mismatch(volume: EbsVolume, instance: SandboxInstance) -> EC2ClientError:
    """The error for a volume of another zone (EC2 API error codes)."""
    return EC2ClientError(
        "InvalidVolume.ZoneMismatch",
        f"The volume '{volume.id}' is not in the same availability zone as instance "
        f"'{instance.id}'",
    )


def volume_in_use(volume: EbsVolume) -> EC2ClientError:
    """The error for a volume that is attached already (EC2 API error codes)."""
    return EC2ClientError("VolumeInUse", f"{volume.id} is already attached to an instance")


def _require_available(volume: EbsVolume, instance: SandboxInstance) -> None:
    held = volume.held_by
    shares = volume.multi_attach_enabled and instance.id not in held
    if held and not shares:
        raise volume_in_use(volume)
    if not held and volume.status != "available":
        raise _state(f"{volume.id} is not 'available'.")
    if len(held) >= MOST_MULTI_ATTACHED:
        raise _limit(f"{volume.id} is attached to {MOST_MULTI_ATTACHED} instances already")


def _require_support(volume: EbsVolume, instance: SandboxInstance) -> None:
    """What the instance's type can take: Multi-Attach, and how many volumes.

    EC2 API, DescribeInstanceTypes: ``MaximumEbsAttachments``; where the limit is ``shared``
    it is what is left beside one network interface (EC2 User Guide, "Amazon EBS volume
    limits"), so each further interface takes one away.
    """
    known = INSTANCE_TYPES.get(instance.instance_type, {})
    ebs = known.get("EbsInfo", {})
    is_nitro = known.get("Hypervisor", "nitro") == "nitro"
    if volume.multi_attach_enabled and not is_nitro:
        raise EC2ClientError(  # the code is [NV]
            "InvalidParameterCombination",
            f"Multi-Attach volumes need an instance built on the Nitro System, not "
            f"{instance.instance_type}.",
        )
    most = ebs.get("MaximumEbsAttachments")
    if most is None:
        return
    if is_nitro and ebs.get("AttachmentLimitType") == "shared":
        most -= max(0, len(instance.nics) - 1)
    if len(instance.block_device_mapping) >= most:
        raise _limit(f"The instance '{instance.id}' has {most} volumes, the most it can have")


def _attachment_of(volume: EbsVolume, instance_id: str | None, device: str | None) -> Attachment:
    """The attachment that a DetachVolume means.

    A Multi-Attach volume needs its instance named (botocore's model,
    DetachVolumeRequest.InstanceId; the code is [NV]).
    """
    attachment = volume.attachment
    if attachment is None:
        raise _state(f"Volume '{volume.id}' is in the '{volume.status}' state.")
    if instance_id is None and volume.multi_attach_enabled:
        raise EC2ClientError(
            "MissingParameter", "The request must contain the parameter instanceId"
        )
    if instance_id:
        attachment = volume.held_by.get(instance_id)
    if attachment is None:
        raise _no_attachment(f"Volume '{volume.id}' is not attached to instance '{instance_id}'.")
    if device and device != attachment.device:
        raise _no_attachment(f"Volume '{volume.id}' is not attached as device '{device}'.")
    return attachment


def _add_product_codes(instance: SandboxInstance, volume: EbsVolume) -> None:
    codes = list(instance.facts.get("ProductCodes") or ())
    known = {each["ProductCodeId"] for each in codes}
    new = [each for each in volume.licence.as_described() if each["ProductCodeId"] not in known]
    if new:
        instance.facts["ProductCodes"] = codes + new


def _no_attachment(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidAttachment.NotFound", message)


def _state(message: str) -> EC2ClientError:
    return EC2ClientError("IncorrectState", message)


def _limit(message: str) -> EC2ClientError:
    return EC2ClientError("AttachmentLimitExceeded", message)
