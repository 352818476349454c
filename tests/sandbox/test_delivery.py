"""Events reach who asked for them: in time, late, twice, out of order or never."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.events.exceptions import InvalidEventPatternException

from sandbox.process import Sandbox
from sandbox.server import Server
from tests.sandbox.scenes import code, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

STATES = {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]}
Seen = list[dict[str, Any]]


def send(aws: Sandbox, number: int) -> None:
    """Event number so-and-so, now."""
    aws.events.emit(
        "Numbered",
        account="123456789012",
        region="us-east-1",
        at=aws.clock.now(),
        resources=[],
        detail={"number": number},
        source="test",
    )


def numbers(seen: Seen) -> list[int]:
    """Which ones have come."""
    return [each["detail"]["number"] for each in seen]


def test_a_function_gets_the_events_that_its_pattern_matches(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """When somebody delivers, by the sandbox's clock, and not those from before."""
    seen: Seen = []
    launch(ec2)
    aws.clock.advance(60)
    aws.events.subscribe({**STATES, "detail": {"state": ["running", "stopped"]}}, seen.append)
    machine = launch(ec2)["InstanceId"]
    assert aws.events.deliver() == []
    aws.clock.advance(60)
    assert not seen, "nothing is called while somebody calls AWS or moves the clock"

    [delivery] = aws.events.deliver()

    assert seen == [delivery.event]
    assert seen[0]["detail"] == {"instance-id": machine, "state": "running"}
    assert (delivery.attempt, delivery.error, delivery.at) == (1, None, aws.clock.now())
    assert aws.events.deliver() == []


@pytest.mark.parametrize(
    ("test", "matches"),
    [
        (["one"], True),
        (["two", "three"], False),
        ([{"prefix": "on"}], True),
        ([{"suffix": "ne"}], True),
        ([{"suffix": "on"}], False),
        ([{"anything-but": ["one", "two"]}], False),
        ([{"anything-but": {"prefix": "t"}}], True),
        ([{"equals-ignore-case": "ONE"}], True),
        ([{"wildcard": "o*e"}], True),
        ([{"exists": False}], False),
    ],
    ids=str,
)
def test_patterns_are_eventbridges(aws: Sandbox, test: Any, matches: bool) -> None:  # noqa: ANN401
    """EventBridge User Guide, "Event patterns": comparison operators."""
    seen: Seen = []
    aws.events.subscribe({"detail": {"word": test, "size": [{"numeric": [">", 1]}]}}, seen.append)
    aws.events.emit(
        "Words",
        account="123456789012",
        region="us-east-1",
        at=aws.clock.now(),
        resources=[],
        detail={"word": "one", "size": 3},
        source="test",
    )

    aws.events.deliver()

    assert bool(seen) is matches


def test_a_pattern_that_is_none_is_refused(aws: Sandbox) -> None:
    """A value that is neither an object nor a list."""
    with pytest.raises(InvalidEventPatternException):
        aws.events.subscribe({"source": "aws.ec2"}, print)


def test_a_function_that_fails_gets_the_event_again(aws: Sandbox) -> None:
    """Lambda Developer Guide, asynchronous invocation: after one minute, after two more."""
    seen: Seen = []

    def fail(event: dict[str, Any]) -> None:
        seen.append(event)
        raise KeyError("no")

    aws.events.subscribe(None, fail)
    send(aws, 1)
    [first] = aws.events.deliver()
    assert isinstance(first.error, KeyError)
    attempts = []
    for _ in range(10):
        aws.clock.advance(30)
        attempts += [each.attempt for each in aws.events.deliver()]

    assert attempts == [2, 3]
    assert numbers(seen) == [1, 1, 1]


def test_a_function_may_call_aws_and_cause_events_itself(aws: Sandbox, ec2: "EC2Client") -> None:
    """They are delivered in the same round."""
    seen: list[str] = []

    def stop(event: dict[str, Any]) -> None:
        seen.append(event["detail"]["state"])
        if event["detail"]["state"] == "running":
            ec2.stop_instances(InstanceIds=[event["detail"]["instance-id"]])

    aws.events.subscribe(STATES, stop)
    launch(ec2)
    aws.clock.advance(60)
    aws.events.deliver()

    assert seen == ["pending", "running", "stopping"]


