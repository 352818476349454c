"""Faults strike the calls they name, when they say, the way they say."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox.bucket_sizes import DESCRIBE, MUTATING, UNFILTERED, Rate
from sandbox.buckets import machines, rate_of
from sandbox.calls import Call
from sandbox.faults import FaultError
from sandbox.masking import Json
from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

RETRYING = Config(retries={"mode": "standard", "total_max_attempts": 3})


def rule(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has it
    """A document with one rule."""
    return {"rules": [fields]}


def outcomes(aws: Sandbox) -> list[str]:
    """What was answered to each call so far."""
    return [call["outcome"] for call in aws.calls.all()]  # type: ignore[misc]


def describe(ec2: "EC2Client", times: int) -> list[str]:
    """Call so often; the codes of the answers."""
    found = []
    for _ in range(times):
        try:
            ec2.describe_vpcs()
        except ClientError as error:
            found.append(error.response["Error"]["Code"])
        else:
            found.append("ok")
    return found


def test_a_throttled_call_of_ec2_is_a_503(aws: Sandbox, ec2: "EC2Client") -> None:
    """``RequestLimitExceeded`` (EC2 Developer Guide, request throttling)."""
    aws.faults.set(rule(kind="throttle", action="DescribeVpcs"))

    with pytest.raises(ClientError) as refused:
        ec2.describe_vpcs()

    assert refused.value.response["Error"]["Code"] == "RequestLimitExceeded"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert describe(ec2, 1) == ["RequestLimitExceeded"]
    assert ec2.describe_subnets()["Subnets"]


@pytest.mark.parametrize(
    ("service", "method", "throttled", "denied"),
    [
        ("dynamodb", "list_tables", "ThrottlingException", "AccessDeniedException"),
        ("lambda", "list_functions", "TooManyRequestsException", "AccessDeniedException"),
        ("elbv2", "describe_load_balancers", "Throttling", "AccessDenied"),
        ("ec2", "describe_vpcs", "RequestLimitExceeded", "UnauthorizedOperation"),
        ("s3", "list_buckets", "SlowDown", "AccessDenied"),
    ],
)
def test_each_service_says_it_in_its_own_words(
    aws: Sandbox, service: str, method: str, throttled: str, denied: str
) -> None:
    """Code and protocol are those of the service."""
    client = aws.client(service)
    for kind, code in (("throttle", throttled), ("deny", denied)):
        aws.faults.set(rule(kind=kind, service=service))
        with pytest.raises(ClientError) as refused:
            getattr(client, method)()
        assert refused.value.response["Error"]["Code"] == code
        assert outcomes(aws)[-1] == code


def test_the_sdk_retries_a_throttled_call(aws: Sandbox) -> None:
    """Two faults and then an answer: three calls, one result."""
    aws.faults.set(rule(kind="error", code="InternalError", action="DescribeVpcs", times=2))

    assert aws.client("ec2", config=RETRYING).describe_vpcs()["Vpcs"]
    assert outcomes(aws) == ["InternalError", "InternalError", "ok"]


def test_an_error_has_the_code_status_and_message_that_were_asked_for(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """Capacity, for one."""
    aws.faults.set(
        rule(
            kind="error",
            action="RunInstances",
            code="InsufficientInstanceCapacity",
            status=500,
            message="We currently do not have sufficient capacity.",
        )
    )

    with pytest.raises(ClientError) as refused:
        ec2.run_instances(ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1)

    error = refused.value.response
    assert error["Error"]["Code"] == "InsufficientInstanceCapacity"
    assert error["Error"]["Message"] == "We currently do not have sufficient capacity."
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_an_error_without_a_code_is_an_internal_one(aws: Sandbox, ec2: "EC2Client") -> None:
    """And has status 500."""
    aws.faults.set(rule(kind="error"))

    assert describe(ec2, 1) == ["InternalError"]


def test_a_reset_connection_is_lost_before_the_call_is_served(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """The SDK sees a closed connection; nothing happened."""
    aws.faults.set(rule(kind="reset", action="CreateKeyPair"))

    with pytest.raises(ConnectionClosedError):
        ec2.create_key_pair(KeyName="k")

    aws.faults.clear()
    assert not ec2.describe_key_pairs()["KeyPairs"]
    assert outcomes(aws) == ["reset", "ok"]


@pytest.mark.parametrize(
    ("kind", "raised"), [("lost", ConnectionClosedError), ("timeout", ReadTimeoutError)]
)
def test_a_call_whose_answer_is_lost_or_late_has_happened(
    aws: Sandbox, ec2: "EC2Client", kind: str, raised: type[Exception]
) -> None:
    """The client cannot know, and must find out."""
    aws.faults.set(rule(kind=kind, action="CreateKeyPair", times=1))

    with pytest.raises(raised):
        ec2.create_key_pair(KeyName="k")

    assert len(ec2.describe_key_pairs()["KeyPairs"]) == 1
    assert outcomes(aws) == [kind, "ok"]


def test_a_failing_image_ends_as_failed(aws: Sandbox, ec2: "EC2Client") -> None:
    """It is pending like any other, first."""
    ec2.run_instances(ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1)
    aws.clock.advance(10)
    [instance] = ec2.describe_instances()["Reservations"][0]["Instances"]
    aws.faults.set(rule(kind="fail-image", action="CreateImage", nth=[2]))
    images = [
        ec2.create_image(InstanceId=instance["InstanceId"], Name=f"image {n}", NoReboot=True)[
            "ImageId"
        ]
        for n in (1, 2)
    ]
    before = ec2.describe_images(ImageIds=images)["Images"]
    aws.clock.advance(600)
    after = ec2.describe_images(ImageIds=images)["Images"]

    assert {each["State"] for each in before} == {"pending"}
    assert {each["ImageId"]: each["State"] for each in after} == dict(
        zip(images, ("available", "failed"), strict=True)
    )


@pytest.mark.parametrize(
    ("when", "struck"),
    [
        ({"nth": [2, 4]}, [2, 4]),
        ({"nth": 3}, [3]),
        ({"every": 3}, [3, 6]),
        ({"times": 2}, [1, 2]),
        ({"every": 2, "times": 1}, [2]),
        ({"times": 0}, []),
        ({"p": 0}, []),
        ({"p": 1}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_rule_strikes_when_it_says(
    aws: Sandbox, ec2: "EC2Client", when: dict[str, Any], struck: list[int]
) -> None:
    """Counts begin with 1 and count the calls that match."""
    aws.faults.set(rule(kind="throttle", action="DescribeVpcs", **when))

    answers = describe(ec2, 6)

    assert [at for at, answer in enumerate(answers, 1) if answer != "ok"] == struck


def test_chance_repeats_itself_by_seed(aws: Sandbox, ec2: "EC2Client") -> None:
    """The same seed strikes the same calls."""
    runs = []
    for seed in (1, 1, 2):
        aws.faults.set({"seed": seed, **rule(kind="throttle", p=0.5)})
        runs.append(describe(ec2, 20))

    assert runs[0] == runs[1] != runs[2]
    assert 0 < runs[0].count("ok") < 20


@pytest.mark.parametrize(
    "globs",
    [
        {"action": "Create*"},
        {"region": "eu-*"},
        {"account": "444455556666"},
        {"service": "dynamodb"},
        {"action": "describevpcs"},
    ],
)
def test_a_rule_leaves_the_calls_alone_that_it_does_not_name(
    aws: Sandbox, ec2: "EC2Client", globs: dict[str, str]
) -> None:
    """Action, region, account and service all have to match."""
    aws.faults.set(rule(kind="throttle", **globs))

    assert describe(ec2, 2) == ["ok", "ok"]


def test_the_first_rule_that_strikes_decides_and_all_count(aws: Sandbox, ec2: "EC2Client") -> None:
    """Rules do not hide each other's counts."""
    first: Json = {"kind": "throttle", "nth": [1]}
    second: Json = {"kind": "error", "code": "InternalError", "nth": [1, 2]}
    aws.faults.set({"rules": [first, second]})

    assert describe(ec2, 3) == ["RequestLimitExceeded", "InternalError", "ok"]


