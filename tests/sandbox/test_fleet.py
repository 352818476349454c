"""Recorded fleets load, and describe-instances answers what was recorded."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import fleet
from sandbox.fleet import FleetError, Machine
from sandbox.fleet_networks import blocks, ranges
from sandbox.process import Sandbox

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "tests/data/describe-instances", ROOT.parent / "shared/data/describe-instances")
RECORDINGS = sorted(
    {path.name: path for folder in FOLDERS for path in folder.glob("*.json")}.values(),
    key=lambda path: path.name,
)

Document = dict[str, Any]

ID = "i-0123456789abcdef0"
KEPT = (
    "InstanceId",
    "ImageId",
    "State",
    "InstanceType",
    "KeyName",
    "LaunchTime",
    "PrivateIpAddress",
    "PublicIpAddress",
    "SubnetId",
    "VpcId",
    "Monitoring",
    "EbsOptimized",
    "RootDeviceName",
    "RootDeviceType",
    "Architecture",
    "Hypervisor",
    "VirtualizationType",
    "MetadataOptions",
    "Platform",
    "InstanceLifecycle",
    "SourceDestCheck",
    "StateReason",
    "StateTransitionReason",
    "CpuOptions",
    "ClientToken",
    "EnaSupport",
)


def answered(aws: Sandbox, machine: Machine) -> Document:
    """What DescribeInstances says of *machine* now."""
    ec2 = aws.client("ec2", region=machine.region, account=machine.account)
    [reservation] = ec2.describe_instances(InstanceIds=[machine.id])["Reservations"]
    [instance] = reservation["Instances"]
    found: Document = instance
    return found


def essence(instance: Document) -> Document:
    """The parts of an instance that a recording's copy must have the same."""
    found = {name: instance[name] for name in KEPT if instance.get(name) not in (None, "")}
    if instance.get("Placement"):
        placement = instance["Placement"]
        found["Placement"] = (placement["AvailabilityZone"], placement.get("Tenancy", "default"))
    if "Tags" in instance:
        found["Tags"] = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    if "SecurityGroups" in instance:
        found["SecurityGroups"] = groups(instance["SecurityGroups"])
    if "IamInstanceProfile" in instance:
        found["IamInstanceProfile"] = instance["IamInstanceProfile"]["Arn"]
    if "BlockDeviceMappings" in instance:
        found["BlockDeviceMappings"] = {
            each["DeviceName"]: (each["Ebs"]["VolumeId"], each["Ebs"]["DeleteOnTermination"])
            for each in instance["BlockDeviceMappings"]
        }
    if "NetworkInterfaces" in instance:
        found["NetworkInterfaces"] = {
            each["NetworkInterfaceId"]: interface_essence(each)
            for each in instance["NetworkInterfaces"]
        }
    return found


def interface_essence(interface: Document) -> Document:
    """The same of one of its interfaces."""
    attachment = interface["Attachment"]
    return {
        "MacAddress": interface["MacAddress"],
        "Addresses": [each["PrivateIpAddress"] for each in interface["PrivateIpAddresses"]],
        "Public": (interface.get("Association") or {}).get("PublicIp") or None,
        "Ipv6": [each["Ipv6Address"] for each in interface.get("Ipv6Addresses", [])],
        "Groups": groups(interface["Groups"]),
        "Description": interface["Description"],
        "SourceDestCheck": interface["SourceDestCheck"],
        "SubnetId": interface["SubnetId"],
        "Attachment": {
            name: attachment[name]
            for name in ("AttachmentId", "DeviceIndex", "DeleteOnTermination", "Status")
        },
    }


def groups(listed: list[Document]) -> list[tuple[str, str]]:
    """Security groups, in a settled order."""
    return sorted((group["GroupId"], group["GroupName"]) for group in listed)


def machines_of(path: Path) -> list[Machine]:
    """The instances of one recording."""
    return fleet.read(fleet.parse(path.read_text()))


def one(**fields: Any) -> Document:  # noqa: ANN401 - as JSON has it
    """The smallest recording of one instance."""
    return {"Reservations": [{"Instances": [{"InstanceId": ID, **fields}]}]}