def test_late_events_come_late(aws: Sandbox) -> None:
    """So many seconds after they were sent, all or a share of them."""
    seen: Seen = []
    aws.faults.set({"events": {"late_seconds": 90}})
    aws.events.subscribe(None, seen.append)
    send(aws, 1)
    aws.clock.advance(89)
    aws.events.deliver()
    assert seen == []
    assert aws.events.all(), "it was sent all the same"
    aws.clock.advance(1)
    aws.events.deliver()
    assert numbers(seen) == [1]
    aws.faults.clear()
    send(aws, 2)
    aws.events.deliver()
    assert numbers(seen) == [1, 2]


@pytest.mark.parametrize(
    ("chaos", "holds"),
    [
        ({"p_drop": 0.5}, lambda got: got == sorted(set(got)) and 0 < len(got) < 40),
        ({"p_twice": 0.5}, lambda got: set(got) == set(range(40)) and 40 < len(got) < 80),
        ({"shuffle": True}, lambda got: sorted(got) == list(range(40)) != got),
        (
            {"late_seconds": 9, "p_late": 0.5},
            lambda got: sorted(got) == list(range(40)) != got,
        ),
        ({}, lambda got: got == list(range(40))),
    ],
    ids=["dropped", "doubled", "shuffled", "late", "well"],
)
def test_events_are_lost_doubled_and_shuffled_by_seed(
    aws: Sandbox, chaos: dict[str, Any], holds: Callable[[list[int]], bool]
) -> None:
    """The same seed does the same to the same events."""

    def run(seed: int) -> list[int]:
        seen: Seen = []
        aws.events.reset()
        aws.faults.set({"seed": seed, "events": chaos})
        aws.events.subscribe(None, seen.append)
        for number in range(40):
            send(aws, number)
            aws.clock.advance(1)
        aws.clock.advance(120)
        aws.events.deliver()
        return numbers(seen)

    assert run(1) == run(1)
    assert holds(run(1)), run(1)
    assert (run(2) != run(1)) is bool(chaos)


def queue(client: Callable[[str], Any], name: str = "queue") -> tuple[str, str]:
    """URL and ARN of a new queue."""
    url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def messages(client: Callable[[str], Any], url: str) -> list[Any]:
    """What is in the queue; it is empty after it."""
    found = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    for each in found.get("Messages", []):
        client("sqs").delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    return [json.loads(each["Body"]) for each in found.get("Messages", [])]


def follow(client: Callable[[str], Any], pattern: dict[str, Any], **target: Any) -> str:  # noqa: ANN401
    """A rule with a queue as its target; the queue's URL."""
    url, arn = queue(client)
    client("events").put_rule(Name="rule", EventPattern=json.dumps(pattern))
    client("events").put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": arn, **target}])
    return url


def test_a_rule_puts_what_ec2_sends_in_a_queue(aws: Sandbox, ec2: "EC2Client") -> None:
    """PutRule, PutTargets: the event as it is, when it happens."""
    launch(ec2)
    url = follow(aws.client, {**STATES, "detail": {"state": ["running"]}})
    machine = launch(ec2)["InstanceId"]
    assert messages(aws.client, url) == []
    aws.clock.advance(60)

    found = messages(aws.client, url)

    assert {each["detail"]["instance-id"] for each in found} > {machine}, "both run since then"
    assert found[0] in aws.events.all()
    aws.client("events").disable_rule(Name="rule")
    launch(ec2)
    aws.clock.advance(60)
    assert messages(aws.client, url) == []


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ({"Input": '{"fixed": 1}'}, {"fixed": 1}),
        ({"InputPath": "$.detail"}, {"number": 7}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"n": "$.detail.number"},
                    "InputTemplate": '{"was": <n>}',
                }
            },
            {"was": 7},
        ),
    ],
    ids=lambda v: next(iter(v)),
)
def test_a_target_says_what_it_wants_of_the_event(
    aws: Sandbox, target: dict[str, Any], body: object
) -> None:
    """EventBridge API Reference, Target."""
    url = follow(aws.client, {"source": ["test"]}, **target)

    send(aws, 7)

    assert messages(aws.client, url) == [body]


