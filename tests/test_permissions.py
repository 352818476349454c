"""What each function may do, beside what it really does: DESIGN section 5's split of rights."""

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import app
from sandbox.process import Sandbox
from tests.aws.lambdas import invoked, scheduled
from tests.aws.scenes import Machine, describe, images, later, tags
from tests.conftest import Terminal

CHALICE = Path(__file__).parents[1] / ".chalice"
CONFIG = json.loads((CHALICE / "config.json").read_text())
FUNCTIONS = ("tick", "resume", "expire", "backup", "points", "rollback")
LAUNCHERS = {"rollback", "resume"}
DELETERS = {"expire"}

LAUNCHING = {
    "ec2:AssociateAddress",
    "ec2:DisassociateAddress",
    "ec2:ModifyInstanceAttribute",
    "ec2:ModifyInstanceMaintenanceOptions",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:RunInstances",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:RegisterTargets",
    "iam:PassRole",
}
DELETING = {
    "ec2:DeleteSnapshot",
    "ec2:DeregisterImage",
    "ec2:DisableImage",
    "ec2:EnableImage",
}

LAMBDA_LOGS = "Lambda itself writes the function's log with the function's role"
AT_LAUNCH = "EC2 asks for it of whoever launches: a profile's role, volumes under a customer key"
REFERENCES = "DescribeImageReferences looks there with the caller's rights"
NOT_CALLED = {
    "logs:CreateLogGroup": LAMBDA_LOGS,
    "logs:CreateLogStream": LAMBDA_LOGS,
    "logs:PutLogEvents": LAMBDA_LOGS,
    "iam:PassRole": AT_LAUNCH,
    "kms:CreateGrant": AT_LAUNCH,
    "kms:DescribeKey": AT_LAUNCH,
    "kms:GenerateDataKeyWithoutPlaintext": AT_LAUNCH,
    "kms:ReEncryptFrom": AT_LAUNCH,
    "kms:ReEncryptTo": AT_LAUNCH,
    "ec2:DescribeLaunchTemplates": REFERENCES,
    "ec2:DescribeLaunchTemplateVersions": REFERENCES,
    "ssm:DescribeParameters": REFERENCES,
    "ssm:GetParameters": REFERENCES,
    "imagebuilder:ListImageRecipes": REFERENCES,
    "imagebuilder:ListContainerRecipes": REFERENCES,
    "imagebuilder:GetContainerRecipe": REFERENCES,
}
"""Allowed although no job calls it by name, and why."""

NEEDS = {
    "dynamodb:TransactWriteItems": ("dynamodb:PutItem", "dynamodb:DeleteItem"),
    "ec2:CreateImage": ("ec2:CreateImage", "ec2:CreateTags"),
    "ec2:RunInstances": ("ec2:RunInstances", "ec2:CreateTags"),
    "ec2:DeregisterImage": ("ec2:DeregisterImage", "ec2:DeleteSnapshot"),
}
"""The rights that a call needs where they are not called like it (service authorization
reference; a transaction needs those of its parts, a creating call with tags CreateTags)."""


def statements(function: str, effect: str = "Allow") -> list[dict[str, Any]]:
    """The statements of a function's policy."""
    policy = json.loads((CHALICE / f"policy-{function}.json").read_text())
    return [s for s in policy["Statement"] if s["Effect"] == effect]


def allowed(function: str) -> set[str]:
    """The actions that a function's policy allows."""
    return {action for s in statements(function) for action in s["Action"]}


def rights(calls: list[dict[str, Any]]) -> set[str]:
    """The rights that these calls needed."""
    found: set[str] = set()
    for call in calls:
        service = {"elbv2": "elasticloadbalancing"}.get(call["service"], call["service"])
        name = f"{service}:{call['action']}"
        found |= set(NEEDS.get(name, (name,)))
    return found


