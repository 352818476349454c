"""Instances: how they are found, how they live, and what can be changed about them."""

import base64
from typing import TYPE_CHECKING, Any

import pytest
from moto.ec2.models import ec2_backends

from sandbox.process import Sandbox
from tests.sandbox.scenes import LINUX, SMALL, code, describe, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def running(aws: Sandbox, ec2: "EC2Client", **more: Any) -> str:  # noqa: ANN401
    """The id of a running instance."""
    instance_id = str(launch(ec2, **more)["InstanceId"])
    aws.clock.advance(20)
    return instance_id


def stopped(aws: Sandbox, ec2: "EC2Client", **more: Any) -> str:  # noqa: ANN401
    """The id of a stopped instance."""
    instance_id = running(aws, ec2, **more)
    ec2.stop_instances(InstanceIds=[instance_id])
    aws.clock.advance(5)
    return instance_id


def found(ec2: "EC2Client", name: str, *values: str) -> set[str]:
    """The ids that one filter of DescribeInstances finds."""
    answer = ec2.describe_instances(Filters=[{"Name": name, "Values": list(values)}])
    return {each["InstanceId"] for row in answer["Reservations"] for each in row["Instances"]}


def attribute(ec2: "EC2Client", instance_id: str, name: Any) -> Any:  # noqa: ANN401
    """One attribute, without the instance's id."""
    answer: dict[str, Any] = dict(
        ec2.describe_instance_attribute(InstanceId=instance_id, Attribute=name)
    )
    [value] = [
        each for key, each in answer.items() if key not in {"InstanceId", "ResponseMetadata"}
    ]
    return value


# ---- finding


def test_an_unknown_id_and_a_malformed_one_have_their_own_codes(ec2: "EC2Client") -> None:
    """InvalidInstanceID.NotFound and .Malformed."""
    unknown = ["i-0fffffffffffffff0"]

    assert code(ec2.describe_instances, InstanceIds=unknown) == "InvalidInstanceID.NotFound"
    assert code(ec2.describe_instances, InstanceIds=unknown * 2) == "InvalidInstanceID.NotFound"
    assert code(ec2.describe_instances, InstanceIds=["me"]) == "InvalidInstanceID.Malformed"
    assert code(ec2.create_tags, Resources=unknown, Tags=[{"Key": "a", "Value": "b"}]) == (
        "InvalidInstanceID.NotFound"
    )


def test_an_unknown_filter_is_refused_even_without_instances(ec2: "EC2Client") -> None:
    """InvalidParameterValue."""
    unknown = [{"Name": "colour", "Values": ["red"]}]

    assert code(ec2.describe_instances, Filters=unknown) == "InvalidParameterValue"
    assert code(ec2.describe_instance_status, Filters=unknown) == "InvalidParameterValue"


def test_pages_count_instances_not_reservations(ec2: "EC2Client") -> None:
    """A reservation is spread over pages."""
    ec2.run_instances(**{**SMALL, "MaxCount": 12})

    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))

    counts = [sum(len(row["Instances"]) for row in page["Reservations"]) for page in pages]
    assert counts == [5, 5, 2]
    ids = {e["InstanceId"] for p in pages for row in p["Reservations"] for e in row["Instances"]}
    assert len(ids) == 12


@pytest.mark.parametrize("size", [4, 1001])
def test_a_page_holds_5_to_1000(ec2: "EC2Client", size: int) -> None:
    """InvalidParameterValue otherwise."""
    assert code(ec2.describe_instances, MaxResults=size) == "InvalidParameterValue"
    assert code(ec2.describe_instance_status, MaxResults=size) == "InvalidParameterValue"


def test_pages_and_ids_do_not_go_together(ec2: "EC2Client") -> None:
    """InvalidParameterCombination; a foreign token is refused, too."""
    ids = [launch(ec2)["InstanceId"]]

    assert (
        code(ec2.describe_instances, InstanceIds=ids, MaxResults=5) == "InvalidParameterCombination"
    )
    assert code(ec2.describe_instances, NextToken="mine") == "InvalidParameterValue"


