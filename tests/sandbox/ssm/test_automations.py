"""Runbooks: which way they go, what they hand on, how they end."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, D102

import json
from datetime import timedelta
from typing import Any

from sandbox.process import Sandbox
from tests.sandbox.scenes import code
from tests.sandbox.ssm.scenes import SHELL, execution, node, run, step, steps_of, told

UNKNOWN = "00000000-0000-0000-0000-000000000000"
TOKEN = "11111111-1111-4111-8111-111111111111"


def nap(name: str, seconds: int = 1, **more: Any) -> dict[str, Any]:
    """A step that succeeds."""
    return {
        "name": name,
        "action": "aws:sleep",
        "inputs": {"Duration": f"PT{seconds}S"},
        **more,
    }


def fail(name: str, **more: Any) -> dict[str, Any]:
    """A step that fails: there is no such image."""
    return {
        "name": name,
        "action": "aws:deleteImage",
        "inputs": {"ImageId": "ami-0123456789abcdef0"},
        **more,
    }


def begin(aws: Sandbox, name: str, *steps: dict[str, Any], **more: Any) -> str:
    """The id of an execution of a new runbook that begins."""
    ssm = aws.client("ssm")
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": list(steps)})
    ssm.create_document(Name=name, DocumentType="Automation", Content=content)
    return str(ssm.start_automation_execution(DocumentName=name, **more)["AutomationExecutionId"])


CHANGE: tuple[dict[str, Any], ...] = (
    {
        "name": "backUp",
        "action": "aws:createImage",
        "inputs": {
            "InstanceId": "{{ InstanceId }}",
            "ImageName": "before {{ global:DATE_TIME }}",
            "NoReboot": True,
        },
    },
    {
        "name": "isThere",
        "action": "aws:waitForAwsResourceProperty",
        "timeoutSeconds": 600,
        "inputs": {
            "Service": "ec2",
            "Api": "DescribeImages",
            "ImageIds": ["{{ backUp.ImageId }}"],
            "PropertySelector": "$.Images[0].State",
            "DesiredValues": ["available"],
        },
    },
    {
        "name": "change",
        "action": "aws:runCommand",
        "onFailure": "step:rollBack",
        "inputs": {
            "DocumentName": SHELL,
            "InstanceIds": ["{{ InstanceId }}"],
            "Parameters": {"commands": ["./change.sh"]},
        },
    },
    {
        "name": "check",
        "action": "aws:branch",
        "isEnd": True,
        "inputs": {
            "Choices": [
                {
                    "NextStep": "rollBack",
                    "Variable": "{{ change.Output }}",
                    "Contains": "broken",
                }
            ]
        },
    },
    {
        "name": "rollBack",
        "action": "aws:createTags",
        "inputs": {
            "ResourceIds": ["{{ backUp.ImageId }}"],
            "Tags": [{"Key": "rolled-back", "Value": "{{ automation:EXECUTION_ID }}"}],
        },
    },
)
WITH_INSTANCE = {"InstanceId": {"type": "String"}}


class TestChanges:
    """Back up, wait, change, check, and go one way or the other."""

    def change(self, aws: Sandbox, instance: str) -> dict[str, Any]:
        """The execution of the change on *instance*."""
        return run(
            aws,
            *CHANGE,
            parameters=WITH_INSTANCE,
            outputs=["backUp.ImageId", "change.Status", "rollBack.Nothing"],
            Parameters={"InstanceId": [instance]},
        )

    def test_a_good_change_ends_before_the_rollback(self, aws: Sandbox) -> None:
        found = self.change(aws, node(aws))

        assert found["AutomationExecutionStatus"] == "Success"
        assert steps_of(found) == {
            "backUp": "Success",
            "isThere": "Success",
            "change": "Success",
            "check": "Success",
            "rollBack": "Pending",
        }
        [image] = aws.client("ec2").describe_images(Owners=["self"])["Images"]
        assert found["Outputs"] == {
            "backUp.ImageId": [image["ImageId"]],
            "change.Status": ["Success"],
        }
        assert image["Name"] == "before 2026-11-23_12.01.01"
        taken = step(found, "backUp")
        assert taken["ExecutionEndTime"] - taken["ExecutionStartTime"] >= timedelta(seconds=30)
        assert taken["Inputs"]["NoReboot"] == "true"
        assert step(found, "change")["ValidNextSteps"] == ["rollBack", "check"]

    def test_a_bad_check_goes_another_way(self, aws: Sandbox) -> None:
        aws.commands.set(contains="./change.sh", output="all is broken")

        found = self.change(aws, node(aws))

        assert found["AutomationExecutionStatus"] == "Success"
        [image] = aws.client("ec2").describe_images(Owners=["self"])["Images"]
        assert image["Tags"] == [{"Key": "rolled-back", "Value": found["AutomationExecutionId"]}]

    def test_a_failed_change_is_rolled_back_and_stays_a_failure(self, aws: Sandbox) -> None:
        aws.commands.set(contains="./change.sh", outcome="fail", error="no space")

        found = self.change(aws, node(aws))

        assert found["AutomationExecutionStatus"] == "Failed"
        assert "no space" in found["FailureMessage"]
        assert steps_of(found)["rollBack"] == "Success"
        failed = step(found, "change")
        assert failed["Outputs"]["ResponseCode"] == ["1"]
        assert (failed["StepStatus"], failed["ResponseCode"]) == ("Failed", "1")

    def test_each_change_of_status_is_an_event(self, aws: Sandbox) -> None:
        found = run(aws, nap("rest"))

        seen = told(aws)

        assert [
            (str(each["detail-type"]).split()[2], each["detail"]["Status"]) for each in seen
        ] == [
            ("Execution", "InProgress"),
            ("Step", "InProgress"),
            ("Step", "Success"),
            ("Execution", "Success"),
        ]
        name = found["DocumentName"]
        assert seen[2]["detail"] == {
            "ExecutionId": found["AutomationExecutionId"],
            "Definition": name,
            "DefinitionVersion": 1.0,
            "Status": "Success",
            "StepName": "rest",
            "Action": "aws:sleep",
            "StartTime": "Nov 23, 2026 12:00:01 PM",
            "EndTime": "Nov 23, 2026 12:00:02 PM",
            "Time": 1000.0,
        }
        prefix = "arn:aws:ssm:us-east-1:123456789012"
        assert seen[3]["resources"] == [
            f"{prefix}:automation-execution/{found['AutomationExecutionId']}",
            f"{prefix}:automation-definition/{name}:1",
        ]


class TestWays:
    """onFailure, isCritical, isEnd, nextStep, maxAttempts, timeoutSeconds."""

    def test_a_failure_aborts_unless_told_otherwise(self, aws: Sandbox) -> None:
        aborted = run(aws, fail("one"), nap("two"))
        continued = run(aws, fail("one", onFailure="Continue"), nap("two"))
        critical = run(aws, fail("one", onFailure="continue", isCritical=True), nap("two"))
        ended = run(aws, fail("one", onFailure="Continue", isEnd=True), nap("two"))

        ends = [
            (each["AutomationExecutionStatus"], steps_of(each)["two"])
            for each in (aborted, continued, critical, ended)
        ]
        assert ends == [
            ("Failed", "Pending"),
            ("Success", "Success"),
            ("Failed", "Success"),
            ("Success", "Pending"),
        ]
        assert "InvalidAMIID.NotFound" in aborted["FailureMessage"]

    def test_a_failure_can_go_to_a_step(self, aws: Sandbox) -> None:
        steps = (fail("one", onFailure="step:tidy"), nap("two", isEnd="true"), nap("tidy"))
        counted = run(aws, *steps)
        forgiven = run(aws, {**steps[0], "isCritical": False}, *steps[1:])

        assert steps_of(counted) == {"one": "Failed", "two": "Pending", "tidy": "Success"}
        assert counted["AutomationExecutionStatus"] == "Failed"
        assert forgiven["AutomationExecutionStatus"] == "Success"

    def test_next_step_jumps(self, aws: Sandbox) -> None:
        found = run(aws, nap("one", nextStep="three"), nap("two"), nap("three"))

        assert steps_of(found) == {"one": "Success", "two": "Pending", "three": "Success"}

    def test_a_step_is_tried_as_often_as_it_may(self, aws: Sandbox) -> None:
        instance = node(aws)
        command = {
            "name": "change",
            "action": "aws:runCommand",
            "maxAttempts": "{{ Tries }}",
            "inputs": {
                "DocumentName": SHELL,
                "InstanceIds": [instance],
                "Parameters": {"commands": "./flaky.sh"},
                "TimeoutSeconds": "60",
            },
        }
        tries = {"Tries": {"type": "Integer", "default": 3}}
        aws.commands.set(contains="flaky", outcome="fail", times=2)

        found = run(aws, command, parameters=tries)

        assert found["AutomationExecutionStatus"] == "Success"
        assert [each["exit_code"] for each in aws.commands.log()] == [1, 1, 0]
        assert "FailureMessage" not in step(found, "change")

    def test_a_step_times_out_and_takes_back_what_it_began(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.commands.set(outcome="hang")
        command = {
            "name": "change",
            "action": "aws:runCommand",
            "timeoutSeconds": 60,
            "inputs": {
                "DocumentName": SHELL,
                "InstanceIds": [instance],
                "Parameters": {"commands": ["./hang.sh"]},
            },
        }

        found = run(aws, command, nap("after"))

        assert found["AutomationExecutionStatus"] == "TimedOut"
        assert steps_of(found) == {"change": "TimedOut", "after": "Pending"}
        assert [each["status"] for each in aws.commands.log()] == ["Cancelled"]

    def test_an_input_without_a_value_fails_the_step(self, aws: Sandbox) -> None:
        after = nap("two", inputs={"Duration": "{{ one.Output }}"})
        stored = nap("three", inputs={"Duration": "{{ ssm:nowhere }}"})
        found = run(
            aws, fail("one", onFailure="Continue"), {**after, "onFailure": "Continue"}, stored
        )

        assert "Failed to resolve input: one.Output" in step(found, "two")["FailureMessage"]
        assert "no parameter nowhere" in step(found, "three")["FailureMessage"]


class TestStarting:
    """What StartAutomationExecution takes."""

    def test_a_token_starts_one_execution(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        first = begin(aws, "Nap", nap("one"), ClientToken=TOKEN)
        again = ssm.start_automation_execution(DocumentName="Nap", ClientToken=TOKEN.upper())
        other = {"DocumentName": "Nap", "DocumentVersion": "1", "ClientToken": TOKEN}

        assert again["AutomationExecutionId"] == first
        assert code(ssm.start_automation_execution, **other) == "IdempotentParameterMismatch"

    def test_wrong_requests_are_refused(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        begin(aws, "Nap", nap("one"))
        target = {"Targets": [{"Key": "tag:a", "Values": ["b"]}], "TargetParameterName": "a"}
        wrong = "InvalidAutomationExecutionParametersException"
        cases: list[tuple[dict[str, Any], str]] = [
            ({"DocumentName": "Nowhere"}, "AutomationDefinitionNotFoundException"),
            ({"DocumentName": SHELL}, "AutomationDefinitionNotFoundException"),
            ({"DocumentVersion": "9"}, "AutomationDefinitionVersionNotFoundException"),
            ({"Parameters": {"a": ["b"]}}, wrong),
            ({"DocumentName": "AWS-StopEC2Instance"}, wrong),
            ({"Mode": "Interactive"}, wrong),
            (target, wrong),
            ({"ClientToken": "x" * 36}, "ValidationException"),
        ]

        for more, refusal in cases:
            request = {"DocumentName": "Nap", **more}
            assert code(ssm.start_automation_execution, **request) == refusal, more

    def test_unknown_executions_are_not_found(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        named = {"AutomationExecutionId": UNKNOWN}
        refusal = "AutomationExecutionNotFoundException"

        assert code(ssm.get_automation_execution, **named) == refusal
        assert code(ssm.stop_automation_execution, **named) == refusal
        assert code(ssm.describe_automation_step_executions, **named) == refusal
        signal = {**named, "SignalType": "Approve"}
        assert code(ssm.send_automation_signal, **signal) == refusal


class TestStopping:
    """StopAutomationExecution."""

    def test_cancelling_ends_the_step_and_cleans_up(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        tidy = {"name": "tidy", "action": "aws:deleteImage", "inputs": {"ImageId": "ami-1"}}
        started = begin(aws, "Long", nap("one", 600, onCancel="step:tidy"), nap("two"), tidy)
        aws.clock.advance(10)

        ssm.stop_automation_execution(AutomationExecutionId=started)
        aws.clock.advance(1)
        found = execution(aws, started)

        assert found["AutomationExecutionStatus"] == "Cancelled"
        assert steps_of(found) == {"one": "Cancelled", "two": "Pending", "tidy": "Failed"}
        assert found["ExecutionEndTime"] == aws.clock.now() - timedelta(seconds=1)
        again = code(ssm.stop_automation_execution, AutomationExecutionId=started)
        assert again == "InvalidAutomationStatusUpdateException"

    def test_cleaning_up_has_two_minutes(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.commands.set(outcome="hang")
        tidy = {
            "name": "tidy",
            "action": "aws:runCommand",
            "inputs": {
                "DocumentName": SHELL,
                "InstanceIds": [instance],
                "Parameters": {"commands": ["./tidy.sh"]},
            },
        }
        started = begin(aws, "Long", nap("one", 600, onCancel="step:tidy", nextStep="tidy"), tidy)
        aws.clock.advance(10)
        aws.client("ssm").stop_automation_execution(AutomationExecutionId=started)

        aws.clock.advance(100)
        before = execution(aws, started)["AutomationExecutionStatus"]
        aws.clock.advance(30)

        assert before == "Cancelling"
        assert execution(aws, started)["AutomationExecutionStatus"] == "Cancelled"

    def test_one_that_has_not_begun_does_nothing(self, aws: Sandbox) -> None:
        started = begin(aws, "Nap", nap("one"))
        aws.client("ssm").stop_automation_execution(AutomationExecutionId=started)

        aws.clock.advance(1)
        found = execution(aws, started)

        assert found["AutomationExecutionStatus"] == "Cancelled"
        assert steps_of(found) == {"one": "Pending"}

    def test_completing_lets_the_step_in_hand_end(self, aws: Sandbox) -> None:
        started = begin(aws, "Long", nap("one", 60), nap("two"))
        aws.clock.advance(10)
        aws.client("ssm").stop_automation_execution(AutomationExecutionId=started, Type="Complete")

        aws.clock.advance(600)
        found = execution(aws, started)

        assert found["AutomationExecutionStatus"] == "Success"
        assert steps_of(found) == {"one": "Success", "two": "Pending"}


class TestLists:
    """DescribeAutomationExecutions, DescribeAutomationStepExecutions."""

    def test_executions_are_newest_first_and_can_be_narrowed(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        short = begin(aws, "Short", nap("one"), Tags=[{"Key": "app", "Value": "web"}])
        aws.clock.advance(60)
        long = begin(aws, "Long", nap("one", 600))
        aws.clock.advance(10)

        def by(key: str, value: str) -> list[str]:
            filters = [{"Key": key, "Values": [value]}]
            answer = ssm.describe_automation_executions(Filters=filters)
            return [
                each["AutomationExecutionId"] for each in answer["AutomationExecutionMetadataList"]
            ]

        everything = ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
        assert [each["AutomationExecutionId"] for each in everything] == [long, short]
        assert everything[0]["CurrentStepName"] == "one"
        middle = "2026-11-23T12:00:30Z"
        assert by("ExecutionStatus", "Success") == by("DocumentNamePrefix", "Sh") == [short]
        assert by("StartTimeBefore", middle) == by("TagKey", "app") == [short]
        assert by("StartTimeAfter", middle) == by("ExecutionId", long) == [long]
        assert by("AutomationType", "Local") == by("CurrentAction", "aws:sleep") == [long, short]
        assert by("ParentExecutionId", short) == []
        bad = [{"Key": "OpsItemId", "Values": ["a"]}]
        assert code(ssm.describe_automation_executions, Filters=bad) == "InvalidFilterKey"
        bad = [{"Key": "StartTimeAfter", "Values": ["soon"]}]
        assert code(ssm.describe_automation_executions, Filters=bad) == "InvalidFilterValue"

    def test_steps_can_be_asked_for_one_by_one(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        started = begin(aws, "Naps", nap("one"), nap("two", 600), nap("three"))
        aws.clock.advance(10)

        def names(**asked: Any) -> list[str]:
            answer = ssm.describe_automation_step_executions(AutomationExecutionId=started, **asked)
            return [each["StepName"] for each in answer["StepExecutions"]]

        def by(key: str, value: str) -> list[str]:
            return names(Filters=[{"Key": key, "Values": [value]}])

        assert names(ReverseOrder=True) == ["three", "two", "one"]
        assert names(MaxResults=1) == by("StepName", "one") == ["one"]
        assert by("StepExecutionStatus", "InProgress") == ["two"]
        assert by("StartTimeAfter", "2026-11-23T12:00:01Z") == ["two"]
        assert by("StartTimeBefore", "2026-11-23T12:00:02Z") == ["one"]
        assert by("Action", "aws:branch") == by("StepExecutionId", "none") == []
