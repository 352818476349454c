"""The archive tier: snapshots put away, and brought back for a while or for good.

Source: EBS User Guide, "Archive Amazon EBS snapshots"; EC2 API pages ModifySnapshotTier
and RestoreSnapshotTier.
"""

from datetime import timedelta
from typing import cast

from moto.ec2.exceptions import EC2ClientError
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.image_model import Image
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.snapshots import SnapshotRules

LONGEST_RESTORE_DAYS = 180


class TierRules(SnapshotRules):
    """Changes of a snapshot's tier. They are done at once; on EC2 they take up to 72 hours."""

    @override
    def modify_snapshot_tier(self, snapshot_id: str, storage_tier: str) -> EbsSnapshot:
        """Archive a completed snapshot, all of whose images are disabled."""
        snapshot = self.own_snapshot(snapshot_id)
        if snapshot.status != "completed" or snapshot.is_away:
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
        super().modify_snapshot_tier(snapshot_id, storage_tier)
        snapshot.last_tiering_start_time = snapshot.archival_complete_time = clock.now()
        return snapshot

    @override
    def restore_snapshot_tier(
        self,
        snapshot_id: str,
        temporary_restore_days: int | None = None,
        permanent_restore: bool = False,
    ) -> EbsSnapshot:
        """Bring an archived snapshot back, for some days or for good."""
        snapshot = self.own_snapshot(snapshot_id)
        if snapshot.storage_tier != "archive":
            raise EC2ClientError("IncorrectState", f"The snapshot {snapshot_id} is not archived.")
        days = temporary_restore_days
        if permanent_restore == (days is not None):
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify either TemporaryRestoreDays or PermanentRestore.",
            )
        if days is not None and not 1 <= days <= LONGEST_RESTORE_DAYS:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"TemporaryRestoreDays must be between 1 and {LONGEST_RESTORE_DAYS}",
            )
        super().restore_snapshot_tier(snapshot_id, days, permanent_restore)
        snapshot.restore_start_time = clock.now()
        snapshot.restore_expiry_time = clock.now() + timedelta(days=days) if days else None
        return snapshot