class Play:
    """A story told to the functions, and what they called in it."""

    def __init__(self, sandbox: Sandbox, snapback: Terminal, web: Machine) -> None:
        self.sandbox = sandbox
        self.snapback = snapback
        self.web = web
        self.ec2 = sandbox.client("ec2")
        self.calls: list[dict[str, Any]] = []

    def run(self, name: str, *, hours: float = 0) -> dict[str, Any]:
        """Let time pass and run a scheduled function."""
        later(self.sandbox, hours=hours)
        return self._listen(lambda: scheduled(name, self.sandbox.clock.now()))

    def ask(self, name: str, **payload: object) -> dict[str, Any]:
        """Invoke a function directly."""
        return self._listen(lambda: invoked(name, payload))

    def points(self, count: int = 3) -> None:
        """Some hourly points, settled; all but the newest may expire."""
        self.tag(**{"snapback:schedule": "hourly", "snapback:retain": "last=1 min=1"})
        for _ in range(count):
            self.snapback.tick(hours=1)
        self.snapback.tick(minutes=30)

    def tag(self, **tagged: str) -> None:
        """Tag the web server."""
        self.ec2.create_tags(Resources=[self.web.id], Tags=tags(**tagged))

    def refuse_once(self, *actions: str, code: str = "IncorrectInstanceState") -> None:
        """EC2 puts the next call of each action off."""
        rules: Any = [{"action": a, "kind": "error", "code": code, "times": 1} for a in actions]
        self.sandbox.faults.set({"rules": rules})

    def follow(self, name: str, rollback: str, until: str) -> dict[str, Any]:
        """Go on by *name* until the rollback's state is *until*."""
        for _ in range(40):
            later(self.sandbox, minutes=5)
            if name == "resume":
                self.run("resume")
            else:
                self.ask("rollback", action="resume", id=rollback)
            state: dict[str, Any] = self.snapback.json("rollback", "status", rollback)
            if state["state"] == until:
                return state
        pytest.fail(f"{rollback} is not {until} but {state}")

    def _listen(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        before = len(self.sandbox.calls.all())
        try:
            return act()
        finally:
            self.calls += self.sandbox.calls.all()[before:]


def tick(play: Play) -> None:
    """A point is due, is taken, is settled; a quarantined one is enabled by hand."""
    play.run("tick")
    play.run("tick", hours=1)
    play.points()
    play.snapback.json("run", "expire")
    disabled = next(i for i in images(play.sandbox) if i["State"] == "disabled")
    play.ec2.enable_image(ImageId=disabled["ImageId"])
    play.run("tick")


def backup(play: Play) -> None:
    """Asked for twice in one second."""
    play.ask("backup", instances=[play.web.id])
    again = play.ask("backup", instances=[play.web.id])

    assert again["points"][0]["result"] == "already"


def points(play: Play) -> None:
    """Listed with what uses those that would expire."""
    play.points()
    listed = play.ask("points")

    assert {p["fate"] for p in listed["points"]} == {"keep", "expire"}


def expire(play: Play) -> None:
    """Quarantined; one wanted back; the rest deleted, one of them with a lost reply."""
    play.points(4)
    play.run("expire")
    play.tag(**{"snapback:retain": "last=2 min=1"})
    play.run("expire", hours=1)
    rules: Any = [{"action": "DeregisterImage", "kind": "lost", "times": 1}]
    play.sandbox.faults.set({"rules": rules})
    play.run("expire", hours=25)

    assert {i["State"] for i in images(play.sandbox)} == {"available"}


def _machine_with_everything(play: Play) -> None:
    """Protected, a router, migrating by itself, its user data changed since the backup."""
    web = play.web.id
    play.ec2.modify_instance_attribute(InstanceId=web, SourceDestCheck={"Value": False})
    play.ec2.modify_instance_attribute(InstanceId=web, DisableApiStop={"Value": True})
    play.ec2.modify_instance_maintenance_options(InstanceId=web, RebootMigration="disabled")
    play.snapback.tick()
    play.snapback.tick(minutes=30)
    play.ec2.modify_instance_attribute(InstanceId=web, DisableApiStop={"Value": False})
    play.ec2.stop_instances(InstanceIds=[web])
    later(play.sandbox, minutes=5)
    play.ec2.modify_instance_attribute(InstanceId=web, UserData={"Value": b"changed"})
    play.ec2.start_instances(InstanceIds=[web])
    later(play.sandbox, minutes=15)


def _apply(play: Play) -> str:
    planned = play.ask("rollback", action="plan", instance=play.web.id)
    applied = play.ask(
        "rollback", action="apply", instance=play.web.id, digest=planned["digest"]
    )
    return str(applied["rollback"])


def rollback(play: Play) -> None:
    """Done, undone, done again and accepted; one that never served is put away."""
    _machine_with_everything(play)
    done = _apply(play)
    play.follow("rollback", done, "done")
    play.ask("rollback", action="undo", id=done)
    play.follow("rollback", done, "undone")
    hasty = _apply(play)
    play.ask("rollback", action="undo", id=hasty)
    play.follow("rollback", hasty, "undone")
    present = play.ask(
        "rollback", action="plan", instance=play.web.id, config="current"
    )
    kept = play.ask(
        "rollback",
        action="apply", instance=play.web.id, config="current", digest=present["digest"],
    )  # fmt: skip
    play.follow("rollback", str(kept["rollback"]), "done")
    play.ask("rollback", action="status", id=kept["rollback"])
    play.ask("rollback", action="accept", id=kept["rollback"])

    assert describe(play.sandbox, play.web.id)["State"]["Name"] == "stopped"


def resume(play: Play) -> None:
    """Everything that a rollback asked for and EC2 put off, both ways."""
    _machine_with_everything(play)
    play.refuse_once("RunInstances", code="InsufficientInstanceCapacity")
    done = _apply(play)
    play.follow("resume", done, "done")
    play.refuse_once("StartInstances")
    play.ask("rollback", action="undo", id=done)
    play.follow("resume", done, "undone")
    play.refuse_once("RunInstances", code="InsufficientInstanceCapacity")
    present = play.ask("rollback", action="plan", instance=play.web.id, config="current")
    hasty = play.ask(
        "rollback",
        action="apply", instance=play.web.id, config="current", digest=present["digest"],
    )["rollback"]  # fmt: skip
    play.run("resume")
    play.refuse_once("TerminateInstances")
    play.ask("rollback", action="undo", id=hasty)
    play.follow("resume", str(hasty), "undone")


PLAYS: dict[str, Callable[[Play], None]] = {
    "tick": tick, "backup": backup, "points": points,
    "expire": expire, "rollback": rollback, "resume": resume,
}  # fmt: skip


@pytest.fixture(params=FUNCTIONS)
def played(
    request: pytest.FixtureRequest,
    sandbox: Sandbox,
    snapback: Terminal,
    web: Machine,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A function and every call that it made in its play, with a key and stored plans."""
    key = sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    sandbox.client("ssm").put_parameter(
        Name="/snapback/plans", Type="String",
        Value='[plans.nightly]\nschedule = "daily@03:00"\nretain = "daily=7 min=1"\n',
    )  # fmt: skip
    monkeypatch.setenv("SNAPBACK_KMS_KEY", key)
    monkeypatch.setenv("SNAPBACK_PLANS", "ssm:/snapback/plans")
    monkeypatch.setattr(app, "_now", sandbox.clock.now)
    play = Play(sandbox, snapback, web)
    name: str = request.param
    PLAYS[name](play)
    mine = {"resume": "resume"}.get(name, name)
    yield name, [c for c in play.calls if c["by"] == mine]
