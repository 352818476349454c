"""Auto Scaling groups: they launch, check, replace and let members go by the clock."""

# ruff: noqa: N802

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.process import Sandbox
from tests.sandbox.fleets import Fleet
from tests.sandbox.scenes import LINUX, SMALL, code, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


def test_a_group_launches_its_members_by_the_template(aws: Sandbox) -> None:
    """Real instances, spread over zones, tagged by Auto Scaling, the template and the group."""
    tags: Any = [
        {"Key": "Backup", "Value": "daily", "PropagateAtLaunch": True},
        {"Key": "Owner", "Value": "me", "PropagateAtLaunch": False},
    ]
    zones = ["us-east-1a", "us-east-1b"]
    fleet = Fleet(aws, AvailabilityZones=zones, VPCZoneIdentifier=None, Tags=tags)
    assert set(fleet.states().values()) == {"Pending"}

    fleet.up()

    assert set(fleet.states().values()) == {"InService"}
    assert sorted(each["AvailabilityZone"] for each in fleet.members().values()) == zones
    found = fleet.ec2.describe_instances(InstanceIds=list(fleet.members()))["Reservations"]
    [instance] = found[0]["Instances"]
    assert {each["Key"]: each["Value"] for each in instance["Tags"]} == {
        "aws:autoscaling:groupName": "fleet",
        "aws:ec2launchtemplate:id": fleet.template,
        "aws:ec2launchtemplate:version": "1",
        "Backup": "daily",
    }
    assert found[0]["RequesterId"]
    assert fleet.members()[str(instance["InstanceId"])]["LaunchTemplate"]["Version"] == "1"
    assert [each["StatusCode"] for each in fleet.activities()] == ["Successful"] * 2
    assert "changing the desired capacity from 0 to 2" in fleet.activities()[0]["Cause"]
    assert fleet.events() == ["EC2 Instance Launch Successful"] * 2


def test_F69_a_stopped_member_in_service_is_terminated_and_replaced(aws: Sandbox) -> None:
    """Within the grace period, too; the stopped original is lost."""
    fleet = Fleet(aws, size=1, HealthCheckGracePeriod=3600).up()
    [original] = fleet.states()

    fleet.ec2.stop_instances(InstanceIds=[original])
    aws.clock.advance(4)
    assert fleet.members()[original]["HealthStatus"] == "Unhealthy"
    aws.clock.advance(30)

    [replacement] = fleet.states()
    assert replacement != original
    assert fleet.state_of(original) == "terminated"
    assert fleet.states() == {replacement: "InService"}
    causes = [each["Cause"] for each in fleet.activities()]
    assert any("EC2 health check indicating it has been terminated or stopped" in c for c in causes)
    assert any("in response to an unhealthy instance needing to be replaced" in c for c in causes)


@pytest.mark.parametrize("process", ["ReplaceUnhealthy", "HealthCheck", "Terminate"])
def test_F69_a_suspended_process_saves_a_stopped_member(aws: Sandbox, process: str) -> None:
    """Until it is resumed."""
    fleet = Fleet(aws, size=1).up()
    [original] = fleet.states()
    fleet.asg.suspend_processes(AutoScalingGroupName="fleet", ScalingProcesses=[process])
    assert [each["ProcessName"] for each in fleet.group()["SuspendedProcesses"]] == [process]

    fleet.ec2.stop_instances(InstanceIds=[original])
    aws.clock.advance(3600)
    assert (fleet.states(), fleet.state_of(original)) == ({original: "InService"}, "stopped")
    fleet.asg.resume_processes(AutoScalingGroupName="fleet")
    aws.clock.advance(60)

    assert original not in fleet.states()


def test_F69_a_member_in_standby_may_be_stopped_and_comes_back(aws: Sandbox) -> None:
    """Nobody checks its health there; the desired capacity goes down and up again."""
    fleet = Fleet(aws, size=1).up()
    [one] = fleet.states()
    standby: dict[str, Any] = {"AutoScalingGroupName": "fleet", "InstanceIds": [one]}

    [activity] = fleet.asg.enter_standby(**standby, ShouldDecrementDesiredCapacity=True)[
        "Activities"
    ]
    assert (activity["StatusCode"], activity["Progress"]) == ("InProgress", 50)
    assert activity["Cause"].endswith("shrinking the capacity from 1 to 0.")
    assert fleet.states() == {one: "EnteringStandby"}
    aws.clock.advance(2)
    assert (fleet.states(), fleet.group()["DesiredCapacity"]) == ({one: "Standby"}, 0)
    fleet.ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(7200)
    assert (fleet.states(), fleet.state_of(one)) == ({one: "Standby"}, "stopped")
    fleet.ec2.start_instances(InstanceIds=[one])
    aws.clock.advance(20)
    [activity] = fleet.asg.exit_standby(**standby)["Activities"]

    assert (activity["StatusCode"], activity["Progress"]) == ("PreInService", 30)
    assert fleet.states() == {one: "Pending"}
    aws.clock.advance(600)
    assert (fleet.states(), fleet.group()["DesiredCapacity"]) == ({one: "InService"}, 1)


