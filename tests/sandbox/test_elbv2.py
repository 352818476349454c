"""Load balancer targets: initial, healthy, unhealthy, draining, unused."""

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.scenes import LINUX, SMALL, code, describe, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class Front:
    """A load balancer with one listener and one target group."""

    def __init__(self, aws: Sandbox, ec2: "EC2Client", kind: str = "instance") -> None:
        self.elb = aws.client("elbv2")
        self._clock = aws.clock
        subnets = [subnet_of(ec2, zone) for zone in ("us-east-1a", "us-east-1b")]
        vpc = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
        group = self.elb.create_target_group(
            Name=f"group-{kind}", Protocol="HTTP", Port=80, VpcId=vpc, TargetType=kind
        )
        self.group = group["TargetGroups"][0]["TargetGroupArn"]
        self._subnets = subnets

    def listen(self) -> "Front":
        """Put a load balancer before the group."""
        made = self.elb.create_load_balancer(Name="front", Subnets=self._subnets)
        self.elb.create_listener(
            LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.group}],
        )
        return self

    def register(self, *targets: str, **more: Any) -> None:  # noqa: ANN401
        """Register targets by id."""
        self.elb.register_targets(
            TargetGroupArn=self.group, Targets=[{"Id": each, **more} for each in targets]
        )

    def deregister(self, *targets: str, **more: Any) -> None:  # noqa: ANN401
        """Deregister targets by id."""
        self.elb.deregister_targets(
            TargetGroupArn=self.group, Targets=[{"Id": each, **more} for each in targets]
        )

    def health(self, *targets: str) -> dict[str, tuple[str, str | None]]:
        """State and reason of each target."""
        wanted: dict[str, Any] = {"Targets": [{"Id": each} for each in targets]} if targets else {}
        rows = self.elb.describe_target_health(TargetGroupArn=self.group, **wanted)
        return {
            row["Target"]["Id"]: (row["TargetHealth"]["State"], row["TargetHealth"].get("Reason"))
            for row in rows["TargetHealthDescriptions"]
        }


@pytest.fixture
def front(aws: Sandbox, ec2: "EC2Client") -> Front:
    """An instance-type group behind a listener."""
    return Front(aws, ec2).listen()


@pytest.fixture
def one(aws: Sandbox, ec2: "EC2Client") -> str:
    """A running instance."""
    instance = str(launch(ec2)["InstanceId"])
    aws.clock.advance(20)
    return instance


def test_a_target_is_initial_and_then_healthy(aws: Sandbox, front: Front, one: str) -> None:
    """After some seconds."""
    front.register(one)
    assert front.health() == {one: ("initial", "Elb.RegistrationInProgress")}
    aws.clock.advance(5)

    assert front.health() == {one: ("healthy", None)}
    front.register(one)
    assert front.health(one) == {one: ("healthy", None)}


def test_a_group_without_a_load_balancer_is_unused(
    aws: Sandbox, ec2: "EC2Client", one: str
) -> None:
    """Target.NotInUse; its targets go without draining."""
    front = Front(aws, ec2)
    front.register(one)
    aws.clock.advance(60)
    assert front.health() == {one: ("unused", "Target.NotInUse")}

    front.deregister(one)

    assert front.health() == {}


def test_targets_are_initial_again_once_a_listener_uses_their_group(
    aws: Sandbox, ec2: "EC2Client", one: str
) -> None:
    """Nothing checks a target of a group that no load balancer uses."""
    front = Front(aws, ec2)
    front.register(one)
    aws.clock.advance(600)

    front.listen()

    assert front.health() == {one: ("initial", "Elb.RegistrationInProgress")}
    aws.clock.advance(5)
    assert front.health() == {one: ("healthy", None)}
    [balancer] = front.elb.describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internet-facing"
    [listener] = front.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
        "Listeners"
    ]
    front.elb.delete_listener(ListenerArn=listener["ListenerArn"])
    assert front.health() == {one: ("unused", "Target.NotInUse")}


