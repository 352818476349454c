"""What stands between a retention plan and its execution."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.guards_point import ready_to_deregister
from chalicelib.domain.guards_region import (
    MissingImages,
    find_missing,
    lost_users,
    odd_clock,
    paused,
    refuse_shrunken,
    remember,
    tags_lost,
)
from chalicelib.domain.records import PointRecord, RegionMemory, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, State
from tests.builders import NOON, REGION, point

DAY = timedelta(days=1)


def row(of: RecoveryPoint, stage: Stage = Stage.SETTLED, **others: datetime | None) -> PointRecord:
    """The catalogue's row of a point."""
    made = PointRecord(
        name=of.name,
        region=of.region,
        lineage=of.lineage,
        instance_id=of.instance_id,
        kind=of.kind,
        at=of.at,
        retain=of.retain,
        stage=stage,
        image_id=of.image_id,
    )
    return replace(made, **others)  # type: ignore[arg-type]


def missing(rows: list[PointRecord], listed: list[RecoveryPoint]) -> MissingImages:
    """Which of *rows* the listing lacks, with a quarantine of a day."""
    return find_missing({r.name: r for r in rows}, listed, NOON, DAY)


def test_an_image_that_is_listed_is_not_missing() -> None:
    assert missing([row(point(1))], [point(1)]) == MissingImages((), ())


def test_an_image_that_is_not_listed_is_missing() -> None:
    lost = row(point(1))

    assert missing([lost], []) == MissingImages(fresh=(lost,), settled=())


def test_an_image_that_we_are_removing_is_not_missing() -> None:
    assert missing([row(point(1), Stage.DEREGISTERING)], []) == MissingImages((), ())


def test_images_that_were_only_intended_say_nothing_of_the_listing() -> None:
    rows = tuple(row(point(n + 1), Stage.INTENDED) for n in range(9))

    assert refuse_shrunken(MissingImages(fresh=rows, settled=()), 9) == ""


@pytest.mark.parametrize(("minutes", "count"), [(59, 0), (60, 0), (61, 1)])
def test_a_fresh_image_may_still_be_on_its_way_into_listings(minutes: int, count: int) -> None:
    fresh = row(point(minutes / 1440))

    assert len(missing([fresh], []).fresh) == count


@pytest.mark.parametrize(("hours", "settled"), [(23, False), (24, True), (99, True)])
def test_an_image_missing_for_a_whole_quarantine_is_gone(hours: int, settled: bool) -> None:
    lost = row(point(9), missing_since=NOON - timedelta(hours=hours))
    found = missing([lost], [])

    assert found == MissingImages(*(((), (lost,)) if settled else ((lost,), ())))


@pytest.mark.parametrize(
    ("known", "lost", "refused"),
    [
        (0, 0, False),
        (1, 1, False),
        (2, 2, True),
        (3, 1, False),
        (6, 2, True),
        (7, 2, False),
        (10, 3, False),
        (10, 4, True),
        (1000, 300, False),
        (1000, 301, True),
        (1000, 1000, True),
    ],
)
def test_F41_a_listing_that_shrank_by_three_in_ten_deletes_nothing(
    known: int, lost: int, refused: bool
) -> None:
    rows = tuple(row(point(n + 1)) for n in range(lost))
    said = refuse_shrunken(MissingImages(fresh=rows, settled=()), known)

    assert bool(said) is refused
    if refused:
        assert said.startswith(f"the listing lacks {lost} of {known} recovery points")


def test_what_has_been_gone_for_a_quarantine_stops_no_run() -> None:
    rows = tuple(row(point(n + 1)) for n in range(9))

    assert refuse_shrunken(MissingImages(fresh=(), settled=rows), 10) == ""


@given(st.integers(0, 60), st.data())
def test_F41_an_empty_listing_of_more_than_one_point_is_always_refused(
    days: int, data: st.DataObject
) -> None:
    rows = [row(point(d + 2)) for d in range(days)]
    listed = data.draw(st.sampled_from([[], [point(1)]]))
    said = refuse_shrunken(missing(rows, listed), len(rows))

    assert bool(said) is (days >= 2)


LOOK = NOON - DAY


def second_look(
    *,
    state: State = State.QUARANTINED,
    stage: Stage = Stage.QUARANTINED,
    tagged: datetime | None = LOOK,
    recorded: datetime | None = LOOK,
) -> str:
    """Why a point must wait, when tag and row tell of these first looks."""
    waiting = point(9, state=state, quarantined_at=tagged)
    return ready_to_deregister(waiting, row(waiting, stage, quarantined_at=recorded), NOON, DAY)