def loaded(aws: Sandbox, **fields: Any) -> Document:  # noqa: ANN401 - as JSON has it
    """What the sandbox says of such an instance after loading it."""
    document = one(**fields)
    assert aws.load_fleet(document) == [ID]
    [machine] = fleet.read(document)
    return answered(aws, machine)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_comes_back_as_it_was(aws: Sandbox, path: Path) -> None:
    """Every field that the recording has is answered with the recorded value."""
    recorded = machines_of(path)

    assert aws.load_fleet(json.loads(path.read_text())) == [machine.id for machine in recorded]
    for machine in recorded:
        wanted = essence(machine.instance)
        got = essence(answered(aws, machine))
        assert {name: got.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_instance_can_be_imaged_and_relaunched(aws: Sandbox, path: Path) -> None:
    """Its image has a snapshot of each volume, and launches where the instance is."""
    aws.load_fleet(json.loads(path.read_text()))
    for number, machine in enumerate(machines_of(path)):
        now = answered(aws, machine)
        if now["State"]["Name"] not in ("running", "stopped") or not now["BlockDeviceMappings"]:
            continue
        ec2 = aws.client("ec2", region=machine.region, account=machine.account)
        image = ec2.create_image(InstanceId=machine.id, Name=f"copy {number}")["ImageId"]
        aws.clock.advance(600)
        mapping = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
        assert {each["DeviceName"] for each in mapping} == {
            each["DeviceName"] for each in now["BlockDeviceMappings"]
        }
        if now["RootDeviceName"] in {each["DeviceName"] for each in mapping}:
            ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, **launch_of(now))


ATTRIBUTES = ("userData", "disableApiTermination", "disableApiStop", "instanceType", "groupSet")


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_everything_around_a_recorded_instance_can_be_described(aws: Sandbox, path: Path) -> None:
    """Its attributes, status, disks, interfaces, addresses and networks."""
    aws.load_fleet(json.loads(path.read_text()))
    for machine in machines_of(path):
        ec2 = aws.client("ec2", region=machine.region, account=machine.account)
        now = answered(aws, machine)
        for attribute in ATTRIBUTES:
            ec2.describe_instance_attribute(InstanceId=machine.id, Attribute=attribute)
        ec2.describe_instance_status(IncludeAllInstances=True)
        ec2.describe_addresses()
        volumes = {each["VolumeId"] for each in ec2.describe_volumes()["Volumes"]}
        assert {each["Ebs"]["VolumeId"] for each in now["BlockDeviceMappings"]} <= volumes
        interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
        assert {each["NetworkInterfaceId"] for each in now["NetworkInterfaces"]} <= {
            each["NetworkInterfaceId"] for each in interfaces
        }
        subnets = {each["SubnetId"]: each for each in ec2.describe_subnets()["Subnets"]}
        vpcs = {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]}
        if now["NetworkInterfaces"]:
            assert now["SubnetId"] in subnets
            assert now["VpcId"] in vpcs


def launch_of(instance: Document) -> Document:
    """The parameters to launch beside *instance*."""
    wanted: Document = {"InstanceType": instance["InstanceType"]}
    if instance.get("SubnetId"):
        wanted["SubnetId"] = instance["SubnetId"]
        nics = instance["NetworkInterfaces"]
        [primary] = [each for each in nics if each["Attachment"]["DeviceIndex"] == 0]
        wanted["SecurityGroupIds"] = [group["GroupId"] for group in primary["Groups"]]
    if instance.get("KeyName"):
        wanted["KeyName"] = instance["KeyName"]
    if instance.get("IamInstanceProfile"):
        wanted["IamInstanceProfile"] = {"Arn": instance["IamInstanceProfile"]["Arn"]}
    return wanted


def test_the_smallest_recording_becomes_a_running_machine(aws: Sandbox) -> None:
    """Nothing but an id: it runs in the default VPC, from an image that exists."""
    instance = loaded(aws)

    assert instance["State"]["Name"] == "running"
    assert instance["Placement"]["AvailabilityZone"] == "us-east-1a"
    assert instance["VpcId"]
    assert len(instance["BlockDeviceMappings"]) == 1
    assert aws.client("ec2").describe_images(ImageIds=[instance["ImageId"]])["Images"]


def test_the_region_follows_from_the_zone(aws: Sandbox) -> None:
    """Also from that of a Local Zone, which moto does not know."""
    document = one(Placement={"AvailabilityZone": "us-west-2-lax-9a"})
    aws.load_fleet(document)
    ec2 = aws.client("ec2", region="us-west-2")

    [reservation] = ec2.describe_instances()["Reservations"]

    assert reservation["Instances"][0]["Placement"]["AvailabilityZone"] == "us-west-2-lax-9a"


