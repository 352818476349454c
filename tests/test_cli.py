"""The `snapback` command over the sandbox: every command, both outputs, every exit code."""

# ruff: noqa: N802

import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import cli, commands
from chalicelib.answers import Answer
from chalicelib.aws.session import Session
from chalicelib.settings import Settings
from chalicelib.terminal.arguments import parser
from chalicelib.wiring import Wiring
from sandbox.process import Sandbox
from tests.aws.scenes import (
    CANARY,
    ENCODED,
    REGION,
    Machine,
    describe,
    images,
    later,
    launch_plain,
    tags,
    writes,
)
from tests.builders import NOON
from tests.conftest import Terminal

NOBODY = "i-0fffffffffffffff0"
NOTHING = "ami-0fffffffffffffff0"


def backed_up(snapback: Terminal) -> str:
    """The image of the web server's first usable point."""
    snapback.tick()
    snapback.tick(minutes=30)
    return str(snapback.json("points")["points"][0]["image"])


def expired(sandbox: Sandbox, snapback: Terminal, web: Machine) -> str:
    """The image of a point that has just been quarantined."""
    tag(sandbox, web, **{"snapback:schedule": "hourly@:00", "snapback:retain": "last=1 min=1"})
    for _ in range(3):
        snapback.tick(hours=1)
    snapback.tick(minutes=30)
    ran = snapback.json("run", "expire")
    return str(next(o["subject"] for o in ran["outcomes"] if o["action"] == "quarantine"))


def tag(sandbox: Sandbox, web: Machine, **wanted: str) -> None:
    """Tag the web server."""
    sandbox.client("ec2").create_tags(Resources=[web.id], Tags=tags(**wanted))


def follow(sandbox: Sandbox, snapback: Terminal, rollback: str) -> dict[str, Any]:
    """Resume until nothing is left to do."""
    for _ in range(20):
        later(sandbox, minutes=5)
        answer = snapback("--output", "json", "rollback", "resume", rollback)
        if answer.code != 5:
            return answer.payload
    pytest.fail(f"{rollback} does not end: {snapback('rollback', 'status', rollback).out}")


def applied(snapback: Terminal, web: Machine) -> str:
    """A rollback that has just begun."""
    return str(snapback.json("rollback", "apply", web.id, "--yes", code=5)["rollback"])


# Exit code 0: done


def test_run_tick_takes_and_settles(sandbox: Sandbox, web: Machine, snapback: Terminal) -> None:
    """What the schedule would do, at the time that is given."""
    first = snapback.json("run", "tick")
    second = snapback.tick(minutes=30)
    third = snapback.tick(minutes=5)

    assert [(o["subject"], o["action"], o["result"]) for o in first["outcomes"]] == [
        (web.id, "backup", "done")
    ]
    assert [(o["action"], o["result"]) for o in second["outcomes"]] == [("settle", "done")]
    assert third["outcomes"] == []
    assert len(images(sandbox)) == 1


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """The same decisions, nothing behind them."""
    told = snapback.json("run", "tick", "--dry-run")["outcomes"]

    assert [(o["subject"], o["result"]) for o in told] == [(web.id, "skipped")]
    assert told[0]["reason"].startswith("dry run: its first point")
    assert snapback.json("run", "expire", "--dry-run")["outcomes"] == []
    assert snapback.json("run", "resume", "--dry-run")["outcomes"] == []
    assert images(sandbox) == []


def test_due_says_why_and_why_not(sandbox: Sandbox, web: Machine, snapback: Terminal) -> None:
    """For every tagged machine, and the problems apart."""
    [off] = launch_plain(sandbox, 1, **{"snapback:plan": "off"})
    [bad] = launch_plain(sandbox, 1, **{"snapback:plan": "dayly"})
    told = snapback.json("due")
    by_id = {d["instance"]: d for d in told["due"]}
    shown = snapback("due")

    assert by_id[web.id]["due"] is True
    assert by_id[web.id]["slot"] == "2026-11-23T03:00Z"
    assert by_id[off]["reason"] == "its tag says not to back it up"
    assert by_id[bad]["reason"] == "its tags can not be read, and it has no point to go by"
    assert told["ok"] is False
    assert any(bad in p and "dayly" in p for p in told["problems"])
    assert f"due  {web.id}" in shown.out
    assert "! " in shown.out


def test_points_show_one_machines_past_and_why_each_is_kept(
    web: Machine, snapback: Terminal
) -> None:
    """The table and the JSON tell the same."""
    image = backed_up(snapback)
    [point] = snapback.json("points", web.id)["points"]
    shown = snapback("points")

    assert (point["image"], point["state"], point["fate"]) == (image, "usable", "keep")
    assert "newest usable point" in point["reasons"]
    assert image in shown.out
    assert "newest usable point" in shown.out


