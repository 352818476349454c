"""Rules that do not do what they look like, each with its own sentence."""

# ruff: noqa: D103 (a test's name is its sentence)

import pytest

from chalicelib.domain.plans import parse_plans
from chalicelib.domain.retention import parse_retention
from chalicelib.domain.retention_advice import advise
from chalicelib.domain.schedule import parse_schedule


@pytest.mark.parametrize(
    ("retain", "schedule", "said"),
    [
        ("hourly=24", "monthly:1@03:00", "hourly=24 is never filled by one point each 28d"),
        ("daily=7", "weekly:sun@03:00", "daily=7 is never filled by one point each 7d"),
        ("weekly=4", "monthly:1@03:00", "weekly=4 is never filled"),
        ("monthly=12", "yearly:01-01@00:00", "monthly=12 is never filled"),
        ("daily=7 last=1000", "daily@03:00", "daily=7 keeps nothing that last=1000 does not"),
        ("hourly=3 last=12", "every 15m", "hourly=3 keeps nothing that last=12 does not"),
        ("within=1h last=2", "daily@03:00", "within=1h is shorter than the time between two"),
        ("last=3 min=5", "daily@03:00", "min=5 decides alone: the other rules keep 3 at most"),
    ],
)
def test_a_useless_rule_is_told(retain: str, schedule: str, said: str) -> None:
    told = advise(parse_retention(retain), parse_schedule(schedule))

    assert [sentence for sentence in told if sentence.startswith(said)]


@pytest.mark.parametrize(
    ("retain", "schedule"),
    [
        ("hourly=24 daily=7 weekly=4 monthly=12 yearly=2 min=2", "hourly@:00"),
        ("daily=7 weekly=4 min=2", "daily@03:00 Europe/London"),
        ("last=3 daily=7", "every 4h"),
        ("within=30d daily=7", "daily@03:00"),
        ("within=2h min=9", "every 5m"),
        ("daily=7", "cron:0 3 * * 1-5 Europe/Berlin"),
    ],
)
def test_rules_that_work_together_are_left_in_peace(retain: str, schedule: str) -> None:
    """An age beside a count too: the age runs out when no new points come."""
    assert advise(parse_retention(retain), parse_schedule(schedule)) == ()


def test_no_built_in_plan_needs_advice() -> None:
    for plan in parse_plans("").plans.values():
        assert advise(plan.retention, plan.schedule) == (), plan.name