def test_filters_see_everything_that_describe_answers(aws: Sandbox, ec2: "EC2Client") -> None:
    """Each of these finds the one and not the other."""
    tags: list[Any] = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web-1"}]}]
    one = running(
        aws,
        ec2,
        TagSpecifications=tags,
        SubnetId=subnet_of(ec2, "us-east-1b"),
        Monitoring={"Enabled": True},
        EnclaveOptions={"Enabled": True},
        InstanceType="m5.xlarge",
    )
    other = launch(ec2, InstanceType="t3.small")["InstanceId"]
    shown = describe(ec2, one)
    nic = shown["NetworkInterfaces"][0]
    by_filter = {
        "availability-zone": "us-east-1b",
        "availability-zone-id": shown["Placement"]["AvailabilityZoneId"],
        "block-device-mapping.volume-id": shown["BlockDeviceMappings"][0]["Ebs"]["VolumeId"],
        "enclave-options.enabled": "true",
        "instance-id": one,
        "instance-state-code": "16",
        "instance-state-name": "running",
        "instance-type": "m5.x*",
        "ip-address": shown["PublicIpAddress"],
        "launch-time": "2026-11-23T12:00:00.000Z",
        "monitoring-state": "enabled",
        "network-interface.addresses.private-ip-address": shown["PrivateIpAddress"],
        "network-interface.attachment.attachment-id": nic["Attachment"]["AttachmentId"],
        "network-interface.network-interface-id": nic["NetworkInterfaceId"],
        "private-ip-address": shown["PrivateIpAddress"],
        "subnet-id": shown["SubnetId"],
        "tag:Name": "web-?",
        "tag-key": "Name",
        "tag-value": "web-1",
    }

    assert {name: found(ec2, name, value) for name, value in by_filter.items()} == {
        name: {one} for name in by_filter
    }
    both = {
        "image-id": LINUX,
        "vpc-id": shown["VpcId"],
        "owner-id": "123456789012",
        "tenancy": "default",
    }
    assert {name: found(ec2, name, value) for name, value in both.items()} == {
        name: {one, other} for name in both
    }
    for name in ("instance-lifecycle", "requester-id", "platform", "tag:name"):
        assert found(ec2, name, "spot") == set(), name


def test_filters_are_joined_by_and_their_values_by_or(ec2: "EC2Client") -> None:
    """As the User Guide says."""
    one, two = (launch(ec2, InstanceType=each)["InstanceId"] for each in ("t3.micro", "t3.small"))

    assert found(ec2, "instance-type", "t3.micro", "t3.small") == {one, two}
    answer = ec2.describe_instances(
        Filters=[
            {"Name": "instance-type", "Values": ["t3.micro"]},
            {"Name": "instance-id", "Values": [two]},
        ]
    )
    assert answer["Reservations"] == []


# ---- living


