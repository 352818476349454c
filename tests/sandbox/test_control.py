"""The control calls of DESIGN section 8, in and out as JSON."""

import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from sandbox import control
from sandbox.process import Sandbox
from sandbox.server import Server

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

Answer = tuple[int, dict[str, Any]]
EVENT = {"source": "aws.health", "detail-type": "AWS Health Event", "detail": {"service": "EC2"}}


def ask(method: str, path: str, body: Any = None, **query: str) -> Answer:  # noqa: ANN401 - JSON
    """One control call, without the HTTP around it."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = control.answer(method, f"/sandbox/{path}", query, sent)
    assert reply.headers["Content-Type"] == "application/json"
    return reply.status, json.loads(reply.body)


def refused(answer: Answer) -> tuple[int, str, str]:
    """Status, code and sentence of an error."""
    status, document = answer
    return status, document["error"]["code"], document["error"]["message"]


def launch(aws: Sandbox, ec2: "EC2Client") -> tuple[str, str]:
    """A running instance and its root volume."""
    [instance] = ec2.run_instances(
        ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1, InstanceType="t3.micro"
    )["Instances"]
    aws.clock.advance(30)
    [volume] = ec2.describe_volumes()["Volumes"]
    return instance["InstanceId"], volume["VolumeId"]


def test_the_clock_can_be_read_and_moved(aws: Sandbox) -> None:
    """To a time, or by seconds, also back; a time without a zone is UTC."""
    assert ask("GET", "clock") == (200, {"now": "2026-11-23T12:00:00+00:00"})
    assert ask("POST", "clock", {"advance_seconds": 90.5})[1] == {
        "now": "2026-11-23T12:01:30.500000+00:00"
    }
    for told in ("2027-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00", "2027-01-01"):
        assert ask("POST", "clock", {"now": told})[1] == {"now": "2027-01-01T00:00:00+00:00"}
    assert ask("POST", "clock", {"advance_seconds": -1})[1] == {"now": "2026-12-31T23:59:59+00:00"}


@pytest.mark.parametrize(
    ("body", "code", "sentence"),
    [
        ({"now": "tomorrow"}, "InvalidValue", "tomorrow"),
        ({"now": 5}, "InvalidValue", "now must be a text, not 5"),
        ({"advance_seconds": "5"}, "InvalidValue", "advance_seconds must be a number"),
        ({"advance_seconds": True}, "InvalidValue", "advance_seconds must be a number"),
        ({"advance_seconds": 1e300}, "InvalidValue", "is not a time"),
        ({"now": "2027-01-01", "advance_seconds": 5}, "InvalidValue", "give either"),
        ({}, "InvalidValue", "give either"),
        ({"then": 1}, "UnknownField", "unknown field 'then'"),
        ([], "MalformedJson", "must be a JSON object"),
        (b"{", "MalformedJson", "the body is not JSON"),
        (b"", "MalformedJson", "the body is not JSON"),
        (b"\xff", "MalformedJson", "the body is not JSON"),
    ],
)
def test_a_time_that_is_none_is_refused(
    aws: Sandbox, body: object, code: str, sentence: str
) -> None:
    """And the clock stays where it is."""
    status, said, message = refused(ask("POST", "clock", body))

    assert (status, said) == (400, code)
    assert sentence in message
    assert ask("GET", "clock")[1] == {"now": "2026-11-23T12:00:00+00:00"}


def test_states_follow_the_clock(aws: Sandbox, ec2: "EC2Client") -> None:
    """An image is pending, then available."""
    instance, _ = launch(aws, ec2)
    image = ec2.create_image(InstanceId=instance, Name="image")["ImageId"]

    def state() -> str:
        return ec2.describe_images(ImageIds=[image])["Images"][0]["State"]

    assert state() == "pending"
    ask("POST", "clock", {"advance_seconds": 600})
    assert state() == "available"


def test_faults_can_be_set_read_and_cleared(aws: Sandbox) -> None:
    """Nonsense is refused with the reason."""
    document = {"rules": [{"kind": "throttle"}]}

    assert ask("POST", "faults", document) == (200, document)
    assert refused(ask("POST", "faults", {"rules": 1}))[:2] == (400, "InvalidFault")
    assert ask("GET", "faults") == (200, document)
    assert ask("DELETE", "faults") == (200, {})
    assert ask("GET", "faults") == (200, {})


def test_calls_can_be_read_and_cleared(aws: Sandbox, ec2: "EC2Client") -> None:
    """Control calls are not among them."""
    ec2.describe_vpcs()

    status, document = ask("GET", "calls")
    assert status == 200
    assert [call["action"] for call in document["calls"]] == ["DescribeVpcs"]
    assert ask("DELETE", "calls") == (200, {"calls": []})
    assert ask("GET", "calls") == (200, {"calls": []})


def test_a_disk_can_be_written_and_read(aws: Sandbox, ec2: "EC2Client") -> None:
    """A volume by its id, an instance by its disks."""
    instance, volume = launch(aws, ec2)

    status, written = ask("POST", "disks", {"volume": volume, "write": "Tuesday"})

    assert (status, written["holds"]) == (200, "Tuesday")
    assert ask("GET", "disks", id=volume)[1]["holds"] == "Tuesday"
    assert ask("GET", "disks", id=instance)[1]["devices"]["/dev/xvda"]["holds"] == "Tuesday"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (lambda: ask("GET", "disks"), 400, "InvalidValue"),
        (lambda: ask("GET", "disks", id="vol-0"), 404, "NotFound"),
        (lambda: ask("POST", "disks", {"volume": "vol-0", "write": "x"}), 404, "NotFound"),
        (lambda: ask("POST", "disks", {"volume": "vol-0"}), 400, "InvalidValue"),
        (lambda: ask("POST", "disks", {"volume": 3, "write": "x"}), 400, "InvalidValue"),
        (lambda: ask("POST", "disks", {"disk": "vol-0"}), 400, "UnknownField"),
        (lambda: ask("POST", "health", {"instance": 3}), 400, "InvalidValue"),
        (lambda: ask("POST", "health", {"system": "impaired"}), 400, "InvalidValue"),
        (lambda: ask("POST", "health", {"instance": "i-1", "system": "ill"}), 400, "InvalidValue"),
        (lambda: ask("POST", "health", {"self": "x"}), 400, "UnknownField"),
        (lambda: ask("POST", "health", {"instance": "web-1", "ebs": "ok"}), 400, "InvalidValue"),
        (lambda: ask("POST", "health", {"instance": "i-0a"}), 400, "InvalidValue"),
        (
            lambda: ask("POST", "health", {"volume": "vol-0a", "event": "instance-stop"}),
            400,
            "InvalidValue",
        ),
        (
            lambda: ask("POST", "health", {"instance": "i-0a", "event": "flood"}),
            400,
            "InvalidValue",
        ),
        (
            lambda: ask("POST", "health", {"instance": "i-0a", "not_before": "soon"}),
            400,
            "InvalidValue",
        ),
        (
            lambda: ask(
                "POST",
                "health",
                {"instance": "i-0a", "event": "instance-stop", "not_before": "2026-12-09"},
            ),
            400,
            "InvalidValue",
        ),
        (lambda: ask("POST", "faults", b'{"latency_ms": NaN}'), 400, "MalformedJson"),
        (lambda: ask("POST", "faults", b"[" * 100_000), 400, "MalformedJson"),
        (lambda: ask("POST", "clock", {"now": "\ud800"}), 400, "InvalidValue"),
        (lambda: ask("POST", "events", {}), 400, "InvalidValue"),
        (lambda: ask("POST", "events", {"detail": {}, "source": "x"}), 400, "InvalidValue"),
        (lambda: ask("POST", "events", {**EVENT, "detail": []}), 400, "InvalidValue"),
        (lambda: ask("POST", "events", {**EVENT, "resources": [1]}), 400, "InvalidValue"),
        (lambda: ask("POST", "events", {**EVENT, "account": "me"}), 400, "InvalidValue"),
        (lambda: ask("POST", "events", {**EVENT, "time": "x"}), 400, "UnknownField"),
        (lambda: ask("PUT", "clock"), 405, "MethodNotAllowed"),
        (lambda: ask("GET", "health"), 405, "MethodNotAllowed"),
        (lambda: ask("GET", "weather"), 404, "NotFound"),
        (lambda: ask("GET", ""), 404, "NotFound"),
    ],
)
def test_what_cannot_be_done_is_refused_in_json(
    aws: Sandbox, answer: Callable[[], Answer], status: int, code: str
) -> None:
    """With a code and a sentence that names the thing."""
    said, error, message = refused(answer())

    assert (said, error) == (status, code)
    assert message


def test_health_is_what_status_checks_say(aws: Sandbox, ec2: "EC2Client") -> None:
    """Of one instance, until the wish is taken back."""
    instance, _ = launch(aws, ec2)

    assert ask("POST", "health", {"instance": instance, "system": "impaired"})[0] == 200

    [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
    assert status["SystemStatus"]["Status"] == "impaired"


def test_events_can_be_read(aws: Sandbox, ec2: "EC2Client") -> None:
    """Those emitted so far."""
    launch(aws, ec2)

    status, document = ask("GET", "events")

    assert status == 200
    assert [event["detail"]["state"] for event in document["events"]] == ["pending", "running"]


def test_events_can_be_sent_and_forgotten(aws: Sandbox) -> None:
    """As if AWS had sent them."""
    status, sent = ask("POST", "events", {**EVENT, "resources": ["i-0a"]})
    assert status == 200

    [found] = ask("GET", "events")[1]["events"]

    assert found["id"] == sent["id"]
    assert (found["account"], found["region"]) == ("123456789012", "us-east-1")
    assert (found["source"], found["resources"]) == ("aws.health", ["i-0a"])
    assert ask("DELETE", "events") == (200, {"events": []})
    assert ask("GET", "events") == (200, {"events": []})


def test_health_that_is_half_nonsense_changes_nothing(aws: Sandbox, ec2: "EC2Client") -> None:
    """All of it or none."""
    instance, _ = launch(aws, ec2)

    said = ask("POST", "health", {"instance": instance, "system": "impaired", "ebs": "ill"})

    assert said[0] == 400
    [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
    assert status["SystemStatus"]["Status"] == "ok"


def over_http(server: Server, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    """One request, as any client sends it."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request(method, path, body)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_control_calls_work_over_http(server: Server) -> None:
    """Queries, bodies, methods, percent signs."""
    assert over_http(server, "GET", "/sandbox/clock")[0] == 200
    status, body = over_http(server, "POST", "/sandbox/clock", b'{"advance_seconds": 1}')
    assert (status, json.loads(body)) == (200, {"now": "2026-11-23T12:00:01+00:00"})
    assert over_http(server, "GET", "/sandbox/disks?id=vol%2D0")[0] == 404
    assert b"vol-0" in over_http(server, "GET", "/sandbox/disks?id=vol%2D0")[1]
    assert over_http(server, "DELETE", "/sandbox/calls")[0] == 200


def test_a_body_that_is_too_long_is_refused(server: Server) -> None:
    """A mebibyte is enough for any document."""
    status, body = over_http(server, "POST", "/sandbox/faults", b" " * (control.LARGEST_BODY + 1))

    assert status == 413
    assert json.loads(body)["error"]["code"] == "TooLarge"
