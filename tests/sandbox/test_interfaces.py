"""Network interfaces: their addresses, their attachments, and launches with them."""

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.scenes import SMALL, code, describe, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def interface(ec2: "EC2Client", **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """A new network interface in zone a."""
    given = {"SubnetId": subnet_of(ec2), **more}
    return dict(ec2.create_network_interface(**given)["NetworkInterface"])


def look(ec2: "EC2Client", interface_id: str) -> dict[str, Any]:
    """One interface as DescribeNetworkInterfaces answers with it."""
    found = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])
    return dict(found["NetworkInterfaces"][0])


def addresses(ec2: "EC2Client", interface_id: str) -> list[str]:
    """Its private addresses, the primary first."""
    return [each["PrivateIpAddress"] for each in look(ec2, interface_id)["PrivateIpAddresses"]]


def small_subnet(ec2: "EC2Client") -> str:
    """A subnet with eleven addresses to give."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    return str(ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")["Subnet"]["SubnetId"])


def test_an_interface_is_made_with_what_is_asked_for(ec2: "EC2Client") -> None:
    """Address, secondaries, description, tags; in the default group."""
    tags: Any = [{"ResourceType": "network-interface", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = interface(
        ec2,
        PrivateIpAddress="172.31.0.50",
        SecondaryPrivateIpAddressCount=2,
        Description="mine",
        TagSpecifications=tags,
    )

    shown = look(ec2, made["NetworkInterfaceId"])
    assert shown["Status"] == "available"
    assert (shown["PrivateIpAddress"], len(shown["PrivateIpAddresses"])) == ("172.31.0.50", 3)
    assert [each["Primary"] for each in shown["PrivateIpAddresses"]] == [True, False, False]
    assert (shown["Description"], shown["TagSet"]) == ("mine", [{"Key": "a", "Value": "b"}])
    assert shown["Groups"][0]["GroupName"] == "default"
    assert shown["PrivateDnsName"] == "ip-172-31-0-50.ec2.internal"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"PrivateIpAddress": "10.9.9.9"}, "InvalidParameterValue"),
        ({"PrivateIpAddress": "172.31.0.1"}, "InvalidParameterValue"),
        ({"PrivateIpAddress": "172.31.15.255"}, "InvalidParameterValue"),
        ({"PrivateIpAddress": "nonsense"}, "InvalidParameterValue"),
        ({"PrivateIpAddress": "172.31.0.40"}, "InvalidIPAddress.InUse"),
        (
            {
                "PrivateIpAddresses": [
                    {"PrivateIpAddress": "172.31.0.41", "Primary": True},
                    {"PrivateIpAddress": "172.31.0.42", "Primary": True},
                ]
            },
            "InvalidParameterCombination",
        ),
        (
            {
                "PrivateIpAddress": "172.31.0.43",
                "PrivateIpAddresses": [{"PrivateIpAddress": "172.31.0.41", "Primary": True}],
            },
            "InvalidParameterCombination",
        ),
        (
            {
                "SecondaryPrivateIpAddressCount": 1,
                "PrivateIpAddresses": [{"PrivateIpAddress": "172.31.0.41", "Primary": False}],
            },
            "InvalidParameterCombination",
        ),
        (
            {
                "PrivateIpAddress": "172.31.0.43",
                "PrivateIpAddresses": [{"PrivateIpAddress": "172.31.0.43", "Primary": False}],
            },
            "InvalidParameterValue",
        ),
        ({"SubnetId": "subnet-0fffffffffffffff0"}, "InvalidSubnetID.NotFound"),
        ({"Groups": ["sg-0fffffffffffffff0"]}, "InvalidGroup.NotFound"),
        ({"Ipv6AddressCount": 1}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
    ids=str,
)
def test_an_interface_that_cannot_be_is_refused(
    ec2: "EC2Client", given: dict[str, Any], refusal: str
) -> None:
    """And takes no address."""
    interface(ec2, PrivateIpAddress="172.31.0.40")

    asked = {"SubnetId": subnet_of(ec2), **given}
    assert code(ec2.create_network_interface, **asked) == refusal
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1


def test_a_group_of_another_network_is_refused(ec2: "EC2Client") -> None:
    """InvalidParameter."""
    subnet = small_subnet(ec2)
    group = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]

    assert code(ec2.create_network_interface, SubnetId=subnet, Groups=[group]) == "InvalidParameter"


def test_a_full_subnet_has_no_address(ec2: "EC2Client") -> None:
    """InsufficientFreeAddressesInSubnet; a deleted interface gives its own back."""
    subnet = small_subnet(ec2)
    made = [interface(ec2, SubnetId=subnet)["NetworkInterfaceId"] for _ in range(11)]

    assert (
        code(ec2.create_network_interface, SubnetId=subnet) == "InsufficientFreeAddressesInSubnet"
    )

    ec2.delete_network_interface(NetworkInterfaceId=made[4])
    assert interface(ec2, SubnetId=subnet)["PrivateIpAddress"] == "10.0.0.8"


def test_ids_are_looked_up_with_their_own_codes(ec2: "EC2Client") -> None:
    """Unknown, malformed, and attachments."""
    describe_them = ec2.describe_network_interfaces
    unknown = "eni-0fffffffffffffff0"

    assert (
        code(describe_them, NetworkInterfaceIds=[unknown]) == "InvalidNetworkInterfaceID.NotFound"
    )
    assert code(describe_them, NetworkInterfaceIds=["x"]) == "InvalidNetworkInterfaceId.Malformed"
    assert code(ec2.detach_network_interface, AttachmentId="eni-attach-0") == (
        "InvalidNetworkInterfaceAttachmentId.Malformed"
    )
    assert code(ec2.detach_network_interface, AttachmentId="eni-attach-0fffffffffffffff0") == (
        "InvalidAttachmentID.NotFound"
    )


def test_an_interface_is_attached_and_detached(aws: Sandbox, ec2: "EC2Client") -> None:
    """At an index that is free; detaching takes a moment."""
    one = launch(ec2)["InstanceId"]
    aws.clock.advance(5)
    eni = interface(ec2)["NetworkInterfaceId"]

    attachment = ec2.attach_network_interface(
        NetworkInterfaceId=eni, InstanceId=one, DeviceIndex=1
    )["AttachmentId"]

    shown = look(ec2, eni)
    assert (shown["Status"], shown["Attachment"]["InstanceId"]) == ("in-use", one)
    assert shown["Attachment"]["DeleteOnTermination"] is False
    assert len(describe(ec2, one)["NetworkInterfaces"]) == 2
    ec2.detach_network_interface(AttachmentId=attachment)
    assert look(ec2, eni)["Attachment"]["Status"] == "detaching"
    assert code(ec2.delete_network_interface, NetworkInterfaceId=eni) == (
        "InvalidNetworkInterface.InUse"
    )
    aws.clock.advance(2)
    assert look(ec2, eni)["Status"] == "available"
    ec2.delete_network_interface(NetworkInterfaceId=eni)


def test_a_forced_detachment_is_at_once(aws: Sandbox, ec2: "EC2Client") -> None:
    """And a detachment that is overtaken by it does no harm."""
    one = launch(ec2)["InstanceId"]
    aws.clock.advance(5)
    eni = interface(ec2)["NetworkInterfaceId"]
    place: dict[str, Any] = {"NetworkInterfaceId": eni, "InstanceId": one, "DeviceIndex": 1}
    attachment = ec2.attach_network_interface(**place)["AttachmentId"]
    ec2.detach_network_interface(AttachmentId=attachment)
    ec2.detach_network_interface(AttachmentId=attachment, Force=True)
    assert look(ec2, eni)["Status"] == "available"

    ec2.attach_network_interface(**place)
    aws.clock.advance(5)

    assert look(ec2, eni)["Status"] == "in-use"


def test_attachments_that_cannot_be_are_refused(aws: Sandbox, ec2: "EC2Client") -> None:
    """In use, index taken, other zone, wrong state, too many."""
    one = launch(ec2, SubnetId=subnet_of(ec2))
    two = launch(ec2, SubnetId=subnet_of(ec2))["InstanceId"]
    attach = ec2.attach_network_interface
    eni = interface(ec2)["NetworkInterfaceId"]
    away = interface(ec2, SubnetId=subnet_of(ec2, "us-east-1b"))["NetworkInterfaceId"]
    primary = one["NetworkInterfaces"][0]["NetworkInterfaceId"]
    pending = code(attach, NetworkInterfaceId=eni, InstanceId=two, DeviceIndex=1)
    aws.clock.advance(5)

    assert pending == "IncorrectInstanceState"
    assert code(attach, NetworkInterfaceId=primary, InstanceId=two, DeviceIndex=1) == (
        "InvalidNetworkInterface.InUse"
    )
    assert code(attach, NetworkInterfaceId=eni, InstanceId=two, DeviceIndex=0) == (
        "InvalidParameterValue"
    )
    assert code(attach, NetworkInterfaceId=away, InstanceId=two, DeviceIndex=1) == (
        "InvalidParameterCombination"
    )
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=two, DeviceIndex=1)
    third = interface(ec2)["NetworkInterfaceId"]
    assert code(attach, NetworkInterfaceId=third, InstanceId=two, DeviceIndex=2) == (
        "AttachmentLimitExceeded"
    )


def test_the_primary_interface_stays(aws: Sandbox, ec2: "EC2Client") -> None:
    """OperationNotPermitted, running or stopped."""
    one = launch(ec2)
    aws.clock.advance(5)
    attachment = one["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]

    assert code(ec2.detach_network_interface, AttachmentId=attachment) == "OperationNotPermitted"


def test_an_interface_survives_when_its_flag_says_so(aws: Sandbox, ec2: "EC2Client") -> None:
    """And a new instance takes it over with its address, its MAC and its groups."""
    one = launch(ec2)
    aws.clock.advance(5)
    nic = one["NetworkInterfaces"][0]
    eni = nic["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni,
        Attachment={
            "AttachmentId": nic["Attachment"]["AttachmentId"],
            "DeleteOnTermination": False,
        },
    )
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
    again: dict[str, Any] = {
        **SMALL,
        "NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": eni}],
    }
    assert code(ec2.run_instances, **again) == "InvalidNetworkInterface.InUse"
    aws.clock.advance(5)
    assert look(ec2, eni)["Status"] == "available"

    two = ec2.run_instances(**again)["Instances"][0]

    taken = two["NetworkInterfaces"][0]
    assert (two["PrivateIpAddress"], taken["MacAddress"]) == (
        one["PrivateIpAddress"],
        nic["MacAddress"],
    )
    assert taken["Attachment"]["DeleteOnTermination"] is False
    assert "PublicIpAddress" not in two


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"SubnetId": "subnet-1"}, "InvalidParameterCombination"),
        ({"SecurityGroupIds": ["sg-1"]}, "InvalidParameterCombination"),
        ({"PrivateIpAddress": "172.31.0.60"}, "InvalidParameterCombination"),
        ({"NetworkInterfaces": [{"SubnetId": "S"}]}, "InvalidParameterValue"),
        ({"NetworkInterfaces": [{"DeviceIndex": 1, "SubnetId": "S"}]}, "InvalidParameterValue"),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "S"}] * 2},
            "InvalidParameterValue",
        ),
        (
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "SubnetId": "S"},
                    {"DeviceIndex": 1, "SubnetId": "B"},
                ]
            },
            "InvalidParameterValue",
        ),
        (
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "SubnetId": "S", "AssociatePublicIpAddress": True},
                    {"DeviceIndex": 1, "SubnetId": "S"},
                ]
            },
            "InvalidParameterCombination",
        ),
        (
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "NetworkInterfaceId": "E", "DeleteOnTermination": True}
                ]
            },
            "InvalidParameterCombination",
        ),
        (
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "NetworkInterfaceId": "E", "AssociatePublicIpAddress": True}
                ]
            },
            "InvalidParameterCombination",
        ),
        (
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "NetworkInterfaceId": "E", "Groups": ["sg-1"]}
                ]
            },
            "InvalidParameterCombination",
        ),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": "E"}], "MaxCount": 2},
            "InvalidParameterCombination",
        ),
        (
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "SubnetId": "S", "PrivateIpAddress": "172.31.0.61"}
                ],
                "MaxCount": 2,
            },
            "InvalidParameterCombination",
        ),
        (
            {"NetworkInterfaces": [{"DeviceIndex": n, "SubnetId": "S"} for n in range(3)]},
            "AttachmentLimitExceeded",
        ),
        (
            {
                "NetworkInterfaces": [
                    {"DeviceIndex": 0, "SubnetId": "S", "PrivateIpAddress": "172.31.0.40"}
                ]
            },
            "InvalidIPAddress.InUse",
        ),
    ],
    ids=str,
)
def test_interfaces_that_no_launch_can_have_are_refused(
    ec2: "EC2Client", given: dict[str, Any], refusal: str
) -> None:
    """Before anything is made."""
    eni = interface(ec2, PrivateIpAddress="172.31.0.40")["NetworkInterfaceId"]
    names = {"S": subnet_of(ec2), "B": subnet_of(ec2, "us-east-1b"), "E": eni}
    request: dict[str, Any] = {**SMALL, **given}
    specs = request.get("NetworkInterfaces") or [{"DeviceIndex": 0, "SubnetId": "S"}]
    request["NetworkInterfaces"] = [
        {key: names.get(str(value), value) for key, value in spec.items()} for spec in specs
    ]

    assert code(ec2.run_instances, **request) == refusal
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1


def test_a_launch_with_several_interfaces(aws: Sandbox, ec2: "EC2Client") -> None:
    """One new with secondaries, one existing; flags as given, no lent public address."""
    eni = interface(ec2)["NetworkInterfaceId"]
    specs: list[Any] = [
        {
            "DeviceIndex": 0,
            "SubnetId": subnet_of(ec2),
            "Description": "front",
            "DeleteOnTermination": False,
            "PrivateIpAddresses": [
                {"PrivateIpAddress": "172.31.0.70", "Primary": True},
                {"PrivateIpAddress": "172.31.0.71", "Primary": False},
            ],
        },
        {"DeviceIndex": 1, "NetworkInterfaceId": eni},
    ]

    one = launch(ec2, NetworkInterfaces=specs)

    front, back = one["NetworkInterfaces"]
    assert (front["Description"], front["Attachment"]["DeleteOnTermination"]) == ("front", False)
    assert [e["PrivateIpAddress"] for e in front["PrivateIpAddresses"]] == [
        "172.31.0.70",
        "172.31.0.71",
    ]
    assert (back["NetworkInterfaceId"], back["Attachment"]["DeviceIndex"]) == (eni, 1)
    assert "PublicIpAddress" not in one
    ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
    aws.clock.advance(5)
    left = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert {each["Status"] for each in left} == {"available"}
    assert len(left) == 2


def test_ipv6_addresses_come_from_the_subnets_block(ec2: "EC2Client") -> None:
    """By count, by name, later, and back."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.0.0.0/24", Ipv6CidrBlock=block)[
        "Subnet"
    ]["SubnetId"]
    named = block.replace("/64", "99")
    one = launch(ec2, SubnetId=subnet, Ipv6AddressCount=1)
    assert one["Ipv6Address"] == one["NetworkInterfaces"][0]["Ipv6Addresses"][0]["Ipv6Address"]
    eni = interface(ec2, SubnetId=subnet, Ipv6Addresses=[{"Ipv6Address": named}])
    name = eni["NetworkInterfaceId"]

    ec2.assign_ipv6_addresses(NetworkInterfaceId=name, Ipv6AddressCount=1)
    both = [each["Ipv6Address"] for each in look(ec2, name)["Ipv6Addresses"]]
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=name, Ipv6Addresses=both[:1])

    assert [each["Ipv6Address"] for each in look(ec2, name)["Ipv6Addresses"]] == both[1:]
    assign = ec2.assign_ipv6_addresses
    assert code(assign, NetworkInterfaceId=name, Ipv6Addresses=both[1:]) == "InvalidIPAddress.InUse"
    for wrong in ("::1", "nonsense"):
        assert code(assign, NetworkInterfaceId=name, Ipv6Addresses=[wrong]) == (
            "InvalidParameterValue"
        )
    assert code(ec2.unassign_ipv6_addresses, NetworkInterfaceId=name, Ipv6Addresses=["::1"]) == (
        "InvalidParameterValue"
    )


