"""A plan of expiry on the screen: what a tired operator has to see before typing the command."""

# A test's name is its sentence.
# ruff: noqa: D103

import json
from dataclasses import replace
from typing import Any

from chalicelib.domain.cost import Measured, estimate
from chalicelib.domain.expire_plan import ExpirePlan, Line, MachinePlan, Totals, Verdict
from chalicelib.domain.guards import Guard, Stop
from chalicelib.domain.prices import GIB
from chalicelib.jobs.costing import Costing
from chalicelib.terminal.expiry import MARKS
from chalicelib.terminal.rendering import render
from tests.builders import NOON, REGION, SNAPSHOTS, WEB, point

DB = "i-00000000000000db"
APPLY = "snapback expire --apply --digest d1g357"
COST = Costing(region=REGION, estimate=estimate([], {}))
CLOCK = Stop(guard=Guard.CLOCK, subject=REGION, reason="the clock went back")


def line(days: float, wanted: Verdict, *stops: tuple[Guard, str], size: int = 8) -> Line:
    """One point's line; a stop without a subject is about the point."""
    sized = tuple(replace(s, size_gib=size) for s in SNAPSHOTS[:1])
    made = replace(point(days), snapshots=sized)
    said = tuple(
        Stop(guard=guard, subject=subject or made.image_id, reason=f"because of {guard.value}")
        for guard, subject in stops
    )
    return Line(point=made, wanted=wanted, reasons=(f"reason {days}",), stops=said)


def machine(*lines: Line, lineage: str = WEB, label: str = "", dead: bool = False) -> MachinePlan:
    return MachinePlan(lineage=lineage, lines=lines, label=label, is_dead=dead)


def payload(
    *machines: MachinePlan,
    stops: tuple[Stop, ...] = (),
    alarms: tuple[Stop, ...] = (),
    cost: Costing = COST,
) -> dict[str, Any]:
    """The answer of `snapback expire` about one region."""
    plan = ExpirePlan(region=REGION, now=NOON, machines=machines, stops=stops, alarms=alarms)
    return {
        "outcomes": [],
        "digest": "d1g357",
        "apply": APPLY,
        "unread": [],
        "plans": [{**plan.as_json("d1g357"), "cost": cost.as_json()}],
    }


def screen(told: dict[str, Any], *, verbose: bool = False) -> str:
    return "\n".join(render("expire", json.loads(json.dumps(told)), verbose=verbose))


def test_every_point_has_its_mark_its_facts_and_its_reasons() -> None:
    lines = [
        line(n, verdict) for n, verdict in enumerate(Verdict) if verdict is not Verdict.STOPPED
    ]
    text = screen(payload(machine(*lines, line(9, Verdict.DELETE, (Guard.LOCKED, "")))))

    rows = {row[0]: row for row in text.splitlines() if row[3:7] == "ami-"}
    assert set(rows) == set(MARKS.values())
    for days, verdict in enumerate(Verdict):
        made = point(days)
        if verdict is not Verdict.STOPPED:
            words = [w.strip() for w in rows[MARKS[verdict.value]].split("  ")]
            assert words[1:3] == [made.image_id, "scheduled"]
            assert f"reason {days}" in words
            assert "8 GiB" in words
    assert "stopped     not deleted (locked: because of locked)" in rows["!"]
    assert "+ keep 1 (8 GiB), ~ quarantine 1 (8 GiB), - delete 1 (8 GiB), ^ bring back 1" in text


def test_machines_are_told_apart_the_living_and_the_gone() -> None:
    told = payload(
        machine(line(1, Verdict.DELETE), label=f"{WEB} (web)"),
        machine(line(2, Verdict.DELETE), label=f"{WEB} (web)", lineage=DB),
        machine(line(3, Verdict.DELETE, size=0), lineage=DB, dead=True),
    )
    lines = screen(told).splitlines()

    assert f"{REGION}: 3 points of 3 machines" in lines
    assert f"{WEB} (web):" in lines
    assert f"{WEB} (web), lineage {DB}:" in lines
    assert f"{DB} (gone: no instance of it exists any more):" in lines
    assert sum("IMAGE" in each for each in lines) == 1
    assert sum("  ?  " in each for each in lines) == 1


