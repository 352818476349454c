"""Whose a snapshot without an image is."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.image import OwnedSnapshot
from chalicelib.domain.orphans import Orphan, find_loose, find_orphans
from chalicelib.domain.point_tags import INSTANCE, KIND, LINEAGE, MANIFEST
from tests.builders import IMAGE, NOON, SNAPSHOTS, WEB, point_record, recovery_point

POINT = recovery_point()
ROW = replace(point_record(POINT), snapshots=())
TAGS = {LINEAGE: WEB, INSTANCE: WEB, KIND: "scheduled", MANIFEST: POINT.manifest}


def snapshot(**changes: object) -> OwnedSnapshot:
    """One that CreateImage made for the point two days ago."""
    made = OwnedSnapshot(
        snapshot_id="snap-0000000000000000c",
        state="completed",
        started_at=NOON - timedelta(days=2),
        description=f"Created by CreateImage({WEB}) for {IMAGE}",
        tags=TAGS,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def orphans(one: OwnedSnapshot, used: tuple[str, ...] = ()) -> list[Orphan]:
    return list(find_orphans([one], used, {ROW.name: ROW}))


@pytest.mark.parametrize(
    ("changes", "mapped", "loose"),
    [
        ({}, (), True),
        ({}, ("snap-0000000000000000c",), False),
        ({"state": "pending"}, (), False),
        ({"started_at": NOON - timedelta(hours=23)}, (), False),
        ({"started_at": NOON - timedelta(hours=24)}, (), True),
        ({"tags": {**TAGS, "aws:backup:source-resource": "x"}}, (), False),
    ],
)
def test_only_an_old_snapshot_of_no_listed_image_is_loose(
    changes: dict[str, object], mapped: tuple[str, ...], loose: bool
) -> None:
    assert bool(find_loose([snapshot(**changes)], mapped, NOON)) is loose


def test_one_that_any_image_uses_is_no_orphan() -> None:
    assert orphans(snapshot(), ("snap-0000000000000000c",)) == []


def test_a_row_answers_for_what_was_made_for_its_image() -> None:
    [found] = orphans(snapshot())

    assert found.record == ROW


def test_a_row_answers_for_the_snapshots_that_it_names() -> None:
    row = point_record(POINT)
    one = snapshot(snapshot_id=SNAPSHOTS[0].snapshot_id, description="", tags={})
    [found] = find_orphans([one], (), {row.name: row})

    assert found.record == row


@pytest.mark.parametrize("key", sorted(TAGS))
def test_a_snapshot_whose_tags_say_otherwise_is_nobodys(key: str) -> None:
    [found] = orphans(snapshot(tags={**TAGS, key: "x"}))

    assert found.record is None


@pytest.mark.parametrize(
    ("description", "image"),
    [
        (f"Created by CreateImage({WEB}) for {IMAGE}", IMAGE),
        (f"Created by CreateImage({WEB}) for {IMAGE} from vol-1", IMAGE),
        (f"Copied for DestinationAmi ami-0bad0bad0 from SourceAmi {IMAGE}", ""),
        (f"x Created by CreateImage({WEB}) for {IMAGE}", ""),
        ("", ""),
    ],
)
def test_F53_only_ec2s_own_sentence_says_what_a_snapshot_was_made_for(
    description: str, image: str
) -> None:
    assert snapshot(description=description).made_for == image