@pytest.mark.parametrize("how", ["create_rule", "modify_rule", "modify_listener"])
def test_whatever_makes_a_listener_forward_begins_the_checks(
    aws: Sandbox, ec2: "EC2Client", one: str, how: str
) -> None:
    """A rule that is made or changed, a default action that is changed."""
    front, spare = Front(aws, ec2).listen(), Front(aws, ec2, "ip").group
    elb, forward = front.elb, {"Type": "forward", "TargetGroupArn": spare}
    vpc = describe(ec2, one)["VpcId"]
    other = elb.create_target_group(Name="other", Protocol="HTTP", Port=80, VpcId=vpc)
    front.group = other["TargetGroups"][0]["TargetGroupArn"]
    front.register(one)
    arn = elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"][0]["ListenerArn"]
    condition: Any = [{"Field": "path-pattern", "Values": ["/a"]}]
    rule = elb.create_rule(
        ListenerArn=listener, Priority=1, Conditions=condition, Actions=[forward]
    )["Rules"][0]["RuleArn"]
    aws.clock.advance(600)
    assert front.health() == {one: ("unused", "Target.NotInUse")}

    wanted: Any = [{"Type": "forward", "TargetGroupArn": front.group}]
    if how == "create_rule":
        elb.create_rule(ListenerArn=listener, Priority=2, Conditions=condition, Actions=wanted)
    elif how == "modify_rule":
        elb.modify_rule(RuleArn=rule, Actions=wanted)
    else:
        elb.modify_listener(ListenerArn=listener, DefaultActions=wanted)

    assert front.health() == {one: ("initial", "Elb.RegistrationInProgress")}


def test_a_stopped_target_is_unused_and_comes_back(
    aws: Sandbox, ec2: "EC2Client", front: Front, one: str
) -> None:
    """Target.InvalidState while stopped, initial after the start."""
    front.register(one)
    aws.clock.advance(5)
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)
    assert front.health() == {one: ("unused", "Target.InvalidState")}

    ec2.start_instances(InstanceIds=[one])
    aws.clock.advance(3)
    assert front.health()[one][0] == "initial"
    aws.clock.advance(5)
    assert front.health()[one][0] == "healthy"


def test_a_terminated_target_is_unused_and_goes_at_once(
    aws: Sandbox, ec2: "EC2Client", front: Front, one: str
) -> None:
    """There is nothing to drain; if nobody deregisters it, it goes by itself."""
    other = str(launch(ec2)["InstanceId"])
    aws.clock.advance(5)
    front.register(one, other)
    ec2.terminate_instances(InstanceIds=[one, other])
    aws.clock.advance(5)
    assert front.health()[one] == ("unused", "Target.InvalidState")

    front.deregister(one)
    assert set(front.health()) == {other}
    aws.clock.advance(60)

    assert front.health() == {}


def test_a_port_of_its_own_is_named_to_deregister(front: Front, one: str) -> None:
    """DeregisterTargets: both the id and the port; a target that is not there is no error."""
    front.register(one, Port=8080)

    front.deregister(one)
    assert front.health()[one][0] == "initial"
    front.deregister(one, Port=8080)

    assert front.health()[one][0] == "draining"


def test_a_target_in_a_zone_without_the_load_balancer_is_not_in_use(
    aws: Sandbox, ec2: "EC2Client", front: Front
) -> None:
    """Target.NotInUse (TargetHealth)."""
    balancers = front.elb.describe_load_balancers()["LoadBalancers"]
    enabled = {each["ZoneName"] for each in balancers[0]["AvailabilityZones"]}
    zone = next(f"us-east-1{each}" for each in "fedcba" if f"us-east-1{each}" not in enabled)
    away = str(launch(ec2, SubnetId=subnet_of(ec2, zone), InstanceType="t2.micro")["InstanceId"])
    aws.clock.advance(5)

    front.register(away)

    assert front.health()[away] == ("unused", "Target.NotInUse")


