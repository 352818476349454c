"""Plans: the built-in ones, the operator's document, and the rails for tags."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

import pytest

from chalicelib.domain import plans
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.guards import Bounds
from chalicelib.domain.options import Options
from chalicelib.domain.plans import Plan, parse_plans
from chalicelib.domain.recovery_point import Kind
from chalicelib.domain.retention import parse_retention
from chalicelib.domain.schedule import parse_schedule


def test_without_a_document_there_are_the_built_in_plans() -> None:
    book = parse_plans("")

    assert book.names() == "daily, gold, hourly, monthly, weekly"
    assert {k.value: str(r) for k, r in book.by_kind.items()} == {
        "manual": "within=30d",
        "change": "within=14d",
        "safety": "within=7d",
        "copy": "within=30d",
    }
    assert str(book.plans["gold"].retention).startswith(
        "hourly=24 daily=7 weekly=4 monthly=12 yearly=2"
    )


def test_the_table_in_the_documentation_is_the_truth() -> None:
    """Every built-in plan's row says its schedule and its retention."""
    rows = {
        cells[1]: (cells[2], cells[3])
        for line in (plans.__doc__ or "").splitlines()
        if len(cells := [cell.strip() for cell in line.split("|")]) == 5
    }

    for name, plan in parse_plans("").plans.items():
        schedule, retention = rows[name]
        assert schedule == str(plan.schedule)
        assert parse_retention(f"{retention} min=2") == plan.retention


def test_operators_add_and_replace_plans() -> None:
    book = parse_plans(
        """
        [plans.daily]
        schedule = "daily@23:00 Europe/London"
        retain = "daily=30"

        [plans.db-nightly]
        schedule = "cron:0 2 * * 1,3 Asia/Tokyo"
        retain = "last=3"
        options = "reboot=yes exclude=/dev/sdf"
        zone = "Asia/Tokyo"

        [retention]
        manual = "within=90d"
        """
    )

    assert book.names() == "daily, db-nightly, gold, hourly, monthly, weekly"
    assert str(book.plans["daily"].retention) == "daily=30"
    assert book.plans["db-nightly"] == Plan(
        name="db-nightly",
        schedule=parse_schedule("cron:0 2 * * 1,3 Asia/Tokyo"),
        retention=parse_retention("last=3"),
        options=Options(reboot=True, excluded=("/dev/sdf",)),
        zone="Asia/Tokyo",
    )
    assert str(book.by_kind[Kind.MANUAL]) == "within=90d"
    assert str(book.by_kind[Kind.SAFETY]) == "within=7d"


