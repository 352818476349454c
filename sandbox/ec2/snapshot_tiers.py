"""The archive tier: snapshots put away, and brought back for a while or for good.

Source: EBS User Guide, "Considerations and limitations for archiving Amazon EBS snapshots"
and "Quotas for Amazon EBS"; EC2 API pages ModifySnapshotTier, RestoreSnapshotTier and
DescribeSnapshotTierStatus.
"""

from datetime import timedelta
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.errors import invalid_value
from sandbox.ec2.filters import Reader, select
from sandbox.ec2.image_model import Image
from sandbox.ec2.snapshot_model import EbsSnapshot, Operation, Tiering
from sandbox.ec2.snapshots import SnapshotRules
from sandbox.ec2.wire import DocumentResult

ARCHIVING = timedelta(hours=1)
"""How long archiving takes is not documented [NV]."""
RESTORING = timedelta(hours=24)
"""It "can take up to 72 hours" (EBS User Guide)."""
LONGEST_RESTORE_DAYS = 180
MOST_ARCHIVING = 25
MOST_RESTORING = 5
MOST_ARCHIVED_OF_VOLUME = 25

_FILTERS: dict[str, Reader[EbsSnapshot]] = {
    "snapshot-id": lambda snapshot: [snapshot.id],
    "volume-id": lambda snapshot: [snapshot.volume.id],
    "last-tiering-operation": lambda snapshot: [
        snapshot.tiering.status if snapshot.tiering else None
    ],
}
"""Source: botocore's model, DescribeSnapshotTierStatusRequest.Filters."""


class TierRules(SnapshotRules):
    """Changes of a snapshot's tier; each takes its time and cannot be cancelled."""

    @override
    def modify_snapshot_tier(self, snapshot_id: str, storage_tier: str) -> EbsSnapshot:
        """Archive a completed snapshot, all of whose images are disabled."""
        snapshot = self.own_snapshot(snapshot_id)
        if storage_tier != "archive":
            raise invalid_value(f"Value ({storage_tier}) for parameter storageTier is invalid.")
        if snapshot.status != "completed" or not snapshot.is_standard:
            raise EC2ClientError(
                "IncorrectState", f"The snapshot {snapshot_id} cannot be archived now."
            )
        for image_id in self.images_of_snapshot.get(snapshot_id, {}):
            image = cast("Image", self.amis[image_id])
            if not image.disabled:
                raise EC2ClientError(
                    "InvalidSnapshot.InUse",
                    f"The snapshot {snapshot_id} is currently in use by {image_id}",
                )
        self._require_slot({Operation.ARCHIVAL}, MOST_ARCHIVING)
        self._require_room_of_volume(snapshot)
        now = clock.now()
        snapshot.tiering = Tiering(Operation.ARCHIVAL, now, now + ARCHIVING, archived=now)
        return snapshot

    @override
    def restore_snapshot_tier(
        self,
        snapshot_id: str,
        temporary_restore_days: int | None = None,
        permanent_restore: bool = False,
    ) -> EbsSnapshot:
        """Bring an archived snapshot back, for some days or for good.

        Of one that is back for some days already, the period or the type is changed at once;
        that it is at once is [NV].
        """
        snapshot = self.own_snapshot(snapshot_id)
        days = temporary_restore_days
        _check_restore(snapshot, days, permanent=permanent_restore)
        is_back = not snapshot.is_away
        restores = {Operation.TEMPORARY, Operation.PERMANENT}
        if not is_back:
            self._require_slot(restores, MOST_RESTORING)
        now = clock.now()
        before = snapshot.tiering
        snapshot.tiering = Tiering(
            Operation.PERMANENT if permanent_restore else Operation.TEMPORARY,
            now,
            now if is_back else now + RESTORING,
            archived=before.archived if before else now,
            days=days,
        )
        return snapshot

    def _require_slot(self, operations: set[Operation], most: int) -> None:
        """Refuse one too many in progress; the code is [NV]."""
        under_way = [
            each
            for each in self.snapshots.values()
            if (tiering := cast("EbsSnapshot", each).tiering) is not None
            and tiering.operation in operations
            and not tiering.is_done
        ]
        if len(under_way) >= most:
            raise EC2ClientError(
                "ResourceLimitExceeded",
                f"At most {most} such operations can be in progress at once.",
            )

    def _require_room_of_volume(self, snapshot: EbsSnapshot) -> None:
        archived = [
            each
            for each in self.snapshots.values()
            if cast("EbsSnapshot", each).volume.id == snapshot.volume.id
            and not cast("EbsSnapshot", each).is_standard
        ]
        if len(archived) >= MOST_ARCHIVED_OF_VOLUME:
            raise EC2ClientError(
                "ResourceLimitExceeded",
                f"The volume {snapshot.volume.id} has {MOST_ARCHIVED_OF_VOLUME} archived "
                "snapshots already.",
            )