def test_clearing_ends_all_faults(aws: Sandbox, ec2: "EC2Client") -> None:
    """And what is in force can be read."""
    document = {"seed": 3, "latency_ms": 0, "buckets": True, **rule(kind="throttle")}
    aws.faults.set(document)
    assert aws.faults.document == document

    aws.faults.clear()

    assert aws.faults.document == {}
    assert describe(ec2, 1) == ["ok"]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"rule": []}, "the faults: unknown field 'rule'"),
        ({"rules": {}}, "rules must be a list"),
        ({"rules": [3]}, "rule 1 must be an object"),
        ({"buckets": "yes"}, "buckets must be true or false"),
        ({"latency_ms": -1}, "latency_ms must be a number from 0"),
        ({"latency_ms": "1"}, "latency_ms must be a number from 0"),
        (rule(kind="explode"), "rule 1: kind must be one of throttle, error, deny"),
        (rule(kind="deny", verb="x"), "rule 1: unknown field 'verb'"),
        (rule(kind="deny", action=3), "rule 1: action must be a text"),
        (rule(kind="deny", nth=[0]), "rule 1: nth must list counts from 1"),
        (rule(kind="deny", nth="1"), "rule 1: nth must list counts from 1"),
        (rule(kind="deny", every=0), "rule 1: every must be a number from 1"),
        (rule(kind="deny", every=1.5), "rule 1: every must be a whole number"),
        (rule(kind="deny", p=2), "rule 1: p must be between 0 and 1"),
        (rule(kind="deny", times=True), "rule 1: times must be a number"),
        (rule(kind="timeout", seconds=float("nan")), "rule 1: seconds must be a number"),
    ],
)
def test_faults_that_make_no_sense_are_refused_and_change_nothing(
    aws: Sandbox, document: dict[str, Any], sentence: str
) -> None:
    """The sentence names the rule, the field and the value."""
    aws.faults.set(rule(kind="throttle"))

    with pytest.raises(FaultError, match=sentence):
        aws.faults.set(document)
    assert aws.faults.document == rule(kind="throttle")