def test_stop_takes_its_time(aws: Sandbox, ec2: "EC2Client") -> None:
    """running, stopping, stopped; with the reason."""
    one = running(aws, ec2)

    change = ec2.stop_instances(InstanceIds=[one])["StoppingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == (
        "running",
        "stopping",
    )
    again = ec2.stop_instances(InstanceIds=[one])["StoppingInstances"][0]
    assert again["CurrentState"]["Name"] == "stopping"
    assert code(ec2.start_instances, InstanceIds=[one]) == "IncorrectInstanceState"
    aws.clock.advance(3)

    shown = describe(ec2, one)
    assert shown["State"] == {"Code": 80, "Name": "stopped"}
    assert shown["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert shown["StateTransitionReason"] == "User initiated (2026-11-23 12:00:20 GMT)"


def test_start_runs_it_again(aws: Sandbox, ec2: "EC2Client") -> None:
    """stopped, pending, running; the launch time is new, the reason gone."""
    one = stopped(aws, ec2)
    before = describe(ec2, one)["LaunchTime"]

    change = ec2.start_instances(InstanceIds=[one])["StartingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == (
        "stopped",
        "pending",
    )
    aws.clock.advance(3)

    shown = describe(ec2, one)
    assert shown["State"]["Name"] == "running"
    assert shown["LaunchTime"] > before
    assert shown["StateTransitionReason"] == ""
    again = ec2.start_instances(InstanceIds=[one])["StartingInstances"][0]
    assert again["CurrentState"]["Name"] == "running"


def test_a_pending_instance_cannot_be_stopped_or_rebooted(ec2: "EC2Client") -> None:
    """IncorrectInstanceState."""
    ids = [launch(ec2)["InstanceId"]]

    assert code(ec2.stop_instances, InstanceIds=ids) == "IncorrectInstanceState"
    assert code(ec2.reboot_instances, InstanceIds=ids) == "IncorrectInstanceState"


def test_a_start_needs_the_root_volume(aws: Sandbox, ec2: "EC2Client") -> None:
    """The message names the device."""
    one = stopped(aws, ec2)
    root = describe(ec2, one)["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    ec2.detach_volume(VolumeId=root)
    aws.clock.advance(5)

    assert code(ec2.start_instances, InstanceIds=[one]) == "InvalidParameterValue"

    ec2.attach_volume(VolumeId=root, InstanceId=one, Device="/dev/xvda")
    ec2.start_instances(InstanceIds=[one])


def test_a_reboot_keeps_it_running_and_checks_again(aws: Sandbox, ec2: "EC2Client") -> None:
    """The state does not change."""
    one = running(aws, ec2)

    ec2.reboot_instances(InstanceIds=[one])

    status = ec2.describe_instance_status(InstanceIds=[one])["InstanceStatuses"][0]
    assert (status["InstanceState"]["Name"], status["InstanceStatus"]["Status"]) == (
        "running",
        "initializing",
    )


def test_hibernation_needs_an_instance_made_for_it(aws: Sandbox, ec2: "EC2Client") -> None:
    """UnsupportedHibernationConfiguration; with it the reason says hibernate."""
    plain = running(aws, ec2)
    root: Any = [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]
    able = running(aws, ec2, HibernationOptions={"Configured": True}, BlockDeviceMappings=root)

    assert (
        code(ec2.stop_instances, InstanceIds=[plain], Hibernate=True)
        == "UnsupportedHibernationConfiguration"
    )
    ec2.stop_instances(InstanceIds=[able], Hibernate=True)
    assert describe(ec2, able)["StateReason"]["Code"] == "Client.UserInitiatedHibernate"
    aws.clock.advance(60)
    frozen = code(
        ec2.modify_instance_attribute, InstanceId=able, InstanceType={"Value": "t3.small"}
    )
    assert frozen == "UnsupportedOperation"


def test_stop_protection_guards_against_stop_and_terminate(aws: Sandbox, ec2: "EC2Client") -> None:
    """OperationNotPermitted until it is taken off."""
    one = running(aws, ec2, DisableApiStop=True)

    assert code(ec2.stop_instances, InstanceIds=[one]) == "OperationNotPermitted"
    assert code(ec2.terminate_instances, InstanceIds=[one]) == "OperationNotPermitted"

    ec2.modify_instance_attribute(InstanceId=one, DisableApiStop={"Value": False})
    ec2.stop_instances(InstanceIds=[one])


def test_termination_protection_saves_its_zone_only(aws: Sandbox, ec2: "EC2Client") -> None:
    """The call fails, and instances of other zones are terminated all the same."""
    safe = running(aws, ec2, DisableApiTermination=True, SubnetId=subnet_of(ec2, "us-east-1a"))
    beside = running(aws, ec2, SubnetId=subnet_of(ec2, "us-east-1a"))
    away = running(aws, ec2, SubnetId=subnet_of(ec2, "us-east-1b"))

    refused = code(ec2.terminate_instances, InstanceIds=[safe, beside, away])

    assert refused == "OperationNotPermitted"
    states = {each: describe(ec2, each)["State"]["Name"] for each in (safe, beside, away)}
    assert states == {safe: "running", beside: "running", away: "shutting-down"}


def test_terminate_needs_instances_that_exist(ec2: "EC2Client") -> None:
    """All of them."""
    assert (
        code(ec2.terminate_instances, InstanceIds=["i-0fffffffffffffff0"])
        == "InvalidInstanceID.NotFound"
    )
    assert code(ec2.terminate_instances, InstanceIds=[]) in {
        "InvalidParameterCombination",
        "MissingParameter",
    }


def test_terminate_lets_go_of_everything(aws: Sandbox, ec2: "EC2Client") -> None:
    """Volumes and interfaces are deleted or freed as their flags say; addresses are free."""
    extra = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1, "DeleteOnTermination": False}}
    address = "172.31.0.99"
    one = running(
        aws,
        ec2,
        BlockDeviceMappings=[extra],
        PrivateIpAddress=address,
        SubnetId=subnet_of(ec2),
        SecurityGroupIds=[],
    )
    if describe(ec2, one)["PrivateIpAddress"] != address:
        pytest.fail("the launch ignored the address")
    kept = describe(ec2, one)["BlockDeviceMappings"][1]["Ebs"]["VolumeId"]

    change = ec2.terminate_instances(InstanceIds=[one])["TerminatingInstances"][0]
    assert change["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    assert (
        code(ec2.run_instances, **SMALL, PrivateIpAddress=address, SubnetId=subnet_of(ec2))
        == "InvalidIPAddress.InUse"
    )
    aws.clock.advance(3)

    shown = describe(ec2, one)
    assert shown["State"] == {"Code": 48, "Name": "terminated"}
    assert (shown["NetworkInterfaces"], shown["BlockDeviceMappings"]) == ([], [])
    assert "PrivateIpAddress" not in shown
    [volume] = ec2.describe_volumes()["Volumes"]
    assert (volume["VolumeId"], volume["State"]) == (kept, "available")
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    launch(ec2, PrivateIpAddress=address, SubnetId=subnet_of(ec2))


