"""Each kind of fault as a real client sees it, in process and over HTTP alike."""

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox.bucket_sizes import READS, REQUESTS, RESOURCES, Rate
from sandbox.faults import faults
from sandbox.process import Sandbox
from sandbox.server import Server
from tests.sandbox.scenes import SMALL, code, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ONE_TRY = Config(retries={"total_max_attempts": 1})
IMPATIENT = Config(retries={"total_max_attempts": 1}, read_timeout=1)
THREE_TRIES = Config(retries={"mode": "standard", "total_max_attempts": 3})
KEYS = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "x"}


def rule(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has it
    """A document with one rule."""
    return {"rules": [fields]}


def over_http(server: Server, service: str, config: Config = ONE_TRY) -> Any:  # noqa: ANN401
    """A client of the served sandbox."""
    return boto3.client(  # type: ignore[call-overload]
        service, region_name="us-east-1", endpoint_url=server.url, config=config, **KEYS
    )


QUERY = {"throttle": ("Throttling", 400), "deny": ("AccessDenied", 403)}
JSON = {"throttle": ("ThrottlingException", 400), "deny": ("AccessDeniedException", 400)}
ITEM = {"TableName": "snapback", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}
TOO_MUCH = ("ProvisionedThroughputExceededException", 400)
SLOW = ("RequestThrottledException", 400)
SERVICES: list[tuple[str, str, dict[str, Any], dict[str, tuple[str, int]]]] = [
    (
        "ec2",
        "describe_vpcs",
        {},
        {"throttle": ("RequestLimitExceeded", 503), "deny": ("UnauthorizedOperation", 403)},
    ),
    ("elbv2", "describe_load_balancers", {}, QUERY),
    ("autoscaling", "describe_auto_scaling_groups", {}, QUERY),
    ("sts", "get_caller_identity", {}, QUERY),
    ("ssm", "describe_parameters", {}, JSON),
    ("kms", "list_keys", {}, JSON),
    ("events", "list_rules", {}, JSON),
    ("dynamodb", "get_item", ITEM, {**JSON, "throttle": TOO_MUCH}),
    (
        "rbin",
        "list_rules",
        {"ResourceType": "EC2_IMAGE"},
        {**JSON, "deny": ("AccessDeniedException", 403)},
    ),
    (
        "ebs",
        "list_snapshot_blocks",
        {"SnapshotId": "snap-0123456789abcdef0"},
        {"throttle": SLOW, "deny": ("AccessDeniedException", 403)},
    ),
]


@pytest.mark.parametrize(
    ("service", "method", "parameters", "expected"), SERVICES, ids=lambda v: str(v)[:12]
)
def test_every_service_refuses_in_its_own_words_over_http(
    server: Server,
    service: str,
    method: str,
    parameters: dict[str, Any],
    expected: dict[str, tuple[str, int]],
) -> None:
    """Code and status as botocore's models and the services' error pages have them."""
    client = over_http(server, service)
    for kind, code_and_status in expected.items():
        faults.set(rule(kind=kind, service=service))
        with pytest.raises(ClientError) as refused:
            getattr(client, method)(**parameters)
        said = refused.value.response
        status = said["ResponseMetadata"]["HTTPStatusCode"]
        assert (said["Error"]["Code"], status) == code_and_status
    faults.set(rule(kind="error", service=service))
    with pytest.raises(ClientError) as refused:
        getattr(client, method)(**parameters)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [each[:3] for each in SERVICES if each[0] in ("ec2", "dynamodb", "sts", "ssm")],
    ids=lambda v: str(v)[:12],
)
def test_botocore_knows_a_throttled_answer_and_tries_again(
    aws: Sandbox,
    service: str,
    method: str,
    parameters: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once, with its own waiting left out."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    aws.faults.set(rule(kind="throttle", service=service, nth=[1]))
    client = aws.client(service, config=THREE_TRIES)

    answer = getattr(client, method)(**parameters)

    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(aws.calls.all()) == 2


@pytest.mark.parametrize(
    ("given", "code_and_status"),
    [
        ({}, ("InternalError", 500)),
        ({"status": 503}, ("Unavailable", 503)),
        ({"code": "InsufficientInstanceCapacity"}, ("InsufficientInstanceCapacity", 500)),
        ({"code": "Unavailable"}, ("Unavailable", 503)),
        ({"code": "InvalidAMIID.NotFound"}, ("InvalidAMIID.NotFound", 400)),
        ({"code": "Odd", "status": 418}, ("Odd", 418)),
    ],
    ids=str,
)
def test_an_error_has_the_status_that_goes_with_its_code(
    aws: Sandbox, ec2: "EC2Client", given: dict[str, Any], code_and_status: tuple[str, int]
) -> None:
    """EC2 API Reference, "Error codes": client errors, server errors."""
    aws.faults.set(rule(kind="error", **given))

    with pytest.raises(ClientError) as refused:
        ec2.describe_vpcs()

    said = refused.value.response
    status = said["ResponseMetadata"]["HTTPStatusCode"]
    assert (said["Error"]["Code"], status) == code_and_status


def test_lost_reset_and_late_answers_over_http(server: Server) -> None:
    """The client's socket sees it: closed, closed, nothing in time; two of three happened."""
    for kind, config, more, raised in (
        ("reset", ONE_TRY, {}, ConnectionClosedError),
        ("lost", ONE_TRY, {}, ConnectionClosedError),
        ("timeout", IMPATIENT, {"seconds": 2}, ReadTimeoutError),
    ):
        faults.set(rule(kind=kind, action="CreateKeyPair", **more))
        with pytest.raises(raised):
            over_http(server, "ec2", config).create_key_pair(KeyName=kind)
    faults.clear()

    made = {each["KeyName"] for each in over_http(server, "ec2").describe_key_pairs()["KeyPairs"]}
    assert made == {"lost", "timeout"}


@pytest.fixture
def seven(aws: Sandbox, ec2: "EC2Client") -> list[str]:
    """Seven instances."""
    made = ec2.run_instances(**{**SMALL, "MinCount": 7, "MaxCount": 7})["Instances"]
    aws.clock.advance(60)
    return [each["InstanceId"] for each in made]


def listed(client: Any, size: int = 3) -> list[str]:  # noqa: ANN401
    """The ids that a paginator finds."""
    size = max(size, 5)
    pages = client.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": size})
    return [
        instance["InstanceId"]
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
    ]


def test_the_second_page_of_a_listing_can_fail(
    aws: Sandbox, ec2: "EC2Client", seven: list[str]
) -> None:
    """However often the first one is read."""
    aws.faults.set(rule(kind="error", code="InternalError", page=2))
    ec2.describe_instances()
    ec2.describe_instances(MaxResults=5)

    with pytest.raises(ClientError, match="InternalError"):
        listed(ec2)
    aws.faults.clear()
    assert listed(ec2) == seven


def test_a_truncated_page_is_half_a_page_and_the_last(
    aws: Sandbox, ec2: "EC2Client", seven: list[str]
) -> None:
    """A listing that looks whole and is not."""
    aws.faults.set(rule(kind="truncate", action="DescribeVolumes"))
    assert len(ec2.describe_volumes()["Volumes"]) == 3
    found = ec2.describe_volumes(MaxResults=5)
    assert (len(found["Volumes"]), "NextToken" in found) == (2, False)
    aws.faults.set(rule(kind="truncate", action="DescribeVolumes", keep=0))
    assert ec2.describe_volumes()["Volumes"] == []
    aws.faults.set(rule(kind="truncate", page=2, keep=1))
    pages = ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5})
    assert [len(page["Volumes"]) for page in pages] == [5, 1]
    assert len(seven) == 7


