"""Snapshots: taken of volumes, finished by the clock, kept while an image needs them.

Source: EC2 API pages CreateSnapshot(s), DescribeSnapshots, DeleteSnapshot; EBS User
Guide, "Quotas for Amazon EBS" (concurrent snapshots of a volume).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.utils import random_snapshot_id
from typing_extensions import override

from sandbox.clock import clock
from sandbox.disks import disks
from sandbox.ec2.filters import select
from sandbox.ec2.licences import FREE, Licence
from sandbox.ec2.recycle_bin import BinRules
from sandbox.ec2.sharing import is_well_formed, neighbours, require_user
from sandbox.ec2.snapshot_locks import LockRules
from sandbox.ec2.snapshot_model import SNAPSHOT_FILTERS, EbsSnapshot, SourceVolume
from sandbox.ec2.volume_model import EbsVolume
from sandbox.quotas import quotas
from sandbox.rbin import Kind

SNAPSHOT_TAKES = timedelta(seconds=20)
BETWEEN_SNAPSHOTS = timedelta(seconds=15)
MOST_PENDING = 5
MOST_PENDING_HDD = 1
HDD = frozenset({"st1", "sc1"})


class SnapshotRules(LockRules, BinRules):
    """The snapshots of one account and region, and which images use them."""

    @property
    def sharing_block(self) -> str:
        """The account's block of public sharing: ``unblocked`` unless it chose another."""
        return str(self.__dict__.get("_sharing_block", "unblocked"))

    @sharing_block.setter
    def sharing_block(self, value: str) -> None:
        self.__dict__["_sharing_block"] = value

    @property
    def images_of_snapshot(self) -> defaultdict[str, dict[str, None]]:
        """By snapshot, the registered images that use it, in the order they came."""
        return cast(
            "defaultdict[str, dict[str, None]]",
            self.__dict__.setdefault("_images_of_snapshot", defaultdict(dict)),
        )

    @property
    def snapshots_of_volume(self) -> defaultdict[str, list[EbsSnapshot]]:
        """By volume, the snapshots taken of it, for the limit of pending ones."""
        return cast(
            "defaultdict[str, list[EbsSnapshot]]",
            self.__dict__.setdefault("_snapshots_of_volume", defaultdict(list)),
        )

    def add_snapshot(
        self,
        volume: SourceVolume,
        description: str,
        *,
        takes: timedelta,
        key: str | None = None,
        error: str | None = None,
        transfer_type: str | None = None,
        from_ami: str | None = None,
        licence: Licence = FREE,
    ) -> EbsSnapshot:
        """Keep a new snapshot that started now and completes when it *takes* it to."""
        now = clock.now()
        snapshot = EbsSnapshot(
            ec2_backend=self,
            id=random_snapshot_id(),
            volume=volume,
            description=description,
            start_time=now,
            completes_at=now + takes,
            owner_id=self.account_id,
            key=key,
            error=error,
            transfer_type=transfer_type,
            from_ami=from_ami,
            licence=licence,
        )
        self.snapshots[snapshot.id] = snapshot
        return snapshot

    def snapshot_volume(
        self,
        volume: EbsVolume,
        description: str,
        *,
        takes: timedelta = SNAPSHOT_TAKES,
        tags: Mapping[str, str] | None = None,
        from_ami: str | None = None,
    ) -> EbsSnapshot:
        """Take *volume* as it is now, content included."""
        snapshot = self.add_snapshot(
            SourceVolume(volume.id, volume.size),
            description,
            takes=takes,
            key=volume.kms_key_id if volume.encrypted else None,
            from_ami=from_ami,
            licence=volume.licence,
        )
        taken = self.snapshots_of_volume[volume.id]
        taken[:] = [each for each in taken if self._counts(each)]
        taken.append(snapshot)
        self.create_tags([snapshot.id], tags or {})
        disks.carry(volume.id, snapshot.id, volume.size)
        return snapshot

    def require_snapshot_slots(self, volumes: Iterable[EbsVolume]) -> None:
        """Refuse a sixth pending snapshot of a volume, a second of an HDD.

        EC2 API error codes, ConcurrentSnapshotLimitExceeded: those in error count too.
        """
        for volume in volumes:
            taken = [each for each in self.snapshots_of_volume[volume.id] if self._counts(each)]
            most = MOST_PENDING_HDD if volume.volume_type in HDD else MOST_PENDING
            if len(taken) >= most:
                raise EC2ClientError(
                    "ConcurrentSnapshotLimitExceeded",
                    f"Maximum number of concurrent snapshots ({most}) reached for volume "
                    f"'{volume.id}'.",
                )

    def require_snapshot_pace(self, volumes: Iterable[EbsVolume]) -> None:
        """Refuse a snapshot less than 15 seconds after the volume's last.

        EC2 API error codes, SnapshotCreationPerVolumeRateExceeded. Asked of CreateSnapshot
        and CreateSnapshots; whether CreateImage is held to it is [NV].
        """
        for volume in volumes:
            taken = self.snapshots_of_volume[volume.id]
            if taken and clock.now() - taken[-1].start_time < BETWEEN_SNAPSHOTS:
                raise EC2ClientError(
                    "SnapshotCreationPerVolumeRateExceeded",
                    "The maximum per volume CreateSnapshot request rate has been exceeded. Use "
                    "an increasing or variable sleep interval between requests.",
                )

    def require_snapshot_room(self, more: int) -> None:
        """Refuse more snapshots than the Region's quota lets (SnapshotLimitExceeded).

        That those in the Recycle Bin count is [NV].
        """
        held = len(self.snapshots) + len(self.kept_of(Kind.SNAPSHOT))
        if held + more > quotas.most("snapshots"):
            raise EC2ClientError(
                "SnapshotLimitExceeded", "You have reached the limit on snapshots in this Region."
            )

    @override
    def create_snapshot(
        self,
        volume_id: str,
        description: str,
        owner_id: str | None = None,
        from_ami: str | None = None,
    ) -> EbsSnapshot:
        """One snapshot of one volume."""
        volume = cast("EbsVolume", self.get_volume(volume_id))
        self.require_snapshot_slots([volume])
        return self.snapshot_volume(volume, description or "", from_ami=from_ami)

    @override
    def get_snapshot(self, snapshot_id: str) -> EbsSnapshot:
        """One of this account's, or one that it may make volumes from."""
        snapshot = self.find_snapshot(snapshot_id)
        if snapshot is None or not snapshot.allows(self.account_id):
            raise snapshot_not_found(snapshot_id)
        return snapshot

    def own_snapshot(self, snapshot_id: str) -> EbsSnapshot:
        """One of this account's; another's is ``InvalidSnapshot.NotFound`` too [NV]."""
        snapshot = self.snapshots.get(snapshot_id)
        if snapshot is None:
            raise snapshot_not_found(snapshot_id)
        return cast("EbsSnapshot", snapshot)

    @override
    def keeps(self, resource_id: str) -> bool:
        """Also what is shared with this account: it tags that for itself.

        Source: EC2 User Guide, "Tag your Amazon EC2 resources", tag restrictions.
        """
        snapshot = self.find_snapshot(resource_id)
        is_shared = snapshot is not None and snapshot.allows(self.account_id)
        return is_shared or super().keeps(resource_id)

    def find_snapshot(self, snapshot_id: str) -> EbsSnapshot | None:
        """The snapshot wherever in the region it is, whoever owns it.

        Sharing an image is enough to launch from it, so what a launch reads is not asked
        for permission.
        """
        for backend in (self, *neighbours(self)):
            if snapshot_id in backend.snapshots:
                return cast("EbsSnapshot", backend.snapshots[snapshot_id])
        return None

    @override
    def describe_snapshots(
        self, snapshot_ids: list[str] | None = None, filters: Any = None
    ) -> list[Snapshot]:
        """As moto's callers know it: this account's own, filters as a mapping."""
        found = self.list_snapshots(
            ids=snapshot_ids or (), owners=() if snapshot_ids else ("self",)
        )
        asked = [{"Name": name, "Values": values} for name, values in (filters or {}).items()]
        chosen: list[EbsSnapshot] = select(found, asked, SNAPSHOT_FILTERS, EbsSnapshot.tags)
        return list(chosen)

    def list_snapshots(
        self,
        *,
        ids: Sequence[str] = (),
        owners: Sequence[str] = (),
        restorable_by: Sequence[str] = (),
    ) -> Iterator[EbsSnapshot]:
        """What DescribeSnapshots chooses from: by id, else own, shared and public ones.

        An id of which there is no snapshot is an error, one to which there is no access is
        "not included in the returned results" (EC2 API, DescribeSnapshots).
        """
        for each in (*owners, *restorable_by):
            require_user(each)
        is_own = bool(owners) and set(owners) <= {"self", self.account_id}
        if ids:
            found = [self._anybodys(each) for each in dict.fromkeys(ids)]
        elif is_own:
            found = cast("list[EbsSnapshot]", list(self.snapshots.values()))
        else:
            found = [
                cast("EbsSnapshot", each)
                for backend in (self, *neighbours(self))
                for each in list(backend.snapshots.values())
            ]
        accounts = {self.account_id if each == "self" else each for each in restorable_by}
        if is_own and not ids and not accounts:
            return iter(found)
        return (
            each
            for each in found
            if each.allows(self.account_id)
            and (not owners or _is_owned(each, owners, self.account_id))
            and (not accounts or any(each.is_restorable_by(account) for account in accounts))
        )

    def _anybodys(self, snapshot_id: str) -> EbsSnapshot:
        snapshot = self.find_snapshot(snapshot_id)
        if snapshot is None:
            raise snapshot_not_found(snapshot_id)
        return snapshot

    @override
    def delete_snapshot(self, snapshot_id: str) -> EbsSnapshot:
        """Delete a snapshot that no lock keeps and that no registered image has.

        EBS User Guide, "Delete an Amazon EBS snapshot": "You can't delete snapshots that are
        associated with an AMI", a deprecated or disabled one included, whichever device it is
        of (EC2 API, DeleteSnapshot, names the root's only).
        """
        snapshot = self.own_snapshot(snapshot_id)
        self.require_unlocked(snapshot)
        image_id = next(iter(self.images_of_snapshot.get(snapshot_id, ())), None)
        if image_id is not None:
            raise EC2ClientError(
                "InvalidSnapshot.InUse",
                f"The snapshot {snapshot_id} is currently in use by {image_id}",
            )
        is_keepable = snapshot.status == "completed"
        del self.snapshots[snapshot_id]
        self.images_of_snapshot.pop(snapshot_id, None)
        if not (is_keepable and self.retain(Kind.SNAPSHOT, snapshot)):
            self.tags.pop(snapshot_id, None)
        return snapshot

    def restore_snapshot(self, snapshot_id: str) -> EbsSnapshot:
        """Bring a snapshot back from the Recycle Bin, with tags, permissions and tier."""
        snapshot: EbsSnapshot = self.take_back(Kind.SNAPSHOT, snapshot_id, snapshot_not_found)
        snapshot.recovered_at = clock.now()
        self.snapshots[snapshot_id] = snapshot
        return snapshot

    def _counts(self, snapshot: EbsSnapshot) -> bool:
        return snapshot.id in self.snapshots and snapshot.status in {"pending", "error"}


def snapshot_not_found(snapshot_id: str) -> EC2ClientError:
    """The error for a snapshot that is not there, or for what cannot be one's id."""
    if not is_well_formed(snapshot_id, "snap"):
        return EC2ClientError(
            "InvalidSnapshotID.Malformed",
            f'Invalid id: "{snapshot_id}" (expecting "snap-...")',
        )
    return EC2ClientError(
        "InvalidSnapshot.NotFound", f"The snapshot '{snapshot_id}' does not exist."
    )


def _is_owned(snapshot: EbsSnapshot, owners: Sequence[str], account: str) -> bool:
    names = {snapshot.owner_id, snapshot.owner_alias}
    if snapshot.owner_id == account:
        names.add("self")
    return any(owner in names for owner in owners)