@pytest.mark.parametrize("state", [State.QUARANTINED, State.FAILED])
@pytest.mark.parametrize("stage", [Stage.QUARANTINED, Stage.DEREGISTERING])
def test_a_point_looked_at_twice_a_quarantine_apart_may_go(state: State, stage: Stage) -> None:
    assert second_look(state=state, stage=stage) == ""


@pytest.mark.parametrize(
    "stage", [s for s in Stage if s not in (Stage.QUARANTINED, Stage.DEREGISTERING)]
)
def test_a_point_without_a_recorded_first_look_stays(stage: Stage) -> None:
    assert second_look(stage=stage) == "the catalogue does not know of a first look"
    assert second_look(recorded=None) == "the catalogue does not know of a first look"


@pytest.mark.parametrize("tagged", [None, LOOK - timedelta(days=9), LOOK + timedelta(seconds=1)])
def test_a_tag_alone_can_not_bring_the_second_look_forward(tagged: datetime | None) -> None:
    """Somebody who may tag may not thereby delete."""
    assert "do not agree" in second_look(tagged=tagged)


@pytest.mark.parametrize("state", [State.USABLE, State.VERIFIED, State.PENDING, State.DISABLED])
def test_a_point_that_ec2_does_not_call_disabled_stays(state: State) -> None:
    assert second_look(state=state) == f"it is {state.value}"


def test_a_point_waits_for_the_whole_quarantine() -> None:
    early = LOOK + timedelta(hours=6)

    assert second_look(tagged=early, recorded=early) == "quarantined; deleted in 6.0 h"


def memory(**changes: object) -> RegionMemory:
    """What a run an hour ago left."""
    hour_ago = RegionMemory(region=REGION, at=NOON - timedelta(hours=1), tagged=10)
    return replace(hour_ago, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hours", "odd"),
    [(1, False), (48, False), (48.1, True), (9000, True), (-0.05, False), (-0.1, True), (-9, True)],
)
def test_I7_a_clock_that_went_back_or_two_days_ahead_is_not_believed_at_once(
    hours: float, odd: bool
) -> None:
    said = odd_clock(memory(at=NOON), NOON + timedelta(hours=hours))

    assert bool(said) is odd
    assert odd_clock(None, NOON) == ""


def test_F41_users_that_all_vanished_are_looked_for_once_more() -> None:
    before = memory(in_use=("ami-1", "ami-2"))

    assert "ami-1" in lost_users(before, ["ami-1", "ami-9"], [])
    assert lost_users(before, ["ami-1"], ["ami-1"]) == ""
    assert lost_users(before, ["ami-9"], []) == ""
    assert lost_users(None, ["ami-1"], []) == ""


@pytest.mark.parametrize(
    ("before", "tagged", "bare", "lost"),
    [
        (10, 7, 3, False),
        (10, 6, 4, True),
        (10, 0, 10, True),
        (1, 0, 1, True),
        (2, 1, 1, False),
        (10, 0, 0, False),
        (10, 12, 5, False),
    ],
)
def test_F67_many_tags_lost_at_once_are_noticed(
    before: int, tagged: int, bare: int, lost: bool
) -> None:
    """Machines that are gone have lost no tag."""
    assert tags_lost(memory(tagged=before), tagged, bare) is lost
    assert not tags_lost(None, tagged, bare)


def test_F67_the_pause_lasts_a_week() -> None:
    until = paused(memory(), NOON, lost=True)

    assert until == NOON + timedelta(days=7)
    assert paused(memory(paused_until=until), NOON + timedelta(days=6), lost=False) == until
    assert paused(memory(paused_until=until), NOON + timedelta(days=7), lost=False) is None
    assert paused(None, NOON, lost=False) is None


@pytest.mark.parametrize(
    ("hours", "changes", "acts", "written"),
    [
        (1, {}, False, False),
        (11, {}, False, False),
        (12, {}, False, True),
        (1, {}, True, True),
        (1, {"tagged": 9}, False, True),
    ],
)
def test_L4_a_run_with_nothing_new_writes_nothing(
    hours: int, changes: dict[str, object], acts: bool, written: bool
) -> None:
    now = replace(memory(at=NOON + timedelta(hours=hours - 1)), **changes)  # type: ignore[arg-type]

    assert (remember(memory(), now, acts=acts) is not None) is written
    assert remember(None, now, acts=False) == now
