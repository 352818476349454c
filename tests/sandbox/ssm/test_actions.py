"""What each action of a runbook does, and what it says when it cannot."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, D102

import json
from typing import Any

import pytest

from sandbox.process import Sandbox
from sandbox.ssm.json_path import PathError, select
from sandbox.ssm.steps.flow import TESTS
from tests.sandbox.scenes import code
from tests.sandbox.ssm.scenes import LINUX, execution, node, run, step, steps_of

DOCUMENT = {
    "Reservations": [
        {"Instances": [{"Id": "i-1", "State": {"Code": 16, "Name": "running"}}]},
        {"Instances": [{"Id": "i-2", "State": {"Code": 80, "Name": "stopped"}, "Old": True}]},
    ]
}


def api(name: str, operation: str, action: str = "executeAwsApi", **more: Any) -> dict[str, Any]:
    """A step that calls EC2."""
    definition: dict[str, Any] = {
        key: more.pop(key) for key in ("outputs", "onFailure") if key in more
    }
    return {
        "name": name,
        "action": f"aws:{action}",
        "inputs": {"Service": "ec2", "Api": operation, **more},
        **definition,
    }


def done(name: str, action: str, **inputs: Any) -> dict[str, Any]:
    """A step whose failure does not matter."""
    return {"name": name, "action": f"aws:{action}", "onFailure": "Continue", "inputs": inputs}


class TestApi:
    """Calls in this process, as the execution's account and region."""

    def test_outputs_are_selected_and_handed_on_with_their_types(self, aws: Sandbox) -> None:
        instance = node(aws)
        first = "$.Reservations[0].Instances[0]"
        outputs = [
            {"Name": "State", "Selector": f"{first}.State", "Type": "StringMap"},
            {"Name": "Code", "Selector": f"{first}.State.Code", "Type": "Integer"},
            {"Name": "Disks", "Selector": "$..VolumeId", "Type": "StringList"},
            {"Name": "Nothing", "Selector": f"{first}.Nothing", "Type": "String"},
            {"Name": "Launched", "Selector": f"{first}.LaunchTime"},
        ]
        found = run(
            aws,
            api("look", "DescribeInstances", InstanceIds=["{{ Ids }}"], outputs=outputs),
            api("more", "DescribeVolumes", VolumeIds=["{{ look.Disks }}"]),
            parameters={"Ids": {"type": "StringList"}},
            Parameters={"Ids": [instance]},
        )

        looked = step(found, "look")["Outputs"]
        assert looked["State"] == ['{"Code": 16, "Name": "running"}']
        assert looked["Code"] == ["16"]
        assert looked["Launched"] == ["2026-11-23T12:00:00+00:00"]
        assert "Nothing" not in looked
        assert json.loads(step(found, "more")["Inputs"]["VolumeIds"]) == looked["Disks"]
        assert found["AutomationExecutionStatus"] == "Success"

    def test_what_cannot_be_called_fails_the_step(self, aws: Sandbox) -> None:
        wrong_type = [{"Name": "Count", "Selector": "$.Regions", "Type": "Integer"}]
        found = run(
            aws,
            done("service", "executeAwsApi", Service="ec3", Api="DescribeVolumes"),
            done("operation", "executeAwsApi", Service="ec2", Api="ExplodeVolumes"),
            done("member", "executeAwsApi", Service="ec2", Api="DescribeVolumes", Colour="red"),
            done("kind", "executeAwsApi", Service=["ec2"], Api="DescribeVolumes"),
            done("stream", "executeAwsApi", Service="s3", Api="GetObject", Bucket="b", Key="k"),
            api("output", "DescribeRegions", outputs=wrong_type, onFailure="Continue"),
        )

        assert set(steps_of(found).values()) == {"Failed"}
        assert "ec3 doesn't exist" in step(found, "service")["FailureMessage"]
        assert "no API ExplodeVolumes" in step(found, "operation")["FailureMessage"]
        assert "Colour" in step(found, "member")["FailureMessage"]
        assert "must be a String" in step(found, "kind")["FailureMessage"]
        assert "not a Integer" in step(found, "output")["FailureMessage"]

    def test_a_property_is_waited_for_until_the_timeout(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.client("ec2").stop_instances(InstanceIds=[instance])
        state = "$.Reservations[*].Instances[*].State.Name"
        wait: dict[str, Any] = {
            "action": "waitForAwsResourceProperty",
            "InstanceIds": [instance],
            "PropertySelector": state,
        }
        found = run(
            aws,
            api("stopped", "DescribeInstances", DesiredValues=["stopped"], **wait),
            api("running", "DescribeInstances", DesiredValues=["running"], **wait),
            seconds=3700,
        )

        assert steps_of(found) == {"stopped": "Success", "running": "TimedOut"}
        took = step(found, "running")
        assert (took["ExecutionEndTime"] - took["ExecutionStartTime"]).total_seconds() == 3600

    def test_a_property_is_asserted_once(self, aws: Sandbox) -> None:
        check: dict[str, Any] = {
            "action": "assertAwsResourceProperty",
            "ImageIds": [LINUX],
            "PropertySelector": "$.Images[0].State",
        }
        found = run(
            aws,
            api("good", "DescribeImages", DesiredValues="available", **check),
            api("bad", "DescribeImages", DesiredValues=["failed"], **check),
        )

        assert steps_of(found) == {"good": "Success", "bad": "Failed"}
        assert "it is available" in step(found, "bad")["FailureMessage"]


class TestWaiting:
    """aws:approve, aws:pause, aws:sleep."""

    def approval(self, needed: int) -> dict[str, Any]:
        return done("ask", "approve", Approvers=["anna", "bert"], MinRequiredApprovals=needed)

    def test_enough_approvals_let_it_go_on(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        found = run(aws, self.approval(2), seconds=10)
        named = {"AutomationExecutionId": found["AutomationExecutionId"]}
        assert found["AutomationExecutionStatus"] == "Waiting"
        assert step(found, "ask")["Outputs"] == {"ApprovalStatus": ["Waiting"]}

        wrong = {**named, "SignalType": "Resume", "Payload": {"StepName": ["ask"]}}
        assert code(ssm.send_automation_signal, **wrong) == "InvalidAutomationSignalException"
        ssm.send_automation_signal(SignalType="Approve", **named)
        half = execution(aws, named["AutomationExecutionId"])
        ssm.send_automation_signal(SignalType="Approve", **named)
        aws.clock.advance(1)
        whole = execution(aws, named["AutomationExecutionId"])

        assert half["AutomationExecutionStatus"] == "Waiting"
        assert whole["AutomationExecutionStatus"] == "Success"
        assert step(whole, "ask")["Outputs"]["ApprovalStatus"] == ["Approved"]
        late = {**named, "SignalType": "Approve"}
        assert code(ssm.send_automation_signal, **late) == "InvalidAutomationSignalException"

    def test_one_rejection_fails_it(self, aws: Sandbox) -> None:
        found = run(aws, self.approval(1), seconds=10)
        named = {"AutomationExecutionId": found["AutomationExecutionId"]}
        aws.client("ssm").send_automation_signal(SignalType="Reject", **named)
        aws.clock.advance(1)

        asked = step(execution(aws, named["AutomationExecutionId"]), "ask")

        assert asked["StepStatus"] == "Failed"
        assert asked["Outputs"]["ApprovalStatus"] == ["Rejected"]

    def test_nobody_answers_for_a_week(self, aws: Sandbox) -> None:
        found = run(aws, self.approval(1), self.approval(3) | {"name": "more"}, seconds=700_000)

        assert steps_of(found) == {"ask": "TimedOut", "more": "Failed"}

    def test_a_pause_lasts_until_its_step_is_resumed(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        found = run(aws, done("hold", "pause"), seconds=86_400)
        named = {"AutomationExecutionId": found["AutomationExecutionId"], "SignalType": "Resume"}
        assert found["AutomationExecutionStatus"] == "Waiting"
        elsewhere = {"StepName": ["nowhere"]}
        refused = code(ssm.send_automation_signal, Payload=elsewhere, **named)
        assert refused == "AutomationStepNotFoundException"

        ssm.send_automation_signal(Payload={"StepName": ["hold"]}, **named)
        aws.clock.advance(1)

        assert execution(aws, named["AutomationExecutionId"])["AutomationExecutionStatus"] == (
            "Success"
        )

    def test_a_sleep_needs_a_span_or_a_time(self, aws: Sandbox) -> None:
        found = run(
            aws,
            done("until", "sleep", Timestamp="2026-11-23T12:30:00Z"),
            done("past", "sleep", Timestamp="2020-01-01T00:00:00"),
            done("wrong", "sleep", Duration="ten minutes"),
            done("none", "sleep"),
            done("long", "sleep", Duration="P8D"),
        )

        assert steps_of(found) == {
            "until": "Success",
            "past": "Success",
            "wrong": "Failed",
            "none": "Failed",
            "long": "Failed",
        }
        ended = step(found, "until")["ExecutionEndTime"]
        assert f"{ended:%H:%M:%S}" == "12:30:00"


class TestBranching:
    """aws:branch."""

    @pytest.mark.parametrize(
        ("operation", "value", "wanted", "is_true"),
        [
            ("StringEquals", "a", "a", True),
            ("EqualsIgnoreCase", "A", "a", True),
            ("StartsWith", "abc", "ab", True),
            ("EndsWith", "abc", "bc", True),
            ("Contains", "abc", "x", False),
            ("NumericEquals", "1", "1.0", True),
            ("NumericGreater", "2", "10", False),
            ("NumericLesser", "2", "10", True),
            ("NumericGreaterOrEquals", "2", "2", True),
            ("NumericLesserOrEquals", "3", "2", False),
            ("BooleanEquals", "true", "True", True),
        ],
    )
    def test_operations_compare(
        self, operation: str, value: str, wanted: str, *, is_true: bool
    ) -> None:
        assert TESTS[operation](value, wanted) is is_true

    def test_the_first_true_choice_counts_else_the_default(self, aws: Sandbox) -> None:
        def goes(os: str, *, default: bool = False) -> list[str]:
            windows = {"Variable": "{{ Os }}", "StringEquals": "windows"}
            choices: list[dict[str, Any]] = [
                {
                    "NextStep": "neither",
                    "Not": {"Or": [windows, {**windows, "StringEquals": "mac"}]},
                },
                {
                    "NextStep": "windows",
                    "And": [windows, {"Variable": "{{ Os }}", "StartsWith": "win"}],
                },
            ]
            found = run(
                aws,
                {
                    "name": "fork",
                    "action": "aws:branch",
                    "inputs": {"Choices": choices, **({"Default": "other"} if default else {})},
                },
                {**done("neither", "sleep", Duration="PT1S"), "isEnd": True},
                {**done("windows", "sleep", Duration="PT1S"), "isEnd": True},
                {**done("other", "sleep", Duration="PT1S"), "isEnd": True},
                parameters={"Os": {"type": "String"}},
                Parameters={"Os": [os]},
            )
            return [name for name, status in steps_of(found).items() if status == "Success"]

        assert goes("linux") == ["fork", "neither"]
        assert goes("windows") == ["fork", "windows"]
        assert goes("mac", default=True) == ["fork", "other"]
        assert goes("mac") == ["fork", "neither"]

    def test_a_number_is_needed_where_numbers_are_compared(self, aws: Sandbox) -> None:
        choice = {"NextStep": "after", "Variable": "many", "NumericGreater": 1}
        found = run(
            aws,
            done("fork", "branch", Choices=[choice]),
            done("after", "sleep", Duration="PT1S"),
        )

        assert "needs numbers" in step(found, "fork")["FailureMessage"]


class TestMachinesAndImages:
    """Actions on EC2."""

    def test_instances_are_stopped_started_and_ended(self, aws: Sandbox) -> None:
        instance, ec2 = node(aws), aws.client("ec2")
        ssm = aws.client("ssm")
        for name in ("AWS-StopEC2Instance", "AWS-StartEC2Instance"):
            started = ssm.start_automation_execution(
                DocumentName=name, Parameters={"InstanceId": [instance]}
            )
            aws.clock.advance(120)
            found = execution(aws, started["AutomationExecutionId"])
            assert found["AutomationExecutionStatus"] == "Success"
        ids = {"InstanceIds": [instance]}
        found = run(
            aws,
            done(
                "check", "changeInstanceState", CheckStateOnly=True, DesiredState="running", **ids
            ),
            done("odd", "changeInstanceState", DesiredState="asleep", **ids),
            done("list", "changeInstanceState", DesiredState="stopped", InstanceIds=[1]),
            done("force", "changeInstanceState", DesiredState="stopped", Force="true", **ids),
            done("end", "changeInstanceState", DesiredState="terminated", **ids),
            done(
                "again", "changeInstanceState", CheckStateOnly="true", DesiredState="running", **ids
            ),
        )

        assert list(steps_of(found).values()) == [
            "Success",
            "Failed",
            "Failed",
            "Success",
            "Success",
            "Failed",
        ]
        [status] = ec2.describe_instance_status(IncludeAllInstances=True, **ids)["InstanceStatuses"]
        assert status["InstanceState"]["Name"] == "terminated"

    def test_images_are_copied_tagged_and_deleted_with_their_snapshots(self, aws: Sandbox) -> None:
        ec2 = aws.client("ec2")
        tags = [{"Key": "app", "Value": "web"}]
        copied = {"SourceImageId": LINUX, "SourceRegion": "us-east-1"}
        found = run(
            aws,
            done("copy", "copyImage", ImageName="copy", ImageDescription="", **copied),
            done("tag", "createTags", ResourceIds=["{{ copy.ImageId }}"], Tags=tags),
            done(
                "other", "createTags", ResourceIds=["a"], Tags=tags, ResourceType="ManagedInstance"
            ),
        )
        [image] = ec2.describe_images(Owners=["self"])["Images"]
        deleted = run(aws, done("delete", "deleteImage", ImageId=image["ImageId"]))

        assert steps_of(found) == {"copy": "Success", "tag": "Success", "other": "Failed"}
        assert image["Tags"] == tags
        assert steps_of(deleted) == {"delete": "Success"}
        assert ec2.describe_images(Owners=["self"])["Images"] == []
        assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []

    def test_an_image_that_fails_fails_its_step(self, aws: Sandbox) -> None:
        instance = node(aws)
        found = run(
            aws,
            done("take", "createImage", InstanceId=instance, ImageName="doomed", NoReboot=True),
            seconds=10,
        )
        aws.client("ec2").terminate_instances(InstanceIds=[instance])
        aws.clock.advance(120)

        taken = step(execution(aws, found["AutomationExecutionId"]), "take")

        assert taken["StepStatus"] == "Failed"
        assert "is failed" in taken["FailureMessage"]
        assert taken["Outputs"]["ImageId"][0].startswith("ami-")


class TestOthers:
    """Runbooks in runbooks, functions, and what is not there."""

    def test_a_runbook_runs_another_and_hands_its_outputs_on(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        content = {
            "schemaVersion": "0.3",
            "parameters": {"Path": {"type": "String"}},
            "mainSteps": [
                api(
                    "look",
                    "DescribeImages",
                    ImageIds=[LINUX],
                    outputs=[{"Name": "State", "Selector": "{{ Path }}", "Type": "String"}],
                )
            ],
            "outputs": ["look.State"],
        }
        content["mainSteps"][0]["outputs"][0]["Selector"] = "$.Images[0].State"  # type: ignore[index]
        ssm.create_document(Name="Child", DocumentType="Automation", Content=json.dumps(content))
        given = {"Path": "$.Images[0]"}
        found = run(
            aws,
            done(
                "child",
                "executeAutomation",
                DocumentName="Child",
                DocumentVersion="1",
                RuntimeParameters=given,
            ),
            done("nowhere", "executeAutomation", DocumentName="Nowhere"),
            done("nothing", "executeAutomation", DocumentName="Child"),
        )

        outputs = step(found, "child")["Outputs"]
        assert (outputs["Status"], outputs["Output"]) == (["Success"], ["available"])
        child = execution(aws, outputs["ExecutionId"][0])
        assert child["ParentAutomationExecutionId"] == found["AutomationExecutionId"]
        assert steps_of(found)["nowhere"] == steps_of(found)["nothing"] == "Failed"

    def test_a_child_fails_with_and_is_cancelled_with_its_parent(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        for name, seconds in (("Long", 9999), ("Bad", -1)):
            inputs = {"Duration": f"PT{seconds}S"}
            content = {
                "schemaVersion": "0.3",
                "mainSteps": [{"name": "nap", "action": "aws:sleep", "inputs": inputs}],
            }
            ssm.create_document(Name=name, DocumentType="Automation", Content=json.dumps(content))
        found = run(
            aws,
            done("bad", "executeAutomation", DocumentName="Bad"),
            done("long", "executeAutomation", DocumentName="Long") | {"timeoutSeconds": 60},
        )

        assert steps_of(found) == {"bad": "Failed", "long": "TimedOut"}
        assert step(found, "bad")["Outputs"]["Status"] == ["Failed"]
        rows = ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
        ends = {each["DocumentName"]: each["AutomationExecutionStatus"] for each in rows}
        assert ends["Long"] == "Cancelled"

    def test_a_callable_stands_for_a_function(self, aws: Sandbox) -> None:
        def answer(payload: Any) -> Any:
            return {"image": f"image of {payload['id']}"}

        def explode(payload: Any) -> Any:
            raise ValueError(payload)

        aws.functions.register("back-up", answer)
        aws.functions.register("explode", explode)
        arn = "arn:aws:lambda:us-east-1:123456789012:function:back-up"
        call = done("call", "invokeLambdaFunction", FunctionName=arn, Payload='{"id": "i-1"}')
        call["outputs"] = [{"Name": "Image", "Selector": "$.Payload.image", "Type": "String"}]
        found = run(
            aws,
            call,
            done("dry", "invokeLambdaFunction", FunctionName="explode", InvocationType="DryRun"),
            done("odd", "invokeLambdaFunction", FunctionName="explode", InvocationType="Later"),
            done("bang", "invokeLambdaFunction", FunctionName="explode"),
            done("text", "invokeLambdaFunction", FunctionName="explode", Payload="{"),
            done("none", "invokeLambdaFunction", FunctionName="nowhere"),
        )

        assert step(found, "call")["Outputs"] == {
            "StatusCode": ["200"],
            "Payload": ['{"image": "image of i-1"}'],
            "Image": ["image of i-1"],
        }
        assert list(steps_of(found).values())[1:] == ["Success", *["Failed"] * 4]
        assert "no Lambda" in step(found, "none")["FailureMessage"]

    def test_no_code_is_ever_executed(self, aws: Sandbox) -> None:
        script = done("code", "executeScript", Runtime="python3.11", Script="1 / 0")

        found = run(aws, script)

        assert "executes no code" in step(found, "code")["FailureMessage"]


class TestJsonPath:
    """Selectors."""

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("$.Reservations[0].Instances[0].Id", "i-1"),
            ("$.Reservations[-1].Instances[0]['Id']", "i-2"),
            ("$.Reservations..Name", ["running", "stopped"]),
            ("$.Reservations[*].Instances[*].State.Code", [16, 80]),
            ("$.Reservations[1].Instances[0].State.*", [80, "stopped"]),
            ("$..Instances[?(@.State.Name == 'stopped')].Id", ["i-2"]),
            ("$..Instances[?(@.Old == true)].Id", ["i-2"]),
            ("$..Nothing", []),
        ],
    )
    def test_a_path_finds(self, path: str, value: object) -> None:
        assert select(DOCUMENT, path) == value

    @pytest.mark.parametrize(
        "path", ["Reservations", "$.Reservations[9]", "$.Nothing", "$.Reservations[0", "$.Id[0]"]
    )
    def test_a_path_that_leads_nowhere_is_refused(self, path: str) -> None:
        with pytest.raises(PathError):
            select(DOCUMENT, path)
