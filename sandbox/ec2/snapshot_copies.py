"""CopySnapshot: the same content elsewhere, or under another key.

Source: EC2 API, CopySnapshot; EBS User Guide, "Copy an Amazon EBS snapshot".
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.disks import disks
from sandbox.ec2.encryption import Encryption, encryption_for, why_unusable
from sandbox.ec2.sharing import in_region
from sandbox.ec2.snapshot_model import COPIED_VOLUME, EbsSnapshot, SourceVolume
from sandbox.ec2.snapshots import SnapshotRules
from sandbox.ec2.tags import TagActions
from sandbox.ec2.wire import DocumentResult

COPY_TAKES = timedelta(seconds=60)
MOST_COPIES = 20
COPY_STEP_MINUTES = 15
LONGEST_COPY_MINUTES = 2880

BAD_KEY = "Given key ID is not accessible"


class SnapshotCopyRules(SnapshotRules):
    """Copies that arrive in this account and region."""

    def copy_key(
        self, source: EbsSnapshot, *, encrypted: bool, key: str | None, same_region: bool
    ) -> Encryption:
        """How the copy is encrypted: never less than the source.

        The key of one's own snapshot is kept within a region; in another region, or from
        another account's, it becomes the default key of here unless one is asked for.
        The source's own key has to work, too: it opens what is to be copied.
        """
        kept = same_region and source.owner_id == self.account_id
        made = encryption_for(
            self,
            encrypted=encrypted or source.encrypted,
            key=key,
            inherited=source.key if kept else None,
        )
        opens = source.key is None or why_unusable(self, source.key) is None
        return made if opens else replace(made, usable=False)

    def add_copy(
        self,
        source: EbsSnapshot,
        description: str,
        encryption: Encryption,
        *,
        takes: timedelta = COPY_TAKES,
        tags: Mapping[str, str] | None = None,
        minutes: int | None = None,
    ) -> EbsSnapshot:
        """A snapshot with the content of *source*; a key that cannot be used fails it later."""
        copy = self.add_snapshot(
            SourceVolume(COPIED_VOLUME, source.volume.size),
            description,
            takes=takes,
            key=encryption.key,
            error=None if encryption.usable else BAD_KEY,
            transfer_type="standard" if minutes is None else "time-based",
            licence=source.licence,
        )
        copy.copy_minutes = minutes
        self.create_tags([copy.id], tags or {})
        disks.carry(source.id, copy.id, source.volume.size)
        return copy

    def source_snapshot(self, snapshot_id: str, region: str) -> EbsSnapshot:
        """The snapshot in the region it is to be copied from, completed."""
        source: EbsSnapshot = in_region(region, self.account_id).get_snapshot(snapshot_id)  # type: ignore[assignment]
        if source.status != "completed" or source.is_away:
            raise EC2ClientError(
                "IncorrectState", f"The snapshot '{snapshot_id}' is not ready to be copied."
            )
        return source

    def require_copy_slot(self) -> None:
        """Refuse a 21st pending copy (EBS User Guide, quotas: 20 a destination region)."""
        pending = [
            each
            for each in self.snapshots.values()
            if each.volume.id == COPIED_VOLUME and each.status == "pending"
        ]
        if len(pending) >= MOST_COPIES:
            raise EC2ClientError(
                "ResourceLimitExceeded",
                f"Too many snapshot copies in progress. The limit is {MOST_COPIES} for this "
                "destination region.",
            )


class SnapshotCopyActions(TagActions, EC2Response):
    """CopySnapshot on the wire."""

    @override
    def copy_snapshot(self) -> ActionResult:
        """CopySnapshot, called in the destination region."""
        self.error_on_dryrun()
        backend: SnapshotCopyRules = self.ec2_backend
        tags = self.tag_specifications("snapshot").get("snapshot", {})
        minutes = self._get_param("CompletionDurationMinutes")
        require_duration(minutes)
        if self._get_param("Encrypted") is False:
            raise EC2ClientError(
                "InvalidParameter", "The parameter Encrypted cannot be set to false."
            )
        region = self._get_param("SourceRegion")
        source = backend.source_snapshot(self._get_param("SourceSnapshotId"), region)
        backend.require_copy_slot()
        backend.require_snapshot_room(1)
        encryption = backend.copy_key(
            source,
            encrypted=bool(self._get_param("Encrypted")),
            key=self._get_param("KmsKeyId"),
            same_region=region == backend.region_name,
        )
        copy = backend.add_copy(
            source, self._get_param("Description", ""), encryption, tags=tags, minutes=minutes
        )
        answer: dict[str, Any] = {"SnapshotId": copy.id, "Tags": backend.tag_set(copy.id)}
        return DocumentResult(answer)


def require_duration(minutes: int | None) -> None:
    """Refuse a duration that is not 15 to 2880 minutes in steps of 15.

    Source: EBS User Guide, "Time-based copies".
    """
    if minutes is None:
        return
    in_range = COPY_STEP_MINUTES <= minutes <= LONGEST_COPY_MINUTES
    if not in_range or minutes % COPY_STEP_MINUTES:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The completion duration must be {COPY_STEP_MINUTES} to {LONGEST_COPY_MINUTES} "
            f"minutes in steps of {COPY_STEP_MINUTES}, not {minutes}.",
        )