def test_a_terminated_instance_is_seen_for_an_hour(aws: Sandbox, ec2: "EC2Client") -> None:
    """Then it is InvalidInstanceID.NotFound, and its tags are gone."""
    one = running(aws, ec2)
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(3600)
    again = ec2.terminate_instances(InstanceIds=[one])["TerminatingInstances"][0]
    assert again["PreviousState"]["Name"] == "terminated"
    for call in (ec2.start_instances, ec2.stop_instances, ec2.reboot_instances):
        assert code(call, InstanceIds=[one]) == "IncorrectInstanceState"

    aws.clock.advance(5)

    assert code(ec2.describe_instances, InstanceIds=[one]) == "InvalidInstanceID.NotFound"
    assert ec2.describe_instances()["Reservations"] == []


def test_the_rest_of_a_reservation_stays(aws: Sandbox, ec2: "EC2Client") -> None:
    """When one of its instances is forgotten."""
    one, two = (
        each["InstanceId"] for each in ec2.run_instances(**{**SMALL, "MaxCount": 2})["Instances"]
    )
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(4000)

    assert found(ec2, "instance-state-name", "*") == {two}


def test_a_start_can_be_overtaken_by_a_terminate(aws: Sandbox, ec2: "EC2Client") -> None:
    """A pending instance never becomes running once it shuts down."""
    one = stopped(aws, ec2)
    ec2.start_instances(InstanceIds=[one])
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(3)

    assert describe(ec2, one)["State"]["Name"] == "terminated"


def test_a_dry_run_changes_nothing(aws: Sandbox, ec2: "EC2Client") -> None:
    """DryRunOperation."""
    one = running(aws, ec2)
    for call in (ec2.stop_instances, ec2.terminate_instances, ec2.reboot_instances):
        assert code(call, InstanceIds=[one], DryRun=True) == "DryRunOperation"

    assert describe(ec2, one)["State"]["Name"] == "running"


def test_detailed_monitoring_is_switched(aws: Sandbox, ec2: "EC2Client") -> None:
    """MonitorInstances and UnmonitorInstances."""
    one = running(aws, ec2)

    ec2.monitor_instances(InstanceIds=[one])
    assert describe(ec2, one)["Monitoring"]["State"] == "enabled"
    ec2.unmonitor_instances(InstanceIds=[one])
    assert describe(ec2, one)["Monitoring"]["State"] == "disabled"


# ---- attributes


def test_every_attribute_can_be_read(aws: Sandbox, ec2: "EC2Client") -> None:
    """All sixteen of InstanceAttributeName."""
    one = running(aws, ec2, UserData="hello", EbsOptimized=True)
    shown = describe(ec2, one)
    expected: dict[str, Any] = {
        "instanceType": {"Value": "t3.micro"},
        "kernel": {},
        "ramdisk": {},
        "userData": {"Value": base64.b64encode(b"hello").decode()},
        "disableApiTermination": {"Value": False},
        "instanceInitiatedShutdownBehavior": {"Value": "stop"},
        "rootDeviceName": {"Value": "/dev/xvda"},
        "blockDeviceMapping": shown["BlockDeviceMappings"],
        "productCodes": [],
        "sourceDestCheck": {"Value": True},
        "groupSet": shown["SecurityGroups"],
        "ebsOptimized": {"Value": True},
        "sriovNetSupport": {},
        "enaSupport": {"Value": True},
        "enclaveOptions": {"Enabled": False},
        "disableApiStop": {"Value": False},
    }

    assert {name: attribute(ec2, one, name) for name in expected} == expected


