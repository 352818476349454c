"""The plan of a run as a value: named, counted and in turn."""

# A test's name is its sentence, and invariants keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.docket import Candidate, Docket, in_turn
from chalicelib.domain.expire_plan import ExpirePlan, Line, MachinePlan, Verdict, digest_of
from chalicelib.domain.guards import Bounds, Guard, Stop
from chalicelib.domain.recovery_point import State
from tests.builders import NOON, REGION, SNAPSHOTS, WEB, point

LOCKED = Stop(guard=Guard.LOCKED, subject="ami-1", reason="locked")
CLOCK = Stop(guard=Guard.CLOCK, subject=REGION, reason="odd")


def line(days: float, wanted: Verdict, *stops: Stop) -> Line:
    """One point's line."""
    sized = tuple(replace(s, size_gib=10) for s in SNAPSHOTS)
    return Line(
        point=replace(point(days), snapshots=sized), wanted=wanted, reasons=("so",), stops=stops
    )


def plan(*lines: Line, stops: tuple[Stop, ...] = (), hours: int = 0) -> ExpirePlan:
    """A plan of one machine."""
    return ExpirePlan(
        region=REGION,
        now=NOON + timedelta(hours=hours),
        machines=(MachinePlan(lineage=WEB, lines=lines),),
        stops=stops,
    )


def test_totals_count_points_and_what_their_volumes_hold_at_most() -> None:
    told = plan(
        line(0, Verdict.KEEP), line(1, Verdict.DELETE), line(2, Verdict.DELETE, LOCKED)
    ).totals

    assert told.as_json() == {
        "points": {"keep": 1, "delete": 1, "stopped": 1},
        "gib": {"keep": 20, "delete": 20, "stopped": 20},
    }


def test_a_digest_names_acts_and_stops_and_no_passing_hour() -> None:
    read = plan(line(0, Verdict.KEEP), line(1, Verdict.DELETE))

    assert read.digest == plan(line(0, Verdict.KEEP), line(1, Verdict.DELETE), hours=3).digest
    for other in (
        plan(line(0, Verdict.KEEP), line(2, Verdict.DELETE)),
        plan(line(0, Verdict.KEEP), line(1, Verdict.QUARANTINE)),
        plan(line(0, Verdict.KEEP), line(1, Verdict.DELETE, LOCKED)),
        plan(line(0, Verdict.KEEP), line(1, Verdict.DELETE), stops=(CLOCK,)),
    ):
        assert other.digest != read.digest


def test_several_regions_have_one_digest() -> None:
    one, other = plan(line(1, Verdict.DELETE)), plan(line(2, Verdict.DELETE))

    assert digest_of([one]) == one.digest
    assert digest_of([one, other]) != digest_of([other, one])


def test_the_guards_that_spoke_are_named_once() -> None:
    read = plan(line(1, Verdict.DELETE, LOCKED), line(2, Verdict.DELETE, LOCKED), stops=(CLOCK,))

    assert read.guards == (Guard.CLOCK, Guard.LOCKED)
    shown = read.as_json()
    assert shown["guards"] == ["clock", "locked"]
    machines: Any = shown["machines"]
    assert machines[0]["label"] == WEB
    assert [p["verdict"] for p in machines[0]["points"]] == ["stopped", "stopped"]


def candidate(days: float, *, waiting: bool = False, lineage: str = WEB) -> Candidate:
    """A point that is to go, perhaps for good."""
    first_look = NOON - timedelta(days=days / 2) if waiting else None
    going = replace(
        point(days, state=State.QUARANTINED if waiting else State.USABLE),
        quarantined_at=first_look,
        lineage=lineage,
    )
    wanted = Verdict.DELETE if waiting else Verdict.QUARANTINE
    return Candidate(point=going, record=None, wanted=wanted)


def test_second_looks_come_before_first_ones_and_the_oldest_before_all() -> None:
    ordered = in_turn([candidate(1), candidate(9), candidate(2, waiting=True),
                       candidate(8, waiting=True)])  # fmt: skip

    assert [c.point.at for c in ordered] == [point(d).at for d in (8, 2, 9, 1)]


@given(st.lists(st.sampled_from(("a", "b", "c")), max_size=40), st.integers(1, 9))
def test_I7_no_lineage_and_no_region_loses_more_than_its_share(
    asked: list[str], region: int
) -> None:
    docket = Docket(
        Bounds(region_images=region, region_percent=0), dict.fromkeys("abc", 8), frozenset()
    )
    taken: list[str] = []
    for days, lineage in enumerate(asked):
        one = candidate(days, lineage=lineage)
        if docket.full_for(one) is None:
            docket.admit(one)
            taken.append(lineage)

    assert len(taken) <= region
    assert all(taken.count(lineage) <= 2 for lineage in "abc")
    assert not asked or taken


def test_an_overridden_bound_bounds_nothing() -> None:
    docket = Docket(Bounds(region_images=1, region_percent=0), {WEB: 4}, {*Guard})
    for days in range(3):
        docket.admit(candidate(days))

    assert docket.full_for(candidate(9)) is None
    assert docket.left == 1
