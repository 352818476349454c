"""Retention rules that can be read and obeyed, and still do not do what they look like."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from chalicelib.domain.instants import spell_age
from chalicelib.domain.retention import Retention
from chalicelib.domain.schedule import Schedule

_UNITS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=31),
    "yearly": timedelta(days=366),
}
_SLOTS = 40
"""How many slots are looked at for the shortest time between two."""
_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@lru_cache(maxsize=1 << 10)
def advise(retention: Retention, schedule: Schedule) -> tuple[str, ...]:
    """Every rule that *schedule* makes useless, as a sentence. None of them is dangerous."""
    between = _shortest(schedule)
    return (
        *_never_filled(retention, between),
        *_covered(retention, between),
        *_too_short(retention, between),
        *_below_minimum(retention),
    )


def _shortest(schedule: Schedule) -> timedelta:
    slots = schedule.following(_MONDAY, _SLOTS)
    return min(later - earlier for earlier, later in pairwise(slots))


def _never_filled(retention: Retention, between: timedelta) -> Iterator[str]:
    """A rule of a shorter period than the time between slots counts points, not periods."""
    for name, unit in _UNITS.items():
        count = getattr(retention, name)
        if count and between > unit * 1.5:
            yield (
                f"{name}={count} is never filled by one point each {spell_age(between)}: it keeps "
                f"{count} points, as last={count} says more plainly"
            )


def _covered(retention: Retention, between: timedelta) -> Iterator[str]:
    """The newest points of all reach back further than the rule's periods do."""
    for name, unit in _UNITS.items():
        count = getattr(retention, name)
        if count and retention.last * between >= count * max(unit, between):
            yield f"{name}={count} keeps nothing that last={retention.last} does not keep already"


def _too_short(retention: Retention, between: timedelta) -> Iterator[str]:
    if retention.within is not None and retention.within < between:
        yield (
            f"within={spell_age(retention.within)} is shorter than the time between two points "
            f"({spell_age(between)}): it is over before the next point comes"
        )


def _below_minimum(retention: Retention) -> Iterator[str]:
    counted = retention.last + sum(getattr(retention, name) for name in _UNITS)
    if retention.within is None and counted < retention.minimum:
        yield f"min={retention.minimum} decides alone: the other rules keep {counted} at most"
