"""The catalogue's rows: what they vouch for, and which edits of an image's tags they notice."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.records import Stage
from chalicelib.domain.recovery_point import Kind, Snapshot, State
from tests.builders import IMAGE, NIGHT, SNAPSHOTS, point_record, recovery_point

OTHER = "i-0fedcba9876543210"


def test_a_row_vouches_for_the_image_that_it_was_made_for() -> None:
    assert point_record(recovery_point()).disagreement(recovery_point()) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.QUARANTINED, "quarantined_at": NIGHT},
        {"hold": "forever"},
        {"keep_until": NIGHT + timedelta(days=9)},
        {"plans": ()},
        {"snapshots": SNAPSHOTS[::-1]},
        {"at": NIGHT.replace(second=59)},
    ],
)
def test_what_may_change_in_a_points_life_is_no_disagreement(changes: Mapping[str, object]) -> None:
    """Nor is the order of its snapshots, or the second that a slot's tag has no room for."""
    assert point_record(recovery_point()).disagreement(recovery_point(**changes)) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"image_id": "ami-0fedcba9876543210"}, f"the catalogue says that .* is {IMAGE}"),
        ({"lineage": OTHER}, f"its lineage tag says '{OTHER}', the catalogue says"),
        ({"instance_id": OTHER}, f"its instance tag says '{OTHER}'"),
        ({"kind": Kind.MANUAL}, "its kind tag says 'manual', the catalogue says 'scheduled'"),
        ({"manifest": "f" * 32}, f"its manifest tag says '{'f' * 32}'"),
        ({"retain": "last=1"}, "its retention tag says 'last=1'"),
        ({"at": NIGHT - timedelta(days=9)}, "its slot tag says '2026-11-14T03:00Z'"),
        ({"snapshots": SNAPSHOTS[:1]}, "its snapshots are not those that the catalogue sealed"),
        (
            {"snapshots": (*SNAPSHOTS, Snapshot(snapshot_id="snap-1", device="/dev/sdg"))},
            "its snapshots are not",
        ),
    ],
)
def test_an_edited_tag_or_a_swapped_image_is_noticed(
    changes: Mapping[str, object], why: str
) -> None:
    """T1, T3: a shortened retention, a slot made old, or a disk of another machine."""
    row = point_record(recovery_point())

    found = row.disagreement(recovery_point(**changes))

    assert re.match(why, found)


def test_before_the_image_is_known_a_row_vouches_by_what_it_intended() -> None:
    point = recovery_point()
    row = point_record(point, stage=Stage.INTENDED, image_id="", snapshots=(), seal="")

    assert row.disagreement(point) == ""
    assert row.disagreement(replace(point, lineage=OTHER)).startswith("its lineage tag")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "snapback/i-0fedcba9876543210/scheduled/20261123T0300Z"},
        {"region": "eu-west-2"},
        {"lineage": OTHER},
        {"instance_id": OTHER},
        {"kind": Kind.COPY},
        {"at": NIGHT + timedelta(days=1)},
        {"retain": "last=1"},
        {"manifest": "f" * 32},
    ],
)
def test_the_seal_covers_every_part_of_the_row_that_decisions_rest_on(
    changes: Mapping[str, object],
) -> None:
    point = recovery_point()
    row = point_record(point)

    assert replace(row, **changes).seal_of(point) != row.seal  # type: ignore[arg-type]


def test_the_seal_does_not_cover_how_far_the_point_has_come() -> None:
    point = recovery_point()
    row = point_record(point)

    assert replace(row, stage=Stage.QUARANTINED, quarantined_at=NIGHT).seal_of(point) == row.seal