def test_events_of_ones_own_go_the_same_way(aws: Sandbox) -> None:
    """PutEvents: onto the bus, into the record, to queues and functions."""
    seen: Seen = []
    url = follow(aws.client, {"source": ["mine"]})
    aws.events.subscribe({"source": ["mine"]}, seen.append)
    entry = {"Source": "mine", "DetailType": "Hello", "Detail": '{"a": 1}', "Resources": ["x"]}
    answer = aws.client("events").put_events(
        Entries=[
            entry,
            {**entry, "Source": "aws.ec2"},
            {**entry, "Detail": "[1]"},
            {**entry, "Detail": ""},
        ]
    )

    errors = [each.get("ErrorCode") for each in answer["Entries"]]
    assert errors == [None, "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument"]
    assert answer["FailedEntryCount"] == 3
    [event] = aws.events.all()
    assert event["id"] == answer["Entries"][0]["EventId"]
    assert event["time"] == "2026-11-23T12:00:00Z"
    assert (event["detail-type"], event["detail"], event["resources"]) == ("Hello", {"a": 1}, ["x"])
    assert messages(aws.client, url) == [event]
    aws.events.deliver()
    assert seen == [event]
    assert code(aws.client("events").put_events, Entries=[entry] * 11) == "ValidationException"


def test_a_bus_of_ones_own_has_rules_of_its_own(aws: Sandbox) -> None:
    """What is sent to it does not reach the default bus's rules."""
    events = aws.client("events")
    url = follow(aws.client, {"source": ["mine"]})
    other, arn = queue(aws.client, "other")
    events.create_event_bus(Name="bus")
    pattern = json.dumps({"source": ["mine"]})
    events.put_rule(Name="rule", EventBusName="bus", EventPattern=pattern)
    targets = [{"Id": "1", "Arn": arn}, {"Id": "2", "Arn": arn.replace("other", "gone")}]
    events.put_targets(Rule="rule", EventBusName="bus", Targets=targets)
    entry = {"Source": "mine", "DetailType": "Hello", "Detail": "{}", "EventBusName": "bus"}
    events.put_events(Entries=[{**entry, "Time": "2026-11-24T00:00:00Z"}])

    assert messages(aws.client, url) == []
    [found] = messages(aws.client, other)
    assert found["time"] == "2026-11-24T00:00:00Z"


def test_a_fifo_queue_gets_each_event_once(aws: Sandbox) -> None:
    """With the group that the target names; what comes twice is one message."""
    sqs, events = aws.client("sqs"), aws.client("events")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="queue.fifo", Attributes=attributes)["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:queue.fifo"
    events.put_rule(Name="rule", EventPattern='{"source": ["test"]}')
    target = {"Id": "1", "Arn": arn, "SqsParameters": {"MessageGroupId": "group"}}
    events.put_targets(Rule="rule", Targets=[target])
    aws.faults.set({"events": {"p_twice": 1}})

    send(aws, 1)

    assert len(messages(aws.client, url)) == 1


def test_queues_work_over_http(server: Server) -> None:
    """As any boto3 script would use them, with the clock moved in between."""

    def client(service: str) -> Any:  # noqa: ANN401
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name="us-east-1",
            endpoint_url=server.url,
            aws_access_key_id="123456789012",
            aws_secret_access_key="x",
        )

    url = follow(client, {"source": ["mine"]})
    entry = {"Source": "mine", "DetailType": "Hello", "Detail": '{"a": 1}'}
    client("events").put_events(Entries=[entry])

    [found] = messages(client, url)
    assert found["detail"] == {"a": 1}