def test_a_member_that_leaves_standby_while_stopped_is_lost(aws: Sandbox) -> None:
    """The health check finds it as soon as it is back in service."""
    fleet = Fleet(aws, size=1).up()
    [one] = fleet.states()
    standby: dict[str, Any] = {"AutoScalingGroupName": "fleet", "InstanceIds": [one]}
    fleet.asg.enter_standby(**standby, ShouldDecrementDesiredCapacity=True)
    aws.clock.advance(2)
    fleet.ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)

    fleet.asg.exit_standby(**standby)
    aws.clock.advance(60)

    assert one not in fleet.states()
    assert fleet.state_of(one) == "terminated"


def test_standby_without_the_decrement_brings_a_replacement(aws: Sandbox) -> None:
    """And the way back is refused when it would exceed the maximum."""
    fleet = Fleet(aws, size=1, MaxSize=1, MinSize=1).up()
    [one] = fleet.states()
    standby: dict[str, Any] = {"AutoScalingGroupName": "fleet", "InstanceIds": [one]}
    enter = fleet.asg.enter_standby
    assert code(enter, **standby, ShouldDecrementDesiredCapacity=True) == "ValidationError"

    enter(**standby, ShouldDecrementDesiredCapacity=False)
    aws.clock.advance(20)

    assert sorted(fleet.states().values()) == ["InService", "Standby"]
    assert code(fleet.asg.exit_standby, **standby) == "ValidationError"
    fleet.asg.update_auto_scaling_group(AutoScalingGroupName="fleet", MaxSize=2)
    fleet.asg.exit_standby(**standby)
    aws.clock.advance(20)
    assert sorted(fleet.states().values()) == ["InService", "InService"]


@pytest.mark.parametrize("process", ["Launch", ""])
def test_an_impaired_member_is_replaced_after_a_while(aws: Sandbox, process: str) -> None:
    """Not within the grace period; without Launch it is terminated only."""
    fleet = Fleet(aws, size=1, HealthCheckGracePeriod=600).up()
    [one] = fleet.states()
    if process:
        fleet.asg.suspend_processes(AutoScalingGroupName="fleet", ScalingProcesses=[process])
    aws.health.set(instance=one, instance_status="impaired")
    aws.clock.advance(500)
    assert fleet.states() == {one: "InService"}

    aws.clock.advance(200)

    assert one not in fleet.states()
    assert len(fleet.states()) == (0 if process else 1)


def test_a_custom_health_check_counts_at_once(aws: Sandbox) -> None:
    """SetInstanceHealth; within the grace period only when told not to respect it."""
    fleet = Fleet(aws, size=1, HealthCheckGracePeriod=600).up()
    [one] = fleet.states()
    tell = fleet.asg.set_instance_health
    tell(InstanceId=one, HealthStatus="Unhealthy")
    aws.clock.advance(30)
    assert fleet.members()[one]["HealthStatus"] == "Healthy"

    tell(InstanceId=one, HealthStatus="Unhealthy", ShouldRespectGracePeriod=False)
    assert fleet.states()[one] == "Terminating"
    aws.clock.advance(30)

    assert one not in fleet.states()
    assert code(tell, InstanceId=one, HealthStatus="Unhealthy") == "ValidationError"


def test_a_failed_launch_is_an_activity_and_is_tried_again(aws: Sandbox) -> None:
    """No traceback: what RunInstances says, and one more try later."""
    aws.faults.set(
        {
            "rules": [
                {
                    "kind": "error",
                    "action": "RunInstances",
                    "code": "InsufficientInstanceCapacity",
                    "message": "We currently do not have sufficient capacity.",
                    "times": 1,
                }
            ]
        }
    )
    fleet = Fleet(aws, size=1)
    [failed] = fleet.activities()
    assert failed["StatusCode"] == "Failed"
    assert failed["StatusMessage"].endswith("capacity. Launching EC2 instance failed.")
    assert fleet.events() == ["EC2 Instance Launch Unsuccessful"]

    aws.clock.advance(60)

    assert list(fleet.states().values()) == ["InService"]


