"""Elastic IP addresses, and public addresses that Amazon lends."""

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.scenes import code, describe, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def running(aws: Sandbox, ec2: "EC2Client", **more: Any) -> str:  # noqa: ANN401
    """The id of a running instance."""
    one = str(launch(ec2, **more)["InstanceId"])
    aws.clock.advance(20)
    return one


def public(ec2: "EC2Client", instance_id: str) -> str | None:
    """The instance's public address."""
    found: str | None = describe(ec2, instance_id).get("PublicIpAddress")
    return found


def primary(ec2: "EC2Client", instance_id: str) -> str:
    """The id of its primary interface."""
    return str(describe(ec2, instance_id)["NetworkInterfaces"][0]["NetworkInterfaceId"])


def second_interface(ec2: "EC2Client", instance_id: str) -> str:
    """Attach one more interface and answer its id."""
    made = ec2.create_network_interface(SubnetId=subnet_of(ec2))["NetworkInterface"]
    eni = str(made["NetworkInterfaceId"])
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance_id, DeviceIndex=1)
    return eni


def test_a_lent_address_goes_at_stop_and_another_comes_at_start(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """It never comes back."""
    one = running(aws, ec2)
    first = public(ec2, one)
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)
    assert public(ec2, one) is None

    ec2.start_instances(InstanceIds=[one])
    aws.clock.advance(5)

    assert public(ec2, one) not in {None, first}


def test_a_second_interface_costs_the_lent_address_at_start(aws: Sandbox, ec2: "EC2Client") -> None:
    """EC2 User Guide, using-instance-addressing."""
    one = running(aws, ec2)
    second_interface(ec2, one)
    assert public(ec2, one)
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)
    ec2.start_instances(InstanceIds=[one])
    aws.clock.advance(5)

    assert public(ec2, one) is None


@pytest.mark.parametrize(("wish", "expected"), [(True, True), (False, False)])
def test_a_launch_can_decide_about_the_lent_address(
    aws: Sandbox, ec2: "EC2Client", wish: bool, expected: bool
) -> None:
    """Whatever the subnet says."""
    specs: Any = [{"DeviceIndex": 0, "SubnetId": subnet_of(ec2), "AssociatePublicIpAddress": wish}]

    assert (public(ec2, running(aws, ec2, NetworkInterfaces=specs)) is not None) is expected


def test_a_pending_instance_has_no_public_side_yet(aws: Sandbox, ec2: "EC2Client") -> None:
    """Instance.PublicDnsName: "not available until the instance enters the running state"."""
    one = launch(ec2)
    assert "PublicIpAddress" not in one
    assert one["PublicDnsName"] == ""
    assert "Association" not in one["NetworkInterfaces"][0]
    assert "Tags" not in one

    aws.clock.advance(20)

    assert describe(ec2, one["InstanceId"])["PublicDnsName"].startswith("ec2-")


def test_an_elastic_address_replaces_the_lent_one_and_stays(aws: Sandbox, ec2: "EC2Client") -> None:
    """Over stop and start; taken away, the instance is lent another."""
    one = running(aws, ec2)
    lent = public(ec2, one)
    eip = ec2.allocate_address()
    ec2.associate_address(AllocationId=eip["AllocationId"], InstanceId=one)
    assert public(ec2, one) == eip["PublicIp"]
    nic = describe(ec2, one)["NetworkInterfaces"][0]
    assert nic["Association"]["IpOwnerId"] == "123456789012"
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)
    assert public(ec2, one) == eip["PublicIp"]
    ec2.start_instances(InstanceIds=[one])
    aws.clock.advance(5)
    assert public(ec2, one) == eip["PublicIp"]

    [address] = ec2.describe_addresses()["Addresses"]
    ec2.disassociate_address(AssociationId=address["AssociationId"])

    assert public(ec2, one) not in {None, lent, eip["PublicIp"]}
    assert "AssociationId" not in ec2.describe_addresses()["Addresses"][0]


