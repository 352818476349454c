"""Instants as tags, names and people write them."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802, RUF001

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import (
    aware,
    compact_minute,
    iso_minute,
    iso_second,
    parse_instant,
    spell_age,
)
from tests.builders import NOON, utc

MOMENTS = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(2999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T03:00Z", "2026-11-23T03:00"),
        (" 2026-11-23T03:00:07Z ", "2026-11-23T03:00:07"),
        ("2026-11-23", "2026-11-23T00:00"),
        ("2026-11-23T05:00+02:00", "2026-11-23T03:00"),
        ("20261123T0300Z", "2026-11-23T03:00"),
    ],
)
def test_an_instant_is_read(text: str, moment: str) -> None:
    assert parse_instant(text) == utc(moment)
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a time"),
        ("soon", "is not a time"),
        ("23.11.2026", "is not a time"),
        ("2026-02-30", "is not a time"),
        ("２０２６-11-23", "is not a time"),
        ("0001-01-01T00:00+14:00", "is not a time"),
        ("9999-12-31T23:59-14:00", "is not a time"),
        ("2026-11-23T03:00", "has no zone"),
        ("2026-11-23 03:00", "has no zone"),
    ],
)
def test_what_is_no_instant_is_refused_by_the_name_of_what_it_should_be(
    text: str, why: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_instant(text, what="--until")

    assert caught.value.message == f"--until {text!r} {why}"
    assert "2026-11-23T03:00Z" in caught.value.hint


@given(st.text(max_size=40) | st.text("0123456789-:+TZ. W", max_size=30))
def test_F54_any_text_is_an_instant_in_utc_or_an_error(text: str) -> None:
    try:
        moment = parse_instant(text)
    except InvalidInputError:
        return

    assert moment.tzinfo is UTC


@given(MOMENTS)
def test_what_is_written_is_what_is_read(moment: datetime) -> None:
    minute = moment.replace(second=0)

    assert parse_instant(iso_second(moment)) == moment
    assert parse_instant(iso_minute(moment)) == minute
    assert parse_instant(compact_minute(moment)) == minute


def test_an_instant_is_written_in_utc_wherever_it_comes_from() -> None:
    moment = NOON.astimezone(timezone(timedelta(hours=9)))

    assert aware(moment).tzinfo is UTC
    assert iso_minute(moment) == "2026-11-23T12:00Z"
    assert iso_second(moment) == "2026-11-23T12:00:00Z"
    assert compact_minute(moment) == "20261123T1200Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="has no zone"):
        aware(datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(days=3, hours=4, minutes=5), "3d 4h"),
        (timedelta(days=2), "2d"),
        (timedelta(hours=1, seconds=9), "1h 9s"),
        (timedelta(minutes=5), "5m"),
        (timedelta(seconds=59, milliseconds=900), "59s"),
        (timedelta(0), "0s"),
        (timedelta(days=-1), "0s"),
    ],
)
def test_an_age_is_said_in_its_two_largest_units(age: timedelta, said: str) -> None:
    assert spell_age(age) == said