def test_a_member_that_dies_at_launch_is_a_cancelled_activity(aws: Sandbox) -> None:
    """With the termination reason; the group goes on trying."""
    aws.health.set(image=LINUX, launch="Client.InternalError")
    fleet = Fleet(aws, size=1).up(5)

    found = [each for each in fleet.activities() if each["StatusCode"] == "Cancelled"]
    assert "Termination Reason: Client.InternalError" in found[0]["StatusMessage"]
    aws.health.set(image=LINUX, launch=None)
    aws.clock.advance(120)

    assert list(fleet.states().values()) == ["InService"]


def test_hooks_hold_members_at_both_ends(aws: Sandbox) -> None:
    """Pending:Wait and Terminating:Wait, told by events, until somebody completes them."""
    hooks: Any = [
        {"LifecycleHookName": "in", "LifecycleTransition": LAUNCHING, "HeartbeatTimeout": 60},
        {
            "LifecycleHookName": "out",
            "LifecycleTransition": TERMINATING,
            "NotificationMetadata": "last chance",
        },
    ]
    fleet = Fleet(aws, size=1, LifecycleHookSpecificationList=hooks).up(5)
    [one] = fleet.states()
    assert fleet.states() == {one: "Pending:Wait"}
    hook: dict[str, Any] = {"AutoScalingGroupName": "fleet", "LifecycleHookName": "in"}
    aws.clock.advance(50)
    fleet.asg.record_lifecycle_action_heartbeat(**hook, InstanceId=one)
    aws.clock.advance(50)
    assert fleet.states() == {one: "Pending:Wait"}

    complete: Callable[..., Any] = fleet.asg.complete_lifecycle_action
    complete(**hook, InstanceId=one, LifecycleActionResult="CONTINUE")
    assert fleet.states() == {one: "InService"}
    assert code(complete, **hook, InstanceId=one, LifecycleActionResult="CONTINUE") == (
        "ValidationError"
    )
    fleet.asg.set_desired_capacity(AutoScalingGroupName="fleet", DesiredCapacity=0)
    aws.clock.advance(60)
    assert fleet.states() == {one: "Terminating:Wait"}
    assert fleet.state_of(one) == "running"
    told = [each for each in aws.events.all() if "terminate Lifecycle" in str(each["detail-type"])]
    detail: Any = told[0]["detail"]
    assert detail["NotificationMetadata"] == "last chance"
    assert (detail["Origin"], detail["Destination"]) == ("AutoScalingGroup", "EC2")
    complete(
        AutoScalingGroupName="fleet",
        LifecycleHookName="out",
        LifecycleActionToken=detail["LifecycleActionToken"],
        LifecycleActionResult="CONTINUE",
    )
    aws.clock.advance(10)

    assert fleet.states() == {}
    assert fleet.state_of(one) == "terminated"


def test_a_hook_that_runs_out_abandons_the_launch(aws: Sandbox) -> None:
    """ABANDON is the default result; another member is launched later."""
    fleet = Fleet(
        aws,
        size=1,
        LifecycleHookSpecificationList=[
            {"LifecycleHookName": "in", "LifecycleTransition": LAUNCHING, "HeartbeatTimeout": 30}
        ],
    ).up(5)
    [one] = fleet.states()
    [described] = fleet.asg.describe_lifecycle_hooks(AutoScalingGroupName="fleet")["LifecycleHooks"]
    assert (described["DefaultResult"], described["GlobalTimeout"]) == ("ABANDON", 3000)

    aws.clock.advance(60)

    assert one not in fleet.states()
    failed = [each for each in fleet.activities() if each["StatusCode"] == "Failed"]
    assert "Lifecycle Action Completed with ABANDON Result" in failed[0]["StatusMessage"]
    fleet.asg.delete_lifecycle_hook(AutoScalingGroupName="fleet", LifecycleHookName="in")
    aws.clock.advance(60)
    assert set(fleet.states().values()) == {"InService"}


