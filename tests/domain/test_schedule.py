"""Schedules: what each form means, what is refused, and both DST nights of every zone."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802, RUF001

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.schedule import Schedule, parse_schedule
from tests.builders import NOON, utc

FORMS = (
    "hourly@:20",
    "every 5m",
    "every 4h",
    "every 2d",
    "daily@03:00 Europe/London",
    "weekly:sun@04:15 America/New_York",
    "weekly:mon+thu@04:15",
    "monthly:1@02:00",
    "monthly:31@02:00",
    "monthly:last@02:00 Asia/Tokyo",
    "yearly:01-01@00:00",
    "yearly:02-29@00:00",
    "cron:0 3 * * 1-5 Europe/Berlin",
    "cron:*/20 * * * * Australia/Lord_Howe",
    "cron:30,45 1 * * * Europe/London",
    "cron:0 0 29 2 */7",
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("hourly@:20", "2026-11-23T11:20"),
        ("hourly@:00", "2026-11-23T12:00"),
        ("every 30m", "2026-11-23T12:00"),
        ("every 5h", "2026-11-23T10:00"),
        ("every 2d", "2026-11-23T00:00"),
        ("daily@12:00", "2026-11-23T12:00"),
        ("daily@12:01", "2026-11-22T12:01"),
        ("daily@09:00 Asia/Tokyo", "2026-11-23T00:00"),
        ("weekly:sun@04:15 America/New_York", "2026-11-22T09:15"),
        ("weekly:tue+thu@04:15", "2026-11-19T04:15"),
        ("monthly:1@02:00", "2026-11-01T02:00"),
        ("monthly:31@02:00", "2026-10-31T02:00"),
        ("monthly:last@02:00", "2026-10-31T02:00"),
        ("yearly:01-01@00:00", "2026-01-01T00:00"),
        ("yearly:02-29@00:00", "2024-02-29T00:00"),
        ("cron:0 3 * * 1-5 Europe/Berlin", "2026-11-23T02:00"),
        ("cron:0 0 29 2 */7", "2004-02-29T00:00"),
    ],
)
def test_the_latest_slot_of_every_form(text: str, slot: str) -> None:
    """Noon is Monday 2026-11-23, 12:00 UTC."""
    assert utc(slot) == parse_schedule(text).latest(NOON)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("hourly@:20", ["2026-11-23T12:20", "2026-11-23T13:20"]),
        ("every 4h", ["2026-11-23T16:00", "2026-11-23T20:00"]),
        ("daily@12:00", ["2026-11-24T12:00", "2026-11-25T12:00"]),
        ("weekly:mon+thu@04:15", ["2026-11-26T04:15", "2026-11-30T04:15"]),
        ("monthly:last@02:00", ["2026-11-30T02:00", "2026-12-31T02:00"]),
        ("yearly:02-29@00:00", ["2028-02-29T00:00", "2032-02-29T00:00"]),
    ],
)
def test_the_slots_that_follow_come_strictly_after(text: str, slots: list[str]) -> None:
    assert tuple(utc(s) for s in slots) == parse_schedule(text).following(NOON, 2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "none of the forms"),
        ("hourly", "none of the forms"),
        ("hourly@:60", "none of the forms"),
        ("daily@24:00", "none of the forms"),
        ("daily@0３:00", "none of the forms"),
        ("Daily@03:00", "none of the forms"),
        ("monthly:0@02:00", "none of the forms"),
        ("monthly:32@02:00", "none of the forms"),
        ("yearly:13-01@00:00", "none of the forms"),
        ("every 0h", "none of the forms"),
        ("every -4h", "none of the forms"),
        ("every ４h", "none of the forms"),
        ("every 4m", "from 5m to 31d"),
        ("every 32d", "from 5m to 31d"),
        ("weekly:sun+foo@04:15", "foo is not a day"),
        ("yearly:02-30@00:00", "can not be read"),
        ("cron:0 0 30 2 *", "can not be read"),
        ("cron:0 0 */30 2 MON#5", "it would never run"),
        ("cron:61 * * * *", "Bad minute"),
        ("cron:0 ３ * * *", "Bad hour"),
        ("cron:0 3 * * " + "9" * 5000, "can not be read"),
        ("cron:0 3 * *", "five fields"),
        ("cron:@daily", "five fields"),
        ("daily@03:00 Europe/Lodnon", "'Europe/Lodnon' is unknown"),
        ("daily@03:00 europe/london", "is unknown"),
        ("daily@03:00 America", "is unknown"),
        ("daily@03:00 ../../etc/passwd", "is unknown"),
        ("daily@03:00 right/Europe/London", "is unknown"),
        ("daily@03:00 localtime", "is unknown"),
        ("daily@03:00 Europe/London now", "is unknown"),
        ("daily@03:00 \x00", "is unknown"),
        ("daily@03:00 " + "A" * 400, "is unknown"),
    ],
)
def test_what_can_not_be_read_is_refused_with_the_value_and_the_forms(text: str, why: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^schedule '") as caught:
        parse_schedule(text)

    assert why in caught.value.message
    assert "daily@03:00 Europe/London" in caught.value.hint


@pytest.mark.parametrize("text", FORMS)
def test_a_schedule_writes_itself_as_it_was_read(text: str) -> None:
    assert text == str(parse_schedule(text))
    assert parse_schedule(f"  {text}  ".replace(" ", "  ")) == parse_schedule(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_no_text_at_all_makes_the_parser_fall_over(text: str) -> None:
    """Anything is a schedule that has slots, or an error that says why not."""
    try:
        schedule = parse_schedule(text)
    except InvalidInputError:
        return

    assert schedule.latest(NOON) <= NOON


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FORMS), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_slots_only_ever_move_on(text: str, now: datetime, later: timedelta) -> None:
    """Latest and following tell of the same slots, in order, none of them twice."""
    schedule = parse_schedule(text)
    slot = schedule.latest(now)
    after = schedule.following(now, 3)

    assert slot <= now < after[0] < after[1] < after[2]
    assert schedule.latest(slot) == slot
    assert schedule.latest(now + later) >= slot
    assert schedule.latest(after[0]) == after[0]
    assert schedule.latest(after[0] - timedelta(minutes=1)) == slot


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 11, 23, 12)  # noqa: DTZ001

    with pytest.raises(InvalidInputError, match="has no zone"):
        parse_schedule("daily@03:00").latest(naive)
    with pytest.raises(InvalidInputError, match="has no zone"):
        parse_schedule("daily@03:00").following(naive, 1)


def test_F30_a_time_that_the_night_skips_comes_at_the_end_of_the_gap() -> None:
    """London, 2026-03-29: 01:00 to 02:00 does not exist."""
    slots = parse_schedule("daily@01:30 Europe/London").following(utc("2026-03-28T12:00"), 2)

    assert slots == (utc("2026-03-29T01:00"), utc("2026-03-30T00:30"))


def test_F30_a_time_that_the_night_has_twice_comes_once() -> None:
    """London, 2026-10-25: 01:00 to 02:00 comes twice; the second time is no slot."""
    schedule = parse_schedule("daily@01:30 Europe/London")

    assert schedule.following(utc("2026-10-24T12:00"), 2) == (
        utc("2026-10-25T00:30"),
        utc("2026-10-26T01:30"),
    )
    assert schedule.following(utc("2026-10-25T01:15"), 1) == (utc("2026-10-26T01:30"),)
    assert schedule.latest(utc("2026-10-25T01:15")) == utc("2026-10-25T00:30")
    assert schedule.latest(utc("2026-10-25T01:45")) == utc("2026-10-25T00:30")


def test_F30_two_times_skipped_together_are_one_slot() -> None:
    slots = parse_schedule("cron:30,45 1 * * * Europe/London").following(utc("2026-03-28T12:00"), 2)

    assert slots == (utc("2026-03-29T01:00"), utc("2026-03-30T00:30"))


def test_F30_a_time_skipped_up_to_midnight_stays_on_its_own_day() -> None:
    """Nuuk skips 23:00 to midnight: the end of the gap would be the next day."""
    [slot] = parse_schedule("daily@23:30 America/Nuuk").following(utc("2027-03-27T12:00"), 1)

    assert slot.astimezone(ZoneInfo("America/Nuuk")).isoformat() == "2027-03-27T22:59:00-02:00"


@pytest.mark.parametrize("text", ["hourly@:20", "cron:20 * * * * Europe/London", "every 1h"])
@pytest.mark.parametrize("night", ["2026-03-28T22:30", "2026-10-24T22:30"])
def test_F30_hourly_is_hourly_on_both_nights(text: str, night: str) -> None:
    slots = parse_schedule(text).following(utc(night), 6)

    assert {b - a for a, b in pairwise(slots)} == {timedelta(hours=1)}


Change = tuple[datetime, timedelta]
"""When a zone's clocks change, and by how much."""