def test_without_a_zone_the_region_is_read_from_the_name(aws: Sandbox) -> None:
    """``ip-10-0-0-5.eu-west-1.compute.internal`` is in eu-west-1."""
    aws.load_fleet(one(PrivateDnsName="ip-10-0-0-5.eu-west-1.compute.internal"))

    assert aws.client("ec2", region="eu-west-1").describe_instances()["Reservations"]


def test_the_account_is_the_reservations_owner(aws: Sandbox) -> None:
    """Not the default one; ids of reservations and requesters are kept."""
    [reservation] = one()["Reservations"]
    mine = {"OwnerId": "111122223333", "ReservationId": "r-0aaaaaaaaaaaaaaaa", "RequesterId": "x"}
    aws.load_fleet([{**reservation, **mine}])

    [found] = aws.client("ec2", account="111122223333").describe_instances()["Reservations"]

    assert (found["OwnerId"], found["ReservationId"]) == ("111122223333", "r-0aaaaaaaaaaaaaaaa")
    assert not aws.client("ec2").describe_instances()["Reservations"]


@pytest.mark.parametrize(
    "wrapped",
    [
        one(),
        one()["Reservations"],
        one()["Reservations"][0],
        one()["Reservations"][0]["Instances"],
        [one()["Reservations"][0]["Instances"]],
        one()["Reservations"][0]["Instances"][0],
        {"status_code": 200, "data": one()},
        [{"Reservations": [], "NextToken": "more"}, one()],
    ],
    ids=["pages", "reservations", "reservation", "instances", "nested", "one", "data", "list"],
)
def test_any_wrapping_is_understood(aws: Sandbox, wrapped: object) -> None:
    """Whole answers, what ``--query`` leaves of them, and lists of pages."""
    assert aws.load_fleet(wrapped) == [ID]


def test_pages_printed_one_after_the_other_are_all_read() -> None:
    """``aws ec2 describe-instances --page-size`` prints a document a page."""
    other = json.dumps(one()).replace(ID, "i-0bbbbbbbbbbbbbbbb")

    machines = fleet.read(fleet.parse(f"{json.dumps(one())}\n\n{other}\n"))

    assert [machine.id for machine in machines] == [ID, "i-0bbbbbbbbbbbbbbbb"]


@pytest.mark.parametrize(
    "told",
    [
        "2016-07-23T20:53:39+00:00",
        "2016-07-23T20:53:39.000Z",
        "2016-07-23T22:53:39+02:00",
        "2016-07-23T20:53:39",
        1469307219,
        1469307219.0,
        1469307219000,
        "1469307219",
        {"__class__": "datetime", "year": 2016, "month": 7, "day": 23, "hour": 20, "minute": 53,
         "second": 39, "microsecond": 0},
    ],
)  # fmt: skip
def test_times_come_as_text_and_as_numbers(aws: Sandbox, told: object) -> None:
    """ISO 8601 with or without a zone, seconds, milliseconds, or in parts."""
    instance = loaded(aws, LaunchTime=told)

    assert instance["LaunchTime"] == datetime(2016, 7, 23, 20, 53, 39, tzinfo=UTC)


def interface(number: int, **fields: Any) -> Document:  # noqa: ANN401 - as JSON has it
    """A recorded interface at *number*."""
    return {
        "NetworkInterfaceId": f"eni-0000000000000000{number}",
        "SubnetId": "subnet-0aaaaaaaaaaaaaaaa",
        "VpcId": "vpc-0aaaaaaaaaaaaaaaa",
        "PrivateIpAddress": f"10.1.2.{10 + number}",
        "Attachment": {"DeviceIndex": number, "AttachmentId": f"eni-attach-0{number}"},
        **fields,
    }


def test_an_address_that_an_account_owns_becomes_an_elastic_one(aws: Sandbox) -> None:
    """It stays with the machine when that stops."""
    association = {"PublicIp": "54.1.2.3", "IpOwnerId": "123456789012"}
    loaded(aws, NetworkInterfaces=[interface(0, Association=association)])
    ec2 = aws.client("ec2")

    [address] = ec2.describe_addresses()["Addresses"]
    ec2.stop_instances(InstanceIds=[ID])

    assert (address["PublicIp"], address["InstanceId"]) == ("54.1.2.3", ID)
    [reservation] = ec2.describe_instances()["Reservations"]
    assert reservation["Instances"][0]["PublicIpAddress"] == "54.1.2.3"


