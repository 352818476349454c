"""Network interfaces, private addresses and Elastic IP addresses."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import NOBODY, refused, tagged


def address(place: Place, allocation: str) -> dict[str, Any]:
    """One Elastic IP address as DescribeAddresses has it."""
    found: dict[str, Any] = place.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"][0]
    return found


def beside(place: Place, instance: str, **more: Any) -> str:  # noqa: ANN401
    """A free interface in an instance's subnet."""
    subnet = scenes.instance(place, instance)["SubnetId"]
    return scenes.free_interface(place, SubnetId=subnet, **more)


def test_an_interface_is_available_with_an_address_of_its_subnet(place: Place) -> None:
    """EC2 API, CreateNetworkInterface; NetworkInterface."""
    subnet = scenes.subnet(place)
    nic = scenes.free_interface(
        place, Description="mine", TagSpecifications=tagged("network-interface", a="b")
    )
    place.until(lambda: scenes.interface(place, nic)["Status"] == "available")

    found = scenes.interface(place, nic)
    assert (found["SubnetId"], found["VpcId"]) == (subnet["SubnetId"], subnet["VpcId"])
    assert found["AvailabilityZone"] == subnet["AvailabilityZone"]
    assert (found["Description"], found["SourceDestCheck"]) == ("mine", True)
    assert [each["Primary"] for each in found["PrivateIpAddresses"]] == [True]
    assert place.tags({"Tags": found["TagSet"]}) == {"a": "b"}


def test_a_second_interface_is_attached_and_detached(place: Place) -> None:
    """EC2 User Guide, "Network interface attachments"; DeleteOnTermination false when attached."""
    one = scenes.machine(place)
    nic = beside(place, one)

    answer = place.ec2.attach_network_interface(
        NetworkInterfaceId=nic, InstanceId=one, DeviceIndex=1
    )
    place.until(lambda: scenes.interface(place, nic)["Attachment"]["Status"] == "attached")
    found = scenes.interface(place, nic)
    assert found["Status"] == "in-use"
    assert (found["Attachment"]["InstanceId"], found["Attachment"]["DeviceIndex"]) == (one, 1)
    assert found["Attachment"]["DeleteOnTermination"] is False
    assert len(scenes.instance(place, one)["NetworkInterfaces"]) == 2
    place.ec2.detach_network_interface(AttachmentId=answer["AttachmentId"])
    place.until(lambda: scenes.interface(place, nic)["Status"] == "available")
    assert len(scenes.instance(place, one)["NetworkInterfaces"]) == 1