def test_secondary_addresses_are_assigned_and_taken_away(ec2: "EC2Client") -> None:
    """By name and by count; assigning twice is nothing new."""
    eni = interface(ec2, PrivateIpAddress="172.31.0.80")["NetworkInterfaceId"]
    assign = ec2.assign_private_ip_addresses
    assign(NetworkInterfaceId=eni, PrivateIpAddresses=["172.31.0.81"])
    assign(NetworkInterfaceId=eni, PrivateIpAddresses=["172.31.0.81"])
    more = assign(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=2)

    given = [each["PrivateIpAddress"] for each in more["AssignedPrivateIpAddresses"]]
    assert addresses(ec2, eni) == ["172.31.0.80", "172.31.0.81", *given]
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=given)
    assert addresses(ec2, eni) == ["172.31.0.80", "172.31.0.81"]
    for wrong in ("172.31.0.80", "172.31.0.99"):
        assert (
            code(
                ec2.unassign_private_ip_addresses,
                NetworkInterfaceId=eni,
                PrivateIpAddresses=[wrong],
            )
            == "InvalidParameterValue"
        )
    assert (
        code(
            assign,
            NetworkInterfaceId=eni,
            PrivateIpAddresses=["172.31.0.85"],
            SecondaryPrivateIpAddressCount=1,
        )
        == "InvalidParameterCombination"
    )


