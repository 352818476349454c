"""Snapshots of ours that no image is built on any more, and who answers for each.

A tag alone never decides a deletion: a snapshot may go only when a row of the catalogue
knows it, by its id or by the image that EC2 says it was made for. What bears our mark and
nobody knows is reported: somebody may have forged it, or the catalogue was lost.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.image import OwnedSnapshot
from chalicelib.domain.point_tags import INSTANCE, KIND, LINEAGE, MANIFEST, other_owner
from chalicelib.domain.records import PointRecord

GRACE = timedelta(hours=24)
"""CreateImage's snapshots exist before the image names them (EC2 User Guide)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """One snapshot without an image."""

    snapshot: OwnedSnapshot
    record: PointRecord | None
    """The row that answers for it; nothing when none does."""


def find_loose(
    marked: Iterable[OwnedSnapshot], mapped: Collection[str], now: datetime
) -> tuple[OwnedSnapshot, ...]:
    """Those of *marked* that none of our listed images is built on, old enough to mean it."""
    return tuple(
        s
        for s in marked
        if s.snapshot_id not in mapped
        and s.state != "pending"
        and now - s.started_at >= GRACE
        and not other_owner(s.tags)
    )


def find_orphans(
    loose: Iterable[OwnedSnapshot],
    used: Collection[str],
    records: Mapping[str, PointRecord],
) -> Iterator[Orphan]:
    """The loose snapshots that no image at all is built on, each with its row."""
    by_snapshot = {s.snapshot_id: r for r in records.values() for s in r.snapshots}
    by_image = {r.image_id: r for r in records.values() if r.image_id}
    for snapshot in loose:
        if snapshot.snapshot_id in used:
            continue
        record = by_snapshot.get(snapshot.snapshot_id)
        made_for = by_image.get(snapshot.made_for)
        if record is None and made_for is not None and _agrees(snapshot, made_for):
            record = made_for
        yield Orphan(snapshot=snapshot, record=record)


def _agrees(snapshot: OwnedSnapshot, record: PointRecord) -> bool:
    told = (LINEAGE, record.lineage), (INSTANCE, record.instance_id)
    also = (KIND, record.kind.value), (MANIFEST, record.manifest)
    return all(snapshot.tags.get(key) == value for key, value in (*told, *also))
