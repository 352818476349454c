"""What Auto Scaling refuses, call by call, and the settings that only show later."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.fleets import Fleet
from tests.sandbox.scenes import LINUX, code, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

NOBODY = "i-0fffffffffffffff0"
HOOK = {"AutoScalingGroupName": "fleet", "LifecycleHookName": "hook"}
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
COMPLETE = {**HOOK, "LifecycleActionResult": "CONTINUE"}
TWO = {"AutoScalingGroupName": "fleet", "ShouldDecrementDesiredCapacity": False}
ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/0123456789abcdef"
TAG = {"ResourceId": "fleet", "ResourceType": "auto-scaling-group"}

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("enter_standby", {**TWO, "InstanceIds": [NOBODY]}, "ValidationError"),
    ("enter_standby", TWO, "ValidationError"),
    ("enter_standby", {**TWO, "InstanceIds": [f"i-{n}" for n in range(21)]}, "ValidationError"),
    ("exit_standby", {"AutoScalingGroupName": "x", "InstanceIds": ["i"]}, "ValidationError"),
    ("set_instance_health", {"InstanceId": NOBODY, "HealthStatus": "Ill"}, "ValidationError"),
    (
        "set_instance_protection",
        {
            "AutoScalingGroupName": "fleet",
            "ProtectedFromScaleIn": True,
            "InstanceIds": [f"i-{n}" for n in range(51)],
        },
        "LimitExceeded",
    ),
    (
        "terminate_instance_in_auto_scaling_group",
        {"InstanceIds": [NOBODY], "ShouldDecrementDesiredCapacity": False},
        "ValidationError",
    ),
    ("put_lifecycle_hook", {**HOOK, "LifecycleTransition": "up"}, "ValidationError"),
    (
        "put_lifecycle_hook",
        {**HOOK, "LifecycleTransition": LAUNCHING, "HeartbeatTimeout": 29},
        "ValidationError",
    ),
    (
        "put_lifecycle_hook",
        {**HOOK, "LifecycleTransition": LAUNCHING, "DefaultResult": "MAYBE"},
        "ValidationError",
    ),
    ("put_lifecycle_hook", {**HOOK, "LifecycleHookName": "no space"}, "ValidationError"),
    ("delete_lifecycle_hook", HOOK, "ValidationError"),
    ("complete_lifecycle_action", {**COMPLETE, "InstanceId": NOBODY}, "ValidationError"),
    (
        "suspend_processes",
        {"AutoScalingGroupName": "fleet", "ScalingProcesses": ["Sleep"]},
        "ValidationError",
    ),
    (
        "attach_load_balancer_target_groups",
        {"AutoScalingGroupName": "fleet", "TargetGroupARNs": [ARN] * 11},
        "ValidationError",
    ),
    (
        "detach_load_balancer_target_groups",
        {"AutoScalingGroupName": "fleet", "TargetGroupARNs": [ARN]},
        "ValidationError",
    ),
    (
        "attach_traffic_sources",
        {
            "AutoScalingGroupName": "fleet",
            "TrafficSources": [{"Identifier": "x", "Type": "vpc-lattice"}],
        },
        "ValidationError",
    ),
    ("set_desired_capacity", {"AutoScalingGroupName": "fleet", "DesiredCapacity": -1}, ""),
    ("create_or_update_tags", {"Tags": [{**TAG, "Key": "aws:x"}]}, "ValidationError"),
    ("create_or_update_tags", {"Tags": [{"Key": "x"}]}, "ValidationError"),
    ("create_or_update_tags", {"Tags": [{**TAG, "ResourceType": "x", "Key": "x"}]}, ""),
    (
        "create_or_update_tags",
        {"Tags": [{**TAG, "Key": str(n)} for n in range(51)]},
        "LimitExceeded",
    ),
    ("describe_tags", {"Filters": [{"Name": "x", "Values": ["y"]}]}, "ValidationError"),
    ("describe_auto_scaling_instances", {"InstanceIds": ["i"] * 51}, "ValidationError"),
    ("describe_scaling_activities", {"Filters": [{"Name": "Status", "Values": ["Failed"]}]}, ""),
    ("describe_scaling_activities", {"Filters": [{"Name": "x", "Values": ["y"]}]}, ""),
    (
        "describe_scaling_activities",
        {"Filters": [{"Name": "StartTimeLowerBound", "Values": ["noon"]}]},
        "",
    ),
    (
        "create_launch_configuration",
        {"LaunchConfigurationName": "x", "ImageId": LINUX},
        "ValidationError",
    ),
    (
        "create_launch_configuration",
        {"LaunchConfigurationName": "x", "InstanceId": NOBODY},
        "ValidationError",
    ),
    ("delete_launch_configuration", {"LaunchConfigurationName": "x"}, "ValidationError"),
    (
        "update_auto_scaling_group",
        {"AutoScalingGroupName": "fleet", "AvailabilityZones": ["us-east-1z"]},
        "ValidationError",
    ),
    (
        "update_auto_scaling_group",
        {"AutoScalingGroupName": "fleet", "AvailabilityZoneIds": ["use1-az99"]},
        "ValidationError",
    ),
    (
        "update_auto_scaling_group",
        {"AutoScalingGroupName": "fleet", "HealthCheckGracePeriod": -5},
        "ValidationError",
    ),
    (
        "update_auto_scaling_group",
        {
            "AutoScalingGroupName": "fleet",
            "InstanceMaintenancePolicy": {"MinHealthyPercentage": 50},
        },
        "ValidationError",
    ),
    (
        "update_auto_scaling_group",
        {
            "AutoScalingGroupName": "fleet",
            "InstanceMaintenancePolicy": {
                "MinHealthyPercentage": 10,
                "MaxHealthyPercentage": 200,
            },
        },
        "ValidationError",
    ),
]


def test_calls_that_cannot_be_are_refused(aws: Sandbox) -> None:
    """ValidationError unless the table says otherwise."""
    fleet = Fleet(aws, size=0)

    for operation, asked, refusal in REFUSED:
        call: Callable[..., Any] = getattr(fleet.asg, operation)
        assert code(call, **asked) == (refusal or "ValidationError"), (operation, asked)


def test_hooks_are_completed_by_those_who_know_them(aws: Sandbox) -> None:
    """Changing a hook keeps what is not given; unknown instances are refused."""
    fleet = Fleet(aws, size=0)
    put: Callable[..., Any] = fleet.asg.put_lifecycle_hook
    put(**HOOK, LifecycleTransition=LAUNCHING, HeartbeatTimeout=60, NotificationMetadata="x")
    put(**HOOK, DefaultResult="CONTINUE")
    [hook] = fleet.asg.describe_lifecycle_hooks(AutoScalingGroupName="fleet")["LifecycleHooks"]
    assert (hook["HeartbeatTimeout"], hook["DefaultResult"]) == (60, "CONTINUE")
    assert hook["NotificationMetadata"] == "x"
    complete: Callable[..., Any] = fleet.asg.complete_lifecycle_action
    assert code(complete, **COMPLETE) == "ValidationError"
    assert code(complete, **COMPLETE, InstanceId=NOBODY) == "ValidationError"
    assert code(complete, **{**COMPLETE, "LifecycleActionResult": "NO"}) == "ValidationError"

    fleet.asg.set_desired_capacity(AutoScalingGroupName="fleet", DesiredCapacity=1)
    aws.clock.advance(70)

    assert list(fleet.states().values()) == ["InService"]


def test_a_launch_configuration_launches_as_it_says(aws: Sandbox, ec2: "EC2Client") -> None:
    """Disks, profile, tenancy, monitoring, address; from an instance, too."""
    aws.client("iam").create_instance_profile(InstanceProfileName="web")
    fleet = Fleet(aws, size=0)
    fleet.asg.create_launch_configuration(
        LaunchConfigurationName="lc",
        ImageId=LINUX,
        InstanceType="t3.small",
        IamInstanceProfile="web",
        AssociatePublicIpAddress=True,
        PlacementTenancy="default",
        MetadataOptions={"HttpTokens": "required"},
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 7}},
            {"DeviceName": "/dev/sdg", "NoDevice": True},
        ],
    )
    fleet.asg.update_auto_scaling_group(
        AutoScalingGroupName="fleet", LaunchConfigurationName="lc", DesiredCapacity=1
    )
    fleet.up()

    [one] = fleet.members().values()
    found = ec2.describe_instances(InstanceIds=[one["InstanceId"]])["Reservations"][0]
    instance = found["Instances"][0]
    assert one["LaunchConfigurationName"] == "lc"
    assert instance["IamInstanceProfile"]["Arn"].endswith("/web")
    assert instance["Monitoring"]["State"] == "enabled"
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["PublicIpAddress"]
    assert "/dev/sdf" in {each["DeviceName"] for each in instance["BlockDeviceMappings"]}
    described = fleet.asg.describe_launch_configurations(LaunchConfigurationNames=["lc"])
    assert described["LaunchConfigurations"][0]["InstanceMonitoring"] == {"Enabled": True}
    taken = {"LaunchConfigurationName": "lc", "ImageId": LINUX, "InstanceType": "t3.small"}
    assert code(fleet.asg.create_launch_configuration, **taken) == "AlreadyExists"
    member = {"LaunchConfigurationName": "like", "InstanceId": one["InstanceId"]}
    assert code(fleet.asg.create_launch_configuration, **member) == "ValidationError"


def test_a_mixed_group_mixes_spot_in(aws: Sandbox) -> None:
    """OnDemandBaseCapacity first, then the percentage; weights count as capacity."""
    fleet = Fleet(aws, size=0)
    spec = {"LaunchTemplateId": fleet.template, "Version": "1"}
    policy: Any = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": spec,
            "Overrides": [{"InstanceType": "t3.large", "WeightedCapacity": "2"}],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": 2,
            "OnDemandPercentageAboveBaseCapacity": 0,
        },
    }
    fleet.asg.create_auto_scaling_group(
        AutoScalingGroupName="mixed",
        MixedInstancesPolicy=policy,
        MinSize=0,
        MaxSize=8,
        DesiredCapacity=4,
        AvailabilityZones=["us-east-1a"],
    )
    fleet.up()

    found = fleet.ec2.describe_instances(
        Filters=[{"Name": "tag:aws:autoscaling:groupName", "Values": ["mixed"]}]
    )
    kinds = [
        each.get("InstanceLifecycle") for row in found["Reservations"] for each in row["Instances"]
    ]
    assert sorted(map(str, kinds)) == ["None", "spot"]


def test_a_policy_changes_the_size_within_bounds(aws: Sandbox) -> None:
    """By a number or per cent, as moto's policies ask for it."""
    fleet = Fleet(aws, size=2, MaxSize=4).up()
    for name, kind, by in (
        ("more", "ChangeInCapacity", 9),
        ("half", "PercentChangeInCapacity", -50),
        ("bit", "PercentChangeInCapacity", 10),
        ("one", "ExactCapacity", 1),
    ):
        made = fleet.asg.put_scaling_policy(
            AutoScalingGroupName="fleet", PolicyName=name, AdjustmentType=kind, ScalingAdjustment=by
        )
        assert name in made["PolicyARN"]

    sizes = []
    for name in ("more", "half", "bit", "one"):
        fleet.asg.execute_policy(AutoScalingGroupName="fleet", PolicyName=name)
        sizes.append(fleet.group()["DesiredCapacity"])

    assert sizes == [4, 2, 3, 1]
    fleet.asg.put_warm_pool(AutoScalingGroupName="fleet", MinSize=1)
    assert fleet.group()["WarmPoolConfiguration"]["MinSize"] == 1
    limits = fleet.asg.describe_account_limits()
    assert limits["NumberOfAutoScalingGroups"] == 1