def test_a_machine_where_nothing_happens_is_one_line_unless_somebody_wants_them_all() -> None:
    quiet = machine(line(1, Verdict.KEEP), line(2, Verdict.KEEP), lineage=DB)
    told = payload(quiet, machine(line(3, Verdict.DELETE)), quiet)

    short, whole = screen(told), screen(told, verbose=True)

    assert short.count(f"{DB}: 2 points kept") == 2
    assert "reason 1" not in short
    assert whole.count("reason 1") == 2
    assert "points kept" not in whole


def test_a_guard_that_can_be_overridden_says_how_for_exactly_this_plan() -> None:
    told = payload(
        machine(
            line(1, Verdict.DELETE, (Guard.SHARED, ""), (Guard.LOCKED, "")),
            line(2, Verdict.QUARANTINE, (Guard.SHARED, ""), (Guard.BAD_TAGS, WEB)),
        )
    )
    text = screen(told)

    assert "  ! shared: stops 2 points\n      way out: stop sharing it\n" in text
    assert f"        {APPLY} --override shared\n" in text
    assert "  ! locked: stops 1 point\n" in text
    assert text.count("      nothing overrides it") == 1
    assert text.count("because of bad-tags") == 1
    words = " ".join(text.split())
    assert "not quarantined (shared: because of shared; bad-tags); reason 2" in words
    assert text.endswith("nothing to apply: guards stop all that would go")


def test_what_stops_a_whole_region_is_said_once() -> None:
    stopped = replace(line(1, Verdict.DELETE), stops=(CLOCK,))
    alarm = Stop(guard=Guard.LOST_TAGS, subject=REGION, reason="tags were lost")
    text = screen(payload(machine(stopped, stopped), stops=(CLOCK,), alarms=(alarm,)))

    assert "  ! clock: stops 1 point\n      the clock went back\n" in text
    assert "  ! lost-tags: alarm\n      tags were lost\n" in text
    assert text.count("the clock went back") == 1


def test_the_end_has_the_digest_and_the_command_that_does_exactly_this() -> None:
    assert screen(payload(machine(line(1, Verdict.QUARANTINE)))).endswith(
        f"digest d1g357\napply it: {APPLY}"
    )
    assert screen(payload()) == f"{REGION}: no recovery points\n\ndigest d1g357\nnothing to do"


def test_a_region_that_could_not_be_read_leaves_no_plan_to_approve() -> None:
    told = payload(machine(line(1, Verdict.DELETE, (Guard.SHARED, ""))))
    told |= {"digest": "", "apply": "", "unread": ["eu-north-1"]}
    told["outcomes"] = [{"subject": "eu-north-1", "reason": "could not look"}]
    text = screen(told)

    assert "x eu-north-1: could not look" in text
    assert "--override" not in text
    assert text.endswith("there is no digest: half a plan can not be approved")


def test_what_is_freed_is_told_with_what_nobody_knows() -> None:
    figures = replace(estimate(["snap-1"], {}), measured=Measured(3 * GIB, NOON))
    cost = Costing(region=REGION, estimate=figures, shared=2, unknown=("it was denied",))
    unpriced = cost.as_json()
    priced = {**unpriced, "price": "0.05 USD per GiB", "measured_monthly": "0.15 USD",
              "price_hint": ""}  # fmt: skip
    told = payload(machine(line(1, Verdict.DELETE)))

    told["plans"][0]["cost"] = unpriced
    text = screen(told)
    told["plans"][0]["cost"] = priced

    assert "freed when all that goes is gone: 1 snapshot: measured 3 GiB that only they" in text
    assert "  measured at 2026-11-23T12:00:00Z, by block" in text
    assert "  no price is known for eu-west-1: add [prices.eu-west-1]" in text
    assert "  2 snapshots of theirs stay: other images are built on them" in text
    assert "  unknown: it was denied" in text
    assert "  that is measured 0.15 USD a month, at 0.05 USD per GiB" in screen(told)
    told["plans"][0]["cost"] = {**priced, "measured_monthly": None}
    assert "that is" not in screen(told)


def test_totals_without_a_verdict_leave_it_out() -> None:
    assert Totals(points={}, gib={}).as_json() == {"points": {}, "gib": {}}
    assert "freed: nothing" in screen(payload(machine(line(1, Verdict.KEEP))))
