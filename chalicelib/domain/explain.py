"""What a tag value means: in English, with the next runs, for `snapback explain`."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import spell_age
from chalicelib.domain.plans import OFF, PlanBook
from chalicelib.domain.retention import Retention, parse_retention
from chalicelib.domain.schedule import Schedule, parse_schedule
from chalicelib.domain.subscription import (
    Subscription,
    advice_on,
    merged,
    read_subscription,
)

_RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A value, taken apart."""

    value: str
    meaning: tuple[str, ...]
    runs: tuple[tuple[datetime, str], ...] = ()
    """The next runs: UTC, and local time as text."""


def explain(value: str, book: PlanBook, now: datetime) -> Explanation:
    """What *value* means as a plan tag, a schedule or a retention.

    Raises ``InvalidInputError`` that says what is wrong with the reading it looks most like.
    """
    words = " ".join(value.split())
    if words in OFF:
        return Explanation(value=value, meaning=("Not backed up, on purpose.",))
    if words.partition("=")[2] and not words.startswith("cron:"):
        return Explanation(value=value, meaning=spell_retention(parse_retention(words)))
    if "@" in words or ":" in words or words.startswith("every "):
        return _schedule(value, parse_schedule(words), now)
    tag = "snapback:plan"
    subscription, problems = read_subscription("this value", {tag: words}, book, tag)
    if subscription is None:
        raise InvalidInputError(
            "; ".join(problem.message for problem in problems),
            hint="give a plan, a schedule or a retention",
        )
    return _plans(value, subscription, now)


def spell_schedule(schedule: Schedule) -> str:
    """A schedule as a sentence."""
    if schedule.interval is not None:
        return f"Every {spell_age(schedule.interval)}, counted in UTC."
    said = CronSim(schedule.cron, datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))).explain()
    return f"{said}, {schedule.zone} time."


def spell_retention(retention: Retention) -> tuple[str, ...]:
    """A retention as sentences."""
    told = []
    if retention.last:
        told.append(f"Keeps the last {retention.last} points.")
    for rule, period in (
        ("hourly", "hour"),
        ("daily", "day"),
        ("weekly", "week"),
        ("monthly", "month"),
        ("yearly", "year"),
    ):
        if count := getattr(retention, rule):
            told.append(f"Keeps the newest point of each of the last {count} {period}(s).")
    if retention.within is not None:
        told.append(f"Keeps every point of the last {spell_age(retention.within)}.")
    told.append(f"Never keeps fewer than {retention.minimum} usable point(s).")
    return tuple(told)


def _plans(value: str, subscription: Subscription, now: datetime) -> Explanation:
    plans = subscription.plans
    meaning = [f"{plan.name}: {spell_schedule(plan.schedule)}" for plan in plans]
    runs = sorted(
        {run for plan in plans for run in _runs(plan.schedule, now)}, key=lambda run: run[0]
    )
    return Explanation(
        value=value,
        meaning=(*meaning, *spell_retention(merged(plans)), *advice_on(subscription)),
        runs=tuple(runs[:_RUNS]),
    )


def _schedule(value: str, schedule: Schedule, now: datetime) -> Explanation:
    return Explanation(value=value, meaning=(spell_schedule(schedule),), runs=_runs(schedule, now))


def _runs(schedule: Schedule, now: datetime) -> tuple[tuple[datetime, str], ...]:
    local = ZoneInfo(schedule.zone)
    return tuple(
        (slot, f"{slot.astimezone(local):%a %Y-%m-%d %H:%M} {schedule.zone}")
        for slot in schedule.following(now, _RUNS)
    )
