"""Target groups: registrations read, health told, machines handed over."""

from contextlib import suppress
from typing import Any

import pytest

from chalicelib.aws.session import Session
from chalicelib.aws.target_groups import TargetGroupGateway
from chalicelib.domain.configuration import Target
from chalicelib.domain.errors import SnapbackError
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import REGION, Machine, later, launch_plain

GONE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gone/0123456789abcdef"


@pytest.fixture
def targets(session: Session) -> TargetGroupGateway:
    """Target groups of us-east-1."""
    return TargetGroupGateway(session.elbv2(REGION))


def group(sandbox: Sandbox, web: Machine, kind: str) -> str:
    """Another target group in the machine's VPC."""
    given: dict[str, Any] = {"Name": f"by-{kind}", "TargetType": kind}
    if kind != "lambda":
        given |= {"Protocol": "HTTP", "Port": 80, "VpcId": web.vpc}
    made = sandbox.client("elbv2").create_target_group(**given)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def listen(sandbox: Sandbox, web: Machine) -> None:
    """A load balancer leads to the group: targets become healthy, and drain."""
    elb, ec2 = sandbox.client("elbv2"), sandbox.client("ec2")
    of_vpc = [{"Name": "vpc-id", "Values": [web.vpc]}]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets(Filters=of_vpc)["Subnets"][:2]]
    made = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": web.group}],
    )


def test_registrations_by_id_and_by_address_are_read(
    sandbox: Sandbox, web: Machine, targets: TargetGroupGateway
) -> None:
    """Each with its group's VPC, so that an address means a machine."""
    by_ip = group(sandbox, web, "ip")
    group(sandbox, web, "lambda")
    target = Target(group_arn=by_ip, target_id=web.private_ip, port=8080)
    targets.register(target)
    read = {(t.group_arn, t.target_id, t.port): g.vpc_id for g, t in targets.registrations()}

    assert read == {
        (web.group, web.id, 80): web.vpc,
        (by_ip, web.private_ip, 8080): web.vpc,
    }


def test_health_tells_registered_targets_only(
    sandbox: Sandbox, web: Machine, targets: TargetGroupGateway
) -> None:
    """One that is not registered is absent, not unhealthy."""
    here = Target(group_arn=web.group, target_id=web.id, port=80)
    stranger = Target(group_arn=web.group, target_id="i-0fffffffffffffff0", port=80)
    told = targets.health([here, stranger])

    assert set(told) == {here}
    assert told[here].serves
    assert targets.health([]) == {}


def test_a_target_is_found_whatever_zone_it_was_asked_for_with(
    sandbox: Sandbox, web: Machine, targets: TargetGroupGateway
) -> None:
    """The zone is part of EC2's answer, not of what is asked for."""
    zoned = Target(group_arn=web.group, target_id=web.id, port=80, zone="us-east-1a")

    assert set(targets.health([zoned])) == {zoned}


def test_registering_twice_and_deregistering_twice(
    sandbox: Sandbox, web: Machine, targets: TargetGroupGateway
) -> None:
    """Draining targets are no registrations any more."""
    listen(sandbox, web)
    [other] = launch_plain(sandbox)
    target = Target(group_arn=web.group, target_id=other, port=80)
    targets.register(target)
    targets.register(target)
    later(sandbox, minutes=2)
    joined = targets.health([target])[target].state

    assert joined == "healthy"
    assert targets.deregister(target) is True
    assert targets.health([target])[target].state == "draining"
    assert other not in {t.target_id for _, t in targets.registrations()}
    assert targets.deregister(target) is True
    later(sandbox, minutes=10)
    assert targets.health([target]) == {}


def test_leaving_a_group_that_is_gone_is_a_success(targets: TargetGroupGateway) -> None:
    """Somebody deleted the group: the machine is out of it."""
    gone = Target(group_arn=GONE, target_id="i-1", port=80)

    assert targets.deregister(gone) is False
    assert targets.health([gone]) == {}


@pytest.mark.parametrize(
    ("target", "described"),
    [
        (Target(group_arn="g", target_id="i-1", port=80, zone="z"), {"Id": "i-1", "Port": 80}),
        (
            Target(group_arn="g", target_id="10.0.0.1", port=80, zone="all"),
            {"Id": "10.0.0.1", "Port": 80, "AvailabilityZone": "all"},
        ),
        (Target(group_arn="g", target_id="10.0.0.1", port=0), {"Id": "10.0.0.1"}),
    ],
)
def test_a_zone_is_named_for_addresses_only(
    session: Session, target: Target, described: dict[str, object], heard: Heard
) -> None:
    """An instance has a zone of its own; elbv2 refuses one beside it."""
    gateway = TargetGroupGateway(session.elbv2(REGION))
    with suppress(SnapbackError):  # only what was asked matters here
        gateway.deregister(target)

    assert [p["Targets"] for p in heard.parameters("DeregisterTargets")] == [[described]]


def test_every_group_is_read_whatever_page_it_is_on(
    sandbox: Sandbox, web: Machine, targets: TargetGroupGateway
) -> None:
    """More groups than elbv2 tells at once."""
    elb = sandbox.client("elbv2")
    for n in range(12):
        made = elb.create_target_group(Name=f"g{n}", Protocol="HTTP", Port=80, VpcId=web.vpc)
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": web.id}])

    assert len(targets.registrations()) == 13
