"""The snapshot operations on the wire.

Source: botocore's model, ``InstanceSpecification`` (what CreateSnapshots can leave out); [NV]
that what cannot be left out is ``InvalidParameterValue``.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.errors import invalid_value
from sandbox.ec2.filters import Reader, matching, select
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.snapshot_model import SNAPSHOT_FILTERS, EbsSnapshot
from sandbox.ec2.tags import TagActions, require_room
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult, aware

MOST_EXCLUDED = 40

_LOCK_FILTERS: dict[str, Reader[dict[str, Any]]] = {
    "lock-state": lambda row: [str(row["LockState"])]
}


class SnapshotActions(TagActions, EC2Response):
    """Snapshots taken, listed, deleted and locked."""

    @property
    def _snapshots(self) -> VolumeRules:
        return cast("VolumeRules", self.ec2_backend)

    @override
    def create_snapshot(self) -> ActionResult:
        """CreateSnapshot."""
        self.error_on_dryrun()
        tags = self.tag_specifications("snapshot")
        volume = self._snapshots.get_volume(self._get_param("VolumeId"))
        self._require_taking([volume])
        snapshot = self._snapshots.snapshot_volume(
            volume, self._get_param("Description", ""), tags=tags.get("snapshot")
        )
        return DocumentResult(snapshot.as_created())

    @override
    def create_snapshots(self) -> ActionResult:
        """CreateSnapshots: all volumes of the instance at one moment, or none.

        Source: EC2 API, CreateSnapshots; EBS User Guide, "Create multi-volume snapshots".
        """
        self.error_on_dryrun()
        tags = self.tag_specifications("snapshot").get("snapshot", {})
        spec: Mapping[str, Any] = self._get_param("InstanceSpecification", {})
        volumes = self._chosen(spec)
        copied = self._get_param("CopyTagsFromSource") == "volume"
        wanted = {each.id: {**_copyable(each, copied=copied), **tags} for each in volumes}
        for each in wanted.values():
            require_room({}, each)
        self._require_taking(volumes)
        taken = [
            self._snapshots.snapshot_volume(
                each, self._get_param("Description", ""), tags=wanted[each.id]
            )
            for each in volumes
        ]
        return DocumentResult({"Snapshots": [_info(each) for each in taken]})

    @override
    def describe_snapshots(self) -> ActionResult:
        """DescribeSnapshots: by id, owner, permission and filter, in pages."""
        self.error_on_dryrun()
        ids: list[str] = self._get_param("SnapshotIds", [])
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "snapshotIdSet")
        backend = self._snapshots

        def find() -> Iterator[EbsSnapshot]:
            found = backend.list_snapshots(
                ids=ids,
                owners=self._get_param("OwnerIds", []),
                restorable_by=self._get_param("RestorableByUserIds", []),
            )
            return matching(found, filters, SNAPSHOT_FILTERS, lambda each: backend.tags_of(each.id))

        snapshots, token = backend.listings.page(
            "DescribeSnapshots",
            size,
            self._get_param("NextToken"),
            find,
            still_there=lambda each: each.id in each.ec2_backend.snapshots,
        )
        described = [each.as_described() | backend.tag_member(each.id) for each in snapshots]
        return DocumentResult({"Snapshots": described, "NextToken": token})

    def lock_snapshot(self) -> ActionResult:
        """LockSnapshot."""
        self.error_on_dryrun()
        snapshot = self._snapshots.own_snapshot(self._get_param("SnapshotId"))
        expires = self._get_param("ExpirationDate")
        lock = self._snapshots.lock_snapshot(
            snapshot,
            self._get_param("LockMode"),
            days=self._get_param("LockDuration"),
            expires=aware(expires) if expires else None,
            cool_off_hours=self._get_param("CoolOffPeriod"),
        )
        return DocumentResult({"SnapshotId": snapshot.id, **lock.described()})

    def unlock_snapshot(self) -> ActionResult:
        """UnlockSnapshot."""
        self.error_on_dryrun()
        snapshot = self._snapshots.own_snapshot(self._get_param("SnapshotId"))
        self._snapshots.unlock_snapshot(snapshot)
        return DocumentResult({"SnapshotId": snapshot.id})

    def describe_locked_snapshots(self) -> ActionResult:
        """DescribeLockedSnapshots: every snapshot that has a lock, also an expired one."""
        self.error_on_dryrun()
        backend = self._snapshots
        ids: list[str] = self._get_param("SnapshotIds", [])
        size = self._get_param("MaxResults")
        filters: list[dict[str, Any]] = self._get_param("Filters", [])

        def find() -> list[dict[str, Any]]:
            chosen = [backend.own_snapshot(each).id for each in ids] or list(backend.locks)
            rows = [
                {"OwnerId": backend.account_id, "SnapshotId": each}
                | backend.locks[each].described()
                for each in chosen
                if each in backend.snapshots and backend.lock_of(backend.own_snapshot(each))
            ]
            return select(rows, filters, _LOCK_FILTERS, lambda _: {})

        rows, token = backend.listings.page(
            "DescribeLockedSnapshots", size, self._get_param("NextToken"), find
        )
        return DocumentResult({"Snapshots": rows, "NextToken": token})

    def _require_taking(self, volumes: list[EbsVolume]) -> None:
        """Every limit that a new snapshot of each volume must keep."""
        self._snapshots.require_snapshot_slots(volumes)
        self._snapshots.require_snapshot_pace(volumes)
        self._snapshots.require_snapshot_room(len(volumes))

    def _chosen(self, spec: Mapping[str, Any]) -> list[EbsVolume]:
        instance = self._snapshots.get_instance(spec.get("InstanceId", ""))
        excluded = spec.get("ExcludeDataVolumeIds", [])
        if len(excluded) > MOST_EXCLUDED:
            raise invalid_value(f"At most {MOST_EXCLUDED} volumes can be excluded")
        attached = self._snapshots.volumes_of(instance)
        chosen = []
        for device, volume in attached:
            is_root = device == instance.root_device_name
            if is_root and volume.id in excluded:
                raise invalid_value(f"{volume.id} is the root volume; use ExcludeBootVolume")
            if volume.id not in excluded and not (is_root and spec.get("ExcludeBootVolume")):
                chosen.append(volume)
        unknown = set(excluded) - {volume.id for _, volume in attached}
        if unknown:
            raise invalid_value(f"{min(unknown)} is not attached to {instance.id}")
        if not chosen:
            raise invalid_value(f"No volume of {instance.id} is left to take")
        return chosen


def _info(snapshot: EbsSnapshot) -> dict[str, Any]:
    """SnapshotInfo, without what it does not have."""
    created = snapshot.as_created()
    return {name: value for name, value in created.items() if name != "KmsKeyId"}


def _copyable(volume: EbsVolume, *, copied: bool) -> dict[str, str]:
    if not copied:
        return {}
    return {key: value for key, value in volume.tags().items() if not key.startswith("aws:")}