@cache
def weeks_of(zone: str) -> tuple[timedelta, ...]:
    """*zone*'s offset in every week from 2020 to 2040: clocks never change twice in one."""
    local = ZoneInfo(zone)
    first = datetime(2020, 1, 1, tzinfo=UTC)
    return tuple(
        (first + timedelta(weeks=n)).astimezone(local).utcoffset() or timedelta(0)
        for n in range(1096)
    )


@cache
def changes_of(zone: str) -> tuple[Change, ...]:
    """Every change of *zone*'s clocks from 2020 to 2040, to the minute."""
    local = ZoneInfo(zone)
    weeks = weeks_of(zone)
    found = []
    for n, (before, after) in enumerate(pairwise(weeks)):
        if before == after:
            continue
        start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(weeks=n)
        low, high = 0, 7 * 24 * 60
        while high - low > 1:
            middle = (low + high) // 2
            moment = start + timedelta(minutes=middle)
            unchanged = moment.astimezone(local).utcoffset() == before
            low, high = (middle, high) if unchanged else (low, middle)
        found.append((start + timedelta(minutes=high), after - before))
    return tuple(found)


@cache
def zones_that_change() -> tuple[str, ...]:
    """One zone for each history that exists: the others only have other names."""
    kinds = {weeks_of(zone): zone for zone in sorted(available_timezones(), reverse=True)}
    return tuple(sorted(zone for weeks, zone in kinds.items() if len(set(weeks)) > 1))