def test_show_tells_provenance_and_manifest_without_user_data(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Everything that a rollback would go by."""
    image = backed_up(snapback)
    told = snapback.json("show", image)
    shown = snapback("show", image).out

    assert (told["image"], told["instance"], told["stage"]) == (image, web.id, "settled")
    assert set(told["snapshots"]) == {"/dev/xvda", "/dev/sdf"}
    assert told["manifest"]["instance_type"] == "t3.micro"
    assert told["manifest"]["attributes"]["user_data"]["sealed"] == ""
    assert "instance_type            t3.micro" in shown
    assert CANARY not in shown + json.dumps(told)


def test_a_manifest_that_is_lost_is_said_to_be(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """A rebuilt catalogue takes the points up again, without their manifests."""
    image = backed_up(snapback)
    sandbox.client("dynamodb").delete_table(TableName="snapback")
    made = snapback.json("setup")
    again = snapback.json("setup")

    assert [(o["action"], o["result"]) for o in made["outcomes"]] == [
        ("create table", "done"),
        ("take up", "done"),
    ]
    assert made["outcomes"][1]["reason"] == "known again; its manifest is lost"
    assert [(o["action"], o["result"]) for o in again["outcomes"]] == [("create table", "already")]
    assert snapback.json("show", image)["manifest"] is None
    assert "manifest         lost" in snapback("show", image).out


def test_expire_only_tells_until_it_is_told_to_apply(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """A reason for every point, kept ones too."""
    tag(sandbox, web, **{"snapback:schedule": "hourly@:00", "snapback:retain": "last=1 min=1"})
    for _ in range(3):
        snapback.tick(hours=1)
    snapback.tick(minutes=30)
    told = snapback.json("expire", "--instance", web.id)["outcomes"]
    untouched = {i["State"] for i in images(sandbox)}
    done = snapback.json("expire", "--apply", "--instance", web.id)["outcomes"]

    assert {o["reason"].partition(":")[0] for o in told} == {"kept", "would be quarantined"}
    assert untouched == {"available"}
    assert [o["action"] for o in done if o["result"] == "done"] == ["quarantine"]
    assert snapback.json("expire", "--instance", NOBODY)["outcomes"] == []


def test_the_plan_of_expiry_is_read_and_then_exactly_that_is_done(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """The screen's last line is the command; every name of the JSON is documented."""
    tag(sandbox, web, **{"snapback:schedule": "hourly@:00", "snapback:retain": "last=1 min=1"})
    for _ in range(4):
        snapback.tick(hours=1)
    snapback.tick(minutes=30)
    shown = snapback("expire", "--region", REGION, "--instance", web.id).out.splitlines()
    told = snapback.json("expire", "--region", REGION, "--instance", web.id)
    command = shown[-1].removeprefix("apply it: snapback ")

    assert shown[0] == f"{REGION}: 4 points of 1 machine"
    assert f"{web.id} (web):" in shown
    assert told["apply"] == f"snapback {command}"
    assert command == (
        f"expire --apply --region {REGION} --instance {web.id} --digest {told['digest']}"
    )
    assert [g["guard"] for m in told["plans"][0]["machines"] for p in m["points"]
            for g in p["stops"]] == ["lineage-share"]  # fmt: skip
    assert _names(told) <= set(re.findall(r"`(\w+)`", DOCUMENT))
    assert [o["action"] for o in snapback.json(*command.split())["outcomes"]].count("quarantine")
    assert "--measure goes without --apply" in snapback("expire", "--apply", "--measure").err


DOCUMENT = (Path(__file__).parents[1] / "docs" / "expire-plan.md").read_text(encoding="utf-8")


def _names(told: Any) -> set[str]:  # noqa: ANN401 - a JSON document
    """Every name in a document, but for those of outcomes, and of verdicts in totals."""
    if isinstance(told, list):
        return {name for each in told for name in _names(each)}
    if not isinstance(told, dict):
        return set()
    inner = (v for k, v in told.items() if k not in ("outcomes", "counts", "totals"))
    return {*told, *(name for value in inner for name in _names(value))}


def test_hold_and_release(sandbox: Sandbox, web: Machine, snapback: Terminal) -> None:
    """Until released, until a date, and back from quarantine."""
    image = expired(sandbox, snapback, web)
    back = snapback.json("release", image)["outcomes"][0]
    held = snapback.json("hold", image)["outcomes"][0]
    until = snapback.json("hold", image, "--until", "2027-01-01")["outcomes"][0]
    free = snapback.json("release", image)["outcomes"][0]
    nothing = snapback.json("release", image)["outcomes"][0]

    assert back["reason"].startswith("brought back from quarantine; held until")
    assert held["reason"] == "held until released"
    assert until["reason"] == "held until 2027-01-01T00:00Z"
    assert free["reason"] == "it was held until 2027-01-01T00:00Z"
    assert (nothing["result"], nothing["reason"]) == ("already", "it was not held")
    assert {i["State"] for i in images(sandbox)} == {"available"}


def test_holding_a_quarantined_point_brings_it_back(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Nothing that is held is on its way out."""
    image = expired(sandbox, snapback, web)
    snapback.json("hold", image)

    assert {i["State"] for i in images(sandbox)} == {"available"}
    assert snapback.json("run", "expire")["counts"].get("done", 0) == 0


def test_the_present_retention_is_that_of_the_current_instance_of_a_lineage(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """A rollback copies the tags: only what the machine in service says now may count."""
    tag(sandbox, web, **{"snapback:schedule": "hourly@:00", "snapback:retain": "last=1 min=1"})
    for _ in range(3):
        snapback.tick(hours=1)
    snapback.tick(minutes=30)
    rollback = applied(snapback, web)
    replacement = str(snapback.json("rollback", "status", rollback)["replacement"])
    while_open = _fates(sandbox, snapback, web.id, replacement)
    follow(sandbox, snapback, rollback)
    afterwards = _fates(sandbox, snapback, replacement, web.id)

    assert while_open == afterwards == ({"keep"}, {"keep", "expire"})


def _fates(
    sandbox: Sandbox, snapback: Terminal, current: str, other: str
) -> tuple[set[str], set[str]]:
    """What becomes of the points when *current* keeps more than *other*, and the other way."""
    found = []
    for more, less in ((current, other), (other, current)):
        for instance, retain in ((more, "last=9 min=1"), (less, "last=1 min=1")):
            sandbox.client("ec2").create_tags(
                Resources=[instance], Tags=tags(**{"snapback:retain": retain})
            )
        found.append({str(p["fate"]) for p in snapback.json("points")["points"]})
    return found[0], found[1]


def test_lint_finds_every_problem_of_every_tag(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Exit code 1 when there are any; each with instance, tag and value."""
    clean = snapback.json("lint")
    tag(sandbox, web, **{"snapback:retain": "many", "snapback:schedule": "sometimes"})
    dirty = snapback.json("lint", code=1)
    shown = snapback("lint")

    assert clean == {"ok": True, "outcomes": [], "problems": [], "advice": []}
    assert {(p["instance"], p["tag"], p["value"]) for p in dirty["problems"]} == {
        (web.id, "snapback:retain", "many"),
        (web.id, "snapback:schedule", "sometimes"),
    }
    assert shown.code == 1
    assert "sometimes" in shown.out


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("daily", "daily"),
        ("daily@03:00 Europe/London", "Europe/London"),
        ("last=3 daily=7", "the last 3 points"),
        ("off", "on purpose"),
    ],
)
def test_explain_says_what_a_value_means(snapback: Terminal, value: str, words: str) -> None:
    """In English, with the next runs."""
    told = snapback.json("explain", value)
    shown = snapback("explain", value)

    assert words in " ".join(told["meaning"])
    assert shown.code == 0
    assert all(run["utc"] in shown.out for run in told["runs"])