def test_an_address_is_checked_and_its_zone_is_found(
    aws: Sandbox, ec2: "EC2Client", one: str
) -> None:
    """TargetDescription.AvailabilityZone; a draining address must wait until it is out."""
    front = Front(aws, ec2, "ip").listen()
    address = describe(ec2, one)["PrivateIpAddress"]
    front.register(address)
    register = front.elb.register_targets
    for wrong in ("8.8.8.8", "10.200.0.9"):
        targets = [{"Id": wrong}]
        assert code(register, TargetGroupArn=front.group, Targets=targets) == "ValidationError"
    rows = front.elb.describe_target_health(TargetGroupArn=front.group)["TargetHealthDescriptions"]
    assert (
        rows[0]["Target"]["AvailabilityZone"] == describe(ec2, one)["Placement"]["AvailabilityZone"]
    )

    front.deregister(address)

    targets = [{"Id": address}]
    assert code(register, TargetGroupArn=front.group, Targets=targets) == "InvalidTarget"


def test_an_instance_target_has_no_zone_of_its_own(front: Front, one: str) -> None:
    """ValidationError."""
    targets = [{"Id": one, "AvailabilityZone": "us-east-1a"}]

    refused = code(front.elb.register_targets, TargetGroupArn=front.group, Targets=targets)

    assert refused == "ValidationError"


@pytest.mark.parametrize("wish", [{"target": "unhealthy"}, {"system": "impaired"}], ids=str)
def test_the_operator_makes_targets_unhealthy(
    aws: Sandbox, front: Front, one: str, wish: dict[str, str]
) -> None:
    """By a word about the target, or about the instance or its image."""
    front.register(one)
    aws.clock.advance(5)

    aws.health.set(image=LINUX, **wish)

    assert front.health() == {one: ("unhealthy", "Target.FailedHealthChecks")}


def test_a_deregistered_target_drains(aws: Sandbox, front: Front, one: str) -> None:
    """For the group's delay, 300 seconds by default; then it is not there."""
    front.register(one)
    aws.clock.advance(3)
    assert front.health() == {one: ("initial", "Elb.InitialHealthChecking")}
    aws.clock.advance(2)
    front.deregister(one)
    aws.clock.advance(200)
    front.deregister(one)
    assert front.health() == {one: ("draining", "Target.DeregistrationInProgress")}
    aws.clock.advance(100)

    assert front.health() == {}
    assert front.health(one) == {one: ("unused", "Target.NotRegistered")}
    front.deregister(one)


def test_the_delay_is_the_groups(aws: Sandbox, front: Front, one: str) -> None:
    """deregistration_delay.timeout_seconds."""
    front.elb.modify_target_group_attributes(
        TargetGroupArn=front.group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "10"}],
    )
    front.register(one)
    front.deregister(one)
    assert front.health()[one][0] == "draining"
    aws.clock.advance(10)

    assert front.health() == {}


def test_a_draining_target_that_is_registered_again_starts_over(
    aws: Sandbox, front: Front, one: str
) -> None:
    """initial, not draining."""
    front.register(one)
    aws.clock.advance(5)
    front.deregister(one)

    front.register(one)

    assert front.health() == {one: ("initial", "Elb.RegistrationInProgress")}


def test_ports_are_targets_of_their_own(aws: Sandbox, front: Front, one: str) -> None:
    """One instance may be in a group several times."""
    front.register(one, Port=8080)
    front.register(one, Port=8081)
    front.deregister(one, Port=8080)

    rows = front.elb.describe_target_health(TargetGroupArn=front.group)["TargetHealthDescriptions"]

    assert {row["Target"]["Port"]: row["TargetHealth"]["State"] for row in rows} == {
        8080: "draining",
        8081: "initial",
    }
    assert rows[0]["HealthCheckPort"] == "8080"