def slots_of_days(schedule: Schedule, zone: ZoneInfo, first: date, days: int) -> list[int]:
    """How many slots fall on each of *days* local days, walking as the tick does."""
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    slots = {schedule.latest(start + timedelta(minutes=30 * n)) for n in range(48 * (days + 1))}
    fell = [slot.astimezone(zone).date() for slot in slots]
    return [fell.count(first + timedelta(days=n)) for n in range(days)]


def test_F30_every_zone_and_every_change_until_2040_has_one_slot_a_day() -> None:
    """Exhaustive in zones and changes, at a time inside the gap or the fold."""
    wrong = []
    for name in zones_that_change():
        zone = ZoneInfo(name)
        for minute, by in changes_of(name):
            # The wall clock just before the change, and in the middle of what it skips or repeats.
            wall = (minute - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
            inside = wall + timedelta(minutes=1) + by / 2
            schedule = Schedule("", f"{inside.minute} {inside.hour} * * *", name)
            days = [inside.date() + timedelta(days=n) for n in (-1, 0, 1)]
            start = datetime.combine(days[0], time(), zone) - timedelta(seconds=1)
            slots = [s.astimezone(zone).date() for s in schedule.following(start, 3)]
            if slots != days:
                wrong.append((name, inside, slots))

    assert len(zones_that_change()) > 40
    assert wrong == []


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_F30_the_tick_meets_one_slot_a_day_around_any_change(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(zones_that_change()))
    minute, _ = data.draw(st.sampled_from(changes_of(name)))
    hour, past = data.draw(st.integers(0, 23)), data.draw(st.sampled_from((0, 1, 15, 30, 59)))
    zone = ZoneInfo(name)
    schedule = parse_schedule(f"daily@{hour:02}:{past:02} {name}")

    first = minute.astimezone(zone).date() - timedelta(days=1)
    assert slots_of_days(schedule, zone, first, 3) == [1, 1, 1]