def test_activities_are_found_by_time_and_status(aws: Sandbox) -> None:
    """In progress first; six weeks later they are forgotten."""
    fleet = Fleet(aws, size=1)
    assert fleet.activities()[0]["StatusCode"] == "PreInService"
    fleet.up()
    describe: Callable[..., Any] = fleet.asg.describe_scaling_activities

    def found(**asked: Any) -> int:  # noqa: ANN401
        return len(describe(AutoScalingGroupName="fleet", **asked)["Activities"])

    now = aws.clock.now()
    assert found(Filters=[{"Name": "Status", "Values": ["Successful"]}]) == 1
    later = (now + timedelta(hours=1)).isoformat()
    assert found(Filters=[{"Name": "StartTimeLowerBound", "Values": [later]}]) == 0
    assert found(Filters=[{"Name": "StartTimeUpperBound", "Values": [later]}]) == 1
    aws.clock.advance(43 * 86400)
    assert found() == 0


def test_old_members_go_when_their_time_is_over(aws: Sandbox) -> None:
    """MaxInstanceLifetime."""
    fleet = Fleet(aws, size=1, MaxInstanceLifetime=86400).up()
    [old] = fleet.states()

    aws.clock.advance(86400)

    assert old not in fleet.states()
    aws.clock.advance(60)
    assert list(fleet.states().values()) == ["InService"]