def test_an_unknown_attribute_is_refused(aws: Sandbox, ec2: "EC2Client") -> None:
    """InvalidParameterValue."""
    one = running(aws, ec2)

    for call in (ec2.describe_instance_attribute, ec2.reset_instance_attribute):
        assert code(call, InstanceId=one, Attribute="colour") == "InvalidParameterValue"
    assert (
        code(ec2.modify_instance_attribute, InstanceId=one, Attribute="colour", Value="red")
        == "InvalidParameterValue"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"InstanceType": {"Value": "t3.small"}},
        {"Kernel": {"Value": "aki-1"}},
        {"Ramdisk": {"Value": "ari-1"}},
        {"UserData": {"Value": b"new"}},
        {"EbsOptimized": {"Value": True}},
        {"Attribute": "instanceType", "Value": "t3.small"},
    ],
    ids=str,
)
def test_some_attributes_change_only_while_stopped(
    aws: Sandbox, ec2: "EC2Client", change: dict[str, Any]
) -> None:
    """IncorrectInstanceState while it runs."""
    one = running(aws, ec2)
    assert code(ec2.modify_instance_attribute, InstanceId=one, **change) == "IncorrectInstanceState"
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)

    ec2.modify_instance_attribute(InstanceId=one, **change)


def test_the_new_type_has_its_own_cpus_and_credits(aws: Sandbox, ec2: "EC2Client") -> None:
    """As far as nobody asked for others."""
    one = stopped(aws, ec2)
    modify = ec2.modify_instance_attribute

    modify(InstanceId=one, InstanceType={"Value": "m5.xlarge"})

    shown = describe(ec2, one)
    assert (shown["InstanceType"], shown["CpuOptions"]["CoreCount"]) == ("m5.xlarge", 2)
    wrong = [("t3.tiny", "InvalidInstanceAttributeValue"), ("t4g.micro", "InvalidParameterValue")]
    for name, refusal in wrong:
        assert code(modify, InstanceId=one, InstanceType={"Value": name}) == refusal


def test_new_user_data_is_kept_exactly(aws: Sandbox, ec2: "EC2Client") -> None:
    """Raw bytes in, base64 once out, at most 16 KB."""
    one = stopped(aws, ec2)
    ec2.modify_instance_attribute(InstanceId=one, UserData={"Value": b"\x00\xffnew"})

    assert base64.b64decode(attribute(ec2, one, "userData")["Value"]) == b"\x00\xffnew"
    long = {"Value": b"x" * 16385}
    assert code(ec2.modify_instance_attribute, InstanceId=one, UserData=long) == (
        "InvalidParameterValue"
    )


def test_attributes_that_change_at_any_time(aws: Sandbox, ec2: "EC2Client") -> None:
    """Protections, shutdown behaviour, groups, source/destination check, disks' flags."""
    one = running(aws, ec2)
    vpc = describe(ec2, one)["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    devices: list[Any] = [{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
    changes: list[dict[str, Any]] = [
        {"DisableApiTermination": {"Value": True}},
        {"DisableApiStop": {"Value": True}},
        {"InstanceInitiatedShutdownBehavior": {"Value": "terminate"}},
        {"SourceDestCheck": {"Value": False}},
        {"Groups": [group]},
        {"BlockDeviceMappings": devices},
    ]
    for change in changes:
        ec2.modify_instance_attribute(InstanceId=one, **change)

    shown = describe(ec2, one)
    assert attribute(ec2, one, "disableApiTermination") == {"Value": True}
    assert attribute(ec2, one, "disableApiStop") == {"Value": True}
    assert attribute(ec2, one, "instanceInitiatedShutdownBehavior") == {"Value": "terminate"}
    assert shown["SourceDestCheck"] is False
    assert shown["NetworkInterfaces"][0]["SourceDestCheck"] is False
    assert [each["GroupId"] for each in shown["SecurityGroups"]] == [group]
    assert shown["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"] is False
    ec2.reset_instance_attribute(InstanceId=one, Attribute="sourceDestCheck")
    assert describe(ec2, one)["SourceDestCheck"] is True


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, "InvalidParameterCombination"),
        (
            {"DisableApiStop": {"Value": True}, "SourceDestCheck": {"Value": True}},
            "InvalidParameterCombination",
        ),
        ({"Groups": ["sg-0fffffffffffffff0"]}, "InvalidGroup.NotFound"),
        ({"InstanceInitiatedShutdownBehavior": {"Value": "explode"}}, "InvalidParameterValue"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/sdz", "Ebs": {}}]},
            "InvalidInstanceAttributeValue",
        ),
        ({"SourceDestCheck": {"Value": False}, "DryRun": True}, "DryRunOperation"),
    ],
    ids=str,
)
def test_a_change_that_cannot_be_is_refused(
    aws: Sandbox, ec2: "EC2Client", change: dict[str, Any], refusal: str
) -> None:
    """One attribute a call, and only values it can have."""
    one = running(aws, ec2)

    assert code(ec2.modify_instance_attribute, InstanceId=one, **change) == refusal