class TierActions(EC2Response):
    """The same on the wire."""

    @property
    def _tiers(self) -> TierRules:
        return cast("TierRules", self.ec2_backend)

    @override
    def modify_snapshot_tier(self) -> ActionResult:
        """ModifySnapshotTier."""
        self.error_on_dryrun()
        snapshot = self._tiers.modify_snapshot_tier(
            self._get_param("SnapshotId"), self._get_param("StorageTier", "archive")
        )
        started = snapshot.tiering.started if snapshot.tiering else None
        return DocumentResult({"SnapshotId": snapshot.id, "TieringStartTime": started})

    @override
    def restore_snapshot_tier(self) -> ActionResult:
        """RestoreSnapshotTier."""
        self.error_on_dryrun()
        days = self._get_param("TemporaryRestoreDays")
        permanent = bool(self._get_param("PermanentRestore"))
        snapshot = self._tiers.restore_snapshot_tier(
            self._get_param("SnapshotId"), days, permanent_restore=permanent
        )
        return DocumentResult(
            {
                "SnapshotId": snapshot.id,
                "RestoreStartTime": snapshot.tiering.started if snapshot.tiering else None,
                "RestoreDuration": days,
                "IsPermanentRestore": permanent,
            }
        )

    @override
    def describe_snapshot_tier_status(self) -> ActionResult:
        """DescribeSnapshotTierStatus: one's own snapshots, in pages."""
        self.error_on_dryrun()
        backend = self._tiers
        filters: list[dict[str, Any]] = self._get_param("Filters", [])

        def find() -> list[EbsSnapshot]:
            own = backend.list_snapshots(owners=("self",))
            return select(own, filters, _FILTERS, EbsSnapshot.tags)

        found, token = backend.listings.page(
            "DescribeSnapshotTierStatus",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            find,
            still_there=lambda each: each.id in backend.snapshots,
        )
        return DocumentResult(
            {"SnapshotTierStatuses": [_status(each) for each in found], "NextToken": token}
        )


def _check_restore(snapshot: EbsSnapshot, days: int | None, *, permanent: bool) -> None:
    tiering = snapshot.tiering
    if tiering is None or snapshot.is_standard:
        raise EC2ClientError("IncorrectState", f"The snapshot {snapshot.id} is not archived.")
    if not tiering.is_done:
        raise EC2ClientError("IncorrectState", f"The snapshot {snapshot.id} is {tiering.status}.")
    if permanent == (days is not None):
        raise EC2ClientError(
            "InvalidParameterCombination",
            "Specify either TemporaryRestoreDays or PermanentRestore.",
        )
    if days is not None and not 1 <= days <= LONGEST_RESTORE_DAYS:
        raise invalid_value(f"TemporaryRestoreDays must be between 1 and {LONGEST_RESTORE_DAYS}")


def _status(snapshot: EbsSnapshot) -> dict[str, Any]:
    tiering = snapshot.tiering
    known = {
        "SnapshotId": snapshot.id,
        "VolumeId": snapshot.volume.id,
        "Status": snapshot.status,
        "OwnerId": snapshot.owner_id,
        "Tags": snapshot.ec2_backend.tag_set(snapshot.id),
        "StorageTier": snapshot.storage_tier,
    }
    return known if tiering is None else {**known, **tiering.described()}
