"""The grammar of retention, and the periods that its rules count."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802, RUF001

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.retention import Retention, keep_until, parse_retention, rules_of
from tests.builders import utc

COUNTS = st.integers(0, 1000)
RETENTIONS = st.builds(
    Retention,
    last=COUNTS,
    hourly=COUNTS,
    daily=COUNTS,
    weekly=COUNTS,
    monthly=COUNTS,
    yearly=COUNTS,
    within=st.none() | st.integers(1, 24 * 3660).map(lambda hours: timedelta(hours=hours)),
    minimum=st.integers(1, 1000),
).filter(lambda r: str(r).partition("min=")[0] != "")


def test_every_key_is_read() -> None:
    text = "last=3 hourly=24 daily=7 weekly=4 monthly=12 yearly=2 within=50h min=2"

    assert parse_retention(text) == Retention(
        last=3,
        hourly=24,
        daily=7,
        weekly=4,
        monthly=12,
        yearly=2,
        within=timedelta(hours=50),
        minimum=2,
    )
    assert str(parse_retention(text)) == text


def test_keys_may_come_in_any_order_and_with_any_spaces() -> None:
    assert parse_retention("  weekly=4   daily=7 ") == parse_retention("daily=7 weekly=4")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("within=1h", timedelta(hours=1)),
        ("within=48h", timedelta(hours=48)),
        ("within=30d", timedelta(days=30)),
        ("within=8w", timedelta(weeks=8)),
        ("within=3660d", timedelta(days=3660)),
    ],
)
def test_a_span_is_hours_days_or_weeks(text: str, span: timedelta) -> None:
    assert parse_retention(text).within == span


@given(RETENTIONS)
def test_a_retention_means_what_it_writes(retention: Retention) -> None:
    """What is frozen on a point as text is read back as the same rules."""
    assert parse_retention(str(retention)) == retention


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no rule keeps anything"),
        ("   ", "no rule keeps anything"),
        ("min=2", "no rule keeps anything"),
        ("daily=0", "zero keeps nothing, leave the rule out instead or give a whole number"),
        ("daily=-5", "less than nothing can not be kept, give a whole number from 1 to 1000"),
        ("within=-3d", "less than nothing can not be kept, write it like 48h"),
        ("within=00d", "zero keeps nothing, leave the rule out instead or write it like 48h"),
        ("daily=+7", "whole number from 1 to 1000"),
        ("daily=７", "whole number from 1 to 1000"),
        ("daily=1e3", "whole number from 1 to 1000"),
        ("daily=7.5", "whole number from 1 to 1000"),
        ("daily=1_0", "whole number from 1 to 1000"),
        ("daily=1001", "whole number from 1 to 1000"),
        ("daily=1000000000", "whole number from 1 to 1000"),
        ("daily=", "whole number from 1 to 1000"),
        ("daily", "whole number from 1 to 1000"),
        ("daily=7\x00", "whole number from 1 to 1000"),
        ("daily=7 min=0", "whole number from 1 to 1000"),
        ("daily=7,weekly=4", "whole number from 1 to 1000"),
        ("within=0h", "write it like 48h"),
        ("within=48", "write it like 48h"),
        ("within=48m", "write it like 48h"),
        ("within=-1d", "write it like 48h"),
        ("within=٣h", "write it like 48h"),
        ("within=3661d", "ten years at most"),
        ("within=99999w", "ten years at most"),
        ("dialy=7", "did you mean daily?"),
        ("Daily=7", "did you mean daily?"),
        ("forever=1", "no rule 'forever'"),
        ("=7", "no rule ''"),
        ("daily=7 daily=7", "daily is given twice"),
    ],
)
def test_F58_what_is_no_retention_is_refused_and_never_means_keep_nothing(
    text: str, why: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_retention(text)

    assert caught.value.message.startswith(f"retention {text!r}: ")
    assert why in caught.value.message
    assert "daily=7" in caught.value.hint


def test_F58_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_retention("dialy=7 weekly=0 within=x last=1 last=2")

    assert caught.value.message.count(";") == 3


@given(st.text(max_size=80) | st.text("lastdiywekmonh=0123456789 ", max_size=80))
def test_F58_any_text_is_a_retention_that_keeps_something_or_an_error(text: str) -> None:
    try:
        retention = parse_retention(text)
    except InvalidInputError:
        return

    assert retention.within or rules_of(retention, "UTC") or retention.last
    assert retention.minimum >= 1


@pytest.mark.parametrize(
    ("moment", "zone", "periods"),
    [
        (
            "2026-11-23T03:30",
            "UTC",
            ("2026-11-23 03:00Z", "2026-11-23", "2026-W48", "2026-11", "2026"),
        ),
        (
            "2026-12-31T23:30",
            "Asia/Tokyo",
            ("2026-12-31 23:00Z", "2027-01-01", "2026-W53", "2027-01", "2027"),
        ),
        (
            "2027-01-01T00:30",
            "America/New_York",
            ("2027-01-01 00:00Z", "2026-12-31", "2026-W53", "2026-12", "2026"),
        ),
    ],
)
def test_periods_are_those_of_the_zone_and_hours_are_utc(
    moment: str, zone: str, periods: tuple[str, ...]
) -> None:
    """An hour in UTC is never repeated; a week may belong to another year than its day."""
    rules = rules_of(Retention(hourly=1, daily=1, weekly=1, monthly=1, yearly=1), zone)

    assert tuple(rule.period_of(utc(moment)) for rule in rules) == periods


def test_a_rule_without_a_quota_is_no_rule() -> None:
    rules = rules_of(Retention(last=3, daily=7), "UTC")

    assert [(rule.name, rule.quota) for rule in rules] == [("daily", 7)]


@pytest.mark.parametrize(
    ("text", "days"), [("within=30d", 30), ("within=30d min=2", 30), ("last=1 within=30d", None)]
)
def test_only_a_rule_that_is_a_date_has_one(text: str, days: int | None) -> None:
    """Counting rules move with the points that come later; a span alone does not."""
    at = utc("2026-11-23T03:00Z")

    assert keep_until(parse_retention(text), at) == (at + timedelta(days=days) if days else None)
    assert keep_until(parse_retention("daily=7"), at) is None