def test_F76_members_drain_before_they_leave(aws: Sandbox, ec2: "EC2Client") -> None:
    """Registered on InService; out of the target group before standby and the end."""
    elb = aws.client("elbv2")
    subnets = [subnet_of(ec2, zone) for zone in ("us-east-1a", "us-east-1b")]
    vpc = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
    made = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    front = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=front["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )

    def targets() -> dict[str, str]:
        rows = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return {row["Target"]["Id"]: row["TargetHealth"]["State"] for row in rows}

    fleet = Fleet(aws, size=1, TargetGroupARNs=[arn], HealthCheckType="ELB")
    assert targets() == {}
    fleet.up(4)
    [one] = fleet.states()
    assert targets() == {one: "initial"}
    aws.clock.advance(10)
    assert targets() == {one: "healthy"}
    [source] = fleet.asg.describe_traffic_sources(AutoScalingGroupName="fleet")["TrafficSources"]
    assert (source["Identifier"], source["State"]) == (arn, "InService")
    standby: dict[str, Any] = {"AutoScalingGroupName": "fleet", "InstanceIds": [one]}
    fleet.asg.enter_standby(**standby, ShouldDecrementDesiredCapacity=True)
    aws.clock.advance(299)
    assert (fleet.states(), targets()) == ({one: "EnteringStandby"}, {one: "draining"})
    aws.clock.advance(1)
    assert (fleet.states(), targets()) == ({one: "Standby"}, {})
    fleet.asg.exit_standby(**standby)
    aws.clock.advance(10)
    assert targets() == {one: "healthy"}

    aws.health.set(instance=one, target="unhealthy")
    aws.clock.advance(60)
    assert fleet.states()[one] == "Terminating"
    assert fleet.state_of(one) == "running"
    statuses = {each["StatusCode"] for each in fleet.activities()}
    assert "WaitingForELBConnectionDraining" in statuses
    aws.clock.advance(310)

    assert fleet.state_of(one) == "terminated"
    [other] = targets()
    assert targets() == {other: "healthy"}
    fleet.asg.detach_load_balancer_target_groups(
        AutoScalingGroupName="fleet", TargetGroupARNs=[arn]
    )
    assert targets() == {other: "draining"}
    assert fleet.states() == {other: "InService"}


def test_instances_come_and_go_by_hand(aws: Sandbox, ec2: "EC2Client") -> None:
    """AttachInstances and DetachInstances, and what they refuse."""
    fleet = Fleet(aws, size=1, MaxSize=2).up()
    [one] = fleet.states()
    attach: Callable[..., Any] = fleet.asg.attach_instances
    pending = str(launch(ec2, SubnetId=subnet_of(ec2))["InstanceId"])
    away = str(launch(ec2, SubnetId=subnet_of(ec2, "us-east-1b"))["InstanceId"])
    for refused in (pending, one, "i-0fffffffffffffff0"):
        ids = {"AutoScalingGroupName": "fleet", "InstanceIds": [refused]}
        assert code(attach, **ids) == "ValidationError", refused
    aws.clock.advance(5)
    assert code(attach, AutoScalingGroupName="fleet", InstanceIds=[away]) == "ValidationError"

    attach(AutoScalingGroupName="fleet", InstanceIds=[pending])
    aws.clock.advance(5)
    assert fleet.states() == {one: "InService", pending: "InService"}
    assert fleet.group()["DesiredCapacity"] == 2
    third = str(launch(ec2, SubnetId=subnet_of(ec2))["InstanceId"])
    aws.clock.advance(5)
    assert code(attach, AutoScalingGroupName="fleet", InstanceIds=[third]) == "ValidationError"
    [activity] = fleet.asg.detach_instances(
        AutoScalingGroupName="fleet", InstanceIds=[one], ShouldDecrementDesiredCapacity=True
    )["Activities"]
    assert activity["Description"] == f"Detaching EC2 instance: {one}"
    assert fleet.states()[one] == "Detaching"
    aws.clock.advance(5)

    assert fleet.states() == {pending: "InService"}
    assert fleet.state_of(one) == "running"
    tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [one]}])["Tags"]
    assert "aws:autoscaling:groupName" not in {each["Key"] for each in tags}


