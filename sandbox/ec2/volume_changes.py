"""ModifyVolume: size, type and performance changed in place, one change in six hours.

Source: EC2 API, ModifyVolume; EBS User Guide, "Modify a volume using Elastic Volumes".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.filters import Reader, flag, moment, select
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volume_types import Performance, performance
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult

MODIFYING = timedelta(seconds=5)
OPTIMIZING = timedelta(seconds=60)
QUIET = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a volume. It holds from the start; optimizing only makes it fast."""

    volume_id: str
    before: Performance
    after: Performance
    started: datetime

    @property
    def state(self) -> str:
        """``modifying``, ``optimizing``, ``completed``."""
        elapsed = clock.now() - self.started
        if elapsed < MODIFYING:
            return "modifying"
        return "optimizing" if elapsed < MODIFYING + OPTIMIZING else "completed"

    @property
    def progress(self) -> int:
        """Percent."""
        elapsed = clock.now() - self.started
        return min(100, int(100 * (elapsed / (MODIFYING + OPTIMIZING))))

    def as_described(self) -> dict[str, Any]:
        """It as DescribeVolumesModifications answers."""
        known = {
            "VolumeId": self.volume_id,
            "ModificationState": self.state,
            "Progress": self.progress,
            "StartTime": self.started,
            "EndTime": self.started + MODIFYING + OPTIMIZING if self.state == "completed" else None,
            **_described("Original", self.before),
            **_described("Target", self.after),
        }
        return {name: value for name, value in known.items() if value is not None}


class VolumeChangeRules(VolumeRules):
    """The changes of one account's and region's volumes."""

    @property
    def volume_changes(self) -> dict[str, Change]:
        """The newest change of each volume."""
        return cast("dict[str, Change]", self.__dict__.setdefault("_volume_changes", {}))

    def change_volume(
        self,
        volume: EbsVolume,
        *,
        size: int | None,
        type_: str | None,
        iops: int | None,
        throughput: int | None,
    ) -> Change:
        """Change *volume* now: never smaller, and not again within six hours."""
        if all(each is None for each in (size, type_, iops, throughput)):
            raise EC2ClientError(
                "InvalidParameterValue",
                "Invalid input: Must specify at least one of size, type, iops, throughput",
            )
        if volume.status not in {"available", "in-use"}:
            raise EC2ClientError(
                "IncorrectState", f"Volume '{volume.id}' is in the '{volume.status}' state."
            )
        last = self.volume_changes.get(volume.id)
        if last is not None and clock.now() < last.started + QUIET:
            raise EC2ClientError(
                "VolumeModificationRateExceeded",
                f"You've reached the maximum modification rate per volume limit. Wait at least 6 "
                f"hours between modifications per EBS volume {volume.id}.",
            )
        if size is not None and size < volume.size:
            raise EC2ClientError(
                "InvalidParameterValue", "New size cannot be smaller than existing size"
            )
        before = Performance(str(volume.volume_type), volume.size, volume.iops, volume.throughput)
        after = _target(before, size, type_, iops, throughput)
        volume.size, volume.volume_type = after.size, after.type
        volume.iops, volume.throughput = after.iops, after.throughput
        change = Change(volume_id=volume.id, before=before, after=after, started=clock.now())
        self.volume_changes[volume.id] = change
        return change


class VolumeChangeActions(EC2Response):
    """The same on the wire."""

    @property
    def _changes(self) -> VolumeChangeRules:
        return cast("VolumeChangeRules", self.ec2_backend)

    @override
    def modify_volume(self) -> ActionResult:
        """ModifyVolume."""
        self.error_on_dryrun()
        change = self._changes.change_volume(
            self._changes.get_volume(self._get_param("VolumeId")),
            size=self._get_param("Size"),
            type_=self._get_param("VolumeType"),
            iops=self._get_param("Iops"),
            throughput=self._get_param("Throughput"),
        )
        return DocumentResult({"VolumeModification": change.as_described()})

    @override
    def describe_volumes_modifications(self) -> ActionResult:
        """DescribeVolumesModifications: volumes that were changed."""
        self.error_on_dryrun()
        ids: list[str] = self._get_param("VolumeIds", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "volumeModificationSet")
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        changes, token = self._changes.listings.page(
            "DescribeVolumesModifications",
            size,
            self._get_param("NextToken"),
            lambda: select(self._found(ids), filters, _FILTERS, lambda _: {}),
        )
        described = [each.as_described() for each in changes]
        return DocumentResult({"VolumesModifications": described, "NextToken": token})

    def _found(self, ids: Sequence[str]) -> list[Change]:
        known: Mapping[str, Change] = self._changes.volume_changes
        for volume_id in ids:
            self._changes.get_volume(volume_id)
            if volume_id not in known:
                raise EC2ClientError(
                    "InvalidVolumeModification.NotFound",
                    f"Modification for volume '{volume_id}' does not exist.",
                )
        return [known[each] for each in ids] if ids else list(known.values())


def _target(
    before: Performance,
    size: int | None,
    type_: str | None,
    iops: int | None,
    throughput: int | None,
) -> Performance:
    """What is kept when only some is asked for: with the type go its IOPS and throughput."""
    name = type_ or before.type
    keeps = name == before.type and name in {"gp3", "io1", "io2"}
    return performance(
        name,
        size or before.size,
        iops or (before.iops if keeps else None),
        throughput or (before.throughput if keeps else None),
    )


def _described(prefix: str, what: Performance) -> dict[str, Any]:
    return {
        f"{prefix}Size": what.size,
        f"{prefix}VolumeType": what.type,
        f"{prefix}Iops": what.iops,
        f"{prefix}Throughput": what.throughput,
        f"{prefix}MultiAttachEnabled": False,
    }


_FILTERS: dict[str, Reader[Change]] = {
    "modification-state": lambda change: [change.state],
    "original-iops": lambda change: [str(change.before.iops)],
    "original-multi-attach-enabled": lambda _: [flag(None)],
    "original-size": lambda change: [str(change.before.size)],
    "original-volume-type": lambda change: [change.before.type],
    "start-time": lambda change: [moment(change.started)],
    "target-iops": lambda change: [str(change.after.iops)],
    "target-multi-attach-enabled": lambda _: [flag(None)],
    "target-size": lambda change: [str(change.after.size)],
    "target-volume-type": lambda change: [change.after.type],
    "volume-id": lambda change: [change.volume_id],
}
"""Source: botocore's model, DescribeVolumesModificationsRequest.Filters."""
