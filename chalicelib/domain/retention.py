"""Retention rules: the grammar of ``snapback:retain`` and what each rule counts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib.domain.errors import InvalidInputError

_COUNT = re.compile(r"[0-9]{1,4}")
_SPAN = re.compile(r"([0-9]{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_MOST = 1000
_LONGEST = timedelta(days=3660)
_EXAMPLE = "last=3 hourly=24 daily=7 weekly=4 monthly=12 yearly=2 within=48h min=2"
_KEYS = ("last", "hourly", "daily", "weekly", "monthly", "yearly", "within", "min")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many points to keep of each period, for how long, and never fewer than how many.

    A count keeps the newest point of each of that many most recent periods that have one.
    """

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within: timedelta | None = None
    minimum: int = 1
    """Usable points of the kind that stay whatever the other rules say."""

    def __str__(self) -> str:
        """The tag value that means exactly this."""
        parts = [f"{key}={count}" for key in _KEYS[:6] if (count := getattr(self, key))]
        if self.within is not None:
            parts.append(f"within={_spell(self.within)}")
        if self.minimum != 1:
            parts.append(f"min={self.minimum}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Rule:
    """One counting rule: its name, its quota, and the period that a moment falls into."""

    name: str
    quota: int
    period_of: Callable[[datetime], str]


@lru_cache(maxsize=1 << 10)
def rules_of(retention: Retention, zone: str) -> tuple[Rule, ...]:
    """The counting rules with a quota; days, weeks, months and years are those of *zone*."""

    def period(place: int) -> Callable[[datetime], str]:
        return lambda moment: _periods(moment, zone)[place]

    return tuple(
        rule
        for rule in (
            Rule("hourly", retention.hourly, period(0)),
            Rule("daily", retention.daily, period(1)),
            Rule("weekly", retention.weekly, period(2)),
            Rule("monthly", retention.monthly, period(3)),
            Rule("yearly", retention.yearly, period(4)),
        )
        if rule.quota
    )


# A fleet shares its slots, and every rule and retention asks again.
@lru_cache(maxsize=1 << 16)
def _periods(moment: datetime, zone: str) -> tuple[str, str, str, str, str]:
    """The hour (UTC), and *zone*'s day, ISO week, month and year, that *moment* falls into."""
    local = moment.astimezone(ZoneInfo(zone))
    year, week, _ = local.isocalendar()
    day = local.date().isoformat()
    hour = f"{moment.date().isoformat()} {moment.hour:02}:00Z"
    return hour, day, f"{year:04}-W{week:02}", day[:7], day[:4]


def keep_until(retention: Retention, at: datetime) -> datetime | None:
    """The date that a retention comes to for a point of *at*; none while it counts points."""
    counts = any(getattr(retention, rule) for rule in _KEYS[:6])
    return None if counts or retention.within is None else at + retention.within


@lru_cache(maxsize=1 << 10)
def parse_retention(text: str) -> Retention:
    """Read a retention; ``InvalidInputError`` names every part that is wrong (F58).

    Empty, or all zero, is refused: it must never come to mean "keep nothing".
    """
    values: dict[str, int | timedelta] = {}
    problems: list[str] = []
    for part in text.split():
        key, _, value = part.partition("=")
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, 1)
            guess = f" (did you mean {near[0]}?)" if near else ""
            problems.append(f"{part!r}: no rule {key!r}{guess}")
        elif key in values:
            problems.append(f"{part!r}: {key} is given twice, and both can not hold")
        else:
            _read(key, value, values, problems)
    if not problems and not set(values) - {"min"}:
        problems.append("no rule keeps anything; refusing to take that as keep nothing")
    if problems:
        raise InvalidInputError(
            f"retention {text!r}: " + "; ".join(problems), hint=f"write it like {_EXAMPLE}"
        )
    counts = {("minimum" if k == "min" else k): v for k, v in values.items()}
    return Retention(**counts)  # type: ignore[arg-type]


def _read(key: str, value: str, values: dict[str, int | timedelta], problems: list[str]) -> None:
    if key == "within":
        match = _SPAN.fullmatch(value)
        span = int(match[1]) * _UNITS[match[2]] if match else timedelta(0)
        if not timedelta(0) < span <= _LONGEST:
            why = _nothing(value.rstrip("hdw"))
            problems.append(f"within={value}: {why}write it like 48h, 30d or 8w, ten years at most")
        values[key] = span
        return
    # ASCII digits only: int() would also read other scripts' digits, signs and spaces.
    count = int(value) if _COUNT.fullmatch(value) and value.isascii() else 0
    if not 1 <= count <= _MOST:
        why = _nothing(value)
        problems.append(f"{key}={value}: {why}give a whole number from 1 to {_MOST}")
    values[key] = count


def _nothing(number: str) -> str:
    """Why a number that is zero or less is refused, or empty for what is no number."""
    digits = number.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        return ""
    if not digits.strip("0"):
        return "zero keeps nothing, leave the rule out instead or "
    return "less than nothing can not be kept, " if number.startswith("-") else ""


def _spell(span: timedelta) -> str:
    hours = int(span.total_seconds()) // 3600
    return f"{hours // 24}d" if hours % 24 == 0 else f"{hours}h"