@pytest.mark.parametrize("kind", ["prevent-force-deletion", "prevent-all-deletion"])
def test_a_protected_group_is_not_deleted(aws: Sandbox, kind: str) -> None:
    """DeletionProtection; without force an empty group may go under the weaker one."""
    fleet = Fleet(aws, size=0, DeletionProtection=kind)
    delete = fleet.asg.delete_auto_scaling_group
    assert code(delete, AutoScalingGroupName="fleet", ForceDelete=True) == "ResourceInUse"

    if kind == "prevent-all-deletion":
        assert code(delete, AutoScalingGroupName="fleet") == "ResourceInUse"
        fleet.asg.update_auto_scaling_group(AutoScalingGroupName="fleet", DeletionProtection="none")
    delete(AutoScalingGroupName="fleet")

    assert fleet.asg.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_roots_are_replaced_only_where_that_can_be(aws: Sandbox, ec2: "EC2Client") -> None:
    """Strategy=ReplaceRootVolume: the documented preconditions, one after the other."""
    fleet = Fleet(aws, size=0)
    spec = {"LaunchTemplateId": fleet.template, "Version": "1"}

    def policy(version: str = "1", **override: str) -> dict[str, Any]:
        launch_template = {
            "LaunchTemplateSpecification": {**spec, "Version": version},
            "Overrides": [{"InstanceType": "t3.micro", **override}],
        }
        return {"MixedInstancesPolicy": {"LaunchTemplate": launch_template}}

    start: Callable[..., Any] = fleet.asg.start_instance_refresh
    root = {"AutoScalingGroupName": "fleet", "Strategy": "ReplaceRootVolume"}
    wanted = {"DesiredConfiguration": policy(ImageId=LINUX)}
    assert code(start, **root, **wanted) == "ValidationError"
    update: Callable[..., Any] = fleet.asg.update_auto_scaling_group
    update(AutoScalingGroupName="fleet", DesiredCapacity=1, **policy(ImageId=LINUX))
    fleet.up()
    for wrong in (
        policy(),
        policy("$Latest", ImageId=LINUX),
        policy(ImageId=LINUX, InstanceType="t3.large"),
    ):
        assert code(start, **root, DesiredConfiguration=wrong) == "ValidationError"
    fleet.asg.put_warm_pool(AutoScalingGroupName="fleet")
    assert code(start, **root, **wanted) == "ValidationError"


