"""What is due now, and why not."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.due import MOST_ATTEMPTS, Due, NotDue, decide_due
from chalicelib.domain.plans import parse_plans
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.subscription import Subscription
from tests.builders import NOON, WEB, point, point_at, utc

BOOK = parse_plans("")
SLOT = utc("2026-11-23T03:00")


def subscribed(*names: str) -> Subscription:
    """The web server, on these plans."""
    return Subscription(instance_id=WEB, plans=tuple(BOOK.plans[n] for n in names))


def test_a_newly_tagged_machine_is_due_at_once() -> None:
    due = decide_due(subscribed("daily"), [], NOON)

    assert due == Due(
        slot=SLOT,
        plans=("daily",),
        attempt=1,
        reason="its first point, for the slot 2026-11-23T03:00Z",
    )


@pytest.mark.parametrize(
    "state",
    [State.PENDING, State.USABLE, State.VERIFIED, State.QUARANTINED, State.DISABLED],
)
def test_a_slot_is_filled_once(state: State) -> None:
    verdict = decide_due(subscribed("daily"), [point_at(SLOT, state=state)], NOON)

    assert verdict == NotDue(
        reason="the slot 2026-11-23T03:00Z is filled; next at 2026-11-24T03:00Z", exhausted=False
    )


def test_an_open_slot_names_the_newest_point_there_is() -> None:
    due = decide_due(subscribed("daily"), [point_at(SLOT - timedelta(days=1))], NOON)

    assert isinstance(due, Due)
    assert due.reason == (
        "the slot 2026-11-23T03:00Z is open; the newest point is of 2026-11-22T03:00Z"
    )


def test_slots_missed_in_an_outage_are_caught_up_once() -> None:
    """Ten days down: one point, for the latest slot, and then nothing until the next."""
    old = point_at(SLOT - timedelta(days=10))
    due = decide_due(subscribed("daily"), [old], NOON)

    assert isinstance(due, Due)
    assert due.slot == SLOT
    assert isinstance(decide_due(subscribed("daily"), [old, point_at(SLOT)], NOON), NotDue)


def test_all_open_plans_become_one_point_at_the_latest_of_their_slots() -> None:
    due = decide_due(subscribed("weekly", "hourly", "daily"), [], NOON)

    assert isinstance(due, Due)
    assert due.slot == NOON
    assert due.plans == ("weekly", "hourly", "daily")


def test_a_plan_that_is_filled_is_left_out() -> None:
    due = decide_due(subscribed("hourly", "daily"), [point_at(SLOT)], NOON)

    assert isinstance(due, Due)
    assert due.plans == ("hourly",)


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.SCHEDULED])
def test_only_scheduled_points_fill_slots(kind: Kind) -> None:
    due = decide_due(subscribed("daily"), [point(0, kind=kind)], NOON)

    assert isinstance(due, Due)


def test_a_point_dated_in_the_future_fills_nothing() -> None:
    """A clock that once ran ahead must not stop backups for years."""
    due = decide_due(subscribed("daily"), [point(-2000)], NOON)

    assert isinstance(due, Due)
    assert due.slot == SLOT


@pytest.mark.parametrize("tried", [1, 2])
def test_F08_a_slot_whose_images_failed_is_tried_again_under_the_next_name(tried: int) -> None:
    failed = [point_at(SLOT, state=State.FAILED, attempt=n + 1) for n in range(tried)]
    due = decide_due(subscribed("daily"), failed, NOON)

    assert isinstance(due, Due)
    assert due.attempt == tried + 1
    assert f"(attempt {tried + 1})" in due.reason


def test_after_three_failures_the_slot_is_given_up_and_somebody_is_told() -> None:
    failed = [point_at(SLOT, state=State.FAILED, attempt=n + 1) for n in range(MOST_ATTEMPTS)]
    verdict = decide_due(subscribed("daily"), failed, NOON)

    assert isinstance(verdict, NotDue)
    assert verdict.exhausted
    assert verdict.reason == "EC2 failed the slot 2026-11-23T03:00Z 3 times"


def test_a_slot_given_up_does_not_spoil_the_next() -> None:
    failed = [point_at(SLOT, state=State.FAILED, attempt=n + 1) for n in range(MOST_ATTEMPTS)]
    due = decide_due(subscribed("daily"), failed, NOON + timedelta(days=1))

    assert isinstance(due, Due)
    assert due.attempt == 1


def test_a_failed_image_that_is_gone_still_counts_as_an_attempt() -> None:
    gone = point_at(SLOT, state=State.GONE, attempt=2)
    due = decide_due(subscribed("daily"), [gone], NOON)

    assert isinstance(due, Due)
    assert due.attempt == 3


@pytest.mark.parametrize("name", ["renamed by hand", f"snapback/{WEB}/scheduled/slot.x"])
def test_a_name_that_tells_no_attempt_counts_as_the_first(name: str) -> None:
    failed = replace(point_at(SLOT, state=State.FAILED), name=name)
    due = decide_due(subscribed("daily"), [failed], NOON)

    assert isinstance(due, Due)
    assert due.attempt == 2


def test_a_machine_that_is_off_is_never_due() -> None:
    verdict = decide_due(Subscription(instance_id=WEB), [], NOON)

    assert verdict == NotDue(reason="its tag says not to back it up")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(BOOK.plans)), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 5000), min_size=1, max_size=40),
)
def test_F05_however_the_ticks_fall_no_slot_is_taken_twice(
    names: list[str], minutes: list[int]
) -> None:
    """Ticks minutes to days apart, each delivered twice: one point a slot, and none missed."""
    subscription = subscribed(*names)
    taken: list[RecoveryPoint] = []
    now = NOON
    for gap in minutes:
        now += timedelta(minutes=gap)
        for _ in range(2):
            due = decide_due(subscription, taken, now)
            if isinstance(due, Due):
                taken.append(point_at(due.slot))
        latest = max(plan.schedule.latest(now) for plan in subscription.plans)
        assert taken[-1].at >= latest

    assert len({p.at for p in taken}) == len(taken)
    assert len(taken) <= len(minutes)