def test_instances_that_cannot_be_targets_are_refused(
    aws: Sandbox, ec2: "EC2Client", front: Front, one: str
) -> None:
    """InvalidTarget: unknown, pending, stopped, of another network; and none is registered."""
    register = front.elb.register_targets
    pending = launch(ec2)["InstanceId"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")["Subnet"]["SubnetId"]
    foreign = launch(ec2, SubnetId=subnet)["InstanceId"]

    for wrong in ("i-0fffffffffffffff0", pending, foreign):
        targets = [{"Id": one}, {"Id": wrong}]
        refused = code(register, TargetGroupArn=front.group, Targets=targets)
        assert refused == "InvalidTarget", wrong
    assert front.health() == {}
    deregister = front.elb.deregister_targets
    unknown = [{"Id": "i-0fffffffffffffff0"}]
    deregister(TargetGroupArn=front.group, Targets=unknown)
    elsewhere = front.group[:-1]
    assert code(register, TargetGroupArn=elsewhere, Targets=unknown) == "TargetGroupNotFound"


def test_a_terminated_instance_is_refused(
    aws: Sandbox, ec2: "EC2Client", front: Front, one: str
) -> None:
    """InvalidTarget."""
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(5)

    targets = [{"Id": one}]
    refused = code(front.elb.register_targets, TargetGroupArn=front.group, Targets=targets)
    assert refused == "InvalidTarget"


def test_an_address_is_as_healthy_as_the_instance_behind_it(
    aws: Sandbox, ec2: "EC2Client", one: str
) -> None:
    """ip-type groups need no registration when the address moves to another instance."""
    front = Front(aws, ec2, "ip").listen()
    address = describe(ec2, one)["PrivateIpAddress"]
    front.register(address)
    front.register("10.200.0.9", AvailabilityZone="all")
    aws.clock.advance(5)
    assert front.health() == {address: ("healthy", None), "10.200.0.9": ("healthy", None)}

    ec2.stop_instances(InstanceIds=[one])

    assert front.health()[address] == ("unhealthy", "Target.FailedHealthChecks")
    refused = code(
        front.elb.register_targets, TargetGroupArn=front.group, Targets=[{"Id": "nonsense"}]
    )
    assert refused == "ValidationError"
    rows = front.elb.describe_target_health(TargetGroupArn=front.group)["TargetHealthDescriptions"]
    assert rows[1]["Target"]["AvailabilityZone"] == "all"


def test_a_free_address_answers_to_nobody(aws: Sandbox, ec2: "EC2Client") -> None:
    """An interface without an instance is taken at its word [NV]."""
    front = Front(aws, ec2, "ip").listen()
    eni = ec2.create_network_interface(SubnetId=subnet_of(ec2))["NetworkInterface"]
    front.register(str(eni["PrivateIpAddress"]))
    aws.clock.advance(5)

    assert front.health() == {eni["PrivateIpAddress"]: ("healthy", None)}


def test_a_group_takes_its_targets_along(aws: Sandbox, ec2: "EC2Client", one: str) -> None:
    """Deleted, it is TargetGroupNotFound."""
    front = Front(aws, ec2)
    front.register(one)
    front.elb.delete_target_group(TargetGroupArn=front.group)

    refused = code(front.elb.describe_target_health, TargetGroupArn=front.group)

    assert refused == "TargetGroupNotFound"


def test_an_auto_scaling_group_brings_its_members(
    aws: Sandbox, ec2: "EC2Client", front: Front
) -> None:
    """Once they are in service."""
    data: Any = {"ImageId": LINUX, "InstanceType": SMALL["InstanceType"]}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    aws.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="group",
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"},
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=subnet_of(ec2),
        TargetGroupARNs=[front.group],
    )
    aws.clock.advance(10)

    [(state, _)] = front.health().values()
    assert state == "healthy"
