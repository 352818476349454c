"""Instance refreshes: they replace, pause, bake, fail, roll back and are refused."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.fleets import Fleet
from tests.sandbox.scenes import LINUX, code

STARTED = "EC2 Auto Scaling Instance Refresh Started"
SUCCEEDED = "EC2 Auto Scaling Instance Refresh Succeeded"


def own_image(fleet: Fleet) -> str:
    """An image of the account's own, so that its health is its own, too."""
    [one, *_] = fleet.states()
    made = fleet.ec2.create_image(InstanceId=one, Name="golden", NoReboot=True)
    fleet.aws.clock.advance(600)
    return str(made["ImageId"])


def versions(fleet: Fleet) -> list[str]:
    """The template version of every member."""
    return sorted(each["LaunchTemplate"]["Version"] for each in fleet.members().values())


def test_a_refresh_replaces_one_after_the_other(aws: Sandbox) -> None:
    """Each only when the one before is warm; then the group has the new configuration."""
    fleet = Fleet(aws).up()
    old = set(fleet.states())
    new = fleet.version(InstanceType="t3.small")
    identity = fleet.refresh(DesiredConfiguration=fleet.to(new), Preferences={"InstanceWarmup": 60})
    assert fleet.refreshed()["Status"] == "Pending"

    aws.clock.advance(3)
    found = fleet.refreshed()
    assert (found["Status"], found["PercentageComplete"]) == ("InProgress", 0)
    assert found["InstancesToUpdate"] == 1
    assert found["Preferences"]["MinHealthyPercentage"] == 90
    assert found["Preferences"]["StandbyInstances"] == "Wait"
    assert len([each for each in fleet.states() if each in old]) == 2
    assert sorted(fleet.states().values()) == ["InService", "Pending", "Terminating"]
    aws.clock.advance(50)
    assert fleet.refreshed()["PercentageComplete"] == 0
    aws.clock.advance(30)
    assert fleet.refreshed()["PercentageComplete"] == 50
    aws.clock.advance(120)

    found = fleet.refreshed()
    assert (found["InstanceRefreshId"], found["Status"]) == (identity, "Successful")
    assert (found["PercentageComplete"], found["InstancesToUpdate"]) == (100, 0)
    assert versions(fleet) == [new, new]
    assert fleet.group()["LaunchTemplate"]["Version"] == new
    assert not old & set(fleet.states())
    told = [each for each in fleet.events() if "Refresh" in each]
    assert told == [STARTED, SUCCEEDED]


def test_a_bad_version_rolls_back_by_itself(aws: Sandbox) -> None:
    """Its members fail their health checks for an hour; the others were never touched."""
    fleet = Fleet(aws).up()
    bad = own_image(fleet)
    aws.health.set(image=bad, instance_status="impaired")
    new = fleet.version(ImageId=bad)
    before = set(fleet.states())

    fleet.refresh(DesiredConfiguration=fleet.to(new), Preferences={"AutoRollback": True})
    aws.clock.advance(1800)
    assert fleet.refreshed()["Status"] == "InProgress"
    assert versions(fleet) == ["1", new]
    aws.clock.advance(3600)

    found = fleet.refreshed()
    assert found["Status"] == "RollbackSuccessful"
    assert "did not pass its health checks" in found["RollbackDetails"]["RollbackReason"]
    assert found["RollbackDetails"]["InstancesToUpdateOnRollback"] == 1
    assert versions(fleet) == ["1", "1"]
    assert len(before & set(fleet.states())) == 1
    assert fleet.group()["LaunchTemplate"]["Version"] == "1"
    assert [each for each in fleet.events() if "Refresh" in each] == [
        STARTED,
        "EC2 Auto Scaling Instance Refresh Rollback Started",
        "EC2 Auto Scaling Instance Refresh Rollback Succeeded",
    ]


def test_a_launch_that_fails_makes_a_refresh_fail(aws: Sandbox) -> None:
    """Without AutoRollback the group stays as it is: mixed, and short of a member."""
    fleet = Fleet(aws).up()
    image = own_image(fleet)
    new = fleet.version(ImageId=image)
    fleet.refresh(DesiredConfiguration=fleet.to(new))
    fleet.ec2.disable_image(ImageId=image)

    aws.clock.advance(7200)

    found = fleet.refreshed()
    assert found["Status"] == "Failed"
    assert "launching EC2 instances failed" in found["StatusReason"]
    assert versions(fleet)[0] == "1"
    assert fleet.group()["LaunchTemplate"]["Version"] == "1"