def test_an_address_moves_only_when_reassignment_is_allowed(ec2: "EC2Client") -> None:
    """Its Elastic IP address moves along; a primary address never moves."""
    one = interface(ec2, PrivateIpAddress="172.31.0.90")["NetworkInterfaceId"]
    two = interface(ec2)["NetworkInterfaceId"]
    assign = ec2.assign_private_ip_addresses
    assign(NetworkInterfaceId=one, PrivateIpAddresses=["172.31.0.91"])
    eip = ec2.allocate_address()
    ec2.associate_address(
        AllocationId=eip["AllocationId"], NetworkInterfaceId=one, PrivateIpAddress="172.31.0.91"
    )
    wanted: dict[str, Any] = {"NetworkInterfaceId": two, "PrivateIpAddresses": ["172.31.0.91"]}

    assert code(assign, **wanted) == "Resource.AlreadyAssigned"
    wanted["AllowReassignment"] = True
    assign(**wanted)

    assert addresses(ec2, one) == ["172.31.0.90"]
    [moved] = ec2.describe_addresses()["Addresses"]
    assert (moved["NetworkInterfaceId"], moved["PrivateIpAddress"]) == (two, "172.31.0.91")
    wanted["PrivateIpAddresses"] = ["172.31.0.90"]
    assert code(assign, **wanted) == "Resource.AlreadyAssigned"