def test_a_group_follows_its_desired_capacity(aws: Sandbox) -> None:
    """Within its bounds; protected members are spared, policies choose among the rest."""
    fleet = Fleet(aws, size=2, MaxSize=3, TerminationPolicies=["NewestInstance"]).up()
    old = list(fleet.states())
    resize = fleet.asg.set_desired_capacity
    assert code(resize, AutoScalingGroupName="fleet", DesiredCapacity=4) == "ValidationError"
    resize(AutoScalingGroupName="fleet", DesiredCapacity=3)
    aws.clock.advance(15)
    [new] = set(fleet.states()) - set(old)
    honoring = {"AutoScalingGroupName": "fleet", "DesiredCapacity": 2, "HonorCooldown": True}
    assert code(resize, **honoring) == "ScalingActivityInProgress"
    fleet.asg.set_instance_protection(
        AutoScalingGroupName="fleet", InstanceIds=[new], ProtectedFromScaleIn=True
    )

    resize(AutoScalingGroupName="fleet", DesiredCapacity=1)
    aws.clock.advance(15)

    assert list(fleet.states()) == [new]
    terminate = fleet.asg.terminate_instance_in_auto_scaling_group
    fleet.asg.update_auto_scaling_group(AutoScalingGroupName="fleet", MinSize=1)
    wanted = {"InstanceId": new, "ShouldDecrementDesiredCapacity": True}
    with pytest.raises(ClientError, match=r"Currently, desiredSize equals minSize \(1\)"):
        terminate(**wanted)  # type: ignore[arg-type]
    activity = terminate(InstanceId=new, ShouldDecrementDesiredCapacity=False)["Activity"]
    assert activity["Description"] == f"Terminating EC2 instance: {new}"
    aws.clock.advance(15)
    assert new not in fleet.states()
    assert list(fleet.states().values()) == ["InService"]


def test_a_terminated_member_is_replaced(aws: Sandbox) -> None:
    """Whoever terminated it; one whose template protects it does not outlive its group."""
    fleet = Fleet(aws, size=1).up()
    [one] = fleet.states()
    fleet.ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(30)
    [two] = fleet.states()
    assert two != one
    fleet.ec2.modify_instance_attribute(InstanceId=two, DisableApiTermination={"Value": True})
    delete = fleet.asg.delete_auto_scaling_group
    assert code(delete, AutoScalingGroupName="fleet") == "ResourceInUse"

    delete(AutoScalingGroupName="fleet", ForceDelete=True)
    assert fleet.group()["Status"] == "Delete in progress"
    aws.clock.advance(15)

    assert fleet.asg.describe_auto_scaling_groups()["AutoScalingGroups"] == []
    assert fleet.state_of(two) == "terminated"
    assert code(delete, AutoScalingGroupName="fleet") == "ValidationError"
    gone = fleet.asg.describe_scaling_activities(
        AutoScalingGroupName="fleet", IncludeDeletedGroups=True
    )["Activities"]
    assert {each["AutoScalingGroupState"] for each in gone} == {"Deleted"}


WRONG: dict[str, dict[str, Any]] = {
    "no source": {"LaunchTemplate": None},
    "two sources": {"LaunchConfigurationName": "lc"},
    "no such version": {"LaunchTemplate": {"LaunchTemplateName": "web", "Version": "9"}},
    "no such template": {"LaunchTemplate": {"LaunchTemplateName": "webb"}},
    "both names": {"LaunchTemplate": {"LaunchTemplateName": "web", "LaunchTemplateId": "lt-1"}},
    "no place": {"VPCZoneIdentifier": None},
    "no such subnet": {"VPCZoneIdentifier": "subnet-0123456789abcdef0"},
    "bounds": {"MinSize": 3, "MaxSize": 2},
    "desired": {"DesiredCapacity": 5},
    "colon": {"AutoScalingGroupName": "a:b"},
    "health": {"HealthCheckType": "TEA"},
    "policy": {"TerminationPolicies": ["Youngest"]},
    "lifetime": {"MaxInstanceLifetime": 60},
    "targets": {"TargetGroupARNs": ["arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b"]},
    "tag": {"Tags": [{"Key": "aws:x", "Value": "y"}]},
    "length": {"AutoScalingGroupName": "x" * 256},
}


def test_what_cannot_be_a_group_is_refused(aws: Sandbox, ec2: "EC2Client") -> None:
    """ValidationError in every case; a name is used once (AlreadyExists)."""
    fleet = Fleet(aws, size=0)
    right: dict[str, Any] = {
        "AutoScalingGroupName": "other",
        "LaunchTemplate": {"LaunchTemplateName": "web", "Version": "1"},
        "MinSize": 0,
        "MaxSize": 2,
        "VPCZoneIdentifier": subnet_of(ec2),
    }
    create: Callable[..., Any] = fleet.asg.create_auto_scaling_group
    for name, wrong in WRONG.items():
        asked = {key: each for key, each in {**right, **wrong}.items() if each is not None}
        assert code(create, **asked) == "ValidationError", name
    assert code(create, **{**right, "AutoScalingGroupName": "fleet"}) == "AlreadyExists"
    bad = fleet.version(ImageId="ami-0fffffffffffffff0")
    asked = {**right, "LaunchTemplate": {"LaunchTemplateName": "web", "Version": bad}}
    with pytest.raises(ClientError, match=r"valid fully-formed launch template.*does not exist"):
        create(**asked)


