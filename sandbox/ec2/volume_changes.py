"""ModifyVolume: size, type, performance and Multi-Attach changed in place.

Sources: EC2 API, ModifyVolume (one change after the other, four in a rolling 24 hours); EBS
User Guide, "Modify a volume using Elastic Volumes" and "Attach a volume to multiple
instances"; EC2 API error codes, IncorrectModificationState. Where they name no code it is
[NV].
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.filters import Reader, flag, moment, select
from sandbox.ec2.paging import SMALLEST_PAGE, refuse_with_ids
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volume_types import Performance, performance
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult

MODIFYING = timedelta(seconds=5)
OPTIMIZING = timedelta(seconds=60)
DAY = timedelta(hours=24)
MOST_A_DAY = 4
LARGEST_PAGE = 500
"""Source: botocore's model, DescribeVolumesModificationsRequest.MaxResults."""
NEW_IOPS = 3000
"""Source: botocore's model, ModifyVolumeRequest.Iops: what gp3, io1 and io2 are changed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a volume. It holds from the start; optimizing only makes it fast."""

    volume_id: str
    before: Performance
    after: Performance
    shared_before: bool = False
    shared_after: bool = False
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
            **_described("Original", self.before, shared=self.shared_before),
            **_described("Target", self.after, shared=self.shared_after),
        }
        return {name: value for name, value in known.items() if value is not None}


class VolumeChangeRules(VolumeRules):
    """The changes of one account's and region's volumes."""

    @property
    def volume_changes(self) -> dict[str, list[Change]]:
        """The changes of each volume, the newest last."""
        return cast("dict[str, list[Change]]", self.__dict__.setdefault("_volume_changes", {}))

    def change_volume(
        self,
        volume: EbsVolume,
        *,
        size: int | None,
        type_: str | None,
        iops: int | None,
        throughput: int | None,
        shared: bool | None = None,
    ) -> Change:
        """Change *volume* now: never smaller, not while it changes, four times a day at most."""
        if all(each is None for each in (size, type_, iops, throughput, shared)):
            raise EC2ClientError(
                "InvalidParameterValue",
                "Invalid input: Must specify at least one of size, type, iops, throughput",
            )
        if volume.status not in {"available", "in-use"}:
            raise EC2ClientError(
                "IncorrectState", f"Volume '{volume.id}' is in the '{volume.status}' state."
            )
        past = self.volume_changes.setdefault(volume.id, [])
        _check_pace(volume, past)
        if size is not None and size < volume.size:
            raise EC2ClientError(
                "InvalidParameterValue", "New size cannot be smaller than existing size"
            )
        before = Performance(str(volume.volume_type), volume.size, volume.iops, volume.throughput)
        after = _target(before, size, type_, iops, throughput)
        was_shared = bool(volume.multi_attach_enabled)
        shares = was_shared if shared is None else shared
        if shares != was_shared:
            _check_sharing(volume, after)
        volume.size, volume.volume_type = after.size, after.type
        volume.iops, volume.throughput = after.iops, after.throughput
        volume.multi_attach_enabled = shares
        change = Change(
            volume_id=volume.id,
            before=before,
            after=after,
            shared_before=was_shared,
            shared_after=shares,
            started=clock.now(),
        )
        past.append(change)
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
            shared=self._get_param("MultiAttachEnabled"),
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
            lambda: select(self._changes_of(ids), filters, _FILTERS, lambda _: {}),
            sizes=(SMALLEST_PAGE, LARGEST_PAGE),
        )
        described = [each.as_described() for each in changes]
        return DocumentResult({"VolumesModifications": described, "NextToken": token})

    def _changes_of(self, ids: Sequence[str]) -> list[Change]:
        """The newest change of each of these volumes, or of all."""
        known = self._changes.volume_changes
        for volume_id in ids:
            self._changes.get_volume(volume_id)
            if not known.get(volume_id):
                raise EC2ClientError(
                    "InvalidVolumeModification.NotFound",
                    f"Modification for volume '{volume_id}' does not exist.",
                )
        return [known[each][-1] for each in ids or known if known[each]]


def _check_pace(volume: EbsVolume, past: Sequence[Change]) -> None:
    if past and past[-1].state != "completed":
        raise EC2ClientError(
            "IncorrectModificationState",
            f"Cannot modify volume {volume.id}, currently in modification state "
            f"{past[-1].state.upper()}",
        )
    today = [each for each in past if clock.now() < each.started + DAY]
    if len(today) >= MOST_A_DAY:
        raise EC2ClientError(
            "VolumeModificationRateExceeded",
            f"You've reached the maximum modification rate per volume limit. Wait until "
            f"{moment(today[0].started + DAY)} before you modify EBS volume {volume.id} again.",
        )


def _check_sharing(volume: EbsVolume, after: Performance) -> None:
    """Multi-Attach goes on and off for io2 only, off while one instance at most has it."""
    if after.type != "io2":
        raise EC2ClientError(
            "InvalidParameterCombination",
            f"MultiAttachEnabled cannot be modified for {after.type} volumes.",
        )
    if len(volume.held_by) > 1:
        raise EC2ClientError(
            "IncorrectState", f"Volume '{volume.id}' is attached to more than one instance."
        )


def _target(
    before: Performance,
    size: int | None,
    type_: str | None,
    iops: int | None,
    throughput: int | None,
) -> Performance:
    """What is kept when only some is asked for: with the type go its IOPS and throughput."""
    name = type_ or before.type
    provisioned = name in {"gp3", "io1", "io2"}
    keeps = name == before.type and provisioned
    default = NEW_IOPS if provisioned else None
    return performance(
        name,
        size or before.size,
        iops or (before.iops if keeps else default),
        throughput or (before.throughput if keeps else None),
    )


def _described(prefix: str, what: Performance, *, shared: bool) -> dict[str, Any]:
    return {
        f"{prefix}Size": what.size,
        f"{prefix}VolumeType": what.type,
        f"{prefix}Iops": what.iops,
        f"{prefix}Throughput": what.throughput,
        f"{prefix}MultiAttachEnabled": shared,
    }


_FILTERS: dict[str, Reader[Change]] = {
    "modification-state": lambda change: [change.state],
    "original-iops": lambda change: [str(change.before.iops)],
    "original-multi-attach-enabled": lambda change: [flag(change.shared_before)],
    "original-size": lambda change: [str(change.before.size)],
    "original-volume-type": lambda change: [change.before.type],
    "start-time": lambda change: [moment(change.started)],
    "target-iops": lambda change: [str(change.after.iops)],
    "target-multi-attach-enabled": lambda change: [flag(change.shared_after)],
    "target-size": lambda change: [str(change.after.size)],
    "target-volume-type": lambda change: [change.after.type],
    "volume-id": lambda change: [change.volume_id],
}
"""Source: botocore's model, DescribeVolumesModificationsRequest.Filters."""