def test_a_person_rolls_back_what_is_in_progress(aws: Sandbox) -> None:
    """RollbackInstanceRefresh; afterwards there is nothing to cancel or to roll back."""
    fleet = Fleet(aws, size=4).up()
    new = fleet.version(InstanceType="t3.small")
    fleet.refresh(
        DesiredConfiguration=fleet.to(new),
        Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 30},
    )
    aws.clock.advance(50)
    assert versions(fleet).count(new) >= 2

    rolled = fleet.asg.rollback_instance_refresh(AutoScalingGroupName="fleet")
    found = fleet.refreshed()
    assert (found["InstanceRefreshId"], found["Status"]) == (
        rolled["InstanceRefreshId"],
        "RollbackInProgress",
    )
    assert found["RollbackDetails"]["RollbackReason"].startswith("Manual")
    again = fleet.asg.rollback_instance_refresh
    assert code(again, AutoScalingGroupName="fleet") == "IrreversibleInstanceRefresh"
    aws.clock.advance(300)

    assert fleet.refreshed()["Status"] == "RollbackSuccessful"
    assert versions(fleet) == ["1"] * 4
    none = "ActiveInstanceRefreshNotFound"
    assert code(again, AutoScalingGroupName="fleet") == none
    assert code(fleet.asg.cancel_instance_refresh, AutoScalingGroupName="fleet") == none


def test_a_cancelled_refresh_stays_where_it_is(aws: Sandbox) -> None:
    """Cancelling until what is under way has ended, then Cancelled."""
    fleet = Fleet(aws).up()
    new = fleet.version(InstanceType="t3.small")
    fleet.refresh(DesiredConfiguration=fleet.to(new), Preferences={"InstanceWarmup": 600})
    aws.clock.advance(3)

    fleet.asg.cancel_instance_refresh(AutoScalingGroupName="fleet")
    assert fleet.refreshed()["Status"] == "Cancelling"
    aws.clock.advance(60)

    assert fleet.refreshed()["Status"] == "Cancelled"
    assert versions(fleet) == ["1", new]
    fleet.refresh()
    fleet.asg.cancel_instance_refresh(
        AutoScalingGroupName="fleet", WaitForTransitioningInstances=False
    )
    assert fleet.refreshed()["Status"] == "Cancelled"


def test_checkpoints_pause_and_the_bake_time_ends_it(aws: Sandbox) -> None:
    """At half of the group for the delay; then the rest, and time to look at it."""
    fleet = Fleet(aws).up()
    new = fleet.version(InstanceType="t3.small")
    fleet.refresh(
        DesiredConfiguration=fleet.to(new),
        Preferences={"CheckpointPercentages": [50, 100], "CheckpointDelay": 600, "BakeTime": 300},
    )

    aws.clock.advance(500)
    assert (fleet.refreshed()["PercentageComplete"], versions(fleet)) == (50, ["1", new])
    [reached] = [each for each in aws.events.all() if "Checkpoint" in str(each["detail-type"])]
    detail: Any = reached["detail"]
    assert (detail["CheckpointPercentage"], detail["CheckpointDelay"]) == ("50", "600")
    aws.clock.advance(200)
    assert (fleet.refreshed()["Status"], versions(fleet)) == ("Baking", [new, new])
    aws.clock.advance(300)

    assert fleet.refreshed()["Status"] == "Successful"


def test_with_room_above_the_new_come_before_the_old_go(aws: Sandbox) -> None:
    """100 per cent at the least: the capacity never falls."""
    fleet = Fleet(aws).up()
    fleet.refresh(Preferences={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 150})
    least = 2

    for _ in range(30):
        aws.clock.advance(3)
        least = min(least, list(fleet.states().values()).count("InService"))

    assert fleet.refreshed()["Status"] == "Successful"
    assert least == 2
    assert len(fleet.states()) == 2


@pytest.mark.parametrize("choice", ["Ignore", "Wait", "Terminate"])
def test_members_in_standby_are_left_waited_for_or_replaced(aws: Sandbox, choice: str) -> None:
    """StandbyInstances; waiting ends with a failure after one hour."""
    fleet = Fleet(aws).up()
    [one, *_] = fleet.states()
    fleet.asg.enter_standby(
        AutoScalingGroupName="fleet", InstanceIds=[one], ShouldDecrementDesiredCapacity=True
    )
    aws.clock.advance(5)

    fleet.refresh(Preferences={"StandbyInstances": choice})
    aws.clock.advance(4000)

    found = fleet.refreshed()
    assert found["Status"] == ("Failed" if choice == "Wait" else "Successful")
    assert (one in fleet.states()) == (choice != "Terminate")


