"""One AMI: its mapping, its state over time, who may see and launch it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moto.ec2.models.amis import Ami

from sandbox.clock import clock

if TYPE_CHECKING:
    from sandbox.ec2.tags import TagRules

LAUNCH_REPORTED_AFTER = 24 * 3600
"""Seconds until a launch shows in LastLaunchedTime (botocore's model, Image.LastLaunchedTime)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One entry of an image's mapping: a snapshot, an empty volume or an ephemeral disk."""

    name: str
    snapshot_id: str | None = None
    size: int | None = None
    type: str | None = None
    iops: int | None = None
    throughput: int | None = None
    encrypted: bool | None = None
    kms_key_id: str | None = None
    delete_on_termination: bool | None = None
    virtual_name: str | None = None

    def as_described(self) -> dict[str, Any]:
        """It as DescribeImages answers, the key left out.

        Source: botocore's model, EbsBlockDevice.KmsKeyId: "only supported on
        BlockDeviceMapping objects called by RunInstances, RequestSpotFleet, and
        RequestSpotInstances" [NV].
        """
        if self.virtual_name is not None:
            return {"DeviceName": self.name, "VirtualName": self.virtual_name}
        ebs = {
            "DeleteOnTermination": self.delete_on_termination,
            "Iops": self.iops if self.type in {"gp3", "io1", "io2"} else None,
            "SnapshotId": self.snapshot_id,
            "VolumeSize": self.size,
            "VolumeType": self.type,
            "Throughput": self.throughput,
            "Encrypted": self.encrypted,
        }
        return {
            "DeviceName": self.name,
            "Ebs": {name: value for name, value in ebs.items() if value is not None},
        }

    def to_launch(self) -> dict[str, Any]:
        """It as a RunInstances mapping entry, the key included."""
        described = self.as_described()
        if "Ebs" in described and self.kms_key_id and self.snapshot_id is None:
            described["Ebs"]["KmsKeyId"] = self.kms_key_id
        return described


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What an image takes over from the instance or image it is made of."""

    architecture: str = "x86_64"
    root_device_name: str | None = "/dev/xvda"
    virtualization_type: str = "hvm"
    hypervisor: str = "xen"
    platform: str | None = None
    platform_details: str = "Linux/UNIX"
    usage_operation: str = "RunInstances"
    ena_support: bool | None = True
    sriov_net_support: str | None = None
    boot_mode: str | None = None
    tpm_support: str | None = None
    imds_support: str | None = None
    uefi_data: str | None = None
    kernel_id: str | None = None
    ramdisk_id: str | None = None
    product_codes: tuple[str, ...] = ()


@dataclass(eq=False, kw_only=True)
class Image(Ami):
    """An AMI whose state follows the clock."""

    ec2_backend: "TagRules"
    id: str
    name: str
    owner_id: str
    created: datetime
    available_at: datetime
    traits: Traits = field(default_factory=Traits)
    mapping: tuple[Device, ...] = ()
    description: str | None = None
    owner_alias: str | None = None
    source_instance: str | None = None
    source_image: tuple[str, str] | None = None
    """Image id and region it was copied from, or made of an instance of."""
    failure: tuple[str, str] | None = None
    """Code and message, once it is to fail."""
    disabled: bool = False
    deregistered: bool = False
    deprecated_at: datetime | None = None
    protection: str | None = None
    protected_until: datetime | None = None
    launch_permissions: list[dict[str, str]] = field(default_factory=list)
    launches: list[datetime] = field(default_factory=list)

    @property
    def state(self) -> str:  # type: ignore[override]
        """``pending``, then ``available`` or ``failed``; ``disabled``; ``deregistered``."""
        if self.deregistered:
            return "deregistered"
        if clock.now() < self.available_at:
            return "pending"
        if self.failure is not None:
            return "failed"
        return "disabled" if self.disabled else "available"

    # What moto's own code reads of an image.
    architecture = property(lambda self: self.traits.architecture)
    platform = property(lambda self: self.traits.platform)
    virtualization_type = property(lambda self: self.traits.virtualization_type)
    kernel_id = property(lambda self: self.traits.kernel_id)
    root_device_name = property(lambda self: self.traits.root_device_name)

    @property
    def root_device_type(self) -> str:  # type: ignore[override]
        """``ebs`` where the root device has an EBS volume."""
        root = self.device(self.traits.root_device_name)
        return "ebs" if root is not None and root.virtual_name is None else "instance-store"

    @property
    def block_device_mappings(self) -> list[dict[str, Any]]:
        """The mapping as DescribeImages answers."""
        return [device.as_described() for device in self.mapping]

    @property
    def state_reason(self) -> dict[str, str] | None:
        """Why it failed, once it has."""
        if self.state != "failed" or self.failure is None:
            return None
        code, message = self.failure
        return {"Code": code, "Message": f"{code}: {message}"}

    @property
    def is_deprecated(self) -> bool:
        """Whether its deprecation time has come."""
        return self.deprecated_at is not None and clock.now() >= self.deprecated_at

    @property
    def deregistration_protection(self) -> str:
        """The setting in EC2's words. A cooldown that still runs does not show in it [NV]."""
        return self.protection or "disabled"

    @property
    def is_protected(self) -> bool:
        """Whether it cannot be deregistered now, the 24 hours of a cooldown included.

        Source: EC2 API, DisableImageDeregistrationProtection.
        """
        cools = self.protected_until is not None and clock.now() < self.protected_until
        return self.protection is not None or cools

    @property
    def last_launched(self) -> datetime | None:
        """The last launch that is already reported."""
        now = clock.now()
        reported = [
            each for each in self.launches if (now - each).total_seconds() >= LAUNCH_REPORTED_AFTER
        ]
        return max(reported, default=None)

    def device(self, name: str | None) -> Device | None:
        """The mapping's entry of that name."""
        return next((each for each in self.mapping if each.name == name), None)

    def snapshot_ids(self) -> list[str]:
        """The snapshots of its mapping, each once."""
        return list(dict.fromkeys(each.snapshot_id for each in self.mapping if each.snapshot_id))

    def snapshot_ids_by_device(self) -> dict[str, str]:
        """The same, by device name."""
        return {each.name: each.snapshot_id for each in self.mapping if each.snapshot_id}

    def is_shared_with(self, account: str) -> bool:
        """Whether *account* may launch it: own, explicitly allowed, or public."""
        return (
            account == self.owner_id
            or self.is_public
            or {"UserId": account} in self.launch_permissions
        )

    def fail(self, reason: str) -> None:
        """Let it end as ``failed``; *reason* is ``CODE: MESSAGE``."""
        code, _, message = reason.partition(": ")
        self.failure = (code, message or code)

    def record_launch(self) -> None:
        """Remember that an instance was launched from it now."""
        self.launches.append(clock.now())

    def tags(self) -> dict[str, str]:
        """Its tags by key."""
        return self.ec2_backend.tags_of(self.id)
