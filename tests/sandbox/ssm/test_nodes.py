"""Which instances are managed nodes, and what is said of them."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D102

from typing import Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.scenes import code
from tests.sandbox.ssm.scenes import WINDOWS, node


def listed(aws: Sandbox, *filters: dict[str, Any]) -> list[dict[str, Any]]:
    """What DescribeInstanceInformation answers with."""
    answer = aws.client("ssm").describe_instance_information(Filters=list(filters))
    found: list[dict[str, Any]] = answer["InstanceInformationList"]
    return found


WRONG_QUESTIONS: list[tuple[dict[str, Any], str]] = [
    ({"Filters": [{"Key": "Colour", "Values": ["red"]}]}, "InvalidFilterKey"),
    ({"Filters": [{"Key": "InstanceIds", "Values": ["web"]}]}, "InvalidInstanceId"),
    ({"MaxResults": 51}, "ValidationException"),
    ({"NextToken": "nonsense"}, "InvalidNextToken"),
]


class TestManagedNodes:
    """DescribeInstanceInformation."""

    def test_an_instance_without_a_profile_is_no_node(self, aws: Sandbox) -> None:
        node(aws, profile=False)

        assert listed(aws) == []

    def test_a_node_registers_a_while_after_its_boot(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.client("ec2").reboot_instances(InstanceIds=[instance])

        before = listed(aws)
        aws.clock.advance(11)

        assert before == []
        assert [each["InstanceId"] for each in listed(aws)] == [instance]

    def test_a_node_tells_its_platform_agent_and_address(self, aws: Sandbox) -> None:
        node(aws)
        node(aws, WINDOWS)

        linux, windows = listed(aws)

        assert (linux["PlatformType"], windows["PlatformType"]) == ("Linux", "Windows")
        assert linux["PingStatus"] == "Online"
        assert linux["ResourceType"] == "EC2Instance"
        assert linux["ComputerName"] == f"ip-{linux['IPAddress'].replace('.', '-')}.ec2.internal"

    @pytest.mark.parametrize(
        ("agent", "ping"), [("lost", "ConnectionLost"), ("inactive", "Inactive")]
    )
    def test_an_agent_can_fall_silent(self, aws: Sandbox, agent: str, ping: str) -> None:
        instance = node(aws)
        aws.health.set(instance=instance, agent=agent)

        assert [each["PingStatus"] for each in listed(aws)] == [ping]

    def test_an_image_without_the_agent_makes_no_nodes(self, aws: Sandbox) -> None:
        aws.health.set(image=WINDOWS, agent="absent")
        node(aws, WINDOWS)

        assert listed(aws) == []

    def test_a_stopped_node_stays_listed_as_lost_and_a_terminated_one_goes(
        self, aws: Sandbox
    ) -> None:
        stopped, gone = node(aws), node(aws)
        aws.client("ec2").stop_instances(InstanceIds=[stopped])
        aws.client("ec2").terminate_instances(InstanceIds=[gone])
        aws.clock.advance(60)

        assert [(each["InstanceId"], each["PingStatus"]) for each in listed(aws)] == [
            (stopped, "ConnectionLost")
        ]

    def test_filters_choose_by_id_platform_ping_version_and_tag(self, aws: Sandbox) -> None:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "tier", "Value": "web"}]}]
        linux, windows = node(aws, TagSpecifications=tags), node(aws, WINDOWS)
        aws.health.set(instance=windows, agent="lost")

        def found(key: str, *values: str) -> list[str]:
            return [
                each["InstanceId"] for each in listed(aws, {"Key": key, "Values": list(values)})
            ]

        assert found("InstanceIds", windows) == [windows]
        assert found("PlatformTypes", "Linux", "MacOS") == [linux]
        assert found("PingStatus", "ConnectionLost") == [windows]
        assert found("AgentVersion", "3.*") == [linux, windows]
        assert found("tag:tier", "web") == found("tag-key", "tier") == [linux]
        assert found("tag:tier", "db") == []

    def test_the_older_filters_are_understood_but_not_together_with_the_newer(
        self, aws: Sandbox
    ) -> None:
        ssm, linux = aws.client("ssm"), node(aws)
        old = [{"key": "PlatformTypes", "valueSet": ["Linux"]}]
        new = [{"Key": "PlatformTypes", "Values": ["Linux"]}]

        answer = ssm.describe_instance_information(InstanceInformationFilterList=old)

        assert [each["InstanceId"] for each in answer["InstanceInformationList"]] == [linux]
        refused = code(
            ssm.describe_instance_information, InstanceInformationFilterList=old, Filters=new
        )
        assert refused == "InvalidFilterKey"

    def test_wrong_questions_are_refused(self, aws: Sandbox) -> None:
        for asked, refusal in WRONG_QUESTIONS:
            refused = code(aws.client("ssm").describe_instance_information, **asked)
            assert refused == refusal, asked

    def test_nodes_come_in_pages(self, aws: Sandbox) -> None:
        node(aws)
        aws.client("ec2").run_instances(
            ImageId=WINDOWS,
            InstanceType="t3.micro",
            MinCount=6,
            MaxCount=6,
            IamInstanceProfile={"Name": "node"},
        )
        aws.clock.advance(60)
        ssm = aws.client("ssm")

        first = ssm.describe_instance_information(MaxResults=5)
        rest = ssm.describe_instance_information(MaxResults=5, NextToken=first["NextToken"])

        assert [len(each["InstanceInformationList"]) for each in (first, rest)] == [5, 2]
        assert "NextToken" not in rest
        assert code(ssm.list_commands, NextToken=first["NextToken"]) == "InvalidNextToken"
