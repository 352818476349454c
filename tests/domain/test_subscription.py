"""What an instance's tags ask for, and every reason why not."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.plans import parse_plans
from chalicelib.domain.subscription import Problem, Subscription, read_subscription
from tests.builders import WEB

PLAN, SCHEDULE = "snapback:plan", "snapback:schedule"
RETAIN, OPTIONS = "snapback:retain", "snapback:options"
BOOK = parse_plans(
    """
    [plans.tokyo]
    schedule = "daily@03:00 Asia/Tokyo"
    retain = "daily=14 within=3d min=4"
    zone = "Asia/Tokyo"
    options = "reboot=yes exclude=/dev/sdf copy=eu-west-1"

    [guards]
    minimum = "daily=2"
    """
)


def read(tags: dict[str, str], plan_tag: str = PLAN) -> Subscription:
    """What *tags* ask for, which must be readable."""
    subscription, problems = read_subscription(WEB, tags, BOOK, plan_tag)
    assert problems == ()
    assert subscription is not None
    return subscription


def refuse(tags: dict[str, str], plan_tag: str = PLAN) -> tuple[Problem, ...]:
    """What is wrong with *tags*; then there is no subscription."""
    subscription, problems = read_subscription(WEB, tags, BOOK, plan_tag)
    assert subscription is None
    assert all(problem.instance_id == WEB and problem.message for problem in problems)
    return problems


def test_a_plan_is_named_in_one_tag() -> None:
    asked = read({PLAN: "daily", "Name": "web", "aws:cloudformation:stack-name": "x"})

    assert asked.names == ("daily",)
    assert str(asked.retention) == "daily=7 weekly=4 min=2"
    assert asked.zone == "UTC"
    assert not asked.is_off
    assert not asked.reboot
    assert asked.excluded == ()
    assert asked.not_done == ()


def test_several_plans_keep_what_any_of_them_keeps() -> None:
    asked = read({PLAN: "tokyo+hourly+tokyo"})

    assert asked.names == ("tokyo", "hourly")
    assert str(asked.retention) == "hourly=24 daily=14 within=3d min=4"
    assert asked.zone == "Asia/Tokyo"
    assert asked.reboot
    assert asked.excluded == ("/dev/sdf",)
    assert asked.not_done == ("copy=eu-west-1",)


@pytest.mark.parametrize("value", ["off", "false", "no"])
def test_off_is_off(value: str) -> None:
    asked = read({PLAN: value})

    assert asked.is_off
    assert asked.names == ()
    assert asked.zone == "UTC"


def test_the_other_tags_override_every_plan() -> None:
    asked = read(
        {PLAN: "daily+hourly", SCHEDULE: "every 4h", RETAIN: "daily=9", OPTIONS: "reboot=yes"}
    )

    assert [str(plan.schedule) for plan in asked.plans] == ["every 4h", "every 4h"]
    assert str(asked.retention) == "daily=9"
    assert asked.reboot


def test_the_plan_tag_can_be_an_existing_one() -> None:
    assert read({"Backup": "daily"}, "Backup").names == ("daily",)


@pytest.mark.parametrize(
    ("tags", "tag", "why"),
    [
        ({PLAN: ""}, PLAN, "it names no plan; there are daily"),
        ({}, PLAN, "it names no plan"),
        ({PLAN: "nightly"}, PLAN, "there is no plan 'nightly'; there are daily, gold"),
        ({PLAN: "Daily"}, PLAN, "there is no plan 'Daily'"),
        ({PLAN: "daily+"}, PLAN, "it names no plan"),
        ({PLAN: "daily+off"}, PLAN, "off can not be joined with plans"),
        ({PLAN: "*"}, PLAN, "there is no plan '*'"),
        ({PLAN: "daily", SCHEDULE: "now"}, SCHEDULE, "none of the forms"),
        ({PLAN: "daily", SCHEDULE: ""}, SCHEDULE, "none of the forms"),
        ({PLAN: "daily", RETAIN: ""}, RETAIN, "no rule keeps anything"),
        ({PLAN: "daily", RETAIN: "daily=0"}, RETAIN, "whole number"),
        ({PLAN: "daily", RETAIN: "daily=1"}, RETAIN, "below the operator's minimum"),
        ({PLAN: "daily", OPTIONS: "fast"}, OPTIONS, "no option 'fast'"),
        ({PLAN: "daily", SCHEDULE: "cron:0 3 * * 1,3"}, SCHEDULE, "leave out , ( ) ["),
    ],
)
def test_a_tag_that_can_not_be_read_is_a_problem_and_never_a_guess(
    tags: dict[str, str], tag: str, why: str
) -> None:
    [problem] = refuse(tags)

    assert problem.tag == tag
    assert problem.value == tags.get(tag, "")
    assert why in problem.message


@pytest.mark.parametrize("char", list(",()[]"))
@pytest.mark.parametrize("tag", [PLAN, SCHEDULE, RETAIN, OPTIONS])
def test_characters_that_other_tools_stumble_over_are_a_problem(tag: str, char: str) -> None:
    problems = refuse({PLAN: "daily", tag: f"daily{char}"})

    assert (tag, "leave out , ( ) [ and ]") in {(p.tag, p.message[:23]) for p in problems}


@pytest.mark.parametrize(
    "key", ["Snapback:Plan", "snapback:paln", "snapback:plann", "snapback-plan", "SNAPBACK:PLAN"]
)
def test_F17_a_slip_in_the_key_is_a_problem_that_names_the_right_one(key: str) -> None:
    problem = refuse({key: "daily"})[0]

    assert problem.tag == key
    assert "did you mean snapback:plan?" in problem.message


def test_F17_a_slip_beside_a_good_plan_is_a_problem_too() -> None:
    [problem] = refuse({PLAN: "daily", "snapback:retian": "daily=9"})

    assert "did you mean snapback:retain?" in problem.message


def test_F17_an_unknown_key_of_ours_is_a_problem() -> None:
    [problem] = refuse({PLAN: "off", "snapback:colour": "red"})

    assert problem.message == "Snapback does not know this key"


@pytest.mark.parametrize("key", ["backup", "BACKUP", "Backup "])
def test_F17_a_slip_in_a_renamed_plan_tag_names_it_as_it_is_written(key: str) -> None:
    problems = refuse({key: "daily"}, "Backup")

    assert "did you mean Backup?" in problems[0].message


@pytest.mark.parametrize("key", ["snapback:lineage", "snapback:rollback", "app:plan", "Name", "s"])
def test_other_tags_are_nobodys_business(key: str) -> None:
    assert read({PLAN: "daily", key: "whatever, (it) says"}).names == ("daily",)


def test_every_problem_is_told_at_once_and_each_once() -> None:
    """Two plans share one bad override: that is one problem."""
    problems = refuse(
        {PLAN: "daily+weekly+nope", SCHEDULE: "x", RETAIN: "y", OPTIONS: "z", "snapback:paln": "w"}
    )

    assert sorted(p.tag for p in problems) == sorted(
        ["snapback:paln", PLAN, SCHEDULE, RETAIN, OPTIONS]
    )


def test_a_problem_reads_as_one_sentence() -> None:
    [problem] = refuse({PLAN: "nightly\n"})

    assert str(problem).startswith(f"{WEB}: tag snapback:plan = 'nightly\\n': there is no plan")


TAG_TEXT = st.text(max_size=40)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([PLAN, SCHEDULE, RETAIN, OPTIONS, "Name"]) | TAG_TEXT,
        st.sampled_from(["daily", "off", "every 4h", "daily=7", "reboot=no"]) | TAG_TEXT,
        max_size=6,
    )
)
def test_any_tags_at_all_are_a_subscription_or_problems_and_never_both(
    tags: dict[str, str],
) -> None:
    subscription, problems = read_subscription(WEB, tags, BOOK, PLAN)

    assert (subscription is None) == bool(problems)
