"""Schedule and retention together, over months of nights, with both looks of expiry."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.expiry import plan_retention
from chalicelib.domain.plans import Plan
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.retention import Retention, parse_retention
from chalicelib.domain.schedule import parse_schedule
from chalicelib.domain.subscription import merged
from tests.builders import NIGHT, NOON, recovery_point

QUARANTINE = timedelta(hours=24)


@dataclass
class Machine:
    """One machine's points through time: taken, quarantined, deleted, perhaps brought back."""

    zone: str
    usable: dict[datetime, RecoveryPoint]
    waiting: dict[datetime, RecoveryPoint]
    deleted: list[datetime]
    released: list[datetime]

    @classmethod
    def new(cls, zone: str = "UTC") -> "Machine":
        """A machine without any points."""
        return cls(zone, {}, {}, [], [])

    def take(self, slot: datetime, retain: str, kind: Kind = Kind.SCHEDULED) -> None:
        """A point of *slot*, usable at once."""
        made = recovery_point(
            image_id=f"ami-{int(slot.timestamp()):017x}",
            kind=kind,
            at=slot,
            created_at=slot,
            retain=retain,
        )
        self.usable[slot] = made

    def expire(self, now: datetime, current: Retention | None) -> None:
        """One run of expiry, as the job does it: release, look once, look twice."""
        points = [*self.usable.values(), *self.waiting.values()]
        plan = plan_retention(points, current, zone=self.zone, now=now)
        assert len(plan.keep) + len(plan.expire) == len(points)
        for keep in plan.keep:
            if keep.release:
                back = self.waiting.pop(keep.point.at)
                self.usable[back.at] = replace(back, state=State.USABLE, quarantined_at=None)
                self.released.append(back.at)
        for one in plan.expire:
            looked_at = one.point.quarantined_at
            if looked_at is None:
                gone = self.usable.pop(one.point.at)
                self.waiting[gone.at] = replace(gone, state=State.QUARANTINED, quarantined_at=now)
            elif now - looked_at >= QUARANTINE:
                del self.waiting[one.point.at]
                self.deleted.append(one.point.at)


def live(schedule: str, retain: str, days: int, zone: str = "UTC") -> Machine:
    """A machine's life of *days*: each slot taken, expiry run after each."""
    plan, rules = parse_schedule(schedule), parse_retention(retain)
    machine = Machine.new(zone)
    now = NOON - timedelta(days=days)
    while (now := plan.following(now, 1)[0]) < NOON:
        machine.take(now, retain)
        machine.expire(now + timedelta(minutes=20), rules)
    return machine


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [
        ("daily@02:30 Europe/London", "Europe/London"),
        ("daily@01:30 America/New_York", "America/New_York"),
        ("daily@00:10 America/Santiago", "America/Santiago"),
        ("daily@02:05 Australia/Lord_Howe", "Australia/Lord_Howe"),
    ],
)
def test_F30_four_hundred_and_twenty_nights_through_two_time_changes_keep_every_day(
    schedule: str, zone: str
) -> None:
    """Each local day has one point, and the last seven days, four weeks, twelve months stay."""
    machine = live(schedule, "daily=7 weekly=4 monthly=12", 420, zone)
    local = [slot.astimezone(ZoneInfo(zone)) for slot in machine.usable]
    ever = {*machine.usable, *machine.waiting, *machine.deleted}
    days = {slot.astimezone(ZoneInfo(zone)).date() for slot in ever}

    assert len(days) == len(ever) == (max(days) - min(days)).days + 1
    assert {max(days) - timedelta(days=n) for n in range(7)} <= {s.date() for s in local}
    assert len({s.isocalendar()[:2] for s in local}) >= 4
    assert len({(s.year, s.month) for s in local}) == 12
    assert len(local) <= 7 + 4 + 12
    assert machine.released == []