def test_doctor_tries_every_read(web: Machine, snapback: Terminal) -> None:
    """What an operator checks first."""
    told = snapback.json("doctor")

    assert [o["subject"] for o in told["outcomes"]] == [
        "settings", "plans", "clock", "credentials", "catalogue", REGION, REGION,
    ]  # fmt: skip
    assert told["outcomes"][3]["reason"] == "account 123456789012"
    assert told["outcomes"][5]["reason"] == "1 tagged instances"


def test_backup_waits_as_long_as_is_asked(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """For nothing, for the snapshots to exist, and not at all without time."""
    none = snapback.json("backup", web.id)
    later(sandbox, minutes=30)
    point_in_time = snapback.json("backup", web.id, "--wait", "point-in-time", "--timeout", "0")
    later(sandbox, minutes=30)

    assert none["points"][0]["image"] != point_in_time["points"][0]["image"]
    assert [p["result"] for p in point_in_time["points"]] == ["done"]


def test_backup_reboots_only_when_told_to(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """EC2's default is the other way round."""
    snapback.json("backup", web.id, "--reboot")
    [call] = [c for c in sandbox.calls.all() if c["action"] == "CreateImage"]
    parameters: Any = call["parameters"]

    assert parameters["NoReboot"] is False


class Patience:
    """A clock that the sandbox's time passes by: waiting moves the world."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.told: list[str] = []

    def now(self) -> datetime:
        """The sandbox's time."""
        return self._sandbox.clock.now()

    def sleep(self, seconds: float) -> None:
        """A minute passes for every look."""
        del seconds
        later(self._sandbox, minutes=1)

    def progress(self, text: str) -> None:
        """Remember what was being waited for."""
        self.told.append(text)


@pytest.fixture
def patience(sandbox: Sandbox) -> Patience:
    """Waiting without time."""
    return Patience(sandbox)


def waited(session: Session, clock: Patience, *arguments: str) -> Answer:
    """Run a command that waits, on the sandbox's clock."""
    return commands.run(parser().parse_args(arguments), Wiring(Settings(), session), clock)


def test_backup_waits_until_the_point_is_available_and_settles_it(
    session: Session, web: Machine, patience: Patience, snapback: Terminal
) -> None:
    """A change may start, and the point can be rolled back to at once."""
    answer = waited(session, patience, "backup", web.id, "--wait", "available")

    assert answer.code == 0
    assert patience.told[0] == "waiting for 1 of 1 point(s)"
    assert [p["state"] for p in snapback.json("points")["points"]] == ["usable"]


def test_a_point_that_ec2_fails_ends_the_wait_in_failure(
    sandbox: Sandbox, session: Session, web: Machine, patience: Patience
) -> None:
    """Exit code 1: the change must not start."""
    sandbox.faults.set({"rules": [{"action": "CreateImage", "kind": "fail-image"}]})
    answer = waited(session, patience, "backup", web.id, "--wait", "available")

    assert answer.code == 1
    assert answer.payload["ok"] is False


def test_a_rollback_is_followed_to_its_end_and_back(
    sandbox: Sandbox, session: Session, web: Machine, patience: Patience, snapback: Terminal
) -> None:
    """`--wait` on apply and on undo."""
    backed_up(snapback)
    done = waited(session, patience, "rollback", "apply", web.id, "--yes", "--wait")
    rollback = str(done.payload["rollback"])
    undone = waited(session, patience, "rollback", "undo", rollback, "--wait")

    assert (done.code, done.payload["state"]) == (0, "done")
    assert (undone.code, undone.payload["state"]) == (0, "undone")
    assert any("wait until the replacement runs" in text for text in patience.told)
    assert describe(sandbox, web.id)["State"]["Name"] == "running"


class Stubborn(Patience):
    """A clock of a world in which the table never becomes active."""

    def sleep(self, seconds: float) -> None:
        """Nothing comes of waiting: the table is deleted again each time."""
        del seconds
        tables = self._sandbox.client("dynamodb")
        if "snapback" in tables.list_tables()["TableNames"]:
            tables.delete_table(TableName="snapback")


def test_setup_waits_for_the_table(sandbox: Sandbox, session: Session, patience: Patience) -> None:
    """Made, seen active, and the rest of the account looked at."""
    sandbox.client("dynamodb").delete_table(TableName="snapback")

    assert waited(session, patience, "setup").code == 0


def test_a_rollback_from_plan_to_undo(sandbox: Sandbox, web: Machine, snapback: Terminal) -> None:
    """The whole way through the command, both outputs."""
    image = backed_up(snapback)
    plan = snapback.json("rollback", "plan", web.id, "--to", image)
    read = snapback("rollback", "plan", web.id)
    begun = snapback.json("rollback", "apply", web.id, "--digest", plan["digest"], code=5)
    rollback = begun["rollback"]
    open_ones = snapback.json("run", "resume", "--dry-run")["outcomes"]
    on_the_way = snapback("rollback", "status", rollback)
    done = follow(sandbox, snapback, rollback)
    told = snapback("rollback", "status", rollback)
    undoing = snapback.json("rollback", "undo", rollback, code=5)
    undone = follow(sandbox, snapback, rollback)

    assert {"digest", "mode", "steps", "blockers", "warnings", "fidelity"} <= set(plan)
    assert f"digest {plan['digest']}" in read.out
    assert "apply it: snapback rollback apply" in read.out
    assert (begun["state"], undoing["state"]) == ("running", "undoing")
    assert [(o["subject"], o["result"]) for o in open_ones] == [(rollback, "pending")]
    assert on_the_way.code == 0
    assert f"go on: snapback rollback resume {rollback} --wait" in on_the_way.out
    assert done["state"] == "done"
    assert f"undo it: snapback rollback undo {rollback}" in told.out
    assert undone["state"] == "undone"
    assert describe(sandbox, done["replacement"])["State"]["Name"] == "stopped"


def test_a_replacement_has_its_lineages_past(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Asked for by either id, the same points are listed and expired."""
    backed_up(snapback)
    rollback = applied(snapback, web)
    for _ in range(4):
        later(sandbox, minutes=5)
        snapback.json("run", "resume")
    replacement = str(snapback.json("rollback", "status", rollback)["replacement"])
    ours = snapback.json("points", replacement)["points"]

    assert snapback.json("points", web.id)["points"] == ours != []
    assert [
        o["subject"] for o in snapback.json("expire", "--instance", replacement)["outcomes"]
    ] == [p["image"] for p in ours]
    assert [d["instance"] for d in snapback.json("due")["due"] if d["due"]] == []
    assert snapback.tick(days=1)["outcomes"][0]["subject"] == replacement


def test_an_accepted_rollback_is_not_undone(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Exit code 3; the original stays, stopped."""
    backed_up(snapback)
    rollback = applied(snapback, web)
    follow(sandbox, snapback, rollback)
    accepted = snapback.json("rollback", "accept", rollback)
    refused = snapback.json("rollback", "undo", rollback, code=3)

    assert accepted["state"] == "accepted"
    assert refused["error"]["code"] == "refused"
    assert describe(sandbox, web.id)["State"]["Name"] == "stopped"


# Exit code 1: something failed


def test_a_run_with_a_failure_is_red(sandbox: Sandbox, web: Machine, snapback: Terminal) -> None:
    """After everything else was done."""
    launch_plain(sandbox, 1, **{"snapback:plan": "dayly"})
    told = snapback.json("run", "tick", code=1)

    assert told["ok"] is False
    assert told["counts"] == {"failed": 1, "done": 1}


def test_doctor_says_what_does_not_work(sandbox: Sandbox, snapback: Terminal) -> None:
    """With the hint of the error, and without looking further."""
    sandbox.client("dynamodb").delete_table(TableName="snapback")
    told = snapback.json("doctor", code=1)
    failed = [o for o in told["outcomes"] if o["result"] == "failed"]

    assert [o["subject"] for o in failed] == ["catalogue"]
    assert "snapback setup" in failed[0]["reason"]


def test_credentials_that_may_nothing_are_an_error(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """AWS's own words, on the standard error, exit code 1."""
    sandbox.faults.set({"rules": [{"action": "*", "kind": "deny"}]})
    shown = snapback("points")

    assert shown.code == 1
    assert shown.out == ""
    assert "AccessDenied" in shown.err


def test_a_rollback_that_turned_back_has_failed(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Exit code 1, the reason, and the original as it was."""
    backed_up(snapback)
    sandbox.faults.set(
        {"rules": [{"action": "RunInstances", "kind": "error", "code": "InvalidParameterValue"}]}
    )
    told = snapback.json("rollback", "apply", web.id, "--yes", code=1)

    assert told["state"] == "undone"
    assert "InvalidParameterValue" in told["reason"]
    assert describe(sandbox, web.id)["State"]["Name"] == "running"


# Exit code 2: bad usage or input

BAD_INPUT = [
    (("backup", "web-1"), "instance 'web-1' is not an instance id", "i-0123456789abcdef0"),
    (("points", "i-123"), "instance 'i-123' is not an instance id", "i-0123456789abcdef0"),
    (("show", "ami-1"), "image 'ami-1' is not an image id", "ami-0123456789abcdef0"),
    (("hold", "web"), "image 'web' is not an image id", "ami-0123456789abcdef0"),
    (("release", "AMI-0123456789abcdef0"), "is not an image id", "ami-0123456789abcdef0"),
    (("hold", NOTHING, "--until", "later"), "--until 'later' is not a time", "2026-11-23"),
    (("expire", "--instance", "x"), "instance 'x' is not an instance id", "i-0123456789"),
    (("rollback", "plan", "x"), "instance 'x' is not an instance id", "i-0123456789abcdef0"),
    (("rollback", "plan", NOBODY, "--to", "best"), "--to 'best' names no recovery", "latest"),
    (("rollback", "plan", NOBODY, "--to", "before:x"), "'x' is not a time", "2026-11-23"),
    (("explain", "sometimes"), "sometimes", ""),
    (("explain", "daily@25:00"), "25:00", ""),
    (("--region", "mars-1", "points"), "'mars-1' is not a region", "eu-west-1"),
    (("rollback", "apply", NOBODY), "--digest", "--help"),
    (("rollback", "apply", NOBODY, "--yes", "--digest", "x"), "not allowed with", "--help"),
    (("rollback", "plan", NOBODY, "--mode", "in-place"), "in-place", "--help"),
    (("run", "dance"), "dance", "--help"),
    (("dance",), "dance", "--help"),
    ((), "COMMAND", "--help"),
    (("backup",), "INSTANCE", "--help"),
    (("backup", NOBODY, "--timeout", "soon"), "soon", "--help"),
    (("backup", NOBODY, "--wait", "forever"), "forever", "--help"),
    (("points", "--output", "xml"), "xml", "--help"),
]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"), BAD_INPUT, ids=[" ".join(b[0]) or "-" for b in BAD_INPUT]
)
def test_bad_input_is_named_with_the_way_out_and_changes_nothing(
    sandbox: Sandbox, snapback: Terminal, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    """Exit code 2, on the standard error, thing, value and way out."""
    shown = snapback(*arguments)
    flat = " ".join(shown.err.split())

    assert shown.code == 2
    assert shown.out == ""
    assert message in flat
    assert hint in flat
    assert writes(sandbox) == []


@pytest.mark.parametrize("at", ["noon", "2026-11-23T12:00", "2026-13-01"])
def test_a_malformed_moment_is_named(snapback: Terminal, at: str) -> None:
    """A time without a zone could mean any."""
    shown = snapback.plainly("--at", at, "due")

    assert shown.code == 2
    assert f"--at '{at}'" in shown.err


def test_a_wrong_environment_is_named(snapback: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wrong variable at once."""
    monkeypatch.setenv("SNAPBACK_QUARANTINE", "a while")
    monkeypatch.setenv("SNAPBACK_TABEL", "x")
    told = snapback.json("due", code=2)

    assert told["error"]["code"] == "invalid_input"
    assert "SNAPBACK_QUARANTINE is 'a while'" in told["error"]["message"]
    assert "SNAPBACK_TABEL is not a setting" in told["error"]["message"]


def test_a_plan_document_with_mistakes_is_named(
    snapback: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any instance is looked at."""
    monkeypatch.setenv("SNAPBACK_PLANS", "[plans.x]\nschedule = 'never'\n")
    told = snapback.json("run", "tick", code=2)

    assert "never" in told["error"]["message"]


def test_wrong_usage_is_json_for_those_who_asked_for_json(snapback: Terminal) -> None:
    """A pipeline gets what it can parse."""
    for wish in (("--output", "json"), ("--output=json",)):
        shown = snapback(*wish, "dance")

        assert shown.code == 2
        assert shown.payload["error"]["code"] == "invalid_input"


# Exit code 3: refused by a guard


def test_another_machines_image_is_refused(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """A machine is only ever rolled back to its own past."""
    [other] = launch_plain(sandbox, 1, **{"snapback:plan": "daily"})
    backed_up(snapback)
    theirs = snapback.json("points", other)["points"][0]["image"]
    told = snapback.json("rollback", "plan", web.id, "--to", theirs, code=3)

    assert told["error"]["code"] == "refused"
    assert f"is a recovery point of {other}, not of {web.id}" in told["error"]["message"]


@pytest.mark.parametrize("state", ["foreign", "deregistered", "quarantined", "pending", "none"])
def test_an_unfit_image_is_refused_with_the_reason(
    sandbox: Sandbox, web: Machine, snapback: Terminal, state: str
) -> None:
    """Foreign, gone, expired, unfinished, or none at all."""
    ec2 = sandbox.client("ec2")
    if state == "foreign":
        image = ec2.create_image(InstanceId=web.id, Name="mine", NoReboot=True)["ImageId"]
        words = "is no recovery point of this deployment here"
    elif state == "deregistered":
        image = backed_up(snapback)
        ec2.deregister_image(ImageId=image)
        words = "is no recovery point of this deployment here"
    elif state == "quarantined":
        image, words = expired(sandbox, snapback, web), "it has expired"
    elif state == "pending":
        image = snapback.json("backup", web.id)["points"][0]["image"]
        words = "is pending"
    else:
        image, words = "latest", "has no usable recovery point for --to latest"
    before = len(writes(sandbox))
    told = snapback.json("rollback", "plan", web.id, "--to", image, code=3)
    applying = snapback("rollback", "apply", web.id, "--to", image, "--yes")

    assert words in told["error"]["message"]
    assert applying.code == 3
    assert len(writes(sandbox)) == before


def test_a_blocked_plan_is_shown_and_refused(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Exit code 3 with the plan to read; nothing to apply it with."""
    backed_up(snapback)
    sandbox.client("ec2").delete_key_pair(KeyName="ops")
    shown = snapback("rollback", "plan", web.id)
    refused = snapback("rollback", "apply", web.id, "--yes")

    assert (shown.code, refused.code) == (3, 3)
    assert "x the key pair ops no longer exists" in shown.out
    assert "apply it:" not in shown.out
    assert "the key pair ops no longer exists" in refused.err


def test_another_plan_than_the_one_read_is_refused(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """A digest that is wrong, and one of a world that has changed since."""
    backed_up(snapback)
    digest = snapback.json("rollback", "plan", web.id)["digest"]
    wrong = snapback.json("rollback", "apply", web.id, "--digest", "0" * 12, code=3)
    sandbox.client("ec2").modify_instance_attribute(
        InstanceId=web.id, DisableApiStop={"Value": True}
    )
    stale = snapback.json("rollback", "apply", web.id, "--digest", digest, code=3)

    assert wrong["error"]["code"] == stale["error"]["code"] == "refused"
    assert not [w for w in writes(sandbox)[-3:] if w == "ec2:RunInstances"]


def test_one_rollback_of_a_lineage_at_a_time(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """The same plan continues the same rollback; another one is refused."""
    backed_up(snapback)
    digest = snapback.json("rollback", "plan", web.id)["digest"]
    first = snapback.json("rollback", "apply", web.id, "--digest", digest, code=5)["rollback"]
    again = snapback.json("rollback", "apply", web.id, "--digest", digest, code=5)["rollback"]

    assert first == again
    assert snapback("rollback", "apply", web.id, "--yes").code == 3


def test_a_machine_that_can_not_be_backed_up_is_refused(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Whoever asked for a point has to hear that there is none."""
    sandbox.client("ec2").terminate_instances(InstanceIds=[web.id])
    told = snapback.json("backup", web.id, code=3)

    assert told["points"][0]["result"] == "refused"
    assert told["points"][0]["image"] == ""
    assert images(sandbox) == []


@pytest.mark.parametrize("command", ["show", "hold", "release"])
def test_an_image_that_is_none_of_ours_is_refused(snapback: Terminal, command: str) -> None:
    """Nothing of anybody else's is touched."""
    assert snapback(command, NOTHING).code == 3


def test_a_hold_until_the_past_is_refused(web: Machine, snapback: Terminal) -> None:
    """It would hold nothing."""
    image = backed_up(snapback)
    told = snapback.json("hold", image, "--until", "2020-01-01", code=3)

    assert "has passed" in told["error"]["message"]


# Exit code 4: not found


@pytest.mark.parametrize(
    "arguments",
    [
        ("backup", NOBODY),
        ("points", NOBODY),
        ("rollback", "plan", NOBODY),
        ("rollback", "status", "rb-none"),
        ("rollback", "resume", "rb-none"),
        ("rollback", "undo", "rb-none"),
        ("rollback", "accept", "rb-none"),
    ],
)
def test_what_does_not_exist_is_not_found(
    sandbox: Sandbox, snapback: Terminal, arguments: tuple[str, ...]
) -> None:
    """Exit code 4, with where else to look."""
    told = snapback.json(*arguments, code=4)

    assert told["error"]["code"] == "not_found"
    assert told["error"]["hint"]
    assert writes(sandbox) == []


def test_one_unknown_instance_and_nothing_is_backed_up(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Named, before any point is taken."""
    told = snapback.json("backup", web.id, NOBODY, code=4)

    assert NOBODY in told["error"]["message"]
    assert web.id not in told["error"]["message"]
    assert images(sandbox) == []


def test_a_missing_catalogue_is_not_found(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """And the way out is named; nothing was created."""
    sandbox.client("dynamodb").delete_table(TableName="snapback")
    shown = snapback("run", "tick")

    assert shown.code == 4
    assert "snapback setup" in shown.err
    assert images(sandbox) == []


# Exit code 5: timed out, still running


def test_a_point_that_is_not_ready_in_time_goes_on(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """Exit code 5; the point is there and becomes usable."""
    told = snapback.json("backup", web.id, "--wait", "available", "--timeout", "0", code=5)
    later(sandbox, minutes=30)
    snapback.tick()

    assert told["points"][0]["result"] == "pending"
    assert told["outcomes"][0]["reason"] == "not available within 0 s; it goes on"
    assert "usable" in {p["state"] for p in snapback.json("points")["points"]}


def test_a_setup_that_never_ends_says_so(sandbox: Sandbox, session: Session) -> None:
    """A table that does not become active is told, not waited for without end."""
    tables = sandbox.client("dynamodb")
    tables.delete_table(TableName="snapback")
    sandbox.faults.set(
        {"rules": [{"action": "DescribeTable", "kind": "error",
                    "code": "ResourceNotFoundException", "status": 400}]}
    )  # fmt: skip
    with pytest.raises(Exception, match="does not become active"):
        waited(session, Stubborn(sandbox), "setup")


# Global options


@pytest.mark.parametrize("after", [False, True])
def test_global_options_stand_before_or_after_the_command(
    web: Machine, snapback: Terminal, after: bool
) -> None:
    """DESIGN section 6."""
    options = ["--output", "json", "--at", "2026-11-24T03:30Z", "--region", REGION]
    words = ["run", "tick", "--dry-run"]
    shown = snapback.plainly(*([*words, *options] if after else [*options, *words]))

    assert shown.code == 0
    assert "2026-11-24T03:00Z" in shown.payload["outcomes"][0]["reason"]


def test_global_options_stand_behind_a_rollbacks_action_too(
    web: Machine, snapback: Terminal
) -> None:
    """Two levels of subcommands."""
    backed_up(snapback)
    shown = snapback("rollback", "plan", web.id, "--output=json")

    assert shown.payload["instance"] == web.id


def test_a_region_is_looked_after_instead_of_the_clients(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """The catalogue stays at home."""
    [there] = launch_plain(sandbox, 1, "eu-north-1", **{"snapback:plan": "daily"})
    told = snapback.json("--region", "eu-north-1", "due")

    assert [d["instance"] for d in told["due"]] == [there]


def test_a_profile_that_does_not_exist_is_an_error(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one thing about credentials that can be said before any call."""
    del sandbox
    code = cli.main(["--profile", "nobody", "points"])

    assert code == 1
    assert "the profile 'nobody'" in capsys.readouterr().err


def test_without_a_session_of_its_callers_the_command_makes_one(
    web: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """As every call from a shell does; AWS_REGION is honoured."""
    assert cli.main(["--output", "json", "lint", "--verbose"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []


def test_without_any_region_the_way_out_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is assumed."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    assert cli.main(["points"]) == 2
    assert "no region is set" in capsys.readouterr().err


def test_the_machines_own_time_is_now_without_at() -> None:
    """And it runs on."""
    given = cli.Clock.begin("2026-11-23")
    own = cli.Clock.begin(None)

    assert NOON - timedelta(hours=12) <= given.now() < NOON
    assert own.now() >= own.start
    assert own.start.utcoffset() == timedelta(0)


def test_progress_is_for_terminals_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silent in a pipe."""
    clock = cli.Clock.begin(None)
    clock.progress("waiting")
    silent = capsys.readouterr()
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    clock.progress("waiting")
    clock.sleep(0)

    assert silent.err == ""
    assert capsys.readouterr().err == "\r\x1b[Kwaiting"


def test_a_reader_who_has_heard_enough_is_no_failure(
    snapback: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`snapback points | head`: the command's own exit code stands."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        code = cli.main(["explain", "last=3"])
        monkeypatch.undo()

    assert code == 0


class Interrupting(Session):
    """A session whose owner loses patience."""

    def is_region(self, name: str) -> bool:
        """The first thing that is asked."""
        raise KeyboardInterrupt(name)


def test_an_interrupted_command_says_that_it_can_be_resumed(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 5: what was begun goes on."""
    del sandbox
    code = cli.main(["points"], session=Interrupting(region=REGION))

    assert code == 5
    assert "can be resumed" in capsys.readouterr().err


def test_nothing_to_do_is_said(sandbox: Sandbox, snapback: Terminal) -> None:
    """An empty account is no empty screen."""
    assert snapback("run", "tick").out == "nothing to do\n"
    assert snapback("points").out == "no recovery points\n"
    assert snapback("due").out == "no instance carries the plan tag\n"
    assert snapback("lint").out == "every tag can be read\n"


def test_outcomes_are_a_table_with_a_total(web: Machine, snapback: Terminal) -> None:
    """One line each, and how many of each result."""
    shown = snapback("run", "tick").out.splitlines()

    assert shown[0].split() == ["RESULT", "ACTION", "SUBJECT", "IMAGE", "REASON"]
    assert web.id in shown[1]
    assert shown[-1] == "1 done"


# Secrecy


@pytest.fixture
def key(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deployment that keeps user data, sealed."""
    made: str = sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    monkeypatch.setenv("SNAPBACK_KMS_KEY", made)
    return made


def test_T10_user_data_is_nowhere(
    sandbox: Sandbox, web: Machine, snapback: Terminal, key: str
) -> None:
    """No output, row, journal, tag or error holds it, sealed or not (I18)."""
    image = backed_up(snapback)
    rollback = applied(snapback, web)
    done = follow(sandbox, snapback, rollback)
    said = [
        snapback(*arguments, "--output", output)
        for output in ("json", "table")
        for arguments in (
            ("show", image),
            ("points",),
            ("rollback", "status", rollback),
            ("rollback", "plan", str(done["replacement"])),
            ("backup", str(done["replacement"])),
        )
    ]
    rows = sandbox.client("dynamodb").scan(TableName="snapback")["Items"]
    everything = "".join(s.out + s.err for s in said) + repr(rows) + repr(images(sandbox))

    assert done["state"] == "done"
    assert any('"sealed":"' in row["body"]["S"] for row in rows)
    assert CANARY not in everything
    assert ENCODED not in everything
    answer = sandbox.client("ec2").describe_instance_attribute(
        InstanceId=str(done["replacement"]), Attribute="userData"
    )
    assert answer["UserData"]["Value"] == ENCODED


@pytest.mark.parametrize(
    "action", ["RunInstances", "DescribeInstanceAttribute", "CreateImage", "TransactWriteItems"]
)
def test_T10_no_error_tells_user_data(
    sandbox: Sandbox,
    web: Machine,
    snapback: Terminal,
    action: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """AWS's message is passed on, what was sent is not."""
    backed_up(snapback)
    sandbox.faults.set({"rules": [{"action": action, "kind": "deny"}]})
    said = [
        snapback("--verbose", *arguments)
        for arguments in (("backup", web.id), ("rollback", "apply", web.id, "--yes"))
    ]
    everything = "".join(s.out + s.err for s in said) + caplog.text

    assert any(s.code for s in said)
    assert CANARY not in everything
    assert ENCODED not in everything
