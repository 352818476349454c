"""The sandbox over HTTP: what any SDK, the AWS CLI and a raw socket see of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox import __main__ as command
from sandbox import inside, world
from sandbox.faults import faults
from sandbox.server import Server

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "tests/data/describe-instances/unused-keypair.json"
ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)


def client(
    url: str,
    service: str,
    *,
    region: str = "us-east-1",
    account: str = "123456789012",
    config: Config = ONCE,
) -> Any:  # noqa: ANN401 - boto3 makes client classes at run time
    """A boto3 client as a stranger makes one, of a session that has read the models already."""
    make: Any = inside.session(account).client
    made = make(service, region_name=region, endpoint_url=url, config=config)
    _opened.append(made)
    return made


_opened: list[Any] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No client of a test keeps its connections after it."""
    yield
    while _opened:
        _opened.pop().close()


@contextmanager
def connected(url: str) -> Iterator[HTTPConnection]:
    """One connection, as it is."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def test_ec2_is_served_with_its_rules(server: Server) -> None:
    """The base images are there, and a launch goes through its states."""
    ec2 = client(server.url, "ec2")
    [instance] = ec2.run_instances(
        ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1, InstanceType="t3.micro"
    )["Instances"]

    assert instance["State"]["Name"] == "pending"
    assert instance["Placement"]["AvailabilityZone"].startswith("us-east-1")


def test_account_and_region_come_from_the_signature(server: Server) -> None:
    """One port serves them all."""
    identity = client(server.url, "sts", account="111122223333").get_caller_identity()
    ec2 = client(server.url, "ec2", region="eu-west-1", account="111122223333")
    [vpc] = ec2.describe_vpcs()["Vpcs"]
    zones = ec2.describe_availability_zones()["AvailabilityZones"]

    assert identity["Account"] == vpc["OwnerId"] == "111122223333"
    assert {zone["RegionName"] for zone in zones} == {"eu-west-1"}


def test_other_services_are_served_too(server: Server) -> None:
    """Form, JSON and REST protocols, with bodies and binary."""
    dynamodb = client(server.url, "dynamodb")
    s3 = client(server.url, "s3")
    s3.create_bucket(Bucket="snapback-bucket")
    s3.put_object(Bucket="snapback-bucket", Key="a b/c", Body=b"\x00\xff" * 1000)

    assert dynamodb.list_tables()["TableNames"] == ["snapback"]
    body = s3.get_object(Bucket="snapback-bucket", Key="a b/c")["Body"].read()
    assert body == b"\x00\xff" * 1000
    assert s3.head_object(Bucket="snapback-bucket", Key="a b/c")["ContentLength"] == 2000
    assert client(server.url, "elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert client(server.url, "lambda").list_functions()["Functions"] == []


@pytest.mark.parametrize(
    ("service", "method", "parameters", "code"),
    [
        ("ec2", "describe_trunk_interface_associations", {}, "InvalidAction"),
        ("ec2", "describe_vpcs", {"VpcIds": ["vpc-0"]}, "InvalidVpcID.Malformed"),
        ("autoscaling", "describe_adjustment_types", {}, "InvalidAction"),
        ("cloudwatch", "describe_alarm_history", {}, "UnknownOperationException"),
        ("pricing", "describe_services", {}, "UnknownOperationException"),
        (
            "ebs",
            "complete_snapshot",
            {"SnapshotId": "snap-00000000", "ChangedBlocksCount": 0},
            "InternalFailure",
        ),
    ],
)
def test_what_moto_lacks_is_refused_as_aws_would(
    server: Server, service: str, method: str, parameters: dict[str, Any], code: str
) -> None:
    """Never an HTML page: botocore can read every answer."""
    with pytest.raises(ClientError) as refused:
        getattr(client(server.url, service), method)(**parameters)

    assert refused.value.response["Error"]["Code"] == code


def test_an_unknown_region_is_refused(server: Server) -> None:
    """No endpoint of AWS has that name."""
    with pytest.raises(ClientError) as refused:
        client(server.url, "ec2", region="mn-east-1").describe_vpcs()

    assert refused.value.response["Error"]["Code"] == "AuthFailure"


def test_connections_stay_open(server: Server) -> None:
    """Many calls, one connection; that is what makes it quick."""
    with connected(server.url) as connection:
        for _ in range(3):
            connection.request("GET", "/sandbox/clock")
            answer = connection.getresponse()
            answer.read()
            assert answer.version == 11
            assert not answer.will_close


def test_callers_at_once_do_not_disturb_each_other(server: Server) -> None:
    """Moto is not thread safe; the sandbox is."""
    patient = Config(max_pool_connections=8, retries={"total_max_attempts": 1})
    ec2 = client(server.url, "ec2", config=patient)

    def make(number: int) -> None:
        ec2.create_key_pair(KeyName=f"key {number}", KeyType="ed25519")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(24)))

    assert len(ec2.describe_key_pairs()["KeyPairs"]) == 24


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/robots.txt?x=%ff"])
def test_an_unsigned_request_gets_an_answer(server: Server, path: str) -> None:
    """Whatever a browser or a port scanner asks."""
    with connected(server.url) as connection:
        connection.request("GET", path)
        assert b"Traceback" not in connection.getresponse().read()


def test_a_chunked_body_is_read_whole(server: Server) -> None:
    """The next request on the connection starts where it should."""
    with connected(server.url) as connection:
        chunks = iter([b'{"advance_', b'seconds": 2}'])
        connection.request("POST", "/sandbox/clock", chunks, encode_chunked=True)
        first = connection.getresponse()
        assert json.loads(first.read()) == {"now": "2026-11-23T12:00:02+00:00"}
        connection.request("GET", "/sandbox/clock")
        assert connection.getresponse().status == 200


def test_a_malformed_request_line_is_refused(server: Server) -> None:
    """And the server lives on."""
    where = urlsplit(server.url)
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as raw:
        raw.sendall(b"GARBAGE\r\n\r\n")
        assert b"400" in raw.recv(1000)
    assert client(server.url, "sts").get_caller_identity()["Account"]


def test_a_dropped_connection_is_dropped(server: Server) -> None:
    """``reset`` before, ``lost`` after the call is served."""
    ec2 = client(server.url, "ec2")
    faults.set({"rules": [{"kind": "reset", "action": "CreateKeyPair", "nth": [1]}]})
    with pytest.raises(ConnectionClosedError):
        ec2.create_key_pair(KeyName="a")
    faults.set({"rules": [{"kind": "lost", "action": "CreateKeyPair", "nth": [1]}]})
    with pytest.raises(ConnectionClosedError):
        ec2.create_key_pair(KeyName="b")

    assert [each["KeyName"] for each in ec2.describe_key_pairs()["KeyPairs"]] == ["b"]


def test_a_lost_answer_makes_the_sdk_ask_again(server: Server) -> None:
    """Its retry is a second call, and meets what the first one did."""
    retrying = Config(retries={"mode": "standard", "total_max_attempts": 2})
    ec2 = client(server.url, "ec2", config=retrying)
    faults.set({"rules": [{"kind": "lost", "action": "CreateKeyPair", "nth": [1]}]})

    with pytest.raises(ClientError, match=r"InvalidKeyPair\.Duplicate"):
        ec2.create_key_pair(KeyName="a")


def test_a_late_answer_is_late(server: Server) -> None:
    """Later than this client waits."""
    ec2 = client(
        server.url,
        "ec2",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=0.2),
    )
    faults.set({"rules": [{"kind": "timeout", "seconds": 0.6, "nth": [1]}]})
    with pytest.raises(ReadTimeoutError):
        ec2.describe_vpcs()

    patient = client(server.url, "ec2")
    faults.set({"rules": [{"kind": "timeout", "seconds": 0.2, "nth": [1]}]})
    assert patient.describe_vpcs()["Vpcs"]


def test_latency_is_waited_for(server: Server) -> None:
    """Every call takes so much longer."""
    ec2 = client(server.url, "ec2")
    ec2.describe_vpcs()
    faults.set({"latency_ms": 100})
    began = time.monotonic()

    ec2.describe_vpcs()

    assert time.monotonic() - began >= 0.1


def test_a_client_that_goes_away_hurts_nobody(server: Server) -> None:
    """Half a request, then silence."""
    where = urlsplit(server.url)
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10) as raw:
        raw.sendall(b"POST /sandbox/clock HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert client(server.url, "sts").get_caller_identity()["Account"]


@contextmanager
def serving(*arguments: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """``python -m sandbox serve`` as its own process, and the url it prints."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "sandbox", "serve", "--port", "0", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("sandbox: serving AWS on http://127.0.0.1:")
        yield process, first.split()[-1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_a_fleet_and_stops_when_told(name: signal.Signals) -> None:
    """One line says where; the next is to be pasted; the exit is clean."""
    with serving("--fleet", str(RECORDING), "--now", "2026-11-23T12:00:00Z") as (process, url):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(f"export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID=123456789012 ")
        assert "AWS_REGION=us-east-1" in line
        [reservation] = client(url, "ec2").describe_instances()["Reservations"]
        assert reservation["Instances"][0]["InstanceId"] == "i-0ccca83be31e1577b"
        with connected(url) as connection:
            connection.request("GET", "/sandbox/clock")
            now = json.loads(connection.getresponse().read())["now"]
        assert "2026-11-23T12:00:00" < now < "2026-11-23T12:10:00"
        process.send_signal(name)

        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_command_says_where_it_serves_and_what_it_loaded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines a person can paste; several fleets may be given."""
    told: dict[int, Any] = {}
    monkeypatch.setattr(signal, "signal", told.__setitem__)

    def wait() -> None:
        told[signal.SIGTERM]()

    stopped = SimpleNamespace(set=lambda: None, wait=wait)
    monkeypatch.setattr(command, "threading", SimpleNamespace(Event=lambda: stopped))
    other = RECORDING.with_name("ec2-reboot.json")

    code = command.main(["serve", "--port", "0", "--fleet", str(RECORDING), "--fleet", str(other)])
    world.reset()

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0].startswith("sandbox: serving AWS on http://127.0.0.1:")
    assert lines[1].startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:")
    assert "AWS_ACCESS_KEY_ID=123456789000" in lines[1]
    assert "# 2 instances in account 123456789000, us-east-1" in lines[2:]
    assert sum(int(line.split()[1]) for line in lines[2:]) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "web"], "--port web: a port is a number from 0 to 65535"),
        (["--port", "70000"], "--port 70000: a port is a number"),
        (["--now", "noon"], "--now noon: not a time; write it like 2026-11-23T12:00:00Z"),
        (["--fleet", "none.json"], "--fleet none.json: cannot read it: No such file"),
        (["--fleet", "."], "--fleet .: cannot read it: Is a directory"),
        (["--fleet", "{bad}"], "{bad}: not JSON at line 1"),
        (["--fleet", "{binary}"], "{binary}: cannot read it: it is not UTF-8 text"),
        (["--fleet", "{other}"], "{other}: the document[0] is not what describe-instances prints"),
        (["--fleet", str(RECORDING), "--fleet", str(RECORDING)], "is in the sandbox already"),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    """It names the thing, the value and the way out."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    files = {"bad": b"{", "binary": b"\xff\xfe\x00", "other": b'{"Images": []}'}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = {name: str(tmp_path / name) for name in files}

    code = command.main(["serve", "--port", "0", *(each.format(**paths) for each in arguments)])

    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.startswith("sandbox: --")
    assert sentence.format(**paths) in captured.err
    assert captured.err.count("\n") == 1


def test_a_port_in_use_is_refused(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the way out."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    port = str(urlsplit(server.url).port)

    assert command.main(["serve", "--port", port]) == 2

    assert f"--port {port}: cannot listen on 127.0.0.1:{port}: Address already in use" in (
        capsys.readouterr().err
    )


def test_the_command_needs_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """As argparse says it, with exit code 2."""
    with pytest.raises(SystemExit) as stopped:
        command.main([])

    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
