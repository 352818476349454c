"""An Auto Scaling group as tests see it: made, looked at, driven by the clock."""

from typing import TYPE_CHECKING, Any

from sandbox.process import Sandbox
from tests.sandbox.scenes import LINUX, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_ec2 import EC2Client


class Fleet:
    """One group named ``fleet``, of one numbered launch template version."""

    def __init__(self, aws: Sandbox, size: int = 2, **more: Any) -> None:  # noqa: ANN401
        self.aws = aws
        self.ec2: EC2Client = aws.client("ec2")
        self.asg: AutoScalingClient = aws.client("autoscaling")
        data: Any = {"ImageId": LINUX, "InstanceType": "t3.micro"}
        made = self.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
        self.template = made["LaunchTemplate"]["LaunchTemplateId"]
        settings: dict[str, Any] = {
            "LaunchTemplate": {"LaunchTemplateId": self.template, "Version": "1"},
            "MinSize": 0,
            "MaxSize": size + 2,
            "DesiredCapacity": size,
            "VPCZoneIdentifier": subnet_of(self.ec2),
        }
        asked = {key: each for key, each in {**settings, **more}.items() if each is not None}
        self.asg.create_auto_scaling_group(AutoScalingGroupName="fleet", **asked)

    def up(self, seconds: float = 15) -> "Fleet":
        """Let the members come into service."""
        self.aws.clock.advance(seconds)
        return self

    def group(self) -> dict[str, Any]:
        """``AutoScalingGroup`` now."""
        [found] = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=["fleet"])[
            "AutoScalingGroups"
        ]
        return dict(found)

    def members(self) -> dict[str, dict[str, Any]]:
        """``Instance`` of each member, by id."""
        return {each["InstanceId"]: each for each in self.group()["Instances"]}

    def states(self) -> dict[str, str]:
        """The lifecycle state of each member."""
        return {name: each["LifecycleState"] for name, each in self.members().items()}

    def state_of(self, instance_id: str) -> str:
        """What EC2 says of an instance."""
        found = self.ec2.describe_instances(InstanceIds=[instance_id])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    def activities(self) -> list[dict[str, Any]]:
        """The scaling activities, the newest first."""
        found = self.asg.describe_scaling_activities(AutoScalingGroupName="fleet")
        return [dict(each) for each in found["Activities"]]

    def refresh(self, **more: Any) -> str:  # noqa: ANN401
        """Start an instance refresh."""
        started = self.asg.start_instance_refresh(AutoScalingGroupName="fleet", **more)
        return str(started["InstanceRefreshId"])

    def refreshed(self) -> dict[str, Any]:
        """The newest ``InstanceRefresh``."""
        found = self.asg.describe_instance_refreshes(AutoScalingGroupName="fleet")
        return dict(found["InstanceRefreshes"][0])

    def version(self, **data: Any) -> str:  # noqa: ANN401
        """One more version of the template."""
        wanted: Any = data
        made = self.ec2.create_launch_template_version(
            LaunchTemplateId=self.template, SourceVersion="1", LaunchTemplateData=wanted
        )
        return str(made["LaunchTemplateVersion"]["VersionNumber"])

    def to(self, version: str) -> dict[str, Any]:
        """The desired configuration of that version."""
        return {"LaunchTemplate": {"LaunchTemplateId": self.template, "Version": version}}

    def events(self) -> list[str]:
        """What Auto Scaling sent so far, by detail type."""
        return [
            str(each["detail-type"])
            for each in self.aws.events.all()
            if each["source"] == "aws.autoscaling"
        ]