def test_what_matches_is_skipped(aws: Sandbox) -> None:
    """Nothing to replace is a success at once; a protected member can be ignored, too."""
    fleet = Fleet(aws).up()
    before = set(fleet.states())
    fleet.refresh(DesiredConfiguration=fleet.to("1"), Preferences={"SkipMatching": True})
    aws.clock.advance(5)
    assert (fleet.refreshed()["Status"], set(fleet.states())) == ("Successful", before)
    [one, *_] = before
    fleet.asg.set_instance_protection(
        AutoScalingGroupName="fleet", InstanceIds=[one], ProtectedFromScaleIn=True
    )

    fleet.refresh(Preferences={"ScaleInProtectedInstances": "Ignore"})
    aws.clock.advance(300)

    assert fleet.refreshed()["Status"] == "Successful"
    assert before & set(fleet.states()) == {one}


def mixed(fleet_template: str, image: str) -> dict[str, Any]:
    """A mixed instances policy of one type, launched from *image*."""
    spec = {"LaunchTemplateId": fleet_template, "Version": "1"}
    override = {"InstanceType": "t3.micro", "ImageId": image}
    return {
        "MixedInstancesPolicy": {
            "LaunchTemplate": {"LaunchTemplateSpecification": spec, "Overrides": [override]}
        }
    }


def rooted(aws: Sandbox) -> Fleet:
    """Two members under a mixed instances policy."""
    fleet = Fleet(aws)
    policy: dict[str, Any] = mixed(fleet.template, LINUX)
    fleet.asg.update_auto_scaling_group(AutoScalingGroupName="fleet", **policy)
    return fleet.up()