def test_the_primary_interface_cannot_be_detached(place: Place) -> None:
    """EC2 User Guide, "Network interface attachments"; error codes, OperationNotPermitted."""
    one = scenes.instance(place, scenes.machine(place))
    primary = one["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]

    detach = place.ec2.detach_network_interface
    assert refused(detach, AttachmentId=primary) == "OperationNotPermitted"
    scenes.stopped(place, one["InstanceId"])
    assert refused(detach, AttachmentId=primary) == "OperationNotPermitted"


def test_an_interface_is_attached_once(place: Place) -> None:
    """EC2 API error codes, InvalidNetworkInterface.InUse."""
    subnet = scenes.subnet(place)["SubnetId"]
    one, two = (scenes.machine(place, SubnetId=subnet) for _ in range(2))
    nic = beside(place, one)
    attach = place.ec2.attach_network_interface
    attach(NetworkInterfaceId=nic, InstanceId=one, DeviceIndex=1)

    code = refused(attach, NetworkInterfaceId=nic, InstanceId=two, DeviceIndex=1)
    assert code == "InvalidNetworkInterface.InUse"


def test_an_interface_in_use_cannot_be_deleted(place: Place) -> None:
    """EC2 API error codes, InvalidParameterValue: it is currently in use. [NV] the code."""
    one = scenes.instance(place, scenes.machine(place))
    nic = one["NetworkInterfaces"][0]["NetworkInterfaceId"]

    code = refused(place.ec2.delete_network_interface, NetworkInterfaceId=nic)
    assert code in ("InvalidParameterValue", "InvalidNetworkInterface.InUse")


def test_a_primary_interface_outlives_its_instance_when_its_flag_says_so(place: Place) -> None:
    """EC2 API, ModifyNetworkInterfaceAttribute.Attachment: DeleteOnTermination."""
    one = scenes.instance(place, scenes.machine(place))
    nic = one["NetworkInterfaces"][0]
    id_ = nic["NetworkInterfaceId"]
    kept = {"AttachmentId": nic["Attachment"]["AttachmentId"], "DeleteOnTermination": False}
    place.ec2.modify_network_interface_attribute(NetworkInterfaceId=id_, Attachment=kept)

    scenes.gone(place, one["InstanceId"])

    place.until(lambda: scenes.interface(place, id_)["Status"] == "available")
    assert scenes.interface(place, id_)["PrivateIpAddress"] == one["PrivateIpAddress"]
    assert scenes.interface(place, id_)["MacAddress"] == nic["MacAddress"]


def test_an_unknown_interface_and_a_malformed_id_have_their_own_codes(place: Place) -> None:
    """EC2 API error codes, InvalidNetworkInterfaceID.NotFound and .Malformed."""
    look = place.ec2.describe_network_interfaces
    code = refused(look, NetworkInterfaceIds=[f"eni-{NOBODY}"])

    assert code == "InvalidNetworkInterfaceID.NotFound"
    assert refused(look, NetworkInterfaceIds=["eni-none"]).endswith(".Malformed")


def test_a_secondary_address_moves_only_when_that_is_allowed(place: Place) -> None:
    """EC2 API, AssignPrivateIpAddresses.AllowReassignment; Resource.AlreadyAssigned."""
    first, second = (scenes.free_interface(place) for _ in range(2))
    assign = place.ec2.assign_private_ip_addresses
    assign(NetworkInterfaceId=first, SecondaryPrivateIpAddressCount=1)
    held = scenes.interface(place, first)["PrivateIpAddresses"]
    moving = next(each["PrivateIpAddress"] for each in held if not each["Primary"])

    call = {"NetworkInterfaceId": second, "PrivateIpAddresses": [moving]}
    assert refused(assign, **call) == "Resource.AlreadyAssigned"
    assign(**call, AllowReassignment=True)

    def now() -> bool:
        held = scenes.interface(place, second)["PrivateIpAddresses"]
        return moving in [each["PrivateIpAddress"] for each in held]

    place.until(now)


def test_an_interface_is_found_by_a_filter_and_by_nothing_else(place: Place) -> None:
    """EC2 API, DescribeNetworkInterfacesRequest.Filters."""
    nic = scenes.free_interface(place, TagSpecifications=tagged("network-interface", a="x"))
    place.until(lambda: scenes.interface(place, nic)["Status"] == "available")
    found = scenes.interface(place, nic)
    values = {
        "subnet-id": found["SubnetId"],
        "private-ip-address": found["PrivateIpAddress"],
        "status": "available",
        "tag:a": "x",
    }

    def finds(name: str, value: str) -> bool:
        filters = [{"Name": name, "Values": [value]}]
        listed = place.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return nic in [each["NetworkInterfaceId"] for each in listed]

    for name, value in values.items():
        assert finds(name, value), name
        assert not finds(name, "none"), name


def test_an_elastic_address_shows_on_instance_and_interface(place: Place) -> None:
    """EC2 API, AssociateAddress; Address; InstanceNetworkInterfaceAssociation."""
    one = scenes.machine(place)
    own = scenes.address(place)
    made = place.ec2.associate_address(InstanceId=one, AllocationId=own)

    found = address(place, own)
    assert (found["InstanceId"], found["AssociationId"]) == (one, made["AssociationId"])
    described = scenes.instance(place, one)
    assert described["PublicIpAddress"] == found["PublicIp"]
    nic = described["NetworkInterfaces"][0]
    assert nic["Association"]["PublicIp"] == found["PublicIp"]
    assert found["PrivateIpAddress"] == described["PrivateIpAddress"]


def test_an_elastic_address_is_taken_away_only_when_that_is_allowed(place: Place) -> None:
    """EC2 API, AssociateAddressRequest.AllowReassociation; Resource.AlreadyAssociated."""
    one, two = (scenes.machine(place) for _ in range(2))
    own = scenes.address(place)
    associate = place.ec2.associate_address
    associate(InstanceId=one, AllocationId=own)

    call = {"InstanceId": two, "AllocationId": own, "AllowReassociation": False}
    assert refused(associate, **call) == "Resource.AlreadyAssociated"
    associate(InstanceId=two, AllocationId=own)
    assert address(place, own)["InstanceId"] == two
    public = address(place, own)["PublicIp"]
    assert scenes.instance(place, one).get("PublicIpAddress") != public


def test_an_elastic_address_stays_over_stop_and_start(place: Place) -> None:
    """EC2 User Guide, "Elastic IP addresses": it remains associated when stopped."""
    one = scenes.machine(place)
    own = scenes.address(place)
    place.ec2.associate_address(InstanceId=one, AllocationId=own)
    scenes.stopped(place, one)

    assert address(place, own)["InstanceId"] == one
    place.ec2.start_instances(InstanceIds=[one])
    scenes.is_running(place, one)
    assert scenes.instance(place, one)["PublicIpAddress"] == address(place, own)["PublicIp"]


def test_a_lent_address_goes_at_stop(place: Place) -> None:
    """EC2 User Guide, "IP addressing": the auto-assigned address is released at stop."""
    one = scenes.machine(place)
    lent = scenes.instance(place, one)["PublicIpAddress"]
    scenes.stopped(place, one)

    assert "PublicIpAddress" not in scenes.instance(place, one)
    place.ec2.start_instances(InstanceIds=[one])
    scenes.is_running(place, one)
    assert scenes.instance(place, one)["PublicIpAddress"] != lent


@pytest.mark.parametrize("method", ["terminate_instances", "disassociate"])
def test_an_elastic_address_is_kept_when_nothing_uses_it(place: Place, method: str) -> None:
    """EC2 User Guide, "Elastic IP addresses": allocated until it is released."""
    one = scenes.machine(place)
    own = scenes.address(place)
    made = place.ec2.associate_address(InstanceId=one, AllocationId=own)

    if method == "disassociate":
        place.ec2.disassociate_address(AssociationId=made["AssociationId"])
    else:
        scenes.gone(place, one)

    place.until(lambda: "AssociationId" not in address(place, own))
    assert "InstanceId" not in address(place, own) or not address(place, own)["InstanceId"]
    place.ec2.release_address(AllocationId=own)
    gone = refused(place.ec2.describe_addresses, AllocationIds=[own])
    assert gone == "InvalidAllocationID.NotFound"


def test_an_associated_address_is_not_released(place: Place) -> None:
    """EC2 API error codes, InvalidIPAddress.InUse."""
    own = scenes.address(place)
    place.ec2.associate_address(InstanceId=scenes.machine(place), AllocationId=own)

    assert refused(place.ec2.release_address, AllocationId=own) == "InvalidIPAddress.InUse"


def test_a_pending_instance_gets_no_elastic_address(place: Place) -> None:
    """EC2 API error codes, IncorrectInstanceState / InvalidInstanceID: not while pending. [NV]."""
    if place.name == "account":
        pytest.skip("EC2 may be quicker")
    one = scenes.launch(place)
    own = scenes.address(place)

    code = refused(place.ec2.associate_address, InstanceId=one, AllocationId=own)
    assert code in ("IncorrectInstanceState", "InvalidInstanceID")


def test_an_address_of_nobody_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidAllocationID.NotFound; InvalidInstanceID.NotFound."""
    one = scenes.machine(place)
    own = scenes.address(place)
    associate = place.ec2.associate_address

    code = refused(associate, InstanceId=one, AllocationId=f"eipalloc-{NOBODY}")
    assert code == "InvalidAllocationID.NotFound"
    code = refused(associate, InstanceId=f"i-{NOBODY}", AllocationId=own)
    assert code == "InvalidInstanceID.NotFound"


def test_an_address_is_found_by_its_instance(place: Place) -> None:
    """EC2 API, DescribeAddressesRequest.Filters: instance-id."""
    one = scenes.machine(place)
    own = scenes.address(place)
    place.ec2.associate_address(InstanceId=one, AllocationId=own)
    filters = [{"Name": "instance-id", "Values": [one]}]

    found = place.ec2.describe_addresses(Filters=filters)["Addresses"]
    assert [each["AllocationId"] for each in found] == [own]