def test_F44_groups_are_told_apart_by_what_they_launch_with(aws: Sandbox, ec2: "EC2Client") -> None:
    """Launch configuration, instance, mixed instances policy; pages and tags find them."""
    fleet = Fleet(aws, size=0)
    create: Callable[..., Any] = fleet.asg.create_auto_scaling_group
    place: dict[str, Any] = {"MinSize": 1, "MaxSize": 1, "VPCZoneIdentifier": subnet_of(ec2)}
    fleet.asg.create_launch_configuration(
        LaunchConfigurationName="lc", ImageId=LINUX, InstanceType="t3.small", UserData="aGk="
    )
    create(AutoScalingGroupName="old", LaunchConfigurationName="lc", **place)
    model = str(launch(ec2, SubnetId=subnet_of(ec2))["InstanceId"])
    aws.clock.advance(5)
    create(AutoScalingGroupName="like", InstanceId=model, MinSize=1, MaxSize=1)
    spec = {"LaunchTemplateId": fleet.template, "Version": "$Latest"}
    overrides = [{"InstanceType": "t3.large", "ImageId": LINUX}, {"InstanceType": "t3.medium"}]
    mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": spec, "Overrides": overrides}}
    tags = [{"Key": "kind", "Value": "mixed", "PropagateAtLaunch": True}]
    create(AutoScalingGroupName="mixed", MixedInstancesPolicy=mixed, Tags=tags, **place)
    aws.clock.advance(15)

    rows = fleet.asg.describe_auto_scaling_instances()["AutoScalingInstances"]
    found = {row["AutoScalingGroupName"]: row for row in rows}

    assert found["old"]["LaunchConfigurationName"] == "lc"
    assert found["old"]["HealthStatus"] == "HEALTHY"
    assert found["like"]["LaunchConfigurationName"] == "like"
    assert found["like"]["InstanceType"] == SMALL["InstanceType"]
    assert found["mixed"]["InstanceType"] == "t3.large"
    assert found["mixed"]["LaunchTemplate"]["Version"] == "1"
    delete = fleet.asg.delete_launch_configuration
    assert code(delete, LaunchConfigurationName="lc") == "ResourceInUse"
    pages = fleet.asg.get_paginator("describe_auto_scaling_groups").paginate(
        PaginationConfig={"PageSize": 1}
    )
    names = [each["AutoScalingGroupName"] for page in pages for each in page["AutoScalingGroups"]]
    assert names == ["fleet", "old", "like", "mixed"]
    describe: Callable[..., Any] = fleet.asg.describe_auto_scaling_groups
    tagged = describe(Filters=[{"Name": "tag:kind", "Values": ["mixed"]}])["AutoScalingGroups"]
    assert [each["AutoScalingGroupName"] for each in tagged] == ["mixed"]
    assert code(describe, MaxRecords=101) == "ValidationError"
    assert code(describe, NextToken="x") == "InvalidNextToken"
    assert code(describe, Filters=[{"Name": "x", "Values": ["y"]}]) == "ValidationError"


def test_tags_of_groups_are_kept_apart(aws: Sandbox) -> None:
    """CreateOrUpdateTags, DescribeTags, DeleteTags."""
    fleet = Fleet(aws, size=0)
    tag: Any = {"ResourceId": "fleet", "ResourceType": "auto-scaling-group", "Key": "a"}
    for value, propagates in (("1", False), ("2", True)):
        changed: Any = {**tag, "Value": value, "PropagateAtLaunch": propagates}
        fleet.asg.create_or_update_tags(Tags=[changed])

    found = fleet.asg.describe_tags(Filters=[{"Name": "propagate-at-launch", "Values": ["true"]}])

    assert found["Tags"] == [{**tag, "Value": "2", "PropagateAtLaunch": True}]
    fleet.asg.delete_tags(Tags=[tag])
    assert fleet.asg.describe_tags()["Tags"] == []
    missing = {**tag, "ResourceId": "nobody"}
    assert code(fleet.asg.create_or_update_tags, Tags=[missing]) == "ValidationError"
