"""What a launch needs and EC2 no longer has, said before anything is touched."""

from dataclasses import replace

import pytest

from chalicelib.aws.instances import InstanceReader
from chalicelib.aws.preflight import missing_parts
from chalicelib.aws.session import Session
from chalicelib.domain.configuration import Configuration, Placement
from chalicelib.domain.errors import DeniedError
from sandbox.process import Sandbox
from tests.aws.scenes import REGION, Machine, writes


@pytest.fixture
def wanted(web: Machine, session: Session) -> Configuration:
    """The web server's configuration; nothing of it is missing."""
    [found] = InstanceReader(session.ec2(REGION), REGION).find([web.id])
    return found.configuration


def test_nothing_is_missing_from_what_exists(wanted: Configuration, session: Session) -> None:
    """The machine could be launched as it is."""
    assert missing_parts(session.ec2(REGION), wanted) == ()


def test_a_machine_without_network_key_and_groups_needs_none_of_them(
    wanted: Configuration, session: Session
) -> None:
    """A recording that lost its interfaces."""
    bare = replace(wanted, interfaces=(), key_name="")

    assert missing_parts(session.ec2(REGION), bare) == ()


def test_each_missing_part_is_a_sentence(
    sandbox: Sandbox, wanted: Configuration, session: Session
) -> None:
    """All of them at once, and nothing is changed by looking."""
    [card] = wanted.interfaces
    broken = replace(
        wanted,
        key_name="lost",
        instance_type="x9.huge",
        placement=Placement(zone="us-east-1a"),
        interfaces=(
            replace(card, subnet_id="subnet-0fffffffffffffff0", groups=("sg-0fffffffffffffff0",)),
        ),
    )
    before = len(writes(sandbox))

    assert missing_parts(session.ec2(REGION), broken) == (
        "the subnet subnet-0fffffffffffffff0 no longer exists",
        "the security group sg-0fffffffffffffff0 no longer exists",
        "the key pair lost no longer exists",
        "the type x9.huge is not offered in us-east-1a",
    )
    assert len(writes(sandbox)) == before


def test_a_subnet_without_a_free_address_is_missing_one(
    sandbox: Sandbox, wanted: Configuration, session: Session
) -> None:
    """A launch would fail after the plan was approved."""
    ec2 = sandbox.client("ec2")
    subnet = ec2.create_subnet(VpcId=wanted.vpc_id, CidrBlock="172.31.128.0/28")["Subnet"]
    for _ in range(subnet["AvailableIpAddressCount"]):
        ec2.create_network_interface(SubnetId=subnet["SubnetId"])
    [card] = wanted.interfaces
    full = replace(wanted, interfaces=(replace(card, subnet_id=subnet["SubnetId"]),))

    assert missing_parts(session.ec2(REGION), full) == (
        f"the subnet {subnet['SubnetId']} has no free address",
    )


def test_what_may_not_be_looked_at_is_an_error(
    sandbox: Sandbox, wanted: Configuration, session: Session
) -> None:
    """Not an empty answer: an operator must know that nobody looked."""
    sandbox.faults.set({"rules": [{"action": "DescribeSubnets", "kind": "deny"}]})
    with pytest.raises(DeniedError, match="could not check what the launch needs"):
        missing_parts(session.ec2(REGION), wanted)
