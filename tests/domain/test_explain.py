"""What a tag value means, in English."""

# A test's name is its sentence.
# ruff: noqa: D103

import pytest

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.explain import explain, spell_retention, spell_schedule
from chalicelib.domain.plans import parse_plans
from chalicelib.domain.retention import parse_retention
from chalicelib.domain.schedule import parse_schedule
from tests.builders import NOON, utc

BOOK = parse_plans(
    '[plans.london]\nschedule = "daily@03:00 Europe/London"\nretain = "daily=7 min=2"\n'
)


def test_a_plan_is_its_schedule_its_runs_and_what_it_keeps() -> None:
    told = explain("london", BOOK, NOON)

    assert told.value == "london"
    assert told.meaning == (
        "london: At 03:00 every day, Europe/London time.",
        "Keeps the newest point of each of the last 7 day(s).",
        "Never keeps fewer than 2 usable point(s).",
    )
    assert told.runs[0] == (utc("2026-11-24T03:00"), "Tue 2026-11-24 03:00 Europe/London")
    assert len(told.runs) == 5


def test_several_plans_run_in_one_order() -> None:
    told = explain("daily+hourly", BOOK, NOON)

    assert [slot for slot, _ in told.runs] == [utc(f"2026-11-23T{h}:00") for h in range(13, 18)]
    assert [line.partition(":")[0] for line in told.meaning[:2]] == ["daily", "hourly"]


def test_local_time_follows_the_night_on_which_clocks_change() -> None:
    told = explain("daily@01:30 Europe/London", BOOK, utc("2026-03-28T00:00"))

    assert told.runs[:3] == (
        (utc("2026-03-28T01:30"), "Sat 2026-03-28 01:30 Europe/London"),
        (utc("2026-03-29T01:00"), "Sun 2026-03-29 02:00 Europe/London"),
        (utc("2026-03-30T00:30"), "Mon 2026-03-30 01:30 Europe/London"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("every 4h", "Every 4h, counted in UTC."),
        ("hourly@:20", "At minute 20 of every hour, UTC time."),
        ("daily@03:00 Asia/Tokyo", "At 03:00 every day, Asia/Tokyo time."),
        ("weekly:mon+thu@02:00", "At 02:00 on Monday and Thursday, UTC time."),
        ("monthly:last@02:00", "At 02:00 on the last day of every month, UTC time."),
    ],
)
def test_a_schedule_reads_as_a_sentence(text: str, said: str) -> None:
    assert spell_schedule(parse_schedule(text)) == said
    assert explain(text, BOOK, NOON).meaning == (said,)
    assert len(explain(text, BOOK, NOON).runs) == 5


def test_a_retention_reads_as_sentences() -> None:
    text = "last=3 daily=7 within=50h min=2"

    assert explain(text, BOOK, NOON).meaning == spell_retention(parse_retention(text))
    assert spell_retention(parse_retention(text)) == (
        "Keeps the last 3 points.",
        "Keeps the newest point of each of the last 7 day(s).",
        "Keeps every point of the last 2d 2h.",
        "Never keeps fewer than 2 usable point(s).",
    )
    assert explain(text, BOOK, NOON).runs == ()


@pytest.mark.parametrize("value", ["off", "false", " no "])
def test_off_is_on_purpose(value: str) -> None:
    assert explain(value, BOOK, NOON).meaning == ("Not backed up, on purpose.",)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "it names no plan"),
        ("nightly", "there is no plan 'nightly'; there are daily"),
        ("daily+off", "off can not be joined"),
        ("dialy=7", "did you mean daily?"),
        ("daily@25:00", "none of the forms"),
        ("every 1m", "from 5m to 31d"),
        ("cron:0 0 30 2 *", "can not be read"),
    ],
)
def test_a_value_that_means_nothing_is_refused_as_what_it_looks_like(value: str, why: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        explain(value, BOOK, NOON)

    assert why in caught.value.message
    assert caught.value.hint