def test_an_address_that_amazon_owns_is_lent(aws: Sandbox) -> None:
    """It is nobody's Elastic IP address, and it goes when the machine stops."""
    association = {"PublicIp": "54.1.2.3", "IpOwnerId": "amazon"}
    instance = loaded(aws, NetworkInterfaces=[interface(0, Association=association)])
    ec2 = aws.client("ec2")

    assert instance["PublicIpAddress"] == "54.1.2.3"
    assert not ec2.describe_addresses()["Addresses"]
    ec2.stop_instances(InstanceIds=[ID])
    [reservation] = ec2.describe_instances()["Reservations"]
    assert "PublicIpAddress" not in reservation["Instances"][0]


def test_a_secondary_address_keeps_its_elastic_one(aws: Sandbox) -> None:
    """Each private address may have a public side."""
    second = {
        "PrivateIpAddress": "10.1.2.99",
        "Primary": False,
        "Association": {
            "PublicIp": "54.9.9.9",
            "IpOwnerId": "123456789012",
        },
    }
    first = {"PrivateIpAddress": "10.1.2.10", "Primary": True}
    loaded(aws, NetworkInterfaces=[interface(0, PrivateIpAddresses=[first, second])])

    [address] = aws.client("ec2").describe_addresses()["Addresses"]

    assert address["PrivateIpAddress"] == "10.1.2.99"
    assert address["PublicIp"] == "54.9.9.9"


def test_a_machine_of_ec2_classic_has_no_network(aws: Sandbox) -> None:
    """Addresses and groups are its own, without VPC, subnet or interface."""
    instance = loaded(
        aws,
        PrivateIpAddress="10.7.7.7",
        PublicIpAddress="54.4.4.4",
        SecurityGroups=[{"GroupId": "sg-0c1a551c", "GroupName": "web"}],
        NetworkInterfaces=[],
    )

    assert instance["PrivateIpAddress"] == "10.7.7.7"
    assert instance["PublicIpAddress"] == "54.4.4.4"
    assert instance["SecurityGroups"] == [{"GroupId": "sg-0c1a551c", "GroupName": "web"}]
    assert "VpcId" not in instance


def test_a_machine_recorded_without_interfaces_gets_the_one_it_must_have(aws: Sandbox) -> None:
    """A subnet and an address say enough."""
    instance = loaded(
        aws,
        VpcId="vpc-0aaaaaaaaaaaaaaaa",
        SubnetId="subnet-0aaaaaaaaaaaaaaaa",
        PrivateIpAddress="10.3.4.5",
        PublicIpAddress="54.4.4.4",
        SourceDestCheck=False,
    )

    [nic] = instance["NetworkInterfaces"]
    assert nic["PrivateIpAddress"] == "10.3.4.5"
    assert nic["Association"]["PublicIp"] == "54.4.4.4"
    assert not instance["SourceDestCheck"]


def test_a_disk_of_unknown_size_is_small_and_attached(aws: Sandbox) -> None:
    """8 GiB of gp2; a Windows root has 30."""
    mapping = [
        {"DeviceName": name, "Ebs": {"VolumeId": volume, "DeleteOnTermination": keep}}
        for name, volume, keep in (("/dev/sda1", "vol-0a", True), ("xvdf", "vol-0b", False))
    ]
    loaded(aws, Platform="windows", RootDeviceName="/dev/sda1", BlockDeviceMappings=mapping)

    volumes = aws.client("ec2").describe_volumes()["Volumes"]

    assert {each["VolumeId"]: (each["Size"], each["VolumeType"]) for each in volumes} == {
        "vol-0a": (30, "gp2"),
        "vol-0b": (8, "gp2"),
    }
    assert {each["Attachments"][0]["DeleteOnTermination"] for each in volumes} == {True, False}


@pytest.mark.parametrize(
    ("passing", "final"),
    [("pending", "running"), ("stopping", "stopped"), ("shutting-down", "terminated")],
)
def test_a_passing_state_passes(aws: Sandbox, passing: str, final: str) -> None:
    """The recording caught the machine on its way."""
    instance = loaded(aws, State={"Name": passing, "Code": 0})
    assert instance["State"]["Name"] == passing

    aws.clock.advance(5)

    [machine] = fleet.read(one())
    assert answered(aws, machine)["State"]["Name"] == final