def test_an_interface_has_as_many_addresses_as_its_type_allows(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """PrivateIpAddressLimitExceeded: two on a t3.micro."""
    one = launch(ec2)
    eni = one["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assign = ec2.assign_private_ip_addresses
    assign(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)

    assert code(assign, NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1) == (
        "PrivateIpAddressLimitExceeded"
    )


def test_attributes_of_an_interface_change(ec2: "EC2Client") -> None:
    """One a call: description, groups, source/destination check."""
    eni = interface(ec2)
    name = eni["NetworkInterfaceId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=eni["VpcId"])["GroupId"]
    modify = ec2.modify_network_interface_attribute
    changes: list[dict[str, Any]] = [
        {"Description": {"Value": "new"}},
        {"Groups": [group]},
        {"SourceDestCheck": {"Value": False}},
        {"AssociatePublicIpAddress": True},
    ]
    for change in changes:
        modify(NetworkInterfaceId=name, **change)

    shown = look(ec2, name)
    assert (shown["Description"], shown["SourceDestCheck"]) == ("new", False)
    assert [each["GroupId"] for each in shown["Groups"]] == [group]
    read = ec2.describe_network_interface_attribute
    assert read(NetworkInterfaceId=name, Attribute="description")["Description"]["Value"] == "new"
    assert read(NetworkInterfaceId=name, Attribute="groupSet")["Groups"][0]["GroupId"] == group
    assert "Attachment" not in read(NetworkInterfaceId=name, Attribute="attachment")
    assert code(read, NetworkInterfaceId=name, Attribute="colour") == "InvalidParameterValue"
    assert code(modify, NetworkInterfaceId=name) == "InvalidParameterCombination"
    both: dict[str, Any] = {**changes[0], **changes[2]}
    assert code(modify, NetworkInterfaceId=name, **both) == "InvalidParameterCombination"
    wrong = {"AttachmentId": "eni-attach-0", "DeleteOnTermination": True}
    assert code(modify, NetworkInterfaceId=name, Attachment=wrong) == "InvalidAttachmentID.NotFound"


def test_interfaces_are_filtered_and_paged(ec2: "EC2Client") -> None:
    """By any field of the answer."""
    tags: Any = [{"ResourceType": "network-interface", "Tags": [{"Key": "a", "Value": "b"}]}]
    marked = interface(ec2, Description="marked", TagSpecifications=tags)["NetworkInterfaceId"]
    one = launch(ec2)
    for _ in range(5):
        interface(ec2)

    def found(name: str, value: str) -> list[str]:
        wanted: Any = [{"Name": name, "Values": [value]}]
        answer = ec2.describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
        return [each["NetworkInterfaceId"] for each in answer]

    assert found("description", "mark*") == found("tag:a", "b") == [marked]
    assert found("attachment.instance-id", one["InstanceId"]) == [
        one["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ]
    assert len(found("status", "available")) == 6
    pages = ec2.get_paginator("describe_network_interfaces").paginate(
        PaginationConfig={"PageSize": 5}
    )
    assert [len(page["NetworkInterfaces"]) for page in pages] == [5, 2]
    unknown: Any = [{"Name": "colour", "Values": ["red"]}]
    assert code(ec2.describe_network_interfaces, Filters=unknown) == "InvalidParameterValue"


def test_motos_own_services_get_interfaces_too(aws: Sandbox, ec2: "EC2Client") -> None:
    """A NAT gateway has one, with its Elastic IP address; so has an endpoint."""
    subnet = subnet_of(ec2)
    eip = ec2.allocate_address()["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=eip)
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName="com.amazonaws.us-east-1.sqs",
        VpcEndpointType="Interface",
        SubnetIds=[subnet],
    )

    shown = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert len({each["PrivateIpAddress"] for each in shown}) == 2
    assert all(each["PrivateIpAddress"].startswith("172.31.") for each in shown)
    assert ec2.describe_addresses()["Addresses"][0]["NetworkInterfaceId"]


def test_a_source_check_is_reset_on_the_interface(ec2: "EC2Client") -> None:
    """ResetNetworkInterfaceAttribute."""
    one = interface(ec2)["NetworkInterfaceId"]
    ec2.modify_network_interface_attribute(NetworkInterfaceId=one, SourceDestCheck={"Value": False})

    ec2.reset_network_interface_attribute(NetworkInterfaceId=one, SourceDestCheck="true")

    assert look(ec2, one)["SourceDestCheck"] is True
    refused = code(lambda: ec2.reset_network_interface_attribute(NetworkInterfaceId=one))
    assert refused == "InvalidParameterCombination"


def test_a_source_check_is_an_interfaces_own_when_there_are_several(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """EC2 API error codes, InvalidInstanceID."""
    one = launch(ec2)["InstanceId"]
    aws.clock.advance(20)
    second = interface(ec2)["NetworkInterfaceId"]
    ec2.attach_network_interface(NetworkInterfaceId=second, InstanceId=one, DeviceIndex=1)

    refused = code(
        lambda: ec2.modify_instance_attribute(InstanceId=one, SourceDestCheck={"Value": False})
    )

    assert refused == "InvalidInstanceID"


def test_a_subnet_and_a_group_stay_while_an_interface_is_in_them(ec2: "EC2Client") -> None:
    """DependencyViolation of DeleteSubnet and DeleteSecurityGroup."""
    subnet = small_subnet(ec2)
    vpc = ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="mine", Description="mine", VpcId=vpc)["GroupId"]
    one = interface(ec2, SubnetId=subnet, Groups=[group])["NetworkInterfaceId"]
    assert code(lambda: ec2.delete_subnet(SubnetId=subnet)) == "DependencyViolation"
    assert code(lambda: ec2.delete_security_group(GroupId=group)) == "DependencyViolation"

    ec2.delete_network_interface(NetworkInterfaceId=one)

    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnet)
    assert code(lambda: ec2.describe_subnets(SubnetIds=[subnet])) == "InvalidSubnetID.NotFound"


def test_prefixes_are_blocks_of_sixteen_addresses(aws: Sandbox, ec2: "EC2Client") -> None:
    """Given when made, at launch and afterwards; taken from the subnet and given back."""

    def free() -> int:
        found = ec2.describe_subnets(SubnetIds=[subnet_of(ec2)])["Subnets"][0]
        return int(found["AvailableIpAddressCount"])

    before = free()
    one = interface(ec2, Ipv4PrefixCount=1)["NetworkInterfaceId"]
    [given] = look(ec2, one)["Ipv4Prefixes"]
    assert (given["Ipv4Prefix"].rpartition("/")[2], before - free()) == ("28", 17)
    more = ec2.assign_private_ip_addresses(NetworkInterfaceId=one, Ipv4PrefixCount=1)
    added = [each["Ipv4Prefix"] for each in more["AssignedIpv4Prefixes"]]
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=one, Ipv4Prefixes=added)
    assert look(ec2, one)["Ipv4Prefixes"] == [given]
    again = code(
        lambda: ec2.unassign_private_ip_addresses(NetworkInterfaceId=one, Ipv4Prefixes=added)
    )
    assert again == "InvalidParameterValue"
    ec2.delete_network_interface(NetworkInterfaceId=one)
    assert free() == before

    specs: Any = [{"DeviceIndex": 0, "SubnetId": subnet_of(ec2), "Ipv4Prefixes": [given]}]
    launched = launch(ec2, NetworkInterfaces=specs)
    assert launched["NetworkInterfaces"][0]["Ipv4Prefixes"] == [given]


def test_prefixes_that_cannot_be_are_refused(ec2: "EC2Client") -> None:
    """Not with secondary addresses, not where there is no whole block."""
    both = code(lambda: interface(ec2, Ipv4PrefixCount=1, SecondaryPrivateIpAddressCount=1))
    assert both == "InvalidParameterCombination"
    subnet = small_subnet(ec2)
    full = code(lambda: interface(ec2, SubnetId=subnet, Ipv4PrefixCount=1))
    assert full == "InsufficientCidrBlocks"


def test_ipv6_addresses_take_no_room_from_the_others(ec2: "EC2Client") -> None:
    """Eleven instances fit into a /28, whatever else they have."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    [block] = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
    subnet = ec2.create_subnet(
        VpcId=vpc,
        CidrBlock="10.0.0.0/28",
        Ipv6CidrBlock=block["Ipv6CidrBlock"].replace("/56", "/64"),
    )["Subnet"]["SubnetId"]
    interface(ec2, SubnetId=subnet, Ipv6AddressCount=5)

    made = ec2.run_instances(**{**SMALL, "SubnetId": subnet, "MinCount": 10, "MaxCount": 11})

    assert len(made["Instances"]) == 10
