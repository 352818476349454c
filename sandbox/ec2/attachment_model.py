"""One volume on one instance: its state over time, and its entry in the instance's mapping."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.ec2.models.block_device import BlockDeviceType
from moto.ec2.models.elastic_block_store import VolumeAttachment
from typing_extensions import override

from sandbox.clock import clock
from sandbox.health import health

if TYPE_CHECKING:
    from sandbox.ec2.instance_model import SandboxInstance
    from sandbox.ec2.volume_model import EbsVolume

ATTACHING = timedelta(seconds=1)
DETACHING = timedelta(seconds=2)


class Attachment(VolumeAttachment):
    """A volume on an instance under a device name."""

    volume: "EbsVolume"
    instance: "SandboxInstance"

    def __init__(
        self,
        volume: "EbsVolume",
        instance: "SandboxInstance",
        device: str,
        attach_time: datetime,
    ) -> None:
        super().__init__(volume, instance, device, "attached")
        self.attach_time = attach_time
        self.detach_asked: datetime | None = None
        self.forced = False
        self._held_by_guest = False

    def leave(self, now: datetime, *, force: bool) -> None:
        """Begin to be detached, or be forced to when that was asked for before."""
        if self.detach_asked is None:
            self.detach_asked = now
            self._held_by_guest = self.instance.name_of_state == "running"
        self.forced = self.forced or force

    def stay(self) -> None:
        """Take a detachment back."""
        self.detach_asked = None

    @property
    def sticks(self) -> bool:
        """Whether the operator's health keeps it from being detached.

        A guest that holds the disk lets go when it is forced to, rebooted or stopped (EC2
        API, DetachVolume); a disk of a stopped instance only when forced [NV].
        """
        asked = self.detach_asked
        if asked is None or self.forced or health.of("detach", self.volume.id) != "stuck":
            return False
        if not self._held_by_guest:
            return True
        return self.instance.name_of_state == "running" and self.instance.checked_from <= asked

    @property
    def state(self) -> str:
        """``attaching``, ``attached``, ``detaching``; ``busy`` while the guest holds it."""
        if self.detach_asked is None:
            return "attaching" if clock.now() < self.attach_time + ATTACHING else "attached"
        is_late = clock.now() >= self.detach_asked + DETACHING
        return "busy" if is_late and self._held_by_guest and self.sticks else "detaching"

    @property
    def delete_on_termination(self) -> bool:
        """What the instance's mapping says; it can be changed there."""
        block = self.instance.block_device_mapping.get(self.device)
        return bool(block is not None and block.delete_on_termination)

    def as_described(self) -> dict[str, Any]:
        """It as DescribeVolumes, AttachVolume and DetachVolume answer."""
        return {
            "VolumeId": self.volume.id,
            "InstanceId": self.instance.id,
            "Device": self.device,
            "State": self.state,
            "AttachTime": self.attach_time,
            "DeleteOnTermination": self.delete_on_termination,
        }


class AttachedDevice(BlockDeviceType):
    """An entry of an instance's mapping; its status is that of the attachment."""

    def __init__(self, attachment: Attachment, *, delete_on_termination: bool) -> None:
        self.attachment = attachment
        self._status: str | None = None
        super().__init__(
            volume_id=attachment.volume.id,
            attach_time=attachment.attach_time,
            delete_on_termination=delete_on_termination,
            size=attachment.volume.size,
        )

    @property
    def is_leaving(self) -> bool:
        """Whether it is being detached."""
        return self.attachment.detach_asked is not None

    @property
    @override
    def status(self) -> str | None:
        """``attaching``, ``attached`` or ``detaching``; moto sets it on copies it describes.

        Source: botocore's model, AttachmentStatus, which has no ``busy``.
        """
        said = self._status or self.attachment.state
        return "detaching" if said == "busy" else said

    @status.setter
    def status(self, value: str | None) -> None:
        self._status = value