def test_listings_of_other_protocols_are_cut_too(aws: Sandbox) -> None:
    """JSON, DynamoDB's own tokens, and the query protocol."""
    dynamodb = aws.client("dynamodb")
    for at in range(5):
        key = {"pk": {"S": "a"}, "sk": {"S": str(at)}}
        dynamodb.put_item(TableName="snapback", Item=key)
    kms = aws.client("kms")
    for _ in range(4):
        kms.create_key()
    scaling = aws.client("autoscaling")
    for name in "abcd":
        scaling.create_launch_configuration(
            LaunchConfigurationName=name,
            ImageId=str(SMALL["ImageId"]),
            InstanceType="t3.micro",
        )

    aws.faults.set(rule(kind="truncate", page=2, keep=1))
    pages = list(
        dynamodb.get_paginator("scan").paginate(
            TableName="snapback", PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["Items"]) for page in pages] == [2, 1]
    assert pages[1]["Count"] == 1
    aws.faults.set(rule(kind="truncate"))
    found = kms.list_keys()
    assert (len(found["Keys"]), found["Truncated"]) == (2, False)
    assert len(scaling.describe_launch_configurations()["LaunchConfigurations"]) == 2


def test_match_narrows_a_rule_to_what_the_call_names(
    aws: Sandbox, ec2: "EC2Client", seven: list[str]
) -> None:
    """An id, a name, anything among the parameters."""
    aws.faults.set(rule(kind="deny", action="StopInstances", match=seven[3]))

    assert code(ec2.stop_instances, InstanceIds=seven[2:4]) == "UnauthorizedOperation"
    ec2.stop_instances(InstanceIds=seven[:3])


