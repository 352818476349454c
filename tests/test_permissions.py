"""What each function may do, beside what it really does: DESIGN section 5's split of rights."""

# ruff: noqa: N802

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import app
from chalicelib.settings import Settings
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
        self.calls: dict[str, list[dict[str, Any]]] = {}

    def run(self, name: str, *, hours: float = 0) -> dict[str, Any]:
        """Let time pass and run a scheduled function."""
        later(self.sandbox, hours=hours)
        return self._listen(name, lambda: scheduled(name, self.sandbox.clock.now()))

    def ask(self, name: str, **payload: object) -> dict[str, Any]:
        """Invoke a function directly."""
        return self._listen(name, lambda: invoked(name, payload))

    def points(self, count: int = 3) -> None:
        """Some hourly points, settled; all but the newest may expire."""
        self.tag(**{"snapback:schedule": "hourly@:00", "snapback:retain": "last=1 min=1"})
        for _ in range(count):
            self.snapback.tick(hours=1)
        self.snapback.tick(minutes=30)

    def unsettled_point(self) -> None:
        """A point that EC2 has finished and no tick has seen."""
        self.snapback.json("backup", self.web.id)
        later(self.sandbox, minutes=30)

    def tag(self, **tagged: str) -> None:
        """Tag the web server."""
        self.ec2.create_tags(Resources=[self.web.id], Tags=tags(**tagged))

    def refuse_once(self, *actions: str, code: str = "IncorrectInstanceState") -> None:
        """EC2 puts the next call of each action off, in a way that botocore does not ask again."""
        error = {"kind": "error", "code": code, "status": 400, "times": 1}
        rules: Any = [{"action": a, **error} for a in actions]
        self.sandbox.faults.set({"rules": rules})

    def follow(self, name: str, rollback: str, until: str) -> dict[str, Any]:
        """Go on by *name* until the rollback's state is *until*."""
        state: dict[str, Any] = {}
        for _ in range(40):
            later(self.sandbox, minutes=5)
            if name == "resume":
                self.run("resume")
            else:
                self.ask("rollback", action="resume", id=rollback)
            state = self.snapback.json("rollback", "status", rollback)
            if state["state"] == until:
                return state
        pytest.fail(f"{rollback} is not {until} but {state}")

    def _listen(self, name: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        before = len(self.sandbox.calls.all())
        try:
            return act()
        finally:
            self.calls.setdefault(name, []).extend(self.sandbox.calls.all()[before:])


def tick(play: Play) -> None:
    """A point is due, is taken, is settled; a quarantined one is enabled by hand."""
    play.run("tick")
    play.run("tick", hours=1)
    play.points()
    play.run("tick", hours=1)
    play.snapback.json("run", "expire")
    disabled = next(i for i in images(play.sandbox) if i["State"] == "disabled")
    play.ec2.enable_image(ImageId=disabled["ImageId"])
    play.run("tick")


def backup(play: Play) -> None:
    """Asked for twice in one second."""
    play.ask("backup", instances=[play.web.id])
    again = play.ask("backup", instances=[play.web.id])

    later(play.sandbox, hours=1)
    play.ask("backup", instances=[play.web.id])

    assert again["points"][0]["result"] == "already"


def points(play: Play) -> None:
    """Listed with what uses those that would expire, one of them not settled yet."""
    play.points()
    play.unsettled_point()
    listed = play.ask("points", instance=play.web.id)

    assert {p["fate"] for p in listed["points"]} == {"keep", "expire"}


def expire(play: Play) -> None:
    """Nothing beside an open rollback; one wanted back; the rest deleted, a reply lost."""
    play.points(4)
    begun = str(play.snapback.json("rollback", "apply", play.web.id, "--yes", code=5)["rollback"])
    play.unsettled_point()
    play.run("expire")
    play.ask("rollback", action="undo", id=begun)
    play.follow("rollback", begun, "undone")
    play.run("expire")
    play.tag(**{"snapback:retain": "last=3 min=1"})
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
    applied = play.ask("rollback", action="apply", instance=play.web.id, digest=planned["digest"])
    return str(applied["rollback"])


def rollback(play: Play) -> None:
    """Done, undone, done again and accepted; one that never served is put away."""
    play.unsettled_point()
    play.ask("rollback", action="plan", instance=play.web.id)
    _machine_with_everything(play)
    done = _apply(play)
    play.follow("rollback", done, "done")
    play.ask("rollback", action="undo", id=done)
    play.follow("rollback", done, "undone")
    hasty = _apply(play)
    play.ask("rollback", action="undo", id=hasty)
    play.follow("rollback", hasty, "undone")
    present = play.ask("rollback", action="plan", instance=play.web.id, config="current")
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


@pytest.fixture
def play(sandbox: Sandbox, snapback: Terminal, web: Machine) -> Play:
    """The functions, before their first event."""
    return Play(sandbox, snapback, web)


@pytest.fixture(params=FUNCTIONS)
def played(
    request: pytest.FixtureRequest,
    play: Play,
    deployed: None,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[str, list[dict[str, Any]]]:
    """A function and every call that it made in its play, with a key and stored plans."""
    key = play.sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    play.sandbox.client("ssm").put_parameter(
        Name="/snapback/plans", Type="String",
        Value='[plans.nightly]\nschedule = "daily@03:00"\nretain = "daily=7 min=1"\n'
        "[guards]\nlineage_percent = 100\n",
    )  # fmt: skip
    monkeypatch.setenv("SNAPBACK_KMS_KEY", key)
    monkeypatch.setenv("SNAPBACK_PLANS", "ssm:/snapback/plans")
    monkeypatch.setattr(app, "_now", play.sandbox.clock.now)
    name: str = request.param
    PLAYS[name](play)
    return name, play.calls[name]


def test_every_call_of_a_function_is_allowed_and_everything_allowed_is_called(
    played: tuple[str, list[dict[str, Any]]],
) -> None:
    """Both directions: nothing fails for want of a right, no right lies about unused."""
    name, calls = played
    needed = rights(calls)

    assert needed - allowed(name) == set(), "called, but not allowed"
    assert allowed(name) - needed - set(NOT_CALLED) == set(), "allowed, but never called"
    assert not {f"ec2:{c['action']}" for c in calls} & denied(name)
    assert [c for c in calls if c["action"] in ("CreateTags", "DeleteTags")] == [
        c for c in calls if c["action"] in ("CreateTags", "DeleteTags") and _may_tag(name, c)
    ]


def _may_tag(function: str, call: dict[str, Any]) -> bool:
    """Whether a statement of the policy covers these very keys on these very resources."""
    keys = {tag["Key"] for tag in call["parameters"]["Tags"]}
    kinds = {_KIND[r.partition("-")[0]] for r in call["parameters"]["Resources"]}
    for statement in statements(function):
        if f"ec2:{call['action']}" in statement["Action"]:
            condition = statement.get("Condition", {})
            known = condition.get("ForAllValues:StringEquals", {}).get("aws:TagKeys")
            at_creation = "ec2:CreateAction" in condition.get("StringEquals", {})
            places = {r.rpartition(":")[2].partition("/")[0] for r in statement["Resource"]}
            if not at_creation and kinds <= places and (known is None or keys <= set(known)):
                return True
    return False


_KIND = {"ami": "image", "snap": "snapshot", "vol": "volume", "i": "instance"}


def denied(function: str) -> set[str]:
    """The actions that a function's policy denies whatever else allows them."""
    return {action for s in statements(function, "Deny") for action in s["Action"]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_rollback_and_resume_change_machines(function: str) -> None:
    """Launch, stop, swap and move: everything else can at most create images."""
    assert bool(allowed(function) & LAUNCHING) == (function in LAUNCHERS)
    assert function in LAUNCHERS or "ec2:RunInstances" in denied(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_expire_disables_deregisters_and_deletes(function: str) -> None:
    """The split of DESIGN section 5, with an explicit Deny behind it."""
    assert bool(allowed(function) & DELETING) == (function in DELETERS)
    assert function in DELETERS or {"ec2:DeregisterImage", "ec2:DeleteSnapshot"} <= denied(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_T9_no_policy_has_a_wildcard_action_or_an_unscoped_write(function: str) -> None:
    """``Resource: *`` only for reads, which EC2 can not scope (service authorization reference)."""
    reads = ("Describe", "Get", "List")
    for statement in statements(function):
        assert not any("*" in action for action in statement["Action"]), statement["Sid"]
        if statement["Resource"] == "*":
            verbs = [action.partition(":")[2] for action in statement["Action"]]
            assert all(verb.startswith(reads) for verb in verbs), statement["Sid"]


@pytest.mark.parametrize("verb", ["DisableImage", "DeregisterImage", "DeleteSnapshot"])
def test_deleting_verbs_need_our_owner_and_our_mark(verb: str) -> None:
    """IAM is the second lock: a foreign image is out of reach even for a bug of ours."""
    [statement] = [s for s in statements("expire") if f"ec2:{verb}" in s["Action"]]

    assert statement["Condition"]["StringEquals"] == {"ec2:Owner": "${aws:PrincipalAccount}"}
    assert statement["Condition"]["StringLike"] == {
        "aws:ResourceTag/snapback:managed-by": "snapback/*"
    }


def test_deregistering_needs_the_stamp_of_the_first_look() -> None:
    """DESIGN rule 4, kept by IAM as well."""
    [statement] = [s for s in statements("expire") if "ec2:DeregisterImage" in s["Action"]]

    assert statement["Condition"]["Null"] == {"aws:ResourceTag/snapback:quarantined-at": "false"}


@pytest.mark.parametrize("function", sorted(LAUNCHERS))
def test_only_what_a_rollback_launched_can_be_terminated(function: str) -> None:
    """DESIGN rule 2, kept by IAM as well."""
    [statement] = [s for s in statements(function) if "ec2:TerminateInstances" in s["Action"]]

    assert statement["Condition"] == {"StringLike": {"aws:ResourceTag/snapback:rollback": "rb-*"}}


@pytest.mark.parametrize("function", ["tick", "backup"])
def test_images_are_created_with_our_mark_or_not_at_all(function: str) -> None:
    """Tags can only be set by the creating call: nothing older can be marked as ours."""
    creating = [s for s in statements(function) if "ec2:CreateImage" in s["Action"]]
    marked = [s for s in creating if "Condition" in s]

    assert [s["Resource"] for s in creating if "Condition" not in s] == [
        ["arn:*:ec2:*:*:instance/*"]
    ]
    assert [s["Condition"] for s in marked] == [
        {"StringLike": {"aws:RequestTag/snapback:managed-by": "snapback/*"}}
    ]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_function_has_its_own_policy_in_both_stages(stage: str) -> None:
    """Settings stand inside the stage: a stage-level value would win over a top-level one."""
    functions = CONFIG["stages"][stage]["lambda_functions"]

    assert set(functions) == set(FUNCTIONS) == set(app.app.handler_map)
    for name, settings in functions.items():
        assert settings["autogen_policy"] is False
        assert settings["iam_policy_file"] == f"policy-{name}.json"
        assert 60 < settings["lambda_timeout"] <= 900
    assert {n for n, s in functions.items() if s.get("reserved_concurrency") == 1} == {
        "tick", "resume", "expire",
    }  # fmt: skip


def test_F60_undeploying_deletes_no_recovery_point_and_no_catalogue() -> None:
    """What is deployed owns neither; a table that a template makes has to outlive its stack."""
    made = [
        resource
        for path in (*CHALICE.glob("*.yaml"), *CHALICE.glob("*.yml"))
        for resource in path.read_text().split("\n\n")
        if "AWS::DynamoDB::Table" in resource
    ]

    assert all("DeletionPolicy: Retain" in resource for resource in made)
    for function in FUNCTIONS:
        assert not allowed(function) & {"dynamodb:DeleteTable", "dynamodb:UpdateTable"}


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_stages_settings_are_settings(stage: str) -> None:
    """A misspelt variable would stop every function of the stage at its first event."""
    settings = Settings.from_env(CONFIG["stages"][stage]["environment_variables"])

    assert fnmatchcase(f"arn:aws:dynamodb:eu-west-1:1:table/{settings.table}", _table_arn())


def test_stages_share_neither_table_nor_deployment() -> None:
    """Both in one account must not expire each other's points."""
    dev, prod = (CONFIG["stages"][s]["environment_variables"] for s in ("dev", "prod"))

    assert not set(dev.values()) & set(prod.values())


def _table_arn() -> str:
    [statement] = [s for s in statements("tick") if s["Sid"] == "Catalogue"]
    return str(statement["Resource"])