def test_prices_are_the_operators_and_none_is_built_in() -> None:
    """An amount of money that nobody gave would be a guess."""
    book = parse_plans('[prices.eu-west-1]\nsnapshot = 0.05\ncurrency = "EUR"\n')

    assert str(book.prices["eu-west-1"]).startswith("0.05 EUR per GiB and month in eu-west-1")
    assert parse_plans("").prices == {}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ("[plans", "no TOML"),
        ("[plan.x]", "[plan] is no section"),
        ("plans = 3", "plans must be a table, not 3"),
        ("plans.x = 3", "plans.x must be a table, not 3"),
        ('[plans."a b"]\nschedule="every 4h"\nretain="last=1"', "letters, digits, '-' and '_'"),
        ('[plans."ä"]\nschedule="every 4h"\nretain="last=1"', "letters, digits, '-' and '_'"),
        ('[plans.x]\nretain="last=1"', "plans.x.schedule: it must be text, not None"),
        ('[plans.x]\nschedule="every 4h"', "plans.x.retain: retention ''"),
        ('[plans.x]\nschedule=4\nretain="last=1"', "plans.x.schedule: it must be text, not 4"),
        ('[plans.x]\nschedule="every 4h"\nretain="last=0"', "plans.x.retain: retention 'last=0'"),
        ('[plans.x]\nschedule="every 4h"\nretain="last=1"\noptions="x"', "plans.x.options"),
        ('[plans.x]\nschedule="every 4h"\nretain="last=1"\nzone="Mars"', "plans.x.zone is 'Mars'"),
        ('[plans.x]\nschedule="every 4h"\nretain="last=1"\nzone=1', "plans.x.zone is 1"),
        ('[plans.x]\nschedule="every 4h"\nretain="last=1"\nkeep=1', "plans.x.keep is no key"),
        ('[retention]\nscheduled="last=1"', "retention.scheduled is no key"),
        ('[retention]\nmanual="last=0"', "retention.manual: retention 'last=0'"),
        ("prices = 3", "prices must be a table, not 3"),
        ("[prices.eu-west-1]\nsnapshot=-1", "prices.eu-west-1.snapshot must be a price"),
        ("[prices.eu-west-1]\nsnapshot=1\narchive=1", "prices.eu-west-1.archive is no key"),
        ('[guards]\nminimum="x"', "guards.minimum: retention 'x'"),
        ("[guards]\ncap=3", "guards.cap is no key"),
        ("[guards]\nmost_manual=0", "guards.most_manual is 0: give a whole number from 1"),
        ("[guards]\nmost_copy=true", "guards.most_copy is True"),
        ('[guards]\nlineage_percent="9"', "guards.lineage_percent is '9'"),
        ("[guards]\nlineage_percent=101", "from 1 to 100"),
        ("[guards]\nregion_images=-1", "guards.region_images is -1"),
        (
            '[guards]\nminimum="daily=9"\nmaximum="daily=7"',
            "guards.minimum contradicts guards.maximum: daily=9 is above",
        ),
    ],
)
def test_a_document_that_can_not_be_read_is_refused_where_it_is_wrong(
    document: str, why: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_plans(document)

    assert why in caught.value.message
    assert caught.value.message.startswith("SNAPBACK_PLANS ")
    assert caught.value.hint


def test_caps_and_bounds_have_defaults_and_are_the_operators() -> None:
    usual = parse_plans("")
    book = parse_plans(
        '[retention]\ncopy = "weekly=4"\n'
        "[guards]\nmost_manual = 7\nlineage_percent = 50\nregion_images = 9\nregion_percent = 0\n"
    )

    assert (usual.caps[Kind.MANUAL], usual.bounds) == (100, Bounds())
    assert str(book.by_kind[Kind.COPY]) == "weekly=4"
    assert (book.caps[Kind.MANUAL], book.caps[Kind.SAFETY]) == (7, 50)
    assert book.bounds == Bounds(lineage_percent=50, region_images=9, region_percent=0)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_plans(
            '[plans.a]\nschedule="x"\nretain="y"\nzone="z"\n[guards]\nmaximum="w"\n[extra]\n'
        )

    told = caught.value.message
    assert all(
        part in told
        for part in ("[extra]", "plans.a.schedule", "plans.a.retain", "plans.a.zone", "maximum")
    )


GUARDED = parse_plans(
    '[guards]\nminimum="daily=3 within=2d min=2"\nmaximum="last=100 daily=30 within=90d min=5"\n'
)


@pytest.mark.parametrize(
    ("retain", "breaks"),
    [
        ("daily=3 within=2d min=2", ""),
        ("daily=30 last=100 within=90d min=2", ""),
        ("daily=7 weekly=500 within=3d min=9", ""),
        ("daily=2 within=2d min=2", "daily=2 is below the operator's minimum"),
        ("weekly=4 within=2d min=2", "daily=0 is below the operator's minimum"),
        ("daily=3 within=2d", "minimum=1 is below the operator's minimum"),
        ("daily=3 min=2", "within is below the operator's minimum"),
        ("daily=3 within=1d min=2", "within is below the operator's minimum"),
        ("daily=31 within=2d min=2", "daily=31 is above the operator's maximum"),
        ("daily=3 last=101 within=2d min=2", "last=101 is above the operator's maximum"),
        ("daily=3 within=91d min=2", "within is above the operator's maximum"),
    ],
)
def test_F58_no_tag_passes_the_rails(retain: str, breaks: str) -> None:
    said = GUARDED.outside_rails(parse_retention(retain))

    assert said.startswith(breaks) if breaks else not said


def test_without_rails_everything_passes() -> None:
    assert not parse_plans("").outside_rails(parse_retention("daily=1000 within=3660d"))


@pytest.mark.parametrize("name", ["off", "false", "no"])
def test_no_plan_can_have_the_name_that_switches_backups_off(name: str) -> None:
    """A tag that names it would be read as "not backed up", in silence."""
    with pytest.raises(InvalidInputError, match=f"plans.{name}: {name} means not to back up"):
        parse_plans(f'[plans.{name}]\nschedule="every 4h"\nretain="last=1"')


@pytest.mark.parametrize("zone", ["localtime", "right/Europe/London", "America", "", "../etc"])
def test_a_zone_that_only_some_machines_know_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInputError, match="write it like Europe/London"):
        parse_plans(f'[plans.x]\nschedule="every 4h"\nretain="last=1"\nzone="{zone}"')
