"""The control path of commands, image parameters, and what goes on by itself."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, D102

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config

from sandbox import control, inside
from sandbox.agenda import Process
from sandbox.process import Sandbox
from sandbox.server import Server
from tests.sandbox.scenes import code
from tests.sandbox.ssm.scenes import LINUX, node, run, send, states, step, told

PATH = "/sandbox/commands"


def post(document: Any) -> tuple[int, Any]:
    """The answer to one wish over HTTP."""
    reply = control.answer("POST", PATH, {}, json.dumps(document).encode())
    return reply.status, json.loads(reply.body)


class TestControl:
    """/sandbox/commands."""

    def test_wishes_and_the_log_are_there_over_http(self, aws: Sandbox) -> None:
        instance, other = node(aws), node(aws)

        assert post({"instance": instance, "outcome": "fail"}) == (200, {"ok": True})
        sent = send(aws, instance, other, MaxErrors="2")
        aws.clock.advance(5)
        log = json.loads(control.answer("GET", PATH, {"instance": instance}, b"").body)["commands"]

        assert [(each["instance"], each["status"]) for each in log] == [(instance, "Failed")]
        assert states(aws, sent)[other] == "Success"
        assert control.answer("DELETE", PATH, {}, b"").status == 200
        assert aws.commands.wish_for(instance, LINUX, "", "").outcome == "success"
        assert len(aws.commands.log()) == 2

    def test_a_wish_that_cannot_be_is_refused(self) -> None:
        status, answer = post({"colour": "red"})

        assert (status, answer["error"]["code"]) == (400, "InvalidValue")
        assert "unknown field 'colour'" in answer["error"]["message"]

    def test_a_served_sandbox_runs_runbooks_in_itself(self, server: Server) -> None:
        ssm: Any = inside.session("123456789012").client(
            "ssm",
            region_name="us-east-1",
            endpoint_url=server.url,
            config=Config(retries={"total_max_attempts": 1}),
        )
        steps = [
            {
                "name": "make",
                "action": "aws:executeAwsApi",
                "inputs": {
                    "Service": "ec2",
                    "Api": "CreateVolume",
                    "AvailabilityZone": "{{ global:REGION }}a",
                    "Size": 1,
                },
                "outputs": [{"Name": "Id", "Selector": "$.VolumeId", "Type": "String"}],
            },
            {
                "name": "call",
                "action": "aws:invokeLambdaFunction",
                "inputs": {"FunctionName": "back-up"},
            },
        ]
        content = json.dumps({"schemaVersion": "0.3", "mainSteps": steps})
        ssm.create_document(Name="Make", DocumentType="Automation", Content=content)
        started = ssm.start_automation_execution(DocumentName="Make")
        control.answer("POST", "/sandbox/clock", {}, b'{"advance_seconds": 60}')

        answer = ssm.get_automation_execution(
            AutomationExecutionId=started["AutomationExecutionId"]
        )["AutomationExecution"]

        assert step(answer, "make")["Outputs"]["Id"][0].startswith("vol-")
        assert "no Lambda in the sandbox" in step(answer, "call")["FailureMessage"]
        calls = json.loads(control.answer("GET", "/sandbox/calls", {}, b"").body)["calls"]
        assert [each["action"] for each in calls].count("CreateVolume") == 1


class TestFaults:
    """What goes wrong on purpose reaches runbooks, too."""

    def test_a_lost_answer_fails_the_step(self, aws: Sandbox) -> None:
        aws.faults.set(
            {"rules": [{"service": "ec2", "action": "DescribeRegions", "kind": "lost", "times": 1}]}
        )
        found = run(
            aws,
            {
                "name": "look",
                "action": "aws:executeAwsApi",
                "maxAttempts": 2,
                "inputs": {"Service": "ec2", "Api": "DescribeRegions"},
            },
        )

        assert found["AutomationExecutionStatus"] == "Success"
        assert [each["action"] for each in aws.calls.all()].count("DescribeRegions") == 2


class TestImageParameters:
    """Parameters of the data type aws:ec2:image, and values that do not fit."""

    def test_one_is_there_once_its_image_has_been_found(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        golden = {"Name": "/golden", "Type": "String", "DataType": "aws:ec2:image"}

        made = ssm.put_parameter(Value=LINUX, **golden)
        assert made["Version"] == 1
        assert code(ssm.get_parameter, Name="/golden") == "ParameterNotFound"
        again = {**golden, "Value": LINUX, "Overwrite": True}
        assert code(ssm.put_parameter, **again) == "ValidationException"
        aws.clock.advance(5)
        assert ssm.get_parameter(Name="/golden")["Parameter"]["Value"] == LINUX

        ssm.put_parameter(**{**again, "Value": "ami-0123456789abcdef0"})
        aws.clock.advance(5)
        found = ssm.get_parameter(Name="/golden")["Parameter"]

        assert (found["Value"], found["Version"]) == (LINUX, 1)
        seen = [each["detail"] for each in told(aws)]
        assert [(each["operation"], each.get("exception")) for each in seen] == [
            ("Create", None),
            ("Update", "Unable to Describe Resource"),
        ]

    def test_a_secret_that_is_not_decrypted_shows_nothing_of_its_text(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        ssm.put_parameter(Name="/s", Type="SecureString", Value="hush")

        [sealed] = ssm.get_parameters(Names=["/s"])["Parameters"]
        assert sealed["Value"].startswith("AQICA")
        assert "hush" not in sealed["Value"]
        opened = ssm.get_parameters_by_path(Path="/", WithDecryption=True)["Parameters"]
        assert [each["Value"] for each in opened if each["Name"] == "/s"] == ["hush"]

    def test_values_that_do_not_fit_are_refused(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        digits = {"Name": "/n", "Type": "String", "AllowedPattern": "[0-9]+"}
        ssm.put_parameter(Value="1", **digits)

        refused = code(ssm.put_parameter, Name="/n", Value="one", Type="String", Overwrite=True)
        assert refused == "ParameterPatternMismatchException"
        large = {"Name": "/big", "Type": "String", "Value": "x" * 4097}
        assert code(ssm.put_parameter, **large) == "ValidationException"
        assert ssm.put_parameter(Tier="Advanced", **large)["Version"] == 1
        found = ssm.get_parameter(Name="/n")["Parameter"]
        assert found["LastModifiedDate"] == aws.clock.now()


class TestAgenda:
    """Things that go on by themselves."""

    def test_whoever_kept_the_events_sees_what_they_send(self, aws: Sandbox) -> None:
        kept = aws.events
        aws.client("ssm").put_parameter(
            Name="/i", Type="String", DataType="aws:ec2:image", Value="ami-0abc0000000000001"
        )
        aws.clock.advance(60)

        assert [each["detail-type"] for each in kept.all()] == ["Parameter Store Change"]

    def test_each_happens_at_its_own_time_and_a_failure_stays_inside(
        self, aws: Sandbox, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begun, seen = aws.clock.now(), []

        def going_on() -> Iterator[timedelta]:
            for _ in range(2):
                yield timedelta(seconds=10)
                seen.append(aws.clock.now() - begun)
            raise ValueError("broken inside")

        Process(going_on())
        Process(iter([timedelta(seconds=1)])).end()
        aws.clock.advance(3600)
        assert aws.commands.log() == []

        assert seen == [timedelta(seconds=10), timedelta(seconds=20)]
        assert "broken inside" in capsys.readouterr().err
