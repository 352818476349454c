"""Run Command: what is taken, what becomes of it by the clock, and what is seen of it."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, D102, N802

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from sandbox.commands import CommandError, Commands
from sandbox.process import Sandbox
from tests.sandbox.scenes import code
from tests.sandbox.ssm.scenes import (
    LINUX,
    SHELL,
    WINDOWS,
    command,
    command_document,
    node,
    script_step,
    send,
    states,
    told,
)

UNKNOWN = "00000000-0000-0000-0000-000000000000"


def result(aws: Sandbox, command_id: str, instance: str, **more: str) -> dict[str, Any]:
    """What GetCommandInvocation answers with."""
    found: dict[str, Any] = aws.client("ssm").get_command_invocation(
        CommandId=command_id, InstanceId=instance, **more
    )
    return found


def fleet(aws: Sandbox, count: int) -> list[str]:
    """So many nodes, tagged ``app=web``."""
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "app", "Value": "web"}]}]
    first = node(aws, TagSpecifications=tags)
    answer = aws.client("ec2").run_instances(
        ImageId=LINUX,
        InstanceType="t3.micro",
        MinCount=count - 1,
        MaxCount=count - 1,
        IamInstanceProfile={"Name": "node"},
        TagSpecifications=tags,
    )
    aws.clock.advance(60)
    return [first, *(each["InstanceId"] for each in answer["Instances"])]


WEB = [{"Key": "tag:app", "Values": ["web"]}]

WRONG_REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"Parameters": {}}, "InvalidParameters"),
    ({"Parameters": {"commands": ["true"], "shell": ["zsh"]}}, "InvalidParameters"),
    (
        {"Parameters": {"commands": ["true"], "executionTimeout": ["soon"]}},
        "InvalidParameters",
    ),
    (
        {"Parameters": {"commands": ["true"], "executionTimeout": ["5", "6"]}},
        "InvalidParameters",
    ),
    ({"Parameters": {"commands": ["{{ssm:nowhere}}"]}}, "InvalidParameters"),
    ({"DocumentName": "Nowhere"}, "InvalidDocument"),
    ({"DocumentName": "AWS-StopEC2Instance"}, "InvalidDocument"),
    ({"DocumentVersion": "9"}, "InvalidDocumentVersion"),
    ({"DocumentHash": "0" * 64}, "InvalidDocument"),
    ({"OutputS3BucketName": "nowhere"}, "InvalidOutputFolder"),
    ({"NotificationConfig": {"NotificationArn": "mail"}}, "InvalidNotificationConfig"),
    ({"TimeoutSeconds": 2592001}, "ValidationException"),
    ({"MaxConcurrency": "all"}, "ValidationException"),
    ({"Targets": WEB}, "ValidationException"),
    ({"InstanceIds": ["i-0123456789abcdef0"] * 51}, "ValidationException"),
    ({"InstanceIds": []}, "ValidationException"),
]

WRONG_QUESTIONS: list[tuple[str, dict[str, Any], str]] = [
    ("list_commands", {"CommandId": UNKNOWN}, "InvalidCommandId"),
    ("list_command_invocations", {"CommandId": UNKNOWN}, "InvalidCommandId"),
    (
        "get_command_invocation",
        {"CommandId": UNKNOWN, "InstanceId": "i-0123456789abcdef0"},
        "InvocationDoesNotExist",
    ),
    ("list_commands", {"CommandId": "x" * 37}, "ValidationException"),
    ("list_commands", {"InstanceId": "web"}, "ValidationException"),
    (
        "list_commands",
        {"Filters": [{"key": "Colour", "value": "red"}]},
        "ValidationException",
    ),
    (
        "list_command_invocations",
        {"Filters": [{"key": "ExecutionStage", "value": "Complete"}]},
        "InvalidFilterKey",
    ),
]


class TestSending:
    """What SendCommand takes."""

    def test_a_command_is_pending_then_in_progress_then_a_success(self, aws: Sandbox) -> None:
        instance = node(aws)
        sent = send(aws, instance, Comment="before the backup")

        assert result(aws, sent, instance)["Status"] == "Pending"
        assert result(aws, sent, instance)["ResponseCode"] == -1
        assert result(aws, sent, instance)["ExecutionStartDateTime"] == ""
        aws.clock.advance(1.5)
        assert result(aws, sent, instance)["StatusDetails"] == "InProgress"
        assert command(aws, sent)["Status"] == "InProgress"
        aws.clock.advance(1)
        done = result(aws, sent, instance)
        assert (done["Status"], done["ResponseCode"]) == ("Success", 0)
        assert (done["PluginName"], done["Comment"]) == ("aws:runShellScript", "before the backup")
        assert done["ExecutionElapsedTime"] == "PT1S"
        whole = command(aws, sent)
        assert (whole["Status"], whole["CompletedCount"], whole["TargetCount"]) == ("Success", 1, 1)

    def test_a_command_expires_after_both_timeouts(self, aws: Sandbox) -> None:
        sent = send(aws, node(aws), TimeoutSeconds=600)

        whole = command(aws, sent)

        assert whole["ExpiresAfter"] - whole["RequestedDateTime"] == timedelta(seconds=4200)
        assert whole["TimeoutSeconds"] == 600

    def test_what_is_said_of_outputs_is_kept(self, aws: Sandbox) -> None:
        aws.client("s3").create_bucket(Bucket="outputs")
        instance = node(aws)
        sent = send(
            aws,
            instance,
            OutputS3BucketName="outputs",
            OutputS3KeyPrefix="ssm",
            CloudWatchOutputConfig={"CloudWatchOutputEnabled": True},
            MaxConcurrency="1",
            MaxErrors="10%",
        )

        whole = command(aws, sent)

        assert whole["OutputS3BucketName"] == "outputs"
        assert whole["CloudWatchOutputConfig"]["CloudWatchOutputEnabled"] is True
        assert (whole["MaxConcurrency"], whole["MaxErrors"]) == ("1", "10%")
        url = f"https://s3.us-east-1.amazonaws.com/outputs/ssm/{sent}/{instance}/"
        assert result(aws, sent, instance)["StandardOutputUrl"].startswith(url)

    def test_nothing_is_taken_for_nodes_that_would_not_get_it(self, aws: Sandbox) -> None:
        ssm, ec2 = aws.client("ssm"), aws.client("ec2")
        no_node, stopped, good = node(aws, profile=False), node(aws), node(aws)
        ec2.stop_instances(InstanceIds=[stopped])
        young = ec2.run_instances(
            ImageId=LINUX,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": "node"},
        )["Instances"][0]["InstanceId"]
        request = {"DocumentName": SHELL, "Parameters": {"commands": ["true"]}}

        for each in (no_node, stopped, young, "i-0123456789abcdef0"):
            assert (
                code(ssm.send_command, InstanceIds=[good, each], **request) == "InvalidInstanceId"
            )
        assert code(ssm.send_command, InstanceIds=[good, good], **request) == "DuplicateInstanceId"
        assert ssm.list_commands()["Commands"] == []

    def test_wrong_requests_are_refused(self, aws: Sandbox) -> None:
        request = {
            "InstanceIds": [node(aws)],
            "DocumentName": SHELL,
            "Parameters": {"commands": ["true"]},
        }

        for more, refusal in WRONG_REQUESTS:
            assert code(aws.client("ssm").send_command, **{**request, **more}) == refusal, more

    def test_a_document_for_another_platform_is_refused_for_a_named_node(
        self, aws: Sandbox
    ) -> None:
        linux, windows = node(aws), node(aws, WINDOWS)
        ssm = aws.client("ssm")
        shell = {"DocumentName": SHELL, "Parameters": {"commands": ["true"]}}
        vss = {"DocumentName": "AWSEC2-CreateVssSnapshot"}

        assert code(ssm.send_command, InstanceIds=[windows], **shell) == "UnsupportedPlatformType"
        assert code(ssm.send_command, InstanceIds=[linux], **vss) == "UnsupportedPlatformType"

    def test_parameters_of_every_type_are_checked_and_put_into_the_steps(
        self, aws: Sandbox
    ) -> None:
        ssm, instance = aws.client("ssm"), node(aws)
        ssm.put_parameter(Name="who", Type="String", Value="the world")
        ssm.put_parameter(Name="key", Type="SecureString", Value="hush")
        parameters = {
            "greeting": {"type": "String", "allowedValues": ["hello", "bye"]},
            "loud": {"type": "Boolean", "default": False},
            "times": {"type": "Integer", "default": 1},
            "more": {"type": "StringMap", "default": {}},
            "all": {"type": "MapList", "default": [], "maxItems": 1},
            "who": {"type": "String", "default": "nobody", "maxChars": 9},
        }
        script = "echo {{ greeting }} {{ who }} {{ loud }} {{ times }} {{ more }} {{ all }}"
        content = command_document(script_step("greet", script), parameters=parameters)
        ssm.create_document(Name="Greet", Content=content)
        aws.commands.set(contains='echo hello the world true 3 {"a": "b"} [{"c": 1}]', output="hi")
        good = {
            "greeting": ["hello"],
            "who": ["{{ssm:who}}"],
            "loud": ["true"],
            "times": ["3"],
            "more": ['{"a": "b"}'],
            "all": ['{"c": 1}'],
        }

        sent = send(aws, instance, DocumentName="Greet", Parameters=good)
        aws.clock.advance(5)

        assert result(aws, sent, instance)["StandardOutputContent"] == "hi"
        for wrong in (
            {"greeting": ["hey"]},
            {"loud": ["yes"]},
            {"times": ["1.5"]},
            {"more": ["b"]},
            {"all": ["{}", "{}"]},
            {"who": ["far too many"]},
            {"who": ["{{ssm:key}}"]},
        ):
            request = {"InstanceIds": [instance], "DocumentName": "Greet"}
            refused = code(ssm.send_command, Parameters={**good, **wrong}, **request)
            assert refused == "InvalidParameters"


class TestRunning:
    """What becomes of a command on a node."""

    def test_a_script_fails_and_prints_as_the_operator_wishes(self, aws: Sandbox) -> None:
        instance, other = node(aws), node(aws)
        aws.commands.set(
            instance=instance, document=SHELL, contains="health", outcome="fail", exit_code=3,
            output="checking", error="port 80 is closed",
        )  # fmt: skip
        sent = send(aws, instance, other, script="./health.sh", MaxErrors="1")
        fine = send(aws, instance)
        aws.clock.advance(5)

        failed = result(aws, sent, instance)

        assert (failed["Status"], failed["StatusDetails"], failed["ResponseCode"]) == (
            "Failed",
            "Failed",
            3,
        )
        assert failed["StandardOutputContent"] == "checking"
        assert failed["StandardErrorContent"] == "port 80 is closed"
        assert states(aws, sent)[other] == states(aws, fine)[instance] == "Success"
        whole = command(aws, sent)
        assert (whole["Status"], whole["StatusDetails"], whole["ErrorCount"]) == (
            "Failed",
            "Incomplete",
            1,
        )
        [details] = aws.client("ssm").list_command_invocations(
            CommandId=sent, InstanceId=instance, Details=True
        )["CommandInvocations"]
        [plugin] = details["CommandPlugins"]
        assert plugin["Output"] == "checking\n----------ERROR-------\nport 80 is closed"

    def test_a_wish_can_hold_for_a_number_of_times_and_be_taken_back(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.commands.set(image=LINUX, outcome="fail", times=1)

        ends = []
        for _ in range(2):
            sent = send(aws, instance)
            aws.clock.advance(5)
            ends.append(states(aws, sent)[instance])
        aws.commands.set(outcome="fail")
        aws.commands.forget_wishes()
        sent = send(aws, instance)
        aws.clock.advance(5)

        assert [*ends, states(aws, sent)[instance]] == ["Failed", "Success", "Success"]

    @pytest.mark.parametrize(
        "wish",
        [
            {"colour": "red"},
            {"outcome": "explode"},
            {"instance": 5},
            {"exit_code": -1},
            {"times": 0},
            {"seconds": True},
            {"seconds": -1},
            {"outcome": "fail", "exit_code": 0},
            {"exit_code": 1},
        ],
    )
    def test_a_wish_that_cannot_be_is_refused(self, wish: dict[str, Any]) -> None:
        with pytest.raises(CommandError):
            Commands().set(**wish)

    def test_a_hanging_script_times_out(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.commands.set(contains="fsfreeze", outcome="hang")
        sent = send(
            aws, instance, Parameters={"commands": ["fsfreeze -f /d"], "executionTimeout": ["30"]}
        )

        aws.clock.advance(30)
        before = states(aws, sent)
        aws.clock.advance(2)

        assert before == {instance: "InProgress"}
        assert states(aws, sent) == {instance: "ExecutionTimedOut"}
        whole = command(aws, sent)
        assert (whole["Status"], whole["StatusDetails"]) == ("TimedOut", "ExecutionTimedOut")
        assert whole["ErrorCount"] == 1

    def test_a_silent_agent_delays_a_command_until_it_is_back(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.health.set(instance=instance, agent="lost")
        sent = send(aws, instance)
        aws.clock.advance(60)
        before = states(aws, sent)

        aws.health.set(instance=instance, agent="online")
        aws.clock.advance(10)

        assert before == {instance: "Delayed"}
        assert states(aws, sent) == {instance: "Success"}

    def test_a_command_that_nobody_gets_is_not_run_later_and_times_out_in_the_end(
        self,
        aws: Sandbox,
    ) -> None:
        instance = node(aws)
        aws.health.set(instance=instance, agent="lost")
        sent = send(aws, instance, TimeoutSeconds=30)
        aws.clock.advance(60)
        aws.health.set(instance=instance, agent="online")

        aws.clock.advance(60)
        late = states(aws, sent)
        aws.clock.advance(3600)

        assert late == {instance: "Delayed"}
        assert states(aws, sent) == {instance: "DeliveryTimedOut"}
        whole = command(aws, sent)
        assert (whole["Status"], whole["StatusDetails"]) == ("TimedOut", "DeliveryTimedOut")
        assert (whole["DeliveryTimedOutCount"], whole["ErrorCount"]) == (1, 0)
        assert aws.commands.log() == []

    def test_a_node_that_goes_while_it_works_never_answers(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.commands.set(seconds=30)
        sent = send(aws, instance)
        aws.clock.advance(10)
        aws.client("ec2").stop_instances(InstanceIds=[instance])

        aws.clock.advance(600)
        before = states(aws, sent)
        aws.clock.advance(7200)

        assert before == {instance: "InProgress"}
        assert states(aws, sent) == {instance: "DeliveryTimedOut"}

    def test_F15_a_node_that_is_terminated_before_it_gets_a_command_is_undeliverable(
        self,
        aws: Sandbox,
    ) -> None:
        gone, there = node(aws), node(aws)
        sent = send(aws, gone, there)
        alone = send(aws, gone)
        aws.client("ec2").terminate_instances(InstanceIds=[gone])
        aws.clock.advance(10)

        assert states(aws, sent) == {gone: "Undeliverable", there: "Success"}
        assert command(aws, sent)["Status"] == "Success"
        assert command(aws, alone)["Status"] == "Failed"

    def test_steps_run_in_order_and_flow_as_the_document_says(self, aws: Sandbox) -> None:
        ssm, instance = aws.client("ssm"), node(aws)
        content = command_document(
            {
                "action": "aws:runPowerShellScript",
                "name": "windowsOnly",
                "precondition": {"StringEquals": ["platformType", "Windows"]},
                "inputs": {"runCommand": ["no"]},
            },
            script_step("tolerated", "first", onFailure="successAndExit"),
            script_step("skipped", "second"),
            script_step("always", "third", finallyStep=True),
        )
        ssm.create_document(Name="Flow", Content=content)
        aws.commands.set(contains="first", outcome="fail")
        sent = send(aws, instance, DocumentName="Flow", Parameters={})
        aws.clock.advance(10)

        assert [each["step"] for each in aws.commands.log()] == ["tolerated", "always"]
        assert states(aws, sent) == {instance: "Success"}
        skipped = result(aws, sent, instance, PluginName="windowsOnly")
        assert skipped["StandardOutputContent"].startswith("Step execution skipped")
        request = {"CommandId": sent, "InstanceId": instance}
        assert code(ssm.get_command_invocation, **request) == "InvalidPluginName"
        assert (
            code(ssm.get_command_invocation, PluginName="aws:x", **request) == "InvalidPluginName"
        )

    @pytest.mark.parametrize(
        ("inputs", "ran", "end"),
        [
            ({"onFailure": "exit"}, ["one", "three"], "Failed"),
            ({}, ["one", "two", "three"], "Failed"),
        ],
    )
    def test_a_failure_ends_a_document_only_where_it_says_exit(
        self, aws: Sandbox, inputs: dict[str, Any], ran: list[str], end: str
    ) -> None:
        instance = node(aws)
        content = command_document(
            script_step("one", "first", **inputs),
            script_step("two", "second", onSuccess="exit"),
            script_step("three", "third", finallyStep="true"),
        )
        aws.client("ssm").create_document(Name="Flow", Content=content)
        aws.commands.set(contains="first", outcome="fail")
        sent = send(aws, instance, DocumentName="Flow", Parameters={})
        aws.clock.advance(10)

        assert [each["step"] for each in aws.commands.log(instance)] == ran
        assert states(aws, sent) == {instance: end}

    def test_a_document_runs_another_one(self, aws: Sandbox) -> None:
        ssm, instance = aws.client("ssm"), node(aws)
        inner = command_document(
            script_step("greet", "echo {{ who }}"), parameters={"who": {"type": "String"}}
        )
        ssm.create_document(Name="Inner", Content=inner)
        steps = [
            {
                "action": "aws:runDocument",
                "name": name,
                "inputs": {
                    "documentType": "SSMDocument",
                    "documentPath": path,
                    "documentParameters": given,
                },
            }
            for name, path, given in (
                ("good", "Inner", {"who": "me"}),
                ("unknown", "Nowhere", "{}"),
                ("missing", "Inner", ""),
                ("broken", "Inner", "{"),
                ("itself", "Outer", "{}"),
            )
        ]
        ssm.create_document(Name="Outer", Content=command_document(*steps))
        aws.commands.set(document="Inner", contains="echo me", output="me it is")
        sent = send(aws, instance, DocumentName="Outer", Parameters={})
        aws.clock.advance(120)

        def said(name: str) -> dict[str, Any]:
            return result(aws, sent, instance, PluginName=name)

        assert said("good")["StandardOutputContent"] == "me it is"
        assert "doesn't exist" in said("unknown")["StandardErrorContent"]
        assert "who is required" in said("missing")["StandardErrorContent"]
        assert "not JSON" in said("broken")["StandardErrorContent"]
        assert "nested deeper" in said("itself")["StandardErrorContent"]


class TestManyNodes:
    """Targets, concurrency, errors."""

    def test_targets_find_nodes_by_tag_and_nothing_else(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        web = fleet(aws, 2)
        node(aws)
        answer = ssm.send_command(
            Targets=WEB, DocumentName=SHELL, Parameters={"commands": ["true"]}
        )["Command"]
        everywhere = send(aws, Targets=[{"Key": "InstanceIds", "Values": ["*"]}])
        tagged = send(aws, Targets=[{"Key": "tag-key", "Values": ["app"]}, *WEB])
        nowhere = send(aws, Targets=[{"Key": "tag:app", "Values": ["db"]}])
        aws.clock.advance(5)

        assert (answer["TargetCount"], answer["InstanceIds"]) == (0, [])
        assert states(aws, answer["CommandId"]) == dict.fromkeys(web, "Success")
        assert (len(states(aws, everywhere)), len(states(aws, tagged))) == (3, 2)
        assert command(aws, nowhere)["StatusDetails"] == "NoInstancesInTag"
        request = {"DocumentName": SHELL, "Parameters": {"commands": ["true"]}}
        groups = [{"Key": "resource-groups:Name", "Values": ["web"]}]
        assert code(ssm.send_command, Targets=groups, **request) == "ValidationException"

    def test_a_target_of_another_platform_fails_by_itself(self, aws: Sandbox) -> None:
        linux, windows = node(aws), node(aws, WINDOWS)
        sent = send(aws, Targets=[{"Key": "InstanceIds", "Values": ["*"]}])
        aws.clock.advance(5)

        assert states(aws, sent) == {linux: "Success", windows: "InvalidPlatform"}
        assert command(aws, sent)["Status"] == "Success"

    def test_so_many_at_a_time(self, aws: Sandbox) -> None:
        web = fleet(aws, 3)
        aws.commands.set(seconds=10)
        sent = send(aws, Targets=WEB, MaxConcurrency="34%")

        aws.clock.advance(5)
        now = [states(aws, sent)[each] for each in web]
        aws.clock.advance(60)

        assert now == ["InProgress", "Pending", "Pending"]
        assert set(states(aws, sent).values()) == {"Success"}
        log = aws.commands.log()
        assert all(one["ended"] <= two["started"] for one, two in pairwise(log))

    def test_too_many_errors_spare_the_rest(self, aws: Sandbox) -> None:
        web = fleet(aws, 3)
        aws.commands.set(outcome="fail")
        sent = send(aws, Targets=WEB, MaxConcurrency="1", MaxErrors="0")
        aws.clock.advance(60)

        found = states(aws, sent)

        assert [found[each] for each in web] == ["Failed", "Terminated", "Terminated"]
        whole = command(aws, sent)
        assert (whole["Status"], whole["ErrorCount"], whole["CompletedCount"]) == ("Failed", 1, 3)


class TestCancelling:
    """CancelCommand."""

    def test_a_cancelled_command_stops_where_it_is(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        busy, silent = node(aws), node(aws)
        aws.health.set(instance=silent, agent="lost")
        aws.commands.set(outcome="hang")
        sent = send(aws, busy, silent)
        aws.clock.advance(5)

        ssm.cancel_command(CommandId=sent)
        at_once = states(aws, sent)
        ssm.cancel_command(CommandId=sent)
        aws.clock.advance(5)

        assert at_once == {busy: "Cancelling", silent: "Cancelled"}
        assert states(aws, sent) == {busy: "Cancelled", silent: "Cancelled"}
        assert command(aws, sent)["Status"] == "Cancelled"
        assert [each["status"] for each in aws.commands.log()] == ["Cancelled"]
        assert result(aws, sent, busy)["Status"] == "Cancelled"

    def test_cancelling_can_name_nodes_and_leaves_what_has_ended(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        one, two = node(aws), node(aws)
        aws.commands.set(instance=two, outcome="hang")
        sent = send(aws, one, two)
        aws.clock.advance(5)

        ssm.cancel_command(CommandId=sent, InstanceIds=[one])

        assert states(aws, sent) == {one: "Success", two: "InProgress"}
        wrong = ["i-0123456789abcdef0"]
        assert code(ssm.cancel_command, CommandId=sent, InstanceIds=wrong) == "InvalidInstanceId"
        twice = code(ssm.cancel_command, CommandId=sent, InstanceIds=[one, one])
        assert twice == "DuplicateInstanceId"
        assert code(ssm.cancel_command, CommandId=UNKNOWN) == "InvalidCommandId"


class TestLists:
    """What can be asked about commands."""

    def test_lists_are_newest_first_filtered_and_in_pages(self, aws: Sandbox) -> None:
        ssm, instance, other = aws.client("ssm"), node(aws), node(aws)
        aws.commands.set(contains="bad", outcome="fail")
        sent = []
        for script in ("good", "bad", "good"):
            sent.append(send(aws, instance, script=script))
            aws.clock.advance(60)
        late = send(aws, other)

        def ids(**asked: Any) -> list[str]:
            return [each["CommandId"] for each in ssm.list_commands(**asked)["Commands"]]

        def by(key: str, value: str) -> list[str]:
            return ids(Filters=[{"key": key, "value": value}])

        requested = ssm.list_commands(CommandId=sent[1])["Commands"][0]["RequestedDateTime"]
        assert ids() == [late, *reversed(sent)]
        assert ids(InstanceId=other) == by("ExecutionStage", "Executing") == [late]
        assert by("Status", "Failed") == [sent[1]]
        assert by("InvokedAfter", requested.isoformat()) == [late, sent[2]]
        assert by("InvokedBefore", f"{requested:%Y-%m-%dT%H:%M:%S}") == [sent[0]]
        assert by("DocumentName", "AWS-Noop") == []
        first = ssm.list_commands(MaxResults=3)
        rest = ssm.list_commands(MaxResults=3, NextToken=first["NextToken"])
        assert [each["CommandId"] for each in rest["Commands"]] == [sent[0]]

    def test_wrong_questions_are_refused(self, aws: Sandbox) -> None:
        for action, asked, refusal in WRONG_QUESTIONS:
            assert code(getattr(aws.client("ssm"), action), **asked) == refusal, asked

    def test_a_time_that_is_none_is_refused(self, aws: Sandbox) -> None:
        send(aws, node(aws))
        bad = [{"key": "InvokedAfter", "value": "yesterday"}]

        assert code(aws.client("ssm").list_commands, Filters=bad) == "InvalidFilterKey"

    def test_what_was_sent_does_not_reach_the_record_of_calls(self, aws: Sandbox) -> None:
        send(aws, node(aws), script="mysql -psecret")

        [record] = [each for each in aws.calls.all() if each["action"] == "SendCommand"]

        assert "secret" not in str(record)
        sent: Any = record["parameters"]
        assert sent["Parameters"] == {"commands": ["*****"]}

    def test_each_change_of_status_is_an_event(self, aws: Sandbox) -> None:
        instance = node(aws)
        sent = send(aws, instance)
        aws.clock.advance(5)

        found = told(aws)

        assert [(each["detail-type"], each["detail"]["status"]) for each in found] == [
            ("EC2 Command Invocation Status-change Notification", "InProgress"),
            ("EC2 Command Status-change Notification", "InProgress"),
            ("EC2 Command Invocation Status-change Notification", "Success"),
            ("EC2 Command Status-change Notification", "Success"),
        ]
        arn = f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}"
        assert all(each["resources"] == [arn] for each in found)
        assert found[0]["detail"] == {
            "command-id": sent,
            "document-name": SHELL,
            "instance-id": instance,
            "requested-date-time": "2026-11-23T12:01:00.000Z",
            "status": "InProgress",
        }
        assert found[1]["detail"]["expire-after"] == "2026-11-23T14:01:00.000Z"
