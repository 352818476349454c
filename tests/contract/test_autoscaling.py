"""Auto Scaling groups: members are instances, standby is out of service, capacity is kept."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import refused

pytestmark = pytest.mark.sandbox_only("a real account's ledger keeps only EC2's books")


def group(place: Place, size: int = 2, **more: Any) -> Any:  # noqa: ANN401
    """Auto Scaling with one group, `web`, of so many instances of a template."""
    data = {"ImageId": place.image, "InstanceType": "t3.micro"}
    place.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    scaling = place.client("autoscaling")
    usual: dict[str, Any] = {
        "AutoScalingGroupName": "web",
        "MinSize": 0,
        "MaxSize": 5,
        "DesiredCapacity": size,
        "LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"},
        "VPCZoneIdentifier": scenes.subnet(place)["SubnetId"],
    }
    scaling.create_auto_scaling_group(**{**usual, **more})
    place.until(lambda: set(members(scaling).values()) == {"InService"})
    return scaling


def described(scaling: Any) -> dict[str, Any]:  # noqa: ANN401
    """The group."""
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])
    one: dict[str, Any] = found["AutoScalingGroups"][0]
    return one


def members(scaling: Any) -> dict[str, str]:  # noqa: ANN401
    """The lifecycle state of each member."""
    return {each["InstanceId"]: each["LifecycleState"] for each in described(scaling)["Instances"]}


def test_members_are_instances_and_say_whose_they_are(place: Place) -> None:
    """Auto Scaling User Guide, "Tag Auto Scaling groups": aws:autoscaling:groupName."""
    scaling = group(place)

    for each in members(scaling):
        found = scenes.instance(place, each)
        assert place.tags(found)["aws:autoscaling:groupName"] == "web"
    listed = scaling.describe_auto_scaling_instances()["AutoScalingInstances"]
    assert {each["InstanceId"] for each in listed} == set(members(scaling))
    assert {each["AutoScalingGroupName"] for each in listed} == {"web"}


def test_an_instance_of_no_group_is_listed_in_none(place: Place) -> None:
    """Auto Scaling API, DescribeAutoScalingInstances: unknown ids are left out."""
    alone = scenes.machine(place)

    found = place.client("autoscaling").describe_auto_scaling_instances(InstanceIds=[alone])
    assert found["AutoScalingInstances"] == []


def test_the_desired_capacity_is_launched(place: Place) -> None:
    """Auto Scaling API, SetDesiredCapacity."""
    scaling = group(place, 1)
    scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)

    place.until(lambda: len(members(scaling)) == 3)


def test_an_unknown_group_is_a_validation_error(place: Place) -> None:
    """Auto Scaling API, SetDesiredCapacity, common errors: ValidationError."""
    call = {"AutoScalingGroupName": "none", "DesiredCapacity": 1}

    assert refused(place.client("autoscaling").set_desired_capacity, **call) == "ValidationError"


def test_standby_takes_a_member_out_and_brings_it_back(place: Place) -> None:
    """Auto Scaling User Guide, "Temporarily remove instances": the desired capacity goes along."""
    scaling = group(place)
    one = min(members(scaling))
    call = {"AutoScalingGroupName": "web", "InstanceIds": [one]}

    scaling.enter_standby(**call, ShouldDecrementDesiredCapacity=True)
    place.until(lambda: members(scaling)[one] == "Standby")
    assert described(scaling)["DesiredCapacity"] == 1
    scaling.exit_standby(**call)
    place.until(lambda: members(scaling)[one] == "InService")
    assert described(scaling)["DesiredCapacity"] == 2


def test_a_detached_member_runs_on(place: Place) -> None:
    """Auto Scaling User Guide, "Detach or attach instances": it is managed independently."""
    scaling = group(place)
    one = min(members(scaling))
    scaling.detach_instances(
        AutoScalingGroupName="web", InstanceIds=[one], ShouldDecrementDesiredCapacity=True
    )

    place.until(lambda: one not in members(scaling))
    scenes.is_running(place, one)
    assert described(scaling)["DesiredCapacity"] == 1


def test_suspended_processes_are_listed_until_resumed(place: Place) -> None:
    """Auto Scaling API, SuspendProcesses and ResumeProcesses."""
    scaling = group(place, 1)
    call = {"AutoScalingGroupName": "web", "ScalingProcesses": ["HealthCheck", "ReplaceUnhealthy"]}
    scaling.suspend_processes(**call)

    held = described(scaling)["SuspendedProcesses"]
    assert {each["ProcessName"] for each in held} == {"HealthCheck", "ReplaceUnhealthy"}
    scaling.resume_processes(**call)
    assert described(scaling)["SuspendedProcesses"] == []


def test_a_refresh_replaces_every_member_by_the_new_version(place: Place) -> None:
    """Auto Scaling User Guide, "Instance refresh"; StartInstanceRefresh, DesiredConfiguration."""
    scaling = group(place)
    before = set(members(scaling))
    data = {"InstanceType": "t3.small"}
    place.ec2.create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData=data
    )
    wanted = {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "2"}}
    scaling.start_instance_refresh(
        AutoScalingGroupName="web",
        DesiredConfiguration=wanted,
        Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 0},
    )
    code = refused(scaling.start_instance_refresh, AutoScalingGroupName="web")
    assert code == "InstanceRefreshInProgress"

    def status() -> str:
        found = scaling.describe_instance_refreshes(AutoScalingGroupName="web")
        return str(found["InstanceRefreshes"][0]["Status"])

    place.until(lambda: status() == "Successful", at_most=7200)
    after = set(members(scaling))
    assert len(after) == 2
    assert not after & before
    assert {scenes.instance(place, each)["InstanceType"] for each in after} == {"t3.small"}


def test_without_a_refresh_there_is_nothing_to_cancel(place: Place) -> None:
    """Auto Scaling API, CancelInstanceRefresh: ActiveInstanceRefreshNotFound."""
    scaling = group(place, 1)

    code = refused(scaling.cancel_instance_refresh, AutoScalingGroupName="web")
    assert code == "ActiveInstanceRefreshNotFound"


def test_a_stopped_member_is_replaced(place: Place) -> None:
    """Auto Scaling User Guide, "Health checks": a member that is not running is unhealthy."""
    scaling = group(place, 1)
    one = min(members(scaling))
    place.ec2.stop_instances(InstanceIds=[one])

    place.until(
        lambda: one not in members(scaling) and "InService" in members(scaling).values(),
        at_most=3600,
    )