def roots(fleet: Fleet) -> dict[str, str]:
    """The root volume of every member."""
    found = fleet.ec2.describe_instances(InstanceIds=[*fleet.states()])["Reservations"]
    return {
        each["InstanceId"]: each["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        for reservation in found
        for each in reservation["Instances"]
    }


@pytest.mark.parametrize("hooked", [False, True])
def test_roots_are_replaced_and_the_instances_stay(aws: Sandbox, hooked: bool) -> None:
    """Auto Scaling User Guide, "Replace root volumes during instance refresh"."""
    fleet = rooted(aws)
    image, before = own_image(fleet), roots(fleet)
    if hooked:
        fleet.asg.put_lifecycle_hook(
            AutoScalingGroupName="fleet",
            LifecycleHookName="save",
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        )
    fleet.refresh(
        Strategy="ReplaceRootVolume",
        DesiredConfiguration=mixed(fleet.template, image),
        Preferences={"MinHealthyPercentage": 50, "MaxHealthyPercentage": 150},
    )
    seen: list[str] = []
    for _ in range(120):
        aws.clock.advance(1)
        seen += [each for each in fleet.states().values() if each not in ("InService", *seen)]
        for instance_id, state in fleet.states().items():
            if state == "ReplacingRootVolume:Wait":
                fleet.asg.complete_lifecycle_action(
                    AutoScalingGroupName="fleet",
                    LifecycleHookName="save",
                    InstanceId=instance_id,
                    LifecycleActionResult="CONTINUE",
                )

    found = fleet.refreshed()
    assert (found["Status"], found["Strategy"]) == ("Successful", "ReplaceRootVolume")
    wait = ["ReplacingRootVolume:Wait"] if hooked else []
    assert seen == [
        "ReplacingRootVolume",
        *wait,
        "ReplacingRootVolume:Proceed",
        "RootVolumeReplaced",
    ]
    after = roots(fleet)
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    volumes = fleet.ec2.describe_volumes()["Volumes"]
    assert {each["VolumeId"] for each in volumes} == set(after.values())
    actions = [
        each["detail"].get("Action")  # type: ignore[union-attr]
        for each in aws.events.all()
        if each["detail-type"] == "EC2 Instance-terminate Lifecycle Action"
    ]
    assert actions == (["ReplaceRootVolume"] * 2 if hooked else [])


@pytest.mark.parametrize("how", ["a task that fails", "an image that is not there any more"])
def test_a_root_that_cannot_be_replaced_costs_the_instance(aws: Sandbox, how: str) -> None:
    """It is terminated, and a new one is launched in its place."""
    fleet = rooted(aws)
    image, before = own_image(fleet), set(fleet.states())
    [one, two] = before
    if how == "a task that fails":
        aws.health.set(image=image, root="failed")
    fleet.refresh(Strategy="ReplaceRootVolume", DesiredConfiguration=mixed(fleet.template, image))
    if how != "a task that fails":
        fleet.ec2.disable_image(ImageId=image)

    aws.clock.advance(10)
    if how != "a task that fails":
        fleet.ec2.enable_image(ImageId=image)
    aws.clock.advance(600)

    failed = [each for each in fleet.activities() if each["StatusCode"] == "Failed"]
    assert failed[-1]["Description"].startswith("Replacing root volume of EC2 instance: i-")
    assert fleet.refreshed()["Status"] == "Successful"
    left = {one, two} & set(fleet.states())
    assert len(left) == (0 if how == "a task that fails" else 1)
    assert len(fleet.states()) == 2


def test_a_shortage_is_a_failed_activity(aws: Sandbox) -> None:
    """A launch that finds no capacity is tried again later; no caller hears of it."""
    fleet = Fleet(aws, DesiredCapacity=0)
    aws.faults.set({"rules": [{"kind": "capacity", "type": "t3.micro", "left": 0}]})

    fleet.asg.set_desired_capacity(AutoScalingGroupName="fleet", DesiredCapacity=1)
    aws.clock.advance(5)

    [failed] = fleet.activities()
    assert failed["StatusCode"] == "Failed"
    assert "do not have sufficient t3.micro capacity" in failed["StatusMessage"]
    aws.faults.clear()
    aws.clock.advance(60)
    assert [*fleet.states().values()] == ["InService"]


WRONG: dict[str, dict[str, Any]] = {
    "maximum alone": {"Preferences": {"MaxHealthyPercentage": 150}},
    "too wide": {"Preferences": {"MinHealthyPercentage": 10, "MaxHealthyPercentage": 150}},
    "descending": {"Preferences": {"CheckpointPercentages": [50, 20]}},
    "delay alone": {"Preferences": {"CheckpointDelay": 5}},
    "rollback to what": {"Preferences": {"AutoRollback": True}},
    "no such version": {
        "DesiredConfiguration": {"LaunchTemplate": {"LaunchTemplateName": "nobody"}}
    },
    "strategy": {"Strategy": "Sudden"},
    "roots of one type": {"Strategy": "ReplaceRootVolume"},
}


def test_what_cannot_be_a_refresh_is_refused(aws: Sandbox) -> None:
    """ValidationError; one at a time (InstanceRefreshInProgress)."""
    fleet = Fleet(aws).up()
    start: Callable[..., Any] = fleet.asg.start_instance_refresh
    for name, wrong in WRONG.items():
        assert code(start, AutoScalingGroupName="fleet", **wrong) == "ValidationError", name
    assert code(start, AutoScalingGroupName="nobody") == "ValidationError"

    fleet.refresh(DesiredConfiguration=fleet.to(fleet.version(InstanceType="t3.small")))

    assert code(start, AutoScalingGroupName="fleet") == "InstanceRefreshInProgress"
    update: Callable[..., Any] = fleet.asg.update_auto_scaling_group
    assert code(update, AutoScalingGroupName="fleet", **fleet.to("1")) == "ValidationError"


@pytest.mark.parametrize("how", ["$Latest", "resolve:ssm:/golden", "nothing desired"])
def test_some_refreshes_cannot_be_taken_back(aws: Sandbox, how: str) -> None:
    """A version without a number, an image by parameter, no desired configuration."""
    fleet = Fleet(aws)
    new = fleet.version(InstanceType="t3.small")
    desired: dict[str, Any] = {"DesiredConfiguration": fleet.to(new)}
    if how == "$Latest":
        saved = how
    elif how.startswith("resolve"):
        aws.client("ssm").put_parameter(Name="/golden", Value=LINUX, Type="String")
        saved = fleet.version(ImageId=how)
    else:
        saved, desired = "1", {}
    fleet.asg.update_auto_scaling_group(AutoScalingGroupName="fleet", **fleet.to(saved))
    fleet.up()
    start: Callable[..., Any] = fleet.asg.start_instance_refresh
    automatic = {"AutoScalingGroupName": "fleet", "Preferences": {"AutoRollback": True}}
    assert code(start, **automatic, **desired) == "ValidationError"

    fleet.refresh(**desired)
    aws.clock.advance(5)

    roll_back = fleet.asg.rollback_instance_refresh
    assert code(roll_back, AutoScalingGroupName="fleet") == "IrreversibleInstanceRefresh"