def test_target_groups_are_attached_to_those_in_service(aws: Sandbox, ec2: "EC2Client") -> None:
    """AttachTrafficSources, and AddToLoadBalancer suspended."""
    fleet = Fleet(aws, size=1).up()
    [one] = fleet.states()
    elb = aws.client("elbv2")
    subnet = ec2.describe_subnets(SubnetIds=[subnet_of(ec2)])["Subnets"][0]
    made = elb.create_target_group(Name="a", Protocol="HTTP", Port=80, VpcId=subnet["VpcId"])
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    group: Any = {"AutoScalingGroupName": "fleet"}
    sources: Any = {**group, "TrafficSources": [{"Identifier": arn, "Type": "elbv2"}]}

    def registered() -> set[str]:
        rows = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return {row["Target"]["Id"] for row in rows}

    fleet.asg.attach_traffic_sources(**sources)
    assert registered() == {one}
    states = fleet.asg.describe_load_balancer_target_groups(**group)["LoadBalancerTargetGroups"]
    assert [each["State"] for each in states] == ["Added"]
    fleet.asg.suspend_processes(**group, ScalingProcesses=["AddToLoadBalancer"])
    fleet.asg.set_desired_capacity(**group, DesiredCapacity=2)
    fleet.up()
    assert registered() == {one}
    fleet.asg.detach_traffic_sources(**sources)
    assert registered() == set()
    fleet.asg.attach_load_balancers(**group, LoadBalancerNames=["old"])
    [kept] = fleet.asg.describe_load_balancers(**group)["LoadBalancers"]
    assert kept["LoadBalancerName"] == "old"
    fleet.asg.detach_load_balancers(**group, LoadBalancerNames=["old"])
    assert fleet.asg.describe_load_balancers(**group)["LoadBalancers"] == []


def test_an_attached_instance_keeps_what_it_was_launched_with(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """By the tags that EC2 gave it; its image must still be there."""
    fleet = Fleet(aws, size=0, MaxSize=3)
    template: Any = {"LaunchTemplateId": fleet.template}
    made = ec2.run_instances(
        LaunchTemplate=template, MinCount=1, MaxCount=1, SubnetId=subnet_of(ec2)
    )
    one = str(made["Instances"][0]["InstanceId"])
    bare = str(launch(ec2, SubnetId=subnet_of(ec2))["InstanceId"])
    aws.clock.advance(5)
    image = ec2.create_image(InstanceId=bare, Name="own", NoReboot=True)["ImageId"]
    aws.clock.advance(600)
    orphan = str(launch(ec2, ImageId=image, SubnetId=subnet_of(ec2))["InstanceId"])
    aws.clock.advance(5)
    ec2.deregister_image(ImageId=image)
    attach: Callable[..., Any] = fleet.asg.attach_instances
    assert code(attach, AutoScalingGroupName="fleet", InstanceIds=[orphan]) == "ValidationError"

    attach(AutoScalingGroupName="fleet", InstanceIds=[one, bare])
    aws.clock.advance(5)

    assert fleet.members()[one]["LaunchTemplate"]["Version"] == "1"
    assert "LaunchTemplate" not in fleet.members()[bare]
    assert fleet.group()["DesiredCapacity"] == 2
