"""Guards of one point, each by itself."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.guards import Guard, Surroundings
from chalicelib.domain.guards_point import POINT_GUARDS, Case, stops_of
from chalicelib.domain.records import PointRecord
from chalicelib.domain.recovery_point import Kind, RecoveryPoint
from tests.builders import NOON, SNAPSHOTS, WEB, point_record, recovery_point

POINT = recovery_point()
ROOT, DATA = (s.snapshot_id for s in SNAPSHOTS)


def spoken(
    point: RecoveryPoint = POINT,
    *,
    record: PointRecord | None = None,
    unknown: bool = False,
    **around: Any,  # noqa: ANN401 (each of its fields has a type of its own)
) -> dict[Guard, str]:
    """The guards that stop *point*, and what they say."""
    row = None if unknown else record or point_record(point)
    surroundings = Surroundings(**around)
    return {s.guard: s.reason for s in stops_of(Case(point, row, surroundings, NOON))}


def test_a_free_point_of_ours_is_stopped_by_none() -> None:
    assert spoken() == {}


def test_every_guard_of_a_point_has_its_place_in_the_table_once() -> None:
    guards = [guard for guard, _ in POINT_GUARDS]

    assert len(guards) == len(set(guards)) == 8


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"problems": ("odd tags",)}, "odd tags"),
        ({"name": "golden"}, "is not one that Snapback gives"),
        ({"image_id": "ami-0bad0bad0bad0bad0"}, "the catalogue says that"),
        ({"lineage": "i-0bad0bad0bad0bad0"}, "its lineage tag says"),
        ({"kind": Kind.MANUAL}, "its kind tag says"),
        ({"snapshots": SNAPSHOTS[:1]}, "not those that the catalogue sealed"),
    ],
)
def test_I1_each_key_of_ownership_is_needed(changes: Mapping[str, object], why: str) -> None:
    other = replace(POINT, **changes)  # type: ignore[arg-type]

    assert why in spoken(other, record=point_record(POINT))[Guard.OWNERSHIP]


def test_I1_a_point_without_a_sealed_row_is_not_ours() -> None:
    assert spoken(unknown=True) == {Guard.OWNERSHIP: "the catalogue does not know it"}
    unsealed = point_record(POINT, seal="")
    assert spoken(record=unsealed) == {Guard.OWNERSHIP: "the catalogue has not sealed it yet"}


@pytest.mark.parametrize(("hold", "stops"), [("forever", 1), ("2027-01-01", 1), ("2020-01-01", 0)])
def test_F68_a_hold_stops_until_it_ends(hold: str, stops: int) -> None:
    assert len(spoken(recovery_point(hold=hold))) == stops


def test_F43_who_uses_an_image_is_named() -> None:
    said = spoken(users={POINT.image_id: ("lt-1", "i-2")})

    assert said == {Guard.IN_USE: "in use by lt-1, i-2"}


def test_F41_a_look_up_that_failed_means_in_use() -> None:
    assert "somebody perhaps" in spoken(blind=("could not look: Denied",))[Guard.IN_USE]


def test_work_under_way_on_a_machine_keeps_all_its_points() -> None:
    assert "rb-1" in spoken(open_work={WEB: "rb-1"})[Guard.IN_USE]
    assert spoken(open_work={"i-0bad0bad0bad0bad0": "rb-1"}) == {}


@pytest.mark.parametrize(
    ("around", "guard", "why"),
    [
        ({"locked": frozenset({ROOT})}, Guard.LOCKED, f"{ROOT} is locked"),
        ({"locked": frozenset({ROOT, DATA})}, Guard.LOCKED, f"{ROOT}, {DATA} are locked"),
        ({"archived": frozenset({DATA})}, Guard.ARCHIVED, f"{DATA} is in the archive tier"),
        ({"managed": {DATA: "AWS Backup"}}, Guard.MANAGED, "AWS Backup manages its snapshot"),
    ],
)
def test_what_protects_a_snapshot_protects_its_image(
    around: dict[str, Any], guard: Guard, why: str
) -> None:
    """EC2 would deregister the image and leave an orphan that nobody may delete."""
    said = spoken(**around)

    assert list(said) == [guard]
    assert said[guard].startswith(why)


@pytest.mark.parametrize(
    ("changes", "guard"),
    [
        ({"protection": "enabled-with-cooldown"}, Guard.PROTECTED),
        ({"is_public": True}, Guard.SHARED),
        ({"other_owner": "EC2 Image Builder"}, Guard.MANAGED),
    ],
)
def test_what_an_image_says_of_itself_is_heeded(changes: dict[str, object], guard: Guard) -> None:
    assert list(spoken(recovery_point(**changes))) == [guard]