def test_hourly_points_thin_out_into_days_and_weeks() -> None:
    machine = live("hourly@:00", "hourly=24 daily=7 weekly=4", 40)
    slots = sorted(machine.usable, reverse=True)

    assert slots[:24] == [NOON - timedelta(hours=n) for n in range(1, 25)]
    assert {s.date() for s in slots} >= {(NOON - timedelta(days=n)).date() for n in range(7)}
    assert len({s.isocalendar()[:2] for s in slots}) == 4
    assert len(slots) <= 24 + 7 + 4
    assert machine.released == []


def test_hourly_loses_no_hour_in_the_night_that_has_one_twice() -> None:
    """London, 2026-10-25: retention counts hours in UTC, where none is repeated."""
    machine = Machine.new("Europe/London")
    night = datetime.fromisoformat("2026-10-25T00:00+00:00")
    for hour in range(6):
        machine.take(night + timedelta(hours=hour), "hourly=6")
    machine.expire(night + timedelta(hours=5), None)

    assert len(machine.usable) == 6


def test_points_in_quarantine_come_back_when_the_tag_grows() -> None:
    """The operator notices in time: what is not yet deleted is usable again."""
    machine = live("daily@03:00", "daily=3", 30)
    waiting = sorted(machine.waiting)
    assert waiting

    machine.expire(NOON, parse_retention("daily=30"))

    assert machine.released == sorted(waiting, reverse=True)
    assert machine.waiting == {}


def test_F57_a_tag_cut_down_for_an_hour_costs_nothing_that_was_frozen() -> None:
    untouched, shrunk = (live("daily@03:00", "daily=30", 30) for _ in range(2))
    for hour in range(48):
        shrunk.expire(NOON + timedelta(hours=hour), parse_retention("last=1"))

    assert sorted(shrunk.usable) == sorted(untouched.usable)


def test_F63_a_hundred_points_asked_for_in_an_hour_push_out_no_night() -> None:
    machine = live("daily@03:00", "daily=7", 10)
    nights = set(machine.usable)
    for minute in range(100):
        machine.take(NOON + timedelta(seconds=36 * minute), "last=5", Kind.MANUAL)
    machine.expire(NOON + timedelta(hours=1), parse_retention("daily=7"))

    assert nights <= set(machine.usable)
    assert len(machine.usable) == len(nights) + 5


def test_F45_when_every_new_image_fails_the_last_good_ones_stay_for_ever() -> None:
    machine = live("daily@03:00", "daily=3", 10)
    good = set(machine.usable)
    for night in range(60):
        failed = recovery_point(
            image_id=f"ami-{night:017x}", state=State.FAILED, at=NOON + timedelta(days=night)
        )
        plan = plan_retention(
            [*machine.usable.values(), failed], None, now=NOON + timedelta(days=night)
        )
        assert plan.expire == ()

    assert len(good) == 3


RULES = st.builds(
    Retention,
    last=st.integers(0, 4),
    daily=st.integers(0, 9),
    weekly=st.integers(0, 5),
    monthly=st.integers(0, 4),
    within=st.none() | st.integers(1, 40).map(lambda days: timedelta(days=days)),
    minimum=st.integers(1, 3),
).filter(lambda rules: bool(str(rules).partition("min=")[0]))


@settings(max_examples=60, deadline=None)
@given(RULES, RULES, st.lists(st.integers(0, 2000), unique=True, max_size=40))
def test_two_plans_together_keep_whatever_either_would_keep(
    one: Retention, other: Retention, hours: list[int]
) -> None:
    def survivors(rules: Retention) -> set[datetime]:
        machine = Machine.new()
        for hour in hours:
            machine.take(NIGHT - timedelta(hours=hour), str(rules))
        machine.expire(NOON, None)
        return set(machine.usable)

    schedule = parse_schedule("daily@03:00")
    plans = tuple(
        Plan(name=n, schedule=schedule, retention=r) for n, r in (("a", one), ("b", other))
    )
    assert survivors(one) | survivors(other) <= survivors(merged(plans))