def test_capacity_runs_out_by_type_and_zone(aws: Sandbox, ec2: "EC2Client") -> None:
    """EC2 API error codes, InsufficientInstanceCapacity; RunInstances, MinCount."""
    aws.faults.set(rule(kind="capacity", type="t3.*", zone="us-east-1a", left=3))
    here = {"Placement": {"AvailabilityZone": "us-east-1a"}}

    def more(least: int, most: int, **other: Any) -> int:  # noqa: ANN401 - of the request
        asked = {**SMALL, **here, "MinCount": least, "MaxCount": most, **other}
        return len(ec2.run_instances(**asked)["Instances"])

    with pytest.raises(ClientError) as refused:
        more(4, 4)
    assert refused.value.response["Error"]["Code"] == "InsufficientInstanceCapacity"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "t3.micro capacity" in str(refused.value)
    assert not ec2.describe_instances()["Reservations"], "all or nothing"
    assert more(1, 2) == 2
    assert more(1, 2) == 1, "as many as there are"
    assert code(more, least=1, most=1) == "InsufficientInstanceCapacity"
    assert more(1, 1, Placement={"AvailabilityZone": "us-east-1b"}) == 1
    assert more(1, 1, InstanceType="m5.large") == 1


def test_a_stopped_machine_may_not_get_its_place_back(aws: Sandbox, ec2: "EC2Client") -> None:
    """StartInstances needs capacity, and for all of them."""
    machine = launch(ec2)["InstanceId"]
    aws.clock.advance(60)
    ec2.stop_instances(InstanceIds=[machine])
    aws.clock.advance(60)
    aws.faults.set(rule(kind="capacity", action="StartInstances", times=1))

    assert code(ec2.start_instances, InstanceIds=[machine]) == "InsufficientInstanceCapacity"
    assert ec2.start_instances(InstanceIds=[machine])["StartingInstances"]


def test_capacity_runs_out_over_http_too(server: Server) -> None:
    """As a server error with EC2's code."""
    faults.set(rule(kind="capacity"))

    assert code(over_http(server, "ec2").run_instances, **SMALL) == "InsufficientInstanceCapacity"


def test_only_images_that_are_being_made_fail(aws: Sandbox, ec2: "EC2Client") -> None:
    """Not the image that a launch is of; code and message are in the state reason."""
    aws.faults.set(rule(kind="fail-image", code="Client.VolumeLimitExceeded", message="Full."))
    machine = launch(ec2)["InstanceId"]
    aws.clock.advance(60)
    image = ec2.create_image(InstanceId=machine, Name="image", NoReboot=True)["ImageId"]
    aws.clock.advance(600)

    [found] = ec2.describe_images(ImageIds=[image])["Images"]
    assert (found["State"], found["StateReason"]["Code"]) == (
        "failed",
        "Client.VolumeLimitExceeded",
    )
    [base] = ec2.describe_images(ImageIds=[str(SMALL["ImageId"])])["Images"]
    assert base["State"] == "available"


