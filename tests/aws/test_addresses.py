"""Elastic IPs: looked up, moved, and never taken from a third party."""

# ruff: noqa: N802

import pytest

from chalicelib.aws.addresses import AddressGateway
from chalicelib.aws.session import Session
from chalicelib.domain.configuration import ElasticAddress
from chalicelib.domain.errors import AwsError
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import REGION, Machine, describe, launch_plain


@pytest.fixture
def addresses(session: Session) -> AddressGateway:
    """Addresses of us-east-1."""
    return AddressGateway(session.ec2(REGION))


def test_where_an_address_stands(web: Machine, addresses: AddressGateway) -> None:
    """On which interface, and on which of its private addresses."""
    found = addresses.find(web.allocation)

    assert found is not None
    assert (found.public_ip, found.interface_id, found.private_ip) == (
        web.public_ip, web.interface, web.private_ip,
    )  # fmt: skip
    assert found.association_id.startswith("eipassoc-")


def test_an_address_that_was_released_is_nothing(addresses: AddressGateway) -> None:
    """An empty answer, not an error."""
    assert addresses.find("eipalloc-0fffffffffffffff0") is None


def test_taking_an_address_off_twice_is_told(web: Machine, addresses: AddressGateway) -> None:
    """The second time there is nothing to take off."""
    before = addresses.find(web.allocation)
    assert before is not None

    assert addresses.disassociate(before.association_id) is True
    assert addresses.disassociate(before.association_id) is False
    assert addresses.find(web.allocation) == ElasticAddress(
        allocation_id=web.allocation,
        association_id="",
        public_ip=web.public_ip,
        interface_id="",
        private_ip="",
    )


def test_F74_an_address_is_never_taken_from_who_holds_it(
    sandbox: Sandbox, web: Machine, addresses: AddressGateway, heard: Heard
) -> None:
    """EC2's default would move it; ours is refused and the holder keeps it."""
    [other] = launch_plain(sandbox)
    card = describe(sandbox, other)["NetworkInterfaces"][0]
    place = (card["NetworkInterfaceId"], card["PrivateIpAddress"])
    with pytest.raises(AwsError) as caught:
        addresses.associate(web.allocation, *place)
    held = addresses.find(web.allocation)

    assert caught.value.aws_code == "Resource.AlreadyAssociated"
    assert held is not None
    assert held.interface_id == web.interface
    assert [p["AllowReassociation"] for p in heard.parameters("AssociateAddress")] == [False]


def test_a_free_address_goes_where_it_is_put(
    sandbox: Sandbox, web: Machine, addresses: AddressGateway
) -> None:
    """The association's id is the answer."""
    [other] = launch_plain(sandbox)
    card = describe(sandbox, other)["NetworkInterfaces"][0]
    before = addresses.find(web.allocation)
    assert before is not None
    addresses.disassociate(before.association_id)
    association = addresses.associate(
        web.allocation, card["NetworkInterfaceId"], card["PrivateIpAddress"]
    )
    found = addresses.find(web.allocation)

    assert found is not None
    assert (found.association_id, found.private_ip) == (association, card["PrivateIpAddress"])