def test_an_instance_without_a_lent_address_gets_none_back(aws: Sandbox, ec2: "EC2Client") -> None:
    """Nor does a stopped one."""
    specs: Any = [{"DeviceIndex": 0, "SubnetId": subnet_of(ec2), "AssociatePublicIpAddress": False}]
    one = running(aws, ec2, NetworkInterfaces=specs)
    eip = ec2.allocate_address()
    association = ec2.associate_address(AllocationId=eip["AllocationId"], InstanceId=one)

    ec2.disassociate_address(AssociationId=association["AssociationId"])

    assert public(ec2, one) is None


def test_reassociation_is_automatic_unless_it_is_forbidden(aws: Sandbox, ec2: "EC2Client") -> None:
    """The old instance loses the address."""
    one, two = running(aws, ec2), running(aws, ec2)
    eip = ec2.allocate_address()
    first = ec2.associate_address(AllocationId=eip["AllocationId"], InstanceId=one)
    again = ec2.associate_address(
        AllocationId=eip["AllocationId"], InstanceId=one, AllowReassociation=False
    )
    assert again["AssociationId"] == first["AssociationId"]

    move: dict[str, Any] = {"AllocationId": eip["AllocationId"], "InstanceId": two}
    assert code(ec2.associate_address, **move, AllowReassociation=False) == (
        "Resource.AlreadyAssociated"
    )
    ec2.associate_address(**move)

    assert public(ec2, two) == eip["PublicIp"]
    assert public(ec2, one) != eip["PublicIp"]


