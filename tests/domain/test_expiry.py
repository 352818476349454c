"""Retention decided: as a table, as laws, and as years of nights."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.expiry import Keep, RetentionPlan, plan_retention
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.retention import Retention, parse_retention
from tests.builders import NOON, point, point_at, utc

GOLD = "hourly=24 daily=7 weekly=4 monthly=12 yearly=2"


def kept(plan: RetentionPlan) -> list[RecoveryPoint]:
    """The points that stay."""
    return [k.point for k in plan.keep]


def expired(plan: RetentionPlan) -> list[RecoveryPoint]:
    """The points that go."""
    return [e.point for e in plan.expire]


def verdict(points: Sequence[RecoveryPoint], one: RecoveryPoint, current: str = "") -> Keep | str:
    """What becomes of *one* among *points*: its Keep, or why it expires."""
    rule = parse_retention(current) if current else None
    plan = plan_retention(points, rule, now=NOON)
    for keep in plan.keep:
        if keep.point == one:
            return keep
    return next(e.reason for e in plan.expire if e.point == one)


@pytest.mark.parametrize(
    ("retain", "days", "stay"),
    [
        pytest.param("last=2", [0, 1, 2], [0, 1], id="the last n"),
        pytest.param("daily=2", [0, 0.2, 1, 2], [0, 1], id="the newest of each day"),
        pytest.param("daily=2", [0, 5, 9], [0, 5], id="days without a point take no quota"),
        pytest.param("weekly=2", [0.1, 0.2, 1, 3, 8, 9], [0.1, 1], id="ISO weeks"),
        pytest.param("monthly=2", [0, 5, 31, 40], [0, 31], id="calendar months"),
        pytest.param("yearly=2", [0, 300, 326, 327, 700], [0, 327], id="calendar years"),
        pytest.param("hourly=2", [0, 0.01, 0.05, 0.1], [0, 0.01], id="clock hours"),
        pytest.param("within=48h", [0, 1, 1.99, 2, 3], [0, 1, 1.99], id="by age"),
        pytest.param("within=1h", [5, 6], [5], id="the newest stays though too old"),
        pytest.param("daily=1 weekly=2", [0, 3, 9], [0, 3], id="rules add up"),
        pytest.param("within=1d min=3", [1, 2, 3, 4], [1, 2, 3], id="never fewer than min"),
    ],
)
def test_rules_keep(retain: str, days: list[float], stay: list[float]) -> None:
    points = [point(d, retain=retain) for d in days]

    assert kept(plan_retention(points, None, now=NOON)) == [point(d, retain=retain) for d in stay]


def test_every_reason_to_keep_is_told_with_the_quota_it_takes() -> None:
    points = [point(d, retain="last=2 daily=7 weekly=4 within=48h") for d in range(3)]
    [newest, second, third] = plan_retention(points, None, now=NOON).keep

    assert newest.reasons == (
        "newest usable point",
        "last 1/2",
        "within 2d of now",
        "daily 1/7 (2026-11-23)",
        "weekly 1/4 (2026-W48)",
        "minimum of 1",
    )
    assert second.reasons == (
        "last 2/2",
        "within 2d of now",
        "daily 2/7 (2026-11-22)",
        "weekly 2/4 (2026-W47)",
    )
    assert third.reasons == ("daily 3/7 (2026-11-21)",)


def test_an_expiry_says_which_retention_has_no_place_for_it() -> None:
    points = [point(d, retain="daily=2") for d in range(3)]
    [gone] = plan_retention(points, None, now=NOON).expire

    assert gone.point == points[2]
    assert "daily=2" in gone.reason
    assert "2d old" in gone.reason


def test_days_are_those_of_the_zone() -> None:
    """Two points of one UTC day are of two days in Tokyo, where midnight is at 15:00 UTC."""
    points = [point_at(utc(f"2026-11-22T{hour}:00"), retain="daily=2") for hour in ("14", "16")]

    assert len(kept(plan_retention(points, None, zone="UTC", now=NOON))) == 1
    assert len(kept(plan_retention(points, None, zone="Asia/Tokyo", now=NOON))) == 2


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (State.PENDING, "pending"),
        (State.FAILED, "failed"),
        (State.DISABLED, "disabled by somebody else"),
        (State.GONE, "already deregistered"),
    ],
)
def test_F45_what_is_not_usable_stays_and_fills_no_quota(state: State, why: str) -> None:
    """A week of failures leaves the last good points alone."""
    bad = [point(d, state=state, retain="daily=2") for d in range(7)]
    good = [point(d, retain="daily=2") for d in (8, 9, 10)]
    plan = plan_retention(bad + good, None, now=NOON)

    assert expired(plan) == good[2:]
    assert all(why in k.reasons[0] for k in plan.keep if k.point in bad)


def test_F45_the_last_usable_point_stays_however_old() -> None:
    old = point(4000, retain="within=1h")
    keep = verdict([point(d, state=State.FAILED) for d in range(9)] + [old], old)

    assert isinstance(keep, Keep)
    assert keep.reasons[0] == "newest usable point"


def test_F63_a_flood_of_one_kind_pushes_out_no_other() -> None:
    flood = [point(n / 1000, kind=Kind.MANUAL, retain="last=3") for n in range(100)]
    nights = [point(d, retain="daily=7") for d in range(1, 8)]
    plan = plan_retention(flood + nights, None, now=NOON)

    assert [p for p in kept(plan) if p.kind is Kind.SCHEDULED] == nights
    assert [p for p in kept(plan) if p.kind is Kind.MANUAL] == flood[:3]


def test_the_present_retention_is_that_of_scheduled_points_only() -> None:
    manual = point(40, kind=Kind.MANUAL, retain="within=30d")
    newer = point(35, kind=Kind.MANUAL, retain="within=30d")

    assert isinstance(verdict([manual, newer, point(0)], manual, current="within=90d"), str)


def test_F57_a_tag_that_shrinks_takes_nothing_that_was_frozen() -> None:
    points = [point(d, retain="daily=30") for d in range(30)]

    assert plan_retention(points, Retention(daily=1), now=NOON).expire == ()


def test_F57_a_tag_that_grows_keeps_more_and_says_so() -> None:
    points = [point(d, retain="daily=1") for d in range(5)]
    keep = verdict(points, points[3], current="daily=4")

    assert isinstance(keep, Keep)
    assert keep.reasons == ("daily 4/4 (2026-11-20), by the present retention",)
    assert isinstance(verdict(points, points[4], current="daily=4"), str)


def test_F57_newer_points_of_another_retention_do_push_old_ones_out_in_time() -> None:
    """Frozen is a promise of so many days, not a promise for ever."""
    new = [point(d, retain="daily=2") for d in range(7)]
    old = [point(d, retain="daily=7") for d in range(7, 10)]

    assert expired(plan_retention(new + old, None, now=NOON)) == new[2:] + old


def test_F54_a_frozen_retention_that_can_not_be_read_keeps_its_point() -> None:
    strange = point(900, retain="daily=forever")
    keep = verdict([strange, point(0)], strange)

    assert isinstance(keep, Keep)
    assert "'daily=forever' can not be read" in keep.reasons[0]


def test_F54_a_point_with_problems_stays_and_fills_no_quota() -> None:
    strange = point(0, problems=("its tag snapback:slot is 'x'",))
    good = point(1)
    plan = plan_retention([strange, good, point(2)], None, now=NOON)

    assert kept(plan) == [strange, good]
    assert plan.keep[0].reasons == ("not trusted, left alone: its tag snapback:slot is 'x'",)


def test_a_point_dated_in_the_future_stays_and_fills_no_quota() -> None:
    future, good = point(-3), point(1)
    plan = plan_retention([future, good, point(2)], None, now=NOON)

    assert kept(plan) == [future, good]
    assert "dated in the future" in plan.keep[0].reasons[0]


@pytest.mark.parametrize(
    ("hold", "why"),
    [
        ("forever", "held until released"),
        ("2026-11-24T00:00Z", "held until 2026-11-24T00:00Z"),
        ("until the audit", "is no date, so it holds until released"),
    ],
)
def test_a_held_point_stays(hold: str, why: str) -> None:
    held = point(900, hold=hold)
    keep = verdict([held, point(0)], held)

    assert isinstance(keep, Keep)
    assert why in keep.reasons[0]


def test_a_hold_that_has_ended_holds_nothing() -> None:
    held = point(900, hold="2026-11-23T12:00Z")

    assert isinstance(verdict([held, point(0)], held), str)


@pytest.mark.parametrize("seconds", [1, 59, 3600, 86_399, 86_401, 864_000])
def test_F46_a_date_keeps_until_exactly_then(seconds: int) -> None:
    before = point(900, keep_until=NOON + timedelta(seconds=seconds))
    after = point(900, keep_until=NOON - timedelta(seconds=seconds))

    assert isinstance(verdict([before, point(0)], before), Keep)
    assert isinstance(verdict([after, point(0)], after), str)


def test_a_quarantined_point_that_no_rule_wants_goes_on_the_second_look() -> None:
    waiting = point(5, state=State.QUARANTINED)

    assert "no rule keeps it" in str(verdict([waiting, point(0)], waiting))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hold": "forever"}, "held until released"),
        ({"keep_until": NOON + timedelta(days=1)}, "to be kept until"),
        ({"retain": "daily=7"}, "daily 2/7"),
        ({"retain": "garbage"}, "can not be read"),
    ],
)
def test_a_quarantined_point_that_is_wanted_comes_back(
    changes: dict[str, object], why: str
) -> None:
    waiting = replace(point(5, state=State.QUARANTINED), **changes)  # type: ignore[arg-type]
    keep = verdict([waiting, point(0)], waiting)

    assert isinstance(keep, Keep)
    assert keep.release
    assert keep.reasons[0] == "its retention wants it back"
    assert any(why in reason for reason in keep.reasons)


def test_a_quarantined_point_comes_back_when_the_usable_ones_are_lost() -> None:
    waiting = point(5, state=State.QUARANTINED)
    keep = verdict([waiting, point(0, state=State.FAILED)], waiting)

    assert isinstance(keep, Keep)
    assert keep.release


def test_a_quarantined_point_takes_no_place_from_a_usable_one() -> None:
    waiting, usable = point(1, state=State.QUARANTINED), point(2)

    assert isinstance(verdict([waiting, usable], usable), Keep)


def test_F63_a_flood_of_one_kind_does_not_keep_another_in_quarantine() -> None:
    waiting = point(2, state=State.QUARANTINED, retain="daily=2")
    flood = [point(n / 100, kind=Kind.MANUAL, retain="last=9") for n in range(9)]
    nights = [point(1, kind=Kind.MANUAL, retain="last=99"), point(3, retain="daily=2")]
    keep = verdict([waiting, *flood, *nights], waiting)

    assert isinstance(keep, Keep)
    assert keep.release


def test_a_quarantined_point_that_is_not_trusted_is_left_where_it_is() -> None:
    waiting = point(5, state=State.QUARANTINED, hold="forever", problems=("odd",))
    keep = verdict([waiting, point(0)], waiting)

    assert isinstance(keep, Keep)
    assert not keep.release


def test_nothing_plans_to_nothing() -> None:
    assert plan_retention([], Retention(last=1), now=NOON) == RetentionPlan()


AGES = st.lists(st.integers(0, 24 * 800), unique=True, max_size=25)
TEXTS = st.sampled_from(
    ["last=1", "daily=7 weekly=4", GOLD, "within=30d", "monthly=3 min=2", "hourly=5", "nonsense"]
)
WHOLE = st.lists(
    st.builds(
        point,
        st.integers(-48, 24 * 800).map(lambda hours: hours / 24),
        kind=st.sampled_from((Kind.SCHEDULED, Kind.SCHEDULED, Kind.MANUAL, Kind.SAFETY)),
        state=st.sampled_from((State.USABLE, State.USABLE, State.VERIFIED, *State)),
        retain=TEXTS,
        hold=st.sampled_from(("", "", "", "forever", "2027-01-01")),
        problems=st.sampled_from(((), (), (), ("odd",))),
    ),
    unique_by=lambda p: p.image_id,
    max_size=25,
)
CURRENT = st.none() | st.sampled_from(
    [parse_retention(t) for t in ("last=1", GOLD, "daily=3", "within=10d", "weekly=9 min=3")]
)
ZONES = st.sampled_from(("UTC", "Europe/London", "Pacific/Kiritimati"))


@settings(max_examples=150, deadline=None)
@given(WHOLE, CURRENT, ZONES)
def test_every_point_gets_exactly_one_decision(
    points: list[RecoveryPoint], current: Retention | None, zone: str
) -> None:
    plan = plan_retention(points, current, zone=zone, now=NOON)
    decided = kept(plan) + expired(plan)

    assert sorted(p.image_id for p in decided) == sorted(p.image_id for p in points)
    assert all(k.reasons and all(k.reasons) for k in plan.keep)
    assert all(e.reason for e in plan.expire)


@settings(max_examples=150, deadline=None)
@given(WHOLE, CURRENT, ZONES, st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(
    points: list[RecoveryPoint], current: Retention | None, zone: str, rng: random.Random
) -> None:
    shuffled = rng.sample(points, len(points))

    assert plan_retention(shuffled, current, zone=zone, now=NOON) == plan_retention(
        points, current, zone=zone, now=NOON
    )


@settings(max_examples=150, deadline=None)
@given(WHOLE, CURRENT, ZONES)
def test_planning_the_survivors_again_expires_none(
    points: list[RecoveryPoint], current: Retention | None, zone: str
) -> None:
    first = plan_retention(points, current, zone=zone, now=NOON)

    assert plan_retention(kept(first), current, zone=zone, now=NOON).expire == ()


@settings(max_examples=150, deadline=None)
@given(WHOLE, CURRENT, ZONES)
def test_what_was_brought_back_is_not_sent_away_again(
    points: list[RecoveryPoint], current: Retention | None, zone: str
) -> None:
    """An older point may have to make room for it; the point itself stays."""
    first = plan_retention(points, current, zone=zone, now=NOON)
    back = {k.point.image_id for k in first.keep if k.release}
    left = [replace(p, state=State.USABLE) if p.image_id in back else p for p in kept(first)]
    gone = expired(plan_retention(left, current, zone=zone, now=NOON))

    assert back.isdisjoint(p.image_id for p in gone)


@settings(max_examples=150, deadline=None)
@given(WHOLE, CURRENT)
def test_what_must_never_go_never_goes(
    points: list[RecoveryPoint], current: Retention | None
) -> None:
    """The newest usable, held, future, unreadable, pending and failed points stay."""
    gone = expired(plan_retention(points, current, now=NOON))
    usable = [p for p in points if p.state.is_usable and not p.problems and p.at <= NOON]

    assert not usable or max(usable, key=lambda p: p.at) not in gone
    for one in gone:
        assert one.state.is_usable or one.state is State.QUARANTINED
        assert not one.hold
        assert not one.problems
        assert one.at <= NOON
        assert one.retain != "nonsense"


@settings(max_examples=150, deadline=None)
@given(WHOLE, CURRENT)
def test_F57_no_present_retention_expires_what_the_frozen_one_keeps(
    points: list[RecoveryPoint], current: Retention | None
) -> None:
    frozen = {p.image_id for p in kept(plan_retention(points, None, now=NOON))}
    now = {p.image_id for p in kept(plan_retention(points, current, now=NOON))}

    assert frozen <= now


@settings(max_examples=100, deadline=None)
@given(AGES, st.integers(1, 12), st.integers(1, 12), st.sampled_from(("last", "daily", "weekly")))
def test_a_stricter_retention_never_keeps_more(
    hours: list[int], one: int, other: int, rule: str
) -> None:
    few, many = sorted((one, other))

    def survivors(count: int) -> set[datetime]:
        points = [point(h / 24, retain=f"{rule}={count}") for h in hours]
        return {p.at for p in kept(plan_retention(points, None, now=NOON))}

    assert survivors(few) <= survivors(many)


def test_a_year_of_nights_settles_on_its_quotas() -> None:
    """420 nights, and then 7 days, 4 weeks and 12 months are there, and nothing else."""
    held: list[RecoveryPoint] = []
    for night in range(420, -1, -1):
        now = NOON - timedelta(days=night)
        taken = point(night, retain="daily=7 weekly=4 monthly=12")
        held = kept(plan_retention([*held, taken], None, now=now))
        assert held[0] == taken

    days = {p.at.date() for p in held[:7]}
    weeks = {p.at.isocalendar()[:2] for p in held}
    months = {(p.at.year, p.at.month) for p in held}
    assert days == {(NOON - timedelta(days=d)).date() for d in range(7)}
    assert len(weeks) >= 4
    assert len(months) == 12
    assert len(held) == 7 + 3 + 11 - 1


def test_F57_a_year_in_which_the_tag_shrinks_keeps_what_it_would_have_kept() -> None:
    """Old points stay at least as long as if nobody had touched the tag."""

    def nights(later: str) -> list[list[RecoveryPoint]]:
        held: list[RecoveryPoint] = []
        states = []
        for night in range(200, -1, -1):
            retain = "daily=30 monthly=6" if night > 100 else later
            now = NOON - timedelta(days=night)
            plan = plan_retention(
                [*held, point(night, retain=retain)], parse_retention(retain), now=now
            )
            held = kept(plan)
            states.append([p for p in held if p.at < NOON - timedelta(days=100)])
        return states

    for untouched, shrunk in zip(nights("daily=30 monthly=6"), nights("daily=1"), strict=True):
        assert {p.at for p in untouched} <= {p.at for p in shrunk}


def test_F62_retention_follows_the_lineage_through_four_instances() -> None:
    """Three rollbacks, four instance ids: still one quota of seven days."""
    points = [replace(point(d, retain="daily=7"), instance_id=f"i-{d % 4:017x}") for d in range(12)]

    assert kept(plan_retention(points, None, now=NOON)) == points[:7]


def test_planning_takes_time_in_proportion_to_the_points() -> None:
    """A third of a second for twenty thousand; with every pair compared it would be minutes."""
    points = [point_at(NOON - timedelta(hours=n), retain=GOLD) for n in range(20_000)]
    started = time.process_time()
    plan = plan_retention(points, Retention(daily=30), zone="Europe/London", now=NOON)
    spent = time.process_time() - started

    assert len(plan.expire) > 19_900
    assert spent < 10


@pytest.mark.parametrize(("seconds", "counts"), [(299, True), (300, True), (301, False)])
def test_a_clock_five_minutes_ahead_is_no_future(seconds: int, counts: bool) -> None:
    """EC2's clock stamps the image, ours decides: they may differ a little."""
    ahead = point_at(NOON + timedelta(seconds=seconds))
    plan = plan_retention([ahead, point(1)], None, now=NOON)

    assert kept(plan) == ([ahead] if counts else [ahead, point(1)])


def test_F46_a_date_that_is_now_keeps_no_longer() -> None:
    over = point(900, keep_until=NOON)

    assert isinstance(verdict([over, point(0)], over), str)


def test_F63_a_quarantined_point_competes_with_its_own_kind_only() -> None:
    """Nights that came since do not stand in for the point that was asked for."""
    asked = point(5, kind=Kind.MANUAL, state=State.QUARANTINED, retain="last=1")
    nights = [point(d) for d in range(3)]
    keep = verdict([asked, *nights], asked)

    assert isinstance(keep, Keep)
    assert keep.release
    assert isinstance(verdict([asked, point(1, kind=Kind.MANUAL)], asked), str)