def test_a_terminated_machine_is_forgotten_after_an_hour(aws: Sandbox) -> None:
    """As EC2 does (TerminateInstances: "approximately one hour")."""
    loaded(aws, State={"Name": "terminated", "Code": 48}, Placement={})
    aws.clock.advance(3601)

    assert not aws.client("ec2").describe_instances()["Reservations"]


def test_a_spot_instance_stays_one(aws: Sandbox) -> None:
    """It cannot be stopped when its request is a one-time one."""
    instance = loaded(aws, InstanceLifecycle="spot", SpotInstanceRequestId="sir-1")

    assert instance["InstanceLifecycle"] == "spot"
    with pytest.raises(ClientError, match="one-time"):
        aws.client("ec2").stop_instances(InstanceIds=[ID])


def test_the_instance_profile_is_there_and_associated(aws: Sandbox) -> None:
    """With its path, its id and a role."""
    arn = "arn:aws:iam::123456789012:instance-profile/app/web"
    loaded(aws, IamInstanceProfile={"Arn": arn, "Id": "AIPAXXXXXXXXXXXXXXXXX"})

    [association] = aws.client("ec2").describe_iam_instance_profile_associations()[
        "IamInstanceProfileAssociations"
    ]
    profile = aws.client("iam").get_instance_profile(InstanceProfileName="web")["InstanceProfile"]

    assert association["IamInstanceProfile"]["Arn"] == arn
    assert profile["Arn"] == arn
    assert profile["Roles"][0]["RoleName"] == "web"


def test_two_fleets_share_networks_groups_and_profiles(aws: Sandbox) -> None:
    """What the first one made is used by the second."""
    shared: Document = {
        "KeyName": "key",
        "IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/web"},
        "ImageId": "ami-0123456789abcdef0",
    }
    group = [{"GroupId": "sg-0aaaaaaaaaaaaaaaa", "GroupName": "default"}]
    loaded(aws, **shared, NetworkInterfaces=[interface(0, Groups=group)])

    second = one(**shared, NetworkInterfaces=[interface(1, Groups=group)])
    second["Reservations"][0]["Instances"][0]["InstanceId"] = "i-0bbbbbbbbbbbbbbbb"
    second["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]["Attachment"] = {}

    assert aws.load_fleet(second) == ["i-0bbbbbbbbbbbbbbbb"]
    found = aws.client("ec2").describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": ["vpc-0aaaaaaaaaaaaaaaa"]}]
    )["SecurityGroups"]
    assert [each["GroupId"] for each in found] == ["sg-0aaaaaaaaaaaaaaaa"]