def test_chance_is_drawn_for_each_region_apart(aws: Sandbox, ec2: "EC2Client") -> None:
    """What happens in one region does not change what strikes in another."""

    def pattern(*, beside: bool) -> list[str]:
        aws.faults.set({"seed": 4, **rule(kind="throttle", p=0.5)})
        found = []
        for _ in range(12):
            if beside:
                code_or_ok(aws.client("ec2", region="eu-west-1"))
            found.append(code_or_ok(ec2))
        return found

    assert pattern(beside=False) == pattern(beside=True)


def code_or_ok(ec2: Any) -> str:  # noqa: ANN401
    """How one describe went."""
    try:
        ec2.describe_vpcs()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


def test_a_seed_means_the_same_in_every_process(aws: Sandbox, ec2: "EC2Client") -> None:
    """Whatever PYTHONHASHSEED is: this is what seed 7 struck when the test was written."""
    aws.faults.set({"seed": 7, **rule(kind="throttle", p=0.5)})

    struck = "".join("." if code_or_ok(ec2) == "ok" else "x" for _ in range(16))

    assert struck == "xxxx..x.xxx.xxx."


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"seed": "x"}, "seed must be a whole number"),
        ({"latency_ms": 1e9}, "latency_ms must be a number from 0 to 60000"),
        ({"rules": [{"kind": "deny"}] * 1001}, "rules may be 1000 at most"),
        ({"events": []}, "events must be an object"),
        ({"events": {"p_drop": 2}}, "events: p_drop must be between 0 and 1"),
        ({"events": {"late": 2}}, "events: unknown field 'late'"),
        ({"events": {"shuffle": 1}}, "events: shuffle must be true or false"),
        (rule(kind="reset", seconds=3), "rule 1: unknown field 'seconds' of kind reset"),
        (rule(kind="stale", code="X"), "rule 1: unknown field 'code' of kind stale"),
        (rule(kind="error", status=200), "rule 1: status must be a number from 400 to 599"),
        (rule(kind="truncate", keep=-1), "rule 1: keep must be a number from 0"),
        (rule(kind="deny", page=0), "rule 1: page must be a number from 1"),
        (rule(kind="capacity", type=3), "rule 1: type must be a text"),
    ],
    ids=lambda v: json.dumps(v)[:40],
)
def test_a_field_that_means_nothing_is_refused(
    aws: Sandbox, document: dict[str, Any], sentence: str
) -> None:
    """And nothing has changed."""
    with pytest.raises(ValueError, match=sentence):
        aws.faults.set(document)
    assert aws.faults.document == {}


@pytest.mark.parametrize(
    ("action", "rate"),
    [
        ("ModifyInstanceMetadataDefaults", Rate(2, 2)),
        ("DescribeStoreImageTasks", Rate(50, 0.5)),
        ("EnableSnapshotBlockPublicAccess", Rate(1, 0.1)),
        ("DisassociateIamInstanceProfile", Rate(100, 5)),
        ("CreateVpcEndpoint", Rate(4, 0.3)),
        ("DescribeInstanceTopology", Rate(1, 1)),
    ],
)
def test_uncategorized_actions_have_buckets_of_their_own(action: str, rate: Rate) -> None:
    """EC2 Developer Guide, "Request throttling", uncategorized actions."""
    assert REQUESTS[action] == rate


def test_instances_are_paid_for_by_four_actions() -> None:
    """The resource token buckets; searching is reading."""
    assert set(RESOURCES) == {
        "RunInstances",
        "StartInstances",
        "StopInstances",
        "TerminateInstances",
    }
    assert "Search" in READS