def test_groups_need_the_interface_when_there_are_several(aws: Sandbox, ec2: "EC2Client") -> None:
    """InvalidInstanceID."""
    one = running(aws, ec2)
    nic = ec2.create_network_interface(SubnetId=subnet_of(ec2))["NetworkInterface"]
    ec2.attach_network_interface(
        NetworkInterfaceId=str(nic["NetworkInterfaceId"]), InstanceId=one, DeviceIndex=1
    )
    group = describe(ec2, one)["SecurityGroups"][0]["GroupId"]

    assert code(ec2.modify_instance_attribute, InstanceId=one, Groups=[group]) == (
        "InvalidInstanceID"
    )


def test_a_terminated_instance_cannot_be_changed(aws: Sandbox, ec2: "EC2Client") -> None:
    """IncorrectInstanceState."""
    one = running(aws, ec2)
    ec2.terminate_instances(InstanceIds=[one])

    check = {"Value": False}
    refused = [
        code(ec2.modify_instance_attribute, InstanceId=one, SourceDestCheck=check),
        code(ec2.modify_instance_metadata_options, InstanceId=one, HttpTokens="required"),
    ]
    assert set(refused) == {"IncorrectInstanceState"}


def test_spot_instances_have_no_protection(aws: Sandbox, ec2: "EC2Client") -> None:
    """UnsupportedOperation."""
    one = running(aws, ec2, InstanceMarketOptions={"MarketType": "spot"})

    assert code(ec2.modify_instance_attribute, InstanceId=one, DisableApiStop={"Value": True}) == (
        "UnsupportedOperation"
    )


# ---- options with actions of their own


def test_metadata_options_change_one_by_one(aws: Sandbox, ec2: "EC2Client") -> None:
    """What is not given stays."""
    one = running(aws, ec2, MetadataOptions={"HttpPutResponseHopLimit": 7})

    answer = ec2.modify_instance_metadata_options(InstanceId=one, HttpTokens="required")

    assert answer["InstanceMetadataOptions"]["State"] == "pending"
    options = describe(ec2, one)["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"], options["State"]) == (
        "required",
        7,
        "applied",
    )
    modify = ec2.modify_instance_metadata_options
    assert code(modify, InstanceId=one, HttpEndpoint="maybe") == "InvalidParameterValue"


def test_metadata_cannot_serve_every_tag(aws: Sandbox, ec2: "EC2Client") -> None:
    """A key with a space keeps InstanceMetadataTags off."""
    one = running(aws, ec2)
    ec2.create_tags(Resources=[one], Tags=[{"Key": "a b", "Value": ""}])
    modify = ec2.modify_instance_metadata_options

    assert code(modify, InstanceId=one, InstanceMetadataTags="enabled") == "InvalidParameterValue"


def test_maintenance_options_change(aws: Sandbox, ec2: "EC2Client") -> None:
    """RebootMigration only here, never at launch."""
    one = running(aws, ec2)
    modify = ec2.modify_instance_maintenance_options

    modify(InstanceId=one, AutoRecovery="disabled", RebootMigration="disabled")

    assert describe(ec2, one)["MaintenanceOptions"] == {
        "AutoRecovery": "disabled",
        "RebootMigration": "disabled",
    }
    assert code(modify, InstanceId=one, AutoRecovery="maybe") == "InvalidParameterValue"