def test_loading_twice_is_refused_and_changes_nothing(aws: Sandbox) -> None:
    """The sentence names the id."""
    loaded(aws)

    with pytest.raises(FleetError, match=f"{ID} is in the sandbox already"):
        aws.load_fleet(one())
    assert len(aws.client("ec2").describe_instances()["Reservations"]) == 1


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeId": "vol-0a"}}]},
            "vol-0a",
        ),
        ({"NetworkInterfaces": [interface(0)]}, "eni-00000000000000000"),
    ],
    ids=["volume", "interface"],
)
def test_an_id_that_clashes_is_refused(aws: Sandbox, fields: Document, taken: str) -> None:
    """Volumes and interfaces belong to one machine."""
    loaded(aws, **fields)
    document = json.loads(json.dumps(one(**fields)).replace(ID, "i-0bbbbbbbbbbbbbbbb"))

    with pytest.raises(FleetError, match=rf"{taken} \(of i-0bbbbbbbbbbbbbbbb\) is in the sandbox"):
        aws.load_fleet(document)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"Images": []}, "is not what describe-instances prints"),
        ("text", "is not what describe-instances prints"),
        ([1], r"the document\[0\] is not what describe-instances prints"),
        ({"Reservations": "none"}, "is not what describe-instances prints"),
        ({"Reservations": [{"Instances": "none"}]}, "Instances must be a list"),
        ({"Reservations": [{"Instances": ["i-1"]}]}, r"Instances\[0\] must be an object"),
        ({"Reservations": [{"Instances": [{}]}]}, "an instance has the id None"),
        (one(InstanceId="ami-1"), "an instance has the id 'ami-1'"),
        (one(LaunchTime="yesterday"), f"{ID}.LaunchTime must be a timestamp"),
        (one(EbsOptimized="perhaps"), f"{ID}.EbsOptimized must be a boolean"),
        (one(EbsOptimized=3), f"{ID}.EbsOptimized must be a boolean"),
        (one(AmiLaunchIndex="first"), f"{ID}.AmiLaunchIndex must be a integer"),
        (one(AmiLaunchIndex=[]), f"{ID}.AmiLaunchIndex must be a integer"),
        (one(KeyName={}), f"{ID}.KeyName must be a string"),
        (one(LaunchTime=True), f"{ID}.LaunchTime must be a timestamp"),
        (one(Placement={"AvailabilityZone": "moon"}), "'moon' is not an availability zone"),
        (one(Placement={"AvailabilityZone": "mn-east-1a"}), "'mn-east-1a' is in no region of EC2"),
        ([one(), one()], f"instance {ID} is in it twice"),
    ],
)
def test_what_is_no_fleet_is_refused_in_a_sentence(
    aws: Sandbox, document: object, sentence: str
) -> None:
    """It names the thing and the value; nothing is built."""
    with pytest.raises(FleetError, match=sentence):
        aws.load_fleet(document)
    assert not aws.client("ec2").describe_instances()["Reservations"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty"),
        ('{"Reservations": [', "not JSON at line 1, column 19"),
        ("no", "not JSON"),
    ],
)
def test_what_is_no_json_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    """With the place and the way out."""
    with pytest.raises(FleetError, match=sentence):
        fleet.parse(text)


def test_values_of_the_wrong_kind_are_read_where_their_meaning_is_clear(aws: Sandbox) -> None:
    """Numbers and booleans as text, numbers for names, nulls for what is missing."""
    instance = loaded(
        aws,
        EbsOptimized="true",
        AmiLaunchIndex="2",
        KeyName=7,
        SubnetId=None,
        Tags=[{"Key": "n", "Value": 1}, {"Key": "aws:x", "Value": ""}],
    )

    assert instance["EbsOptimized"]
    assert (instance["AmiLaunchIndex"], instance["KeyName"]) == (2, "7")
    assert {tag["Key"]: tag["Value"] for tag in instance["Tags"]} == {"n": "1", "aws:x": ""}


def test_guessed_ranges_hold_their_addresses_and_do_not_overlap() -> None:
    """As wide as usual where there is room, as narrow as needed where there is not."""
    found = ranges(
        {
            "a": ["10.0.0.6", "10.0.0.9"],
            "b": ["10.0.0.42"],
            "c": ["10.0.7.7"],
            "d": ["172.31.20.1"],
            "e": [],
            "f": ["", "not an address"],
            "g": ["10.0.9.0", "10.0.9.255"],
        }
    )

    assert found["a"] == IPv4Network("10.0.0.0/27")
    assert found["b"] == IPv4Network("10.0.0.32/27")
    assert found["c"] == IPv4Network("10.0.7.0/24")
    assert found["d"] == IPv4Network("172.31.16.0/20")
    assert found["g"] == IPv4Network("10.0.8.0/22")
    assert not any(one.overlaps(other) for one, other in _pairs(list(found.values()))), (
        "EC2 has no overlapping subnets"
    )


def test_addresses_that_no_block_separates_share_one() -> None:
    """A recording that was made anonymous may be impossible; it loads all the same."""
    found = ranges({"a": ["10.0.0.20", "10.0.0.22"], "b": ["10.0.0.21"], "c": ["10.0.0.0"]})

    assert found["a"].overlaps(found["b"])
    assert found["c"].prefixlen == 16


def test_a_vpc_holds_its_subnets() -> None:
    """In blocks of /16, the widest that EC2 allows."""
    assert blocks([IPv4Network("10.0.1.0/24"), IPv4Network("10.0.2.0/24")]) == [
        IPv4Network("10.0.0.0/16")
    ]
    assert blocks([]) == [IPv4Network("10.254.0.0/16")]


def _pairs(networks: list[IPv4Network]) -> Iterator[tuple[IPv4Network, IPv4Network]]:
    for at, first in enumerate(networks):
        for second in networks[at + 1 :]:
            yield first, second
