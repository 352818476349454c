"""What retention chooses: the verified, one of each slot, in the zone and within the cap."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.expiry import Keep, RetentionPlan, plan_retention
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.retention import Retention, parse_retention
from tests.builders import NOON, point, point_at, utc

CAPS = {Kind.MANUAL: 3}


def kept(plan: RetentionPlan) -> list[str]:
    """The images that stay, newest first."""
    return [k.point.image_id for k in plan.keep]


def keep_of(plan: RetentionPlan, one: RecoveryPoint) -> Keep:
    """What keeps *one*."""
    [found] = [k for k in plan.keep if k.point.image_id == one.image_id]
    return found


def reason_of(plan: RetentionPlan, one: RecoveryPoint) -> str:
    """Why *one* expires."""
    [found] = [e for e in plan.expire if e.point.image_id == one.image_id]
    return found.reason


def test_a_verified_point_stands_for_its_day_instead_of_a_newer_one() -> None:
    """A backup is worth what its restore is; the newest of all stays besides."""
    newest = point(0, retain="daily=3")
    morning = point(1.4, retain="daily=3", state=State.VERIFIED)
    evening = point(1.1, retain="daily=3")
    plan = plan_retention([newest, morning, evening], None, now=NOON)

    assert kept(plan) == [newest.image_id, morning.image_id]
    assert keep_of(plan, morning).reasons == (
        "daily 2/3 (2026-11-22), verified: it goes before a newer one that is not",
    )


def test_of_two_verified_points_of_a_day_the_newer_stands_for_it() -> None:
    points = [point(d, retain="daily=2", state=State.VERIFIED) for d in (0, 1.1, 1.4)]

    assert kept(plan_retention(points, None, now=NOON)) == [p.image_id for p in points[:2]]


@pytest.mark.parametrize("rule", ["last=2", "daily=2", "within=1h min=2"])
def test_I5_two_points_of_one_slot_are_one_to_every_rule(rule: str) -> None:
    """A second try must not push out an older slot."""
    newest = point(0, retain=rule)
    first, again = point(1, retain=rule), replace(point(1, retain=rule), image_id="ami-again")
    plan = plan_retention([newest, first, again, point(2, retain=rule)], None, now=NOON)

    assert kept(plan) == [newest.image_id, "ami-again"]
    assert reason_of(plan, first) == (
        "no rule keeps it: ami-again stands for the slot 2026-11-22T12:00Z"
    )


def test_points_that_were_asked_for_in_one_second_are_two() -> None:
    twins = [
        replace(point(1, kind=Kind.MANUAL, retain="last=2"), image_id=f"ami-{n}") for n in "ab"
    ]

    assert plan_retention(twins, None, now=NOON).expire == ()


def test_beyond_its_cap_a_kind_keeps_only_what_has_a_date_or_a_hold() -> None:
    old = [point(d, kind=Kind.MANUAL, retain="last=9") for d in range(6)]
    dated = point(7, kind=Kind.MANUAL, retain="last=9", keep_until=NOON + timedelta(days=1))
    held = point(8, kind=Kind.MANUAL, retain="last=9", hold="forever")
    nights = [point(d + 0.5, retain="last=9") for d in range(9)]
    plan = plan_retention([*old, dated, held, *nights], None, now=NOON, caps=CAPS)

    stay = [*old[:3], dated, held, *nights]
    assert set(kept(plan)) == {p.image_id for p in stay}
    assert reason_of(plan, old[3]).endswith("no rule keeps more than 3 manual points of a machine")


def test_F63_points_within_their_date_stay_however_many_there_are() -> None:
    until = NOON + timedelta(days=30)
    flood = [
        point(n / 1440, kind=Kind.MANUAL, retain="within=30d", keep_until=until) for n in range(100)
    ]

    assert plan_retention(flood, None, now=NOON, caps=CAPS).expire == ()


def test_days_are_those_of_the_zone_that_was_frozen_with_the_point() -> None:
    """A tag that names another zone today, or none, does not sort old points anew."""
    points = [
        replace(point_at(utc(f"2026-11-22T{hour}:00"), retain="daily=2"), zone="Asia/Tokyo")
        for hour in ("14", "16")
    ]

    assert plan_retention(points, None, zone="UTC", now=NOON).expire == ()


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_counts_days_in_the_zone(kind: Kind) -> None:
    points = [
        point_at(utc(f"2026-11-22T{hour}:00"), kind=kind, retain="daily=2") for hour in ("14", "16")
    ]

    assert plan_retention(points, None, zone="Asia/Tokyo", now=NOON).expire == ()
    assert len(plan_retention(points, None, zone="UTC", now=NOON).expire) == 1


def test_a_rule_and_an_age_together_keep_what_either_keeps() -> None:
    points = [point(d, retain="weekly=3 within=2d") for d in (0, 1, 1.9, 3, 9, 30)]
    plan = plan_retention(points, None, now=NOON)

    assert kept(plan) == [points[i].image_id for i in (0, 1, 2, 4)]


def test_DESIGN_7_a_present_tag_of_the_same_words_lengthens_older_points_too() -> None:
    new = [point(d, retain="daily=5") for d in range(3)]
    old = [point(d, retain="daily=1") for d in range(3, 6)]
    plan = plan_retention([*new, *old], parse_retention("daily=5"), now=NOON)

    assert kept(plan) == [p.image_id for p in [*new, *old[:2]]]


@pytest.mark.parametrize(("floor", "stay"), [(1, 1), (2, 2), (4, 4), (9, 5)])
def test_I2_the_newest_points_up_to_the_floor_stay_whatever_the_rules_say(
    floor: int, stay: int
) -> None:
    points = [point(d, retain="within=1h") for d in (5, 6, 7, 8, 9)]
    plan = plan_retention(points, None, now=NOON, floor=floor)

    assert kept(plan) == [p.image_id for p in points[:stay]]
    if floor == 2:
        assert plan.keep[1].reasons == ("floor 2/2: an instance of its machine may live",)


def test_I8_the_last_point_of_a_machine_that_is_gone_says_so() -> None:
    last = point(900, retain="within=1h")
    plan = plan_retention([last, point(901, state=State.FAILED)], None, now=NOON, is_dead=True)

    assert "the last point of a machine that is gone" in keep_of(plan, last).reasons


def test_I2_when_usable_points_vanish_quarantined_ones_come_back_up_to_the_floor() -> None:
    """The compensation for what somebody else took away."""
    usable = point(0.5, retain="within=1h")
    waiting = [point(d, state=State.QUARANTINED, retain="within=1h") for d in (1, 2, 3)]
    plan = plan_retention([usable, *waiting], None, now=NOON, floor=2)

    back = [k.point.image_id for k in plan.keep if k.release]
    assert back == [waiting[0].image_id]
    assert keep_of(plan, waiting[0]).reasons[1] == "only 1 usable point(s) are left"


def test_a_pending_image_without_snapshots_is_said_to_have_none() -> None:
    bare = point(3, state=State.PENDING)
    plan = plan_retention([bare, point(0)], None, now=NOON)

    assert keep_of(plan, bare).reasons == ("pending: it has no snapshots",)


POINTS = st.lists(
    st.builds(
        point,
        st.integers(0, 24 * 90).map(lambda hours: hours / 24),
        kind=st.sampled_from((Kind.SCHEDULED, Kind.MANUAL)),
        state=st.sampled_from((State.USABLE, State.VERIFIED, State.QUARANTINED, State.FAILED)),
        retain=st.sampled_from(("last=2", "daily=3 weekly=2", "within=5d min=2", "monthly=2")),
        zone=st.sampled_from(("", "Asia/Tokyo", "America/New_York")),
        image_id=st.integers(0, 10**6).map("ami-{:017x}".format),
    ),
    unique_by=lambda p: p.image_id,
    max_size=20,
)
FLOORS = st.integers(1, 4)


@settings(max_examples=120, deadline=None)
@given(POINTS, FLOORS, st.none() | st.just(parse_retention("daily=4")))
def test_with_floor_caps_and_zones_the_survivors_expire_no_further(
    points: list[RecoveryPoint], floor: int, current: Retention | None
) -> None:
    def planned(those: list[RecoveryPoint]) -> RetentionPlan:
        return plan_retention(those, current, now=NOON, floor=floor, caps=CAPS)

    first = planned(points)
    back = {k.point.image_id for k in first.keep if k.release}
    left = [
        replace(k.point, state=State.USABLE) if k.point.image_id in back else k.point
        for k in first.keep
    ]

    assert planned([k.point for k in first.keep]).expire == ()
    assert back.isdisjoint(e.point.image_id for e in planned(left).expire)


@settings(max_examples=120, deadline=None)
@given(POINTS, FLOORS)
def test_I2_I3_what_expires_leaves_the_floor_and_the_newest(
    points: list[RecoveryPoint], floor: int
) -> None:
    plan = plan_retention(points, None, now=NOON, floor=floor, caps=CAPS)
    usable = [p for p in points if p.state.is_usable]
    gone = {e.point.image_id for e in plan.expire}
    left = [p for p in usable if p.image_id not in gone]

    assert len(left) >= min(floor, len(usable))
    if usable:
        assert max(p.at for p in left) == max(p.at for p in usable)


@settings(max_examples=80, deadline=None)
@given(POINTS, st.integers(1, 5), st.integers(0, 3))
def test_a_longer_present_retention_or_a_higher_floor_never_keeps_less(
    points: list[RecoveryPoint], days: int, more: int
) -> None:
    def stays(present: str, floor: int) -> set[str]:
        plan = plan_retention(points, parse_retention(present), now=NOON, floor=floor)
        return set(kept(plan))

    assert stays(f"daily={days}", 1) <= stays(f"daily={days + more}", 1)
    assert stays(f"daily={days}", 1) <= stays(f"daily={days}", 1 + more)


@pytest.mark.parametrize("zone", ["UTC", "Europe/London", "America/New_York", "Pacific/Chatham"])
def test_a_year_of_days_over_every_change_of_the_clock_keeps_seven_days(zone: str) -> None:
    """Rolling on a day at a time, across both nights in which the clock changes."""
    held: list[RecoveryPoint] = []
    start = datetime.fromisoformat("2026-01-01T00:30+00:00")
    for night in range(366):
        now = start + timedelta(days=night)
        held.append(replace(point_at(now, retain="daily=7"), zone=zone))
        plan = plan_retention(held, None, now=now, floor=2)
        held = [k.point for k in plan.keep]

    assert len(held) == 7
    assert max(p.at for p in held) - min(p.at for p in held) == timedelta(days=6)