def test_buckets_throttle_who_is_too_fast(aws: Sandbox, ec2: "EC2Client") -> None:
    """RunInstances has five tokens and gets two back a second."""
    aws.faults.set({"buckets": True})

    def launch() -> str:
        try:
            ec2.run_instances(
                ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1, InstanceType="t3.micro"
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "ok"

    assert [launch() for _ in range(6)] == ["ok"] * 5 + ["RequestLimitExceeded"]
    aws.clock.advance(1)
    assert [launch() for _ in range(3)] == ["ok", "ok", "RequestLimitExceeded"]
    assert describe(ec2, 1) == ["ok"], "each action has a bucket of its own"
    elsewhere = aws.client("ec2", region="eu-west-1")
    assert describe(elsewhere, 1) == ["ok"], "and each region"


def test_a_launch_of_many_takes_as_many_tokens(aws: Sandbox, ec2: "EC2Client") -> None:
    """The resource bucket of RunInstances holds 1,000."""
    aws.faults.set({"buckets": True})

    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        ec2.run_instances(ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1001)


def test_other_services_have_no_buckets_here(aws: Sandbox) -> None:
    """Only EC2 publishes its own."""
    aws.faults.set({"buckets": True})
    dynamodb = aws.client("dynamodb")

    for _ in range(120):
        dynamodb.list_tables()

    assert set(outcomes(aws)) == {"ok"}


def call(action: str, **parameters: Any) -> Call:  # noqa: ANN401 - as JSON has it
    """A call of EC2."""
    return Call(
        id="1",
        account="123456789012",
        region="us-east-1",
        service="ec2",
        action=action,
        protocol="ec2",
        operation=None,
        parameters=parameters,
    )


@pytest.mark.parametrize(
    ("asked", "rate"),
    [
        (call("DescribeInstances"), UNFILTERED),
        (call("DescribeInstances", MaxResults=5), DESCRIBE),
        (call("DescribeInstances", Filters=[]), DESCRIBE),
        (call("DescribeImages"), DESCRIBE),
        (call("GetLaunchTemplateData"), DESCRIBE),
        (call("CreateImage"), MUTATING),
        (call("DisableImage"), MUTATING),
        (call("DeregisterImage"), Rate(100, 5)),
        (call("CreateTags"), Rate(100, 10)),
        (call("CopyImage"), Rate(100, 1)),
        (call("StartInstances"), Rate(5, 2)),
    ],
)
def test_each_action_has_its_bucket(asked: Call, rate: Rate) -> None:
    """The table of the EC2 Developer Guide, "Request throttling"."""
    assert rate_of(asked) == rate


def test_instances_are_counted_for_the_resource_buckets() -> None:
    """Those named, or as many as may be launched."""
    assert machines({"InstanceIds": ["i-1", "i-2"]}) == 2
    assert machines({"MaxCount": 7}) == 7
    assert machines({}) == 1


def test_latency_is_not_slept_in_process(aws: Sandbox, ec2: "EC2Client") -> None:
    """A test must not wait; the server does."""
    aws.faults.set({"latency_ms": 60_000})
    began = time.monotonic()

    ec2.describe_vpcs()

    assert time.monotonic() - began < 30
    assert aws.clock.now() == datetime(2026, 11, 23, 12, tzinfo=UTC)
