"""The Lambda functions: the event's time, the report, the red run, bad payloads."""

# ruff: noqa: N802

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client

import app
from sandbox.process import Sandbox
from tests.aws.lambdas import invoked, scheduled
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

pytestmark = pytest.mark.usefixtures("deployed")
FUNCTIONS = ("tick", "resume", "expire", "backup", "points", "rollback")
ROOT = Path(__file__).parents[1]


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the functions log: the logger was bound to the standard output at import."""
    written = StringIO()
    [handler] = [h for h in app.logger.handlers if hasattr(h, "setStream")]
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def lines(log: StringIO) -> list[dict[str, Any]]:
    """Every line of the log."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_importing_the_app_touches_nothing() -> None:
    """A bare environment: no region, no credentials, no settings, no network."""
    code = "import app, sys; print(sorted(app.app.handler_map)); assert 'boto3' in sys.modules"
    ran = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-B", "-c", code],
        env={"PATH": os.environ["PATH"]}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.stderr == ""
    assert ran.stdout.strip() == str(sorted(FUNCTIONS))


def test_the_tick_backs_up_for_the_events_time(
    sandbox: Sandbox, web: Machine, log: StringIO
) -> None:
    """An event delivered a day late, or again, decides the same."""
    at = NOON - timedelta(days=1)
    first = scheduled("tick", at)
    again = scheduled("tick", at)
    [image] = images(sandbox)

    assert first == {"ok": True, "counts": {"done": 1}}
    assert again["counts"] == {}
    assert image["Name"] == f"snapback/{web.id}/scheduled/20261122T0300Z"
    assert [
        (o["subject"], o["action"], o["result"]) for o in (line["outcome"] for line in lines(log))
    ] == [(web.id, "backup", "done")]


def test_counts_become_metrics(
    sandbox: Sandbox, web: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """One metric a job and result, in CloudWatch's embedded format."""
    scheduled("tick", sandbox.clock.now())
    emitted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]

    assert [m["tick.done"] for m in emitted] == [[1.0]]


def test_a_red_run_raises_after_it_has_done_everything_else(sandbox: Sandbox, web: Machine) -> None:
    """One bad tag turns the run red; the other machine has its point."""
    [bad] = launch_plain(sandbox, 1, **{"snapback:plan": "dayly"})
    with pytest.raises(app.RunFailedError, match=rf"tick: 1 failed: {bad}: tag snapback:plan"):
        scheduled("tick", sandbox.clock.now())

    assert [i["SourceInstanceId"] for i in images(sandbox)] == [web.id]