def test_an_instance_has_one_elastic_address_for_each_private_one(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """A second one takes the first one's place."""
    one = running(aws, ec2)
    first, second = ec2.allocate_address(), ec2.allocate_address()
    for each in (first, second):
        ec2.associate_address(AllocationId=each["AllocationId"], InstanceId=one)

    bound = {
        each["PublicIp"]: each.get("InstanceId") for each in ec2.describe_addresses()["Addresses"]
    }
    assert bound == {first["PublicIp"]: None, second["PublicIp"]: one}


def test_a_secondary_private_address_can_have_one(aws: Sandbox, ec2: "EC2Client") -> None:
    """Named on its interface; it goes when the private address goes."""
    one = running(aws, ec2)
    eni = primary(ec2, one)
    answer = ec2.assign_private_ip_addresses(
        NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1
    )
    private = answer["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
    eip = ec2.allocate_address()
    lent = public(ec2, one)

    ec2.associate_address(
        AllocationId=eip["AllocationId"], NetworkInterfaceId=eni, PrivateIpAddress=private
    )

    addresses = describe(ec2, one)["NetworkInterfaces"][0]["PrivateIpAddresses"]
    assert [each["Association"]["PublicIp"] for each in addresses] == [lent, eip["PublicIp"]]
    [shown] = ec2.describe_addresses(Filters=[{"Name": "instance-id", "Values": [one]}])[
        "Addresses"
    ]
    assert shown["PrivateIpAddress"] == private
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=[private])
    assert "AssociationId" not in ec2.describe_addresses()["Addresses"][0]


def test_a_terminate_disassociates(aws: Sandbox, ec2: "EC2Client") -> None:
    """The address stays the account's."""
    one = running(aws, ec2)
    eip = ec2.allocate_address()
    ec2.associate_address(AllocationId=eip["AllocationId"], InstanceId=one)
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(5)

    [address] = ec2.describe_addresses()["Addresses"]
    assert address["PublicIp"] == eip["PublicIp"]
    assert "AssociationId" not in address


def test_an_address_stays_with_an_interface_that_survives(aws: Sandbox, ec2: "EC2Client") -> None:
    """The interface is its home, not the instance."""
    eni = ec2.create_network_interface(SubnetId=subnet_of(ec2))["NetworkInterface"]
    name = str(eni["NetworkInterfaceId"])
    eip = ec2.allocate_address()
    ec2.associate_address(AllocationId=eip["AllocationId"], NetworkInterfaceId=name)
    [unused] = ec2.describe_addresses()["Addresses"]
    assert unused["InstanceId"] == ""

    specs: Any = [{"DeviceIndex": 0, "NetworkInterfaceId": name}]
    one = running(aws, ec2, NetworkInterfaces=specs)
    assert public(ec2, one) == eip["PublicIp"]
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(5)

    [address] = ec2.describe_addresses()["Addresses"]
    assert (address["NetworkInterfaceId"], address["InstanceId"]) == (name, "")


def test_targets_that_cannot_have_it_are_refused(aws: Sandbox, ec2: "EC2Client") -> None:
    """Pending, gone, ambiguous, unknown."""
    eip = ec2.allocate_address()["AllocationId"]
    associate = ec2.associate_address
    pending = launch(ec2)["InstanceId"]
    assert code(associate, AllocationId=eip, InstanceId=pending) == "IncorrectInstanceState"
    aws.clock.advance(5)
    second_interface(ec2, pending)
    assert code(associate, AllocationId=eip, InstanceId=pending) == "InvalidInstanceID"
    eni = primary(ec2, pending)
    assert (
        code(associate, AllocationId=eip, NetworkInterfaceId=eni, PrivateIpAddress="172.31.9.9")
        == "InvalidParameterValue"
    )
    assert code(associate, AllocationId=eip) == "MissingParameter"
    assert code(associate, InstanceId=pending) == "MissingParameter"
    assert code(associate, AllocationId=eip, InstanceId=pending, DryRun=True) == "DryRunOperation"
    ec2.terminate_instances(InstanceIds=[pending])
    assert code(associate, AllocationId=eip, NetworkInterfaceId=eni) == "InvalidInstanceID"


def test_addresses_are_looked_up_with_their_own_codes(ec2: "EC2Client") -> None:
    """By allocation, by association, by address."""
    unknown = "eipalloc-0fffffffffffffff0"
    assert code(ec2.release_address, AllocationId=unknown) == "InvalidAllocationID.NotFound"
    assert code(ec2.describe_addresses, AllocationIds=[unknown]) == "InvalidAllocationID.NotFound"
    assert code(ec2.describe_addresses, PublicIps=["9.9.9.9"]) == "InvalidAddress.NotFound"
    assert code(ec2.disassociate_address, AssociationId="eipassoc-0") == (
        "InvalidAssociationID.NotFound"
    )
    assert code(ec2.release_address) == "MissingParameter"
    assert code(ec2.disassociate_address) == "MissingParameter"


def test_an_associated_address_is_not_released(aws: Sandbox, ec2: "EC2Client") -> None:
    """InvalidIPAddress.InUse; released it is gone."""
    one = running(aws, ec2)
    eip = ec2.allocate_address()
    ec2.associate_address(AllocationId=eip["AllocationId"], InstanceId=one)
    assert code(ec2.release_address, AllocationId=eip["AllocationId"]) == "InvalidIPAddress.InUse"
    ec2.disassociate_address(PublicIp=eip["PublicIp"])
    assert code(ec2.disassociate_address, PublicIp=eip["PublicIp"]) == (
        "InvalidAssociationID.NotFound"
    )

    ec2.release_address(AllocationId=eip["AllocationId"])

    assert ec2.describe_addresses()["Addresses"] == []


def test_addresses_are_tagged_and_filtered(aws: Sandbox, ec2: "EC2Client") -> None:
    """By tag and by any field of the answer."""
    tags: Any = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "a", "Value": "b"}]}]
    marked = ec2.allocate_address(TagSpecifications=tags)
    ec2.allocate_address()

    def found(name: str, value: str) -> list[str]:
        wanted: Any = [{"Name": name, "Values": [value]}]
        return [e["PublicIp"] for e in ec2.describe_addresses(Filters=wanted)["Addresses"]]

    by_filter = {"tag:a": "b", "tag-key": "a", "allocation-id": marked["AllocationId"]}
    for name, value in by_filter.items():
        assert found(name, value) == [marked["PublicIp"]], name
    assert len(found("network-border-group", "us-east-1")) == 2
    assert len(found("domain", "vpc")) == 2
    unknown: Any = [{"Name": "colour", "Values": ["red"]}]
    assert code(ec2.describe_addresses, Filters=unknown) == "InvalidParameterValue"


def test_an_instance_and_an_interface_are_not_both_named(aws: Sandbox, ec2: "EC2Client") -> None:
    """AssociateAddress: "but not both"."""
    one = running(aws, ec2)
    address = ec2.allocate_address()["AllocationId"]

    refused = code(
        lambda: ec2.associate_address(
            AllocationId=address, InstanceId=one, NetworkInterfaceId=primary(ec2, one)
        )
    )

    assert refused == "InvalidParameterCombination"
