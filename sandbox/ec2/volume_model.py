"""One EBS volume and what it is attached to; its state follows the clock."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.models.elastic_block_store import Volume
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.attachment_model import Attachment
from sandbox.ec2.filters import Reader, flag, moment
from sandbox.ec2.licences import FREE, Licence
from sandbox.ec2.volume_initialization import Initialization
from sandbox.ec2.volume_types import Performance

if TYPE_CHECKING:
    from sandbox.ec2.tags import TagRules

CREATING = timedelta(seconds=2)


class EbsVolume(Volume):
    """A volume that is ``creating`` at first, and ``in-use`` until it is detached."""

    ec2_backend: "TagRules"

    def __init__(
        self,
        backend: "TagRules",
        volume_id: str,
        zone: Zone,
        what: Performance,
        *,
        created: datetime,
        snapshot_id: str | None = None,
        kms_key_id: str | None = None,
        multi_attach_enabled: bool = False,
        initialization_rate: int | None = None,
        is_broken: bool = False,
        licence: Licence = FREE,
        source_volume_id: str | None = None,
    ) -> None:
        self.held_by: dict[str, Attachment] = {}
        """By instance; more than one only with Multi-Attach."""
        super().__init__(
            backend,
            volume_id,
            what.size,
            zone,
            snapshot_id=snapshot_id,
            encrypted=kms_key_id is not None,
            kms_key_id=kms_key_id,
            volume_type=what.type,
            iops=what.iops,
            throughput=what.throughput,
            multi_attach_enabled=multi_attach_enabled,
        )
        self.create_time = created
        self.initialization_rate = initialization_rate
        self.is_broken = is_broken
        self.licence = licence
        self.source_volume_id = source_volume_id
        self.auto_enable_io = False
        self.initialization: Initialization | None = None
        """None of an empty one."""

    @property  # type: ignore[override] # narrower than moto's
    def attachment(self) -> Attachment | None:
        """Where it is attached, the first of them."""
        return next(iter(self.held_by.values()), None)

    @attachment.setter
    def attachment(self, value: Attachment | None) -> None:
        """Moto starts every volume with none."""
        self.held_by = {value.instance.id: value} if value is not None else {}

    @property
    @override
    def status(self) -> str:
        """``creating``, ``available``, ``in-use``; ``error`` when its key cannot be used."""
        if self.held_by:
            return "in-use"
        if clock.now() < self.create_time + CREATING:
            return "creating"
        return "error" if self.is_broken else "available"

    def tags(self) -> dict[str, str]:
        """Its tags by key."""
        return self.ec2_backend.tags_of(self.id)

    def as_created(self) -> dict[str, Any]:
        """It as CreateVolume answers."""
        known = {
            "VolumeId": self.id,
            "Size": self.size,
            "SnapshotId": self.snapshot_id or "",
            "SourceVolumeId": self.source_volume_id,
            "AvailabilityZone": self.zone.name,
            "AvailabilityZoneId": self.zone.zone_id,
            "State": self.status,
            "CreateTime": self.create_time,
            "VolumeType": self.volume_type,
            "Iops": self.iops,
            "Throughput": self.throughput,
            "Encrypted": self.encrypted,
            "KmsKeyId": self.kms_key_id if self.encrypted else None,
            "MultiAttachEnabled": bool(self.multi_attach_enabled),
            "VolumeInitializationRate": self.initialization_rate,
            "Tags": self.ec2_backend.tag_set(self.id) or None,
        }
        return {name: value for name, value in known.items() if value is not None}

    def as_described(self) -> dict[str, Any]:
        """It as DescribeVolumes answers."""
        attachments = [each.as_described() for each in self.held_by.values()]
        return self.as_created() | {"Attachments": attachments, "Operator": {"Managed": False}}


def _one(read: Any) -> Reader[EbsVolume]:  # noqa: ANN401 - a lambda of any attribute
    def values(volume: EbsVolume) -> Iterable[str | None]:
        value = read(volume)
        return [None if value is None else str(value)]

    return values


def _attached(read: Any) -> Reader[EbsVolume]:  # noqa: ANN401 - a lambda of any attribute
    def values(volume: EbsVolume) -> Iterable[str | None]:
        return [read(each) for each in volume.held_by.values()]

    return values


VOLUME_FILTERS: dict[str, Reader[EbsVolume]] = {
    "attachment.attach-time": _attached(lambda held: moment(held.attach_time)),
    "attachment.delete-on-termination": _attached(lambda held: flag(held.delete_on_termination)),
    "attachment.device": _attached(lambda held: held.device),
    "attachment.instance-id": _attached(lambda held: held.instance.id),
    "attachment.status": _attached(lambda held: held.state),
    "availability-zone": _one(lambda volume: volume.zone.name),
    "availability-zone-id": _one(lambda volume: volume.zone.zone_id),
    "create-time": _one(lambda volume: moment(volume.create_time)),
    "encrypted": _one(lambda volume: flag(volume.encrypted)),
    "fast-restored": _one(lambda _: flag(None)),
    "multi-attach-enabled": _one(lambda volume: flag(volume.multi_attach_enabled)),
    "operator.managed": _one(lambda _: flag(None)),
    "operator.principal": _one(lambda _: None),
    "size": _one(lambda volume: volume.size),
    "snapshot-id": _one(lambda volume: volume.snapshot_id),
    "status": _one(lambda volume: volume.status),
    "volume-id": _one(lambda volume: volume.id),
    "volume-type": _one(lambda volume: volume.volume_type),
}
"""Source: botocore's model, DescribeVolumesRequest.Filters."""