def test_credits_are_those_of_burstable_types(aws: Sandbox, ec2: "EC2Client") -> None:
    """t3 is unlimited by default, t2 standard; without ids only unlimited ones are listed."""
    t3 = running(aws, ec2)
    t2 = running(aws, ec2, InstanceType="t2.micro")
    asked = running(aws, ec2, CreditSpecification={"CpuCredits": "standard"})
    m5 = running(aws, ec2, InstanceType="m5.large")
    read = ec2.describe_instance_credit_specifications

    rows = read(InstanceIds=[t3, t2, asked])["InstanceCreditSpecifications"]
    assert [each["CpuCredits"] for each in rows] == ["unlimited", "standard", "standard"]
    assert [e["InstanceId"] for e in read()["InstanceCreditSpecifications"]] == [t3]
    by_filter = read(Filters=[{"Name": "instance-id", "Values": [t2]}])
    assert [e["InstanceId"] for e in by_filter["InstanceCreditSpecifications"]] == [t2]
    assert code(read, InstanceIds=[m5]) == "InvalidParameterValue"
    assert code(read, Filters=[{"Name": "colour", "Values": ["x"]}]) == "InvalidParameterValue"


def test_credits_change_each_for_itself(aws: Sandbox, ec2: "EC2Client") -> None:
    """What fails is listed with its code."""
    one = running(aws, ec2)
    gone = running(aws, ec2)
    ec2.terminate_instances(InstanceIds=[gone])
    fixed = running(aws, ec2, InstanceType="m5.large")
    wishes: list[Any] = [
        {"InstanceId": each, "CpuCredits": "standard"}
        for each in (one, gone, fixed, "i-0fffffffffffffff0")
    ]

    answer = ec2.modify_instance_credit_specification(InstanceCreditSpecifications=wishes)

    done = answer["SuccessfulInstanceCreditSpecifications"]
    assert [each["InstanceId"] for each in done] == [one]
    failed = answer["UnsuccessfulInstanceCreditSpecifications"]
    assert [each["Error"]["Code"] for each in failed] == [
        "IncorrectInstanceState",
        "InstanceCreditSpecification.NotSupported",
        "InvalidInstanceID.NotFound",
    ]


def test_cpu_options_change_while_stopped(aws: Sandbox, ec2: "EC2Client") -> None:
    """IncorrectInstanceState while it runs."""
    one = running(aws, ec2, InstanceType="m5.xlarge")
    change: dict[str, Any] = {"InstanceId": one, "CoreCount": 2, "ThreadsPerCore": 1}
    assert code(ec2.modify_instance_cpu_options, **change) == "IncorrectInstanceState"
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)

    ec2.modify_instance_cpu_options(**change)

    assert describe(ec2, one)["CpuOptions"] == {"CoreCount": 2, "ThreadsPerCore": 1}


def test_private_names_change(aws: Sandbox, ec2: "EC2Client") -> None:
    """Records at any time, the kind of name while stopped."""
    one = running(aws, ec2)
    modify = ec2.modify_private_dns_name_options
    modify(InstanceId=one, EnableResourceNameDnsARecord=True)
    kind: dict[str, Any] = {"InstanceId": one, "PrivateDnsHostnameType": "resource-name"}
    assert code(modify, **kind) == "IncorrectInstanceState"
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(5)

    modify(**kind)

    shown = describe(ec2, one)
    assert shown["PrivateDnsName"].startswith(one)
    assert shown["PrivateDnsNameOptions"]["EnableResourceNameDnsARecord"] is True
    kind["PrivateDnsHostnameType"] = "nickname"
    assert code(modify, **kind) == "InvalidParameterValue"


def test_an_instance_profile_can_come_later(aws: Sandbox, ec2: "EC2Client") -> None:
    """AssociateIamInstanceProfile shows the profile's own id; a terminate drops it."""
    profile = aws.client("iam").create_instance_profile(InstanceProfileName="web")[
        "InstanceProfile"
    ]
    one = running(aws, ec2)

    ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": "web"}, InstanceId=one)

    assert describe(ec2, one)["IamInstanceProfile"] == {
        "Arn": profile["Arn"],
        "Id": profile["InstanceProfileId"],
    }
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(5)
    assert ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"] == []


def test_every_state_that_is_entered_is_on_record(aws: Sandbox, ec2: "EC2Client") -> None:
    """With its own time, whenever somebody looks."""
    one = launch(ec2)["InstanceId"]
    aws.clock.advance(60)
    ec2.terminate_instances(InstanceIds=[one])
    aws.clock.advance(60)

    region: Any = ec2_backends["123456789012"]["us-east-1"]

    assert [(each.at.second, each.state) for each in region.state_changes] == [
        (0, "pending"),
        (3, "running"),
        (0, "shutting-down"),
        (3, "terminated"),
    ]