def test_a_region_that_fails_turns_the_run_red_and_stops_no_other(
    sandbox: Sandbox, web: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN rule 6."""
    monkeypatch.setenv("SNAPBACK_REGIONS", f"eu-north-1 {REGION}")
    sandbox.faults.set(
        {"rules": [{"action": "DescribeInstances", "region": "eu-north-1", "kind": "deny"}]}
    )
    with pytest.raises(app.RunFailedError, match="eu-north-1: could not list instances"):
        scheduled("tick", sandbox.clock.now())

    assert [i["SourceInstanceId"] for i in images(sandbox)] == [web.id]


def test_out_of_time_the_rest_is_left_to_the_next_run(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """The last thirty seconds are for reporting; a test client's context has three."""
    with Client(app.app, stage_name="prod", project_dir=str(ROOT)) as client:
        event = client.events.generate_cw_event("aws.events", "Scheduled Event", {}, [])
        event["time"] = "2026-11-23T12:10:00Z"
        answer = client.lambda_.invoke("tick", event).payload

    assert answer == {"ok": True, "counts": {"pending": 1}}
    assert images(sandbox) == []
    assert snapback.tick(minutes=5)["counts"] == {"done": 1}


def test_expire_works_in_two_looks(sandbox: Sandbox, web: Machine, snapback: Terminal) -> None:
    """Quarantined by one run, deleted by one a day later."""
    sandbox.client("ec2").create_tags(
        Resources=[web.id],
        Tags=tags(**{"snapback:schedule": "hourly@:00", "snapback:retain": "last=1 min=1"}),
    )
    for _ in range(3):
        snapback.tick(hours=1)
    snapback.tick(minutes=30)
    first = scheduled("expire", sandbox.clock.now())
    states = {i["State"] for i in images(sandbox)}
    later(sandbox, hours=25)
    second = scheduled("expire", sandbox.clock.now())

    assert (first["counts"]["done"], states) == (1, {"available", "disabled"})
    assert second["counts"]["done"] == 3  # the image and its two snapshots
    assert [i["State"] for i in images(sandbox)] == ["available", "available"]


def test_resume_with_nothing_open_is_one_query(sandbox: Sandbox, session: object) -> None:
    """Every minute, so it must cost nothing."""
    answer = scheduled("resume", NOON)

    assert answer == {"ok": True, "counts": {}}
    assert [(c["service"], c["action"]) for c in sandbox.calls.all()] == [("dynamodb", "Query")]


def test_a_rollback_is_planned_applied_resumed_and_undone(
    sandbox: Sandbox, web: Machine, snapback: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the functions alone, as a pipeline would."""
    monkeypatch.setattr(app, "_now", sandbox.clock.now)
    snapback.tick()
    snapback.tick(minutes=30)
    plan = invoked("rollback", {"action": "plan", "instance": web.id})
    applied = invoked("rollback", {"action": "apply", "instance": web.id, "digest": plan["digest"]})
    for _ in range(4):
        later(sandbox, minutes=5)
        scheduled("resume", sandbox.clock.now())
    done = invoked("rollback", {"action": "status", "id": applied["rollback"]})
    undone = invoked("rollback", {"action": "undo", "id": applied["rollback"]})
    for _ in range(4):
        later(sandbox, minutes=5)
        scheduled("resume", sandbox.clock.now())
    after = invoked("rollback", {"action": "status", "id": applied["rollback"]})

    assert plan["ok"] is True
    assert applied["state"] == "running"
    assert done["state"] == "done"
    assert all(line["fate"] == "restored" for line in done["fidelity"])
    assert undone["state"] == "undoing"
    assert after["state"] == "undone"
    assert describe(sandbox, web.id)["State"]["Name"] == "running"


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("backup", {}, "invalid_input"),
        ("backup", [], "invalid_input"),
        ("backup", {"instances": ["i-0fffffffffffffff0"]}, "not_found"),
        ("points", {"instance": "web"}, "invalid_input"),
        ("points", {"instance": "i-0fffffffffffffff0"}, "not_found"),
        ("rollback", {"action": "status", "id": "rb-none"}, "not_found"),
        ("rollback", {"action": "jump"}, "invalid_input"),
    ],
)
def test_a_bad_request_is_answered_and_changes_nothing(
    sandbox: Sandbox, name: str, payload: object, code: str
) -> None:
    """An error with code, message and hint; never an exception, which Lambda would repeat."""
    answer = invoked(name, payload)

    assert answer["ok"] is False
    assert answer["error"]["code"] == code
    assert set(answer["error"]) == {"code", "message", "hint"}
    assert answer["error"]["hint"]
    assert writes(sandbox) == []


def test_a_plan_that_is_blocked_is_refused_with_the_reason(
    sandbox: Sandbox, web: Machine, snapback: Terminal
) -> None:
    """An answer, not an error: what stands in the way is part of the plan."""
    snapback.tick()
    snapback.tick(minutes=30)
    sandbox.client("ec2").delete_key_pair(KeyName="ops")
    answer = invoked("rollback", {"action": "plan", "instance": web.id})

    assert answer["ok"] is False
    assert answer["blockers"] == ["the key pair ops no longer exists"]
    assert answer["outcomes"][0]["result"] == "refused"


@pytest.mark.parametrize("time", ["", "yesterday", "2026-11-23T12:00:00"])
def test_an_event_without_a_readable_time_is_named(sandbox: Sandbox, time: str) -> None:
    """Nothing is decided by another clock instead."""
    with pytest.raises(Exception, match="the event's time"):
        scheduled("tick", time)

    assert writes(sandbox) == []


def test_a_wrong_environment_is_named_and_nothing_is_done(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scheduled functions turn red, direct ones answer."""
    monkeypatch.setenv("SNAPBACK_QUARANTINE", "a while")
    answer = invoked("points", {})
    with pytest.raises(Exception, match="SNAPBACK_QUARANTINE is 'a while'"):
        scheduled("tick", NOON)

    assert answer["error"]["code"] == "invalid_input"
    assert "SNAPBACK_QUARANTINE" in answer["error"]["message"]
    assert sandbox.calls.all() == []


def test_T10_user_data_is_in_no_log_answer_or_metric(
    sandbox: Sandbox,
    web: Machine,
    log: StringIO,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither the text nor its base64, on a good day or a bad one."""
    app_said = [
        invoked("backup", {"instances": [web.id]}),
        scheduled("tick", sandbox.clock.now()),
    ]
    later(sandbox, minutes=30)
    scheduled("tick", sandbox.clock.now())
    plan = invoked("rollback", {"action": "plan", "instance": web.id})
    sandbox.faults.set({"rules": [{"action": "RunInstances", "kind": "error", "status": 400,
                                   "code": "InvalidParameterValue"}]})  # fmt: skip
    applied = invoked("rollback", {"action": "apply", "instance": web.id, "digest": plan["digest"]})
    said = capsys.readouterr()
    everything = log.getvalue() + said.out + said.err + repr([*app_said, plan, applied])

    assert applied["state"] in ("undoing", "undone")
    assert CANARY not in everything
    assert ENCODED not in everything
