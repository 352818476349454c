"""Who uses an image, where EC2 can say so and where it can not; and what Auto Scaling names."""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from typing import Any

import pytest

from chalicelib.aws.images import ImageGateway
from chalicelib.aws.launchers import LauncherReader
from chalicelib.aws.references import References
from chalicelib.aws.session import Session
from chalicelib.domain.errors import AwsError, DeniedError
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import LINUX, REGION, later

OTHER = "ami-0fffffffffffffff0"


def templates(sandbox: Sandbox, *images: str) -> None:
    """One template with a version for each image."""
    ec2 = sandbox.client("ec2")
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": images[0]})
    for image in images[1:]:
        ec2.create_launch_template_version(
            LaunchTemplateName="web", LaunchTemplateData={"ImageId": image}
        )


def _fault(sandbox: Sandbox, code: str) -> None:
    rule: Any = {"action": "DescribeImageReferences", "kind": "error", "code": code}
    sandbox.faults.set({"rules": [rule]})


@pytest.mark.parametrize("code", ["InvalidAction", "UnsupportedOperation"])
def test_F43_where_ec2_can_not_say_every_version_and_parameter_is_read(
    sandbox: Sandbox, session: Session, code: str
) -> None:
    templates(sandbox, LINUX, *[OTHER] * 12)
    sandbox.client("ssm").put_parameter(
        Name="/golden", Value=LINUX, Type="String", DataType="aws:ec2:image"
    )
    later(sandbox, minutes=1)  # SSM looks the image up before the parameter is there
    _fault(sandbox, code)

    found = References(session.ec2(REGION), REGION, lambda: session.ssm(REGION)).of([LINUX])

    assert set(found) == {LINUX}
    assert "parameter /golden" in found[LINUX]
    assert [user for user in found[LINUX] if user.startswith("lt-")]


def test_a_client_that_is_older_than_the_call_looks_itself(
    sandbox: Sandbox, session: Session, heard: Heard
) -> None:
    templates(sandbox, LINUX)
    client = session.ec2(REGION)
    names = client.meta.service_model.operation_names
    names.remove("DescribeImageReferences")

    try:
        found = References(client, REGION, lambda: session.ssm(REGION)).of([LINUX])
    finally:
        names.append("DescribeImageReferences")

    assert set(found) == {LINUX}
    assert heard.parameters("DescribeImageReferences") == []


def test_F41_a_denial_is_no_reason_to_look_elsewhere(sandbox: Sandbox, session: Session) -> None:
    _fault(sandbox, "UnauthorizedOperation")

    with pytest.raises(DeniedError):
        References(session.ec2(REGION), REGION).of([LINUX])


def test_F41_without_a_way_to_read_parameters_nothing_is_known(
    sandbox: Sandbox, session: Session
) -> None:
    _fault(sandbox, "InvalidAction")

    with pytest.raises(AwsError, match="no Systems Manager client"):
        References(session.ec2(REGION), REGION).of([LINUX])


class Scaling:
    """Auto Scaling with one group of each sort; what moto does not model."""

    name = ""

    def get_paginator(self, name: str) -> "Scaling":
        """The only one."""
        self.name = name
        return self

    def paginate(self) -> list[dict[str, Any]]:
        """Its pages."""
        if self.name == "describe_launch_configurations":
            return [
                {"LaunchConfigurations": [{"LaunchConfigurationName": "old", "ImageId": LINUX}]}
            ]
        mixed = {"LaunchTemplate": {"Overrides": [{"ImageId": OTHER}, {"InstanceType": "x"}]}}
        return [
            {"AutoScalingGroups": [{"AutoScalingGroupName": "bare"}]},
            {
                "AutoScalingGroups": [
                    {"AutoScalingGroupName": "mixed", "MixedInstancesPolicy": mixed}
                ]
            },
        ]


def test_F44_groups_with_a_template_a_policy_or_neither_are_all_read() -> None:
    client: Any = Scaling()

    assert LauncherReader(lambda: client, REGION).images() == {
        LINUX: ("launch configuration old",),
        OTHER: ("Auto Scaling group mixed",),
    }


class Locks:
    """DescribeLockedSnapshots in pages; *broken* never comes to an end."""

    def __init__(self, *, broken: bool) -> None:
        self.broken = broken
        self.pages = 0

    def describe_locked_snapshots(self, **asked: object) -> dict[str, Any]:
        """A page."""
        self.pages += 1
        locks = [
            {"SnapshotId": f"snap-{self.pages}", "LockState": "governance"},
            {"SnapshotId": f"snap-{self.pages}0", "LockState": "expired"},
        ]
        more = {"NextToken": "t"} if self.broken or "NextToken" not in asked else {}
        return {"Snapshots": locks, **more}


def test_F42_locks_are_read_to_the_last_page_or_not_believed() -> None:
    whole: Any = Locks(broken=False)
    broken: Any = Locks(broken=True)

    assert ImageGateway(whole, REGION, "d").locked_snapshots() == {"snap-1", "snap-2"}
    with pytest.raises(AwsError, match="the pages do not end"):
        ImageGateway(broken, REGION, "d").locked_snapshots()


def test_F66_a_mark_that_only_resembles_ours_is_not_ours(
    sandbox: Sandbox, session: Session
) -> None:
    """Whatever EC2's filter, or an emulator's, lets through."""
    volume = sandbox.client("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)
    sandbox.client("ec2").create_snapshot(
        VolumeId=volume["VolumeId"],
        TagSpecifications=[
            {
                "ResourceType": "snapshot",
                "Tags": [{"Key": "snapback:managed-by", "Value": "snapback/another"}],
            }
        ],
    )
    assert ImageGateway(session.ec2(REGION), REGION, "an*").marked_snapshots() == ()
