"""What a model does not allow is refused at the gate, in AWS's words and with no secret in them."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D103

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from moto.core.exceptions import ServiceException

from sandbox import inside, mishaps, world
from sandbox.constraints import WrongTypeError, sentence, violations
from sandbox.process import Sandbox
from sandbox.server import Server
from tests.sandbox.bad_input import Answer, ask, service
from tests.sandbox.scenes import code

LEVELS = {"type": "string", "enum": ["low", "high"]}
NAMES = {"type": "string", "min": 2, "max": 4, "pattern": "[a-z]+"}
SHAPES = {
    "Asked": {
        "type": "structure",
        "required": ["Name"],
        "members": {
            "Name": {"shape": "Name"},
            "Level": {"shape": "Level"},
            "Count": {"shape": "Count"},
            "Levels": {"shape": "Levels"},
            "Parts": {"shape": "Parts"},
            "Notes": {"shape": "Notes"},
            "Pin": {"shape": "Pin"},
            "Pins": {"shape": "Pins"},
            "UserData": {"shape": "Name"},
            "Body": {"shape": "Body"},
            "Odd": {"shape": "Odd"},
            "Free": {"shape": "Free"},
        },
    },
    "Name": NAMES,
    "Level": LEVELS,
    "Count": {"type": "integer", "min": 1, "max": 5},
    "Levels": {"type": "list", "member": {"shape": "Level"}, "max": 2},
    "Part": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "Name"}}},
    "Parts": {"type": "list", "member": {"shape": "Part"}},
    "Notes": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Level"}},
    "Pin": {**NAMES, "sensitive": True},
    "Pins": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Pin"}},
    "Body": {"type": "blob", "max": 3},
    "Odd": {"type": "string", "pattern": "[\\p{Alpha}"},
    "Free": {"type": "structure", "members": {}, "document": True},
}
ASKED: Any = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES}, "it").shape_for(
    "Asked"
)
ENUM = "Member must satisfy enum value set: [low, high]"


AT_LEAST_2 = "Member must have length greater than or equal to 2"
AT_MOST_4 = "Member must have length less than or equal to 4"
SMALL = "Member must satisfy regular expression pattern: [a-z]+"


@pytest.mark.parametrize(
    ("asked", "value", "bound"),
    [
        ({}, "Value null at 'name'", "Member must not be null"),
        ({"Name": "a"}, "Value 'a' at 'name'", AT_LEAST_2),
        ({"Name": "abcde"}, "Value 'abcde' at 'name'", AT_MOST_4),
        ({"Name": "AB"}, "Value 'AB' at 'name'", SMALL),
        ({"Level": "x"}, "Value 'x' at 'level'", ENUM),
        ({"Count": 0}, "Value '0' at 'count'", "Member must have value greater than or equal to 1"),
        ({"Count": 6}, "Value '6' at 'count'", "Member must have value less than or equal to 5"),
        ({"Levels": ["x"]}, "Value '[x]' at 'levels'", f"Member must satisfy constraint: [{ENUM}]"),
        (
            {"Levels": ["low"] * 3},
            "Value '[low, low, low]' at 'levels'",
            "Member must have length less than or equal to 2",
        ),
        (
            {"Parts": [{"Name": "ab"}, {}]},
            "Value null at 'parts.2.member.name'",
            "Member must not be null",
        ),
        (
            {"Notes": {"ab": "x"}},
            "Value '{'ab': 'x'}' at 'notes'",
            f"Map value must satisfy constraint: [{ENUM}]",
        ),
        ({"Pin": "abcde"}, "Value at 'pin'", AT_MOST_4),
        ({"UserData": "abcde"}, "Value at 'userData'", AT_MOST_4),
        (
            {"Body": b"abcd"},
            "Value 'b'abcd'' at 'body'",
            "Member must have length less than or equal to 3",
        ),
    ],
)
def test_each_constraint_has_its_sentence(asked: dict[str, Any], value: str, bound: str) -> None:
    request = asked if asked.keys() <= {"Name"} else {"Name": "ab", **asked}

    assert violations(ASKED, request) == [f"{value} failed to satisfy constraint: {bound}"]


def test_a_list_or_a_map_of_secrets_is_not_shown_either() -> None:
    [said] = violations(ASKED, {"Name": "ab", "Pins": {"ab": "secret"}})

    assert said.startswith("Value at 'pins' failed to satisfy constraint: Map value must satisfy")
    assert "secret" not in said


def test_what_is_allowed_or_cannot_be_judged_has_none() -> None:
    fine = {"Name": "ab", "Levels": ["low"], "Notes": {"ab": "high"}, "Body": b"abc", "Count": 5}

    assert violations(ASKED, {**fine, "Odd": "x", "Free": "anything"}) == []
    assert sentence(["a", "b"]) == "2 validation errors detected: a; b"


@pytest.mark.parametrize("asked", [{"Name": 5}, {"Name": "ab", "Levels": "low"}, {"Parts": ["x"]}])
def test_a_value_of_another_type_is_no_violation_but_unreadable(asked: dict[str, Any]) -> None:
    with pytest.raises(WrongTypeError):
        violations(ASKED, {"Name": "ab", **asked})


def _ask(name: str, action: str, document: dict[str, Any]) -> Answer:
    return ask(service(name).operation_model(action), document)


@pytest.mark.parametrize(
    ("name", "action", "document", "said"),
    [
        ("ssm", "CancelCommand", {"CommandId": "x"}, "ValidationException"),
        ("kms", "DescribeKey", {"KeyId": 5}, "SerializationException"),
        ("kms", "DescribeKey", {}, "ValidationException"),
        ("sts", "AssumeRole", {"RoleArn": "x", "RoleSessionName": "s!"}, "ValidationError"),
        ("autoscaling", "CreateAutoScalingGroup", {"AutoScalingGroupName": ""}, "ValidationError"),
        ("dynamodb", "GetItem", {"TableName": "t"}, "ValidationException"),
    ],
)
def test_each_protocol_has_its_code(
    aws: Sandbox, name: str, action: str, document: dict[str, Any], said: str
) -> None:
    answer = _ask(name, action, document)

    assert (answer.status, answer.code) == (400, said)


def test_a_secret_that_is_too_long_is_refused_and_neither_said_nor_recorded(aws: Sandbox) -> None:
    secret = "hush" * 1100
    kms: Any = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]

    with pytest.raises(ClientError) as refused:
        kms.encrypt(KeyId=key, Plaintext=secret.encode())

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert "at 'plaintext' failed" in str(refused.value)
    assert "hush" not in f"{refused.value}{json.dumps(aws.calls.all())}"


def test_the_operator_is_told_again_in_a_new_world(
    aws: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        _ask("ec2", "CreateVerifiedAccessInstance", {})
        world.reset()

    assert capsys.readouterr().err.count("CreateVerifiedAccessInstance is not here") == 2


def test_what_moto_stumbles_over_is_the_requests_fault_over_http_too(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    kms: Any = inside.session("123456789012").client(
        "kms", region_name="us-east-1", endpoint_url=server.url, config=inside.NO_RETRIES
    )

    assert code(kms.revoke_grant, KeyId="text", GrantId="text") == "ValidationException"
    assert "failed inside" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "what"),
    [
        ("sandbox.ec2.plain_actions._check_filters", "what every plain call passes"),
        ("sandbox.ec2.timeline.Timeline.settle", "what settles the world"),
        ("sandbox.ec2.paging.Listings.page", "what pages a plain answer"),
    ],
)
def test_a_bug_of_ours_is_never_taken_for_motos(
    aws: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
    what: str,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError(what)

    broken.__code__ = broken.__code__.replace(co_filename=f"{mishaps.HERE}/ec2/broken.py")
    monkeypatch.setattr(place, broken)

    assert code(aws.client("ec2").describe_vpcs) == "InternalError"
    assert what in capsys.readouterr().err


def test_what_moto_raises_because_of_an_error_of_ours_is_ours(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = {"service": "kms", "action": "x", "protocol": "json", "parameters": {}}
    call: Any = SimpleNamespace(**document)

    def ours() -> None:
        raise LookupError("ours")

    ours.__code__ = ours.__code__.replace(co_filename=f"{mishaps.HERE}/kms.py")
    theirs = "try:\n f()\nexcept LookupError as e:\n raise TypeError('moto') from e"
    with pytest.raises(TypeError) as raised:
        exec(compile(theirs, "moto.py", "exec"), {"f": ours})  # noqa: S102 - stands for moto
    raised.value.__traceback__ = raised.tb.tb_next

    assert mishaps.refusal_for(call, raised.value).status == 500
    raised.value.__cause__ = raised.value.__context__ = None
    assert mishaps.refusal_for(call, raised.value).status == 400
    assert mishaps.refusal_for(call, ServiceException("Known", "said")).code == "Known"
