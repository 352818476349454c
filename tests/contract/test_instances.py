"""Instances: stopping, starting, terminating, their protections, attributes and listings."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place, SandboxPlace
from tests.contract.scenes import NOBODY, refused, small, tagged


def test_stop_goes_through_stopping_and_start_through_pending(place: Place) -> None:
    """EC2 User Guide, "Amazon EC2 instance state changes"; EC2 API, InstanceStateChange."""
    made = scenes.machine(place)

    change = place.ec2.stop_instances(InstanceIds=[made])["StoppingInstances"][0]
    assert change["PreviousState"] == {"Code": 16, "Name": "running"}
    assert change["CurrentState"] == {"Code": 64, "Name": "stopping"}
    place.until(lambda: scenes.state(place, made) == "stopped")
    change = place.ec2.start_instances(InstanceIds=[made])["StartingInstances"][0]
    assert change["PreviousState"] == {"Code": 80, "Name": "stopped"}
    assert change["CurrentState"] == {"Code": 0, "Name": "pending"}
    scenes.is_running(place, made)


def test_terminate_goes_through_shutting_down(place: Place) -> None:
    """EC2 User Guide, "Amazon EC2 instance state changes"."""
    made = scenes.machine(place)

    change = place.ec2.terminate_instances(InstanceIds=[made])["TerminatingInstances"][0]

    assert change["CurrentState"] == {"Code": 32, "Name": "shutting-down"}
    place.until(lambda: scenes.state(place, made) == "terminated")
    assert scenes.instance(place, made)["State"] == {"Code": 48, "Name": "terminated"}


def test_a_terminated_instance_says_why(place: Place) -> None:
    """EC2 API, StateReason: Client.UserInitiatedShutdown; Instance.StateTransitionReason."""
    made = scenes.machine(place)
    scenes.gone(place, made)

    found = scenes.instance(place, made)
    assert found["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert found["StateTransitionReason"].startswith("User initiated (")


@pytest.mark.sandbox_only("moves the clock by an hour")
def test_a_terminated_instance_is_seen_for_about_an_hour(place: Place) -> None:
    """EC2 API, TerminateInstances: visible for approximately one hour."""
    made = scenes.machine(place)
    scenes.gone(place, made)
    place.later(3 * 3600)

    code = refused(place.ec2.describe_instances, InstanceIds=[made])
    assert code == "InvalidInstanceID.NotFound"


def test_terminating_again_succeeds(place: Place) -> None:
    """EC2 API, TerminateInstances: idempotent; each call succeeds."""
    made = scenes.machine(place)
    scenes.gone(place, made)

    change = place.ec2.terminate_instances(InstanceIds=[made])["TerminatingInstances"][0]
    assert change["CurrentState"]["Name"] == change["PreviousState"]["Name"] == "terminated"


def test_stopping_a_stopped_instance_succeeds(place: Place) -> None:
    """EC2 API, StopInstances: a change from stopped to stopped. [NV] no page says it outright."""
    made = scenes.machine(place)
    scenes.stopped(place, made)

    change = place.ec2.stop_instances(InstanceIds=[made])["StoppingInstances"][0]
    assert change["CurrentState"]["Name"] == change["PreviousState"]["Name"] == "stopped"


def test_a_terminated_instance_is_in_the_wrong_state(place: Place) -> None:
    """EC2 API error codes, IncorrectInstanceState."""
    made = scenes.machine(place)
    scenes.gone(place, made)

    for method in ("start_instances", "stop_instances", "reboot_instances"):
        code = refused(getattr(place.ec2, method), InstanceIds=[made])
        assert code == "IncorrectInstanceState", method


def test_an_instance_that_is_stopping_does_not_start(place: Place) -> None:
    """EC2 API error codes, IncorrectInstanceState: start needs it stopped."""
    made = scenes.machine(place)
    place.ec2.stop_instances(InstanceIds=[made])

    assert refused(place.ec2.start_instances, InstanceIds=[made]) == "IncorrectInstanceState"


def test_a_start_needs_the_root_volume(place: Place) -> None:
    """EC2 User Guide, replacing a root volume by hand. [NV] the code (IncorrectInstanceState)."""
    made = scenes.machine(place)
    scenes.stopped(place, made)
    root = scenes.volumes_of(place, made)["/dev/xvda"]
    place.ec2.detach_volume(VolumeId=root)
    place.until(lambda: scenes.volume(place, root)["State"] == "available")

    code = refused(place.ec2.start_instances, InstanceIds=[made])
    assert code in ("IncorrectInstanceState", "IncorrectState", "InvalidParameterValue")


@pytest.mark.parametrize(
    ("attribute", "method"),
    [
        ("DisableApiTermination", "terminate_instances"),
        ("DisableApiStop", "stop_instances"),
        ("DisableApiStop", "terminate_instances"),
    ],
)
def test_a_protected_instance_stays(place: Place, attribute: str, method: str) -> None:
    """EC2 User Guide, "Termination protection" and "Stop protection": OperationNotPermitted."""
    made = scenes.machine(place, **{attribute: True})

    assert refused(getattr(place.ec2, method), InstanceIds=[made]) == "OperationNotPermitted"
    assert scenes.state(place, made) == "running"
    place.ec2.modify_instance_attribute(InstanceId=made, **{attribute: {"Value": False}})
    getattr(place.ec2, method)(InstanceIds=[made])


def test_protection_can_come_later(place: Place) -> None:
    """EC2 API, ModifyInstanceAttribute: DisableApiTermination at any time."""
    made = scenes.machine(place)
    place.ec2.modify_instance_attribute(InstanceId=made, DisableApiTermination={"Value": True})

    assert refused(place.ec2.terminate_instances, InstanceIds=[made]) == "OperationNotPermitted"


def test_one_protected_instance_saves_those_of_its_zone(place: Place) -> None:
    """EC2 API, TerminateInstances: none in the zone of a protected one is terminated."""
    zone = scenes.subnet(place)["SubnetId"]
    kept = scenes.machine(place, SubnetId=zone, DisableApiTermination=True)
    other = scenes.machine(place, SubnetId=zone)

    code = refused(place.ec2.terminate_instances, InstanceIds=[other, kept])

    assert code == "OperationNotPermitted"
    assert scenes.state(place, other) == "running"


def test_one_unknown_instance_terminates_none(place: Place) -> None:
    """EC2 API, TerminateInstances: an id that is wrong fails the whole request."""
    made = scenes.machine(place)

    code = refused(place.ec2.terminate_instances, InstanceIds=[made, f"i-{NOBODY}"])

    assert code == "InvalidInstanceID.NotFound"
    assert scenes.state(place, made) == "running"


def test_volumes_go_or_stay_as_their_flag_says(place: Place) -> None:
    """EC2 User Guide, "Preserve data when an instance is terminated"."""
    made = scenes.with_data(place)
    disks = scenes.volumes_of(place, made)
    flags = [
        {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}},
        {"DeviceName": scenes.DATA, "Ebs": {"DeleteOnTermination": True}},
    ]
    place.ec2.modify_instance_attribute(InstanceId=made, BlockDeviceMappings=flags)
    scenes.gone(place, made)

    place.until(lambda: scenes.volume(place, disks["/dev/xvda"])["State"] == "available")
    code = refused(place.ec2.describe_volumes, VolumeIds=[disks[scenes.DATA]])
    assert code == "InvalidVolume.NotFound"


def test_some_attributes_change_only_while_stopped(place: Place) -> None:
    """EC2 API, ModifyInstanceAttribute: stop the instance first; IncorrectInstanceState."""
    made = scenes.machine(place)
    changes: dict[str, Any] = {
        "UserData": b"new",
        "InstanceType": "t3.small",
        "EbsOptimized": True,
    }

    for attribute, value in changes.items():
        change = {"InstanceId": made, attribute: {"Value": value}}
        code = refused(place.ec2.modify_instance_attribute, **change)
        assert code == "IncorrectInstanceState", attribute
    scenes.stopped(place, made)
    for attribute, value in changes.items():
        place.ec2.modify_instance_attribute(InstanceId=made, **{attribute: {"Value": value}})


def test_groups_and_source_check_change_at_any_time(place: Place) -> None:
    """EC2 API, ModifyInstanceAttribute.Groups and SourceDestCheck."""
    made = scenes.instance(place, scenes.machine(place))
    group = made["SecurityGroups"][0]["GroupId"]
    change = place.ec2.modify_instance_attribute
    change(InstanceId=made["InstanceId"], SourceDestCheck={"Value": False})
    change(InstanceId=made["InstanceId"], Groups=[group])

    found = scenes.instance(place, made["InstanceId"])
    assert found["SourceDestCheck"] is False
    assert found["NetworkInterfaces"][0]["SourceDestCheck"] is False
    unknown = refused(change, InstanceId=made["InstanceId"], Groups=[f"sg-{NOBODY}"])
    assert unknown == "InvalidGroup.NotFound"


ATTRIBUTES = {
    "instanceType": "InstanceType",
    "userData": "UserData",
    "disableApiTermination": "DisableApiTermination",
    "disableApiStop": "DisableApiStop",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "rootDeviceName": "RootDeviceName",
    "blockDeviceMapping": "BlockDeviceMappings",
    "sourceDestCheck": "SourceDestCheck",
    "groupSet": "Groups",
    "ebsOptimized": "EbsOptimized",
    "enaSupport": "EnaSupport",
    "enclaveOptions": "EnclaveOptions",
}


def test_an_attribute_is_described_under_its_member(place: Place) -> None:
    """EC2 API, InstanceAttribute: one attribute an answer, with the instance's id."""
    made = scenes.launch(place)

    for attribute, member in ATTRIBUTES.items():
        told = place.ec2.describe_instance_attribute(InstanceId=made, Attribute=attribute)
        assert set(told) - {"ResponseMetadata"} == {"InstanceId", member}


def test_metadata_options_change_and_the_rest_stays(place: Place) -> None:
    """EC2 API, ModifyInstanceMetadataOptions: what is not given keeps its value."""
    made = scenes.machine(place, MetadataOptions={"HttpPutResponseHopLimit": 3})

    place.ec2.modify_instance_metadata_options(InstanceId=made, HttpTokens="required")

    def applied() -> dict[str, Any]:
        options: dict[str, Any] = scenes.instance(place, made)["MetadataOptions"]
        return options if options["State"] == "applied" else {}

    options = place.until(applied)
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 3)


def test_an_unknown_instance_and_a_malformed_id_have_their_own_codes(place: Place) -> None:
    """EC2 API error codes, InvalidInstanceID.NotFound and InvalidInstanceID.Malformed."""
    look = place.ec2.describe_instances

    assert refused(look, InstanceIds=[f"i-{NOBODY}"]) == "InvalidInstanceID.NotFound"
    assert refused(look, InstanceIds=["i-none"]) == "InvalidInstanceID.Malformed"


def test_an_unknown_filter_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidParameterValue: the filter is invalid."""
    filters = [{"Name": "bogus-filter", "Values": ["x"]}]

    assert refused(place.ec2.describe_instances, Filters=filters) == "InvalidParameterValue"


def test_filters_are_joined_by_and_and_their_values_by_or(place: Place) -> None:
    """EC2 User Guide, "List and filter your resources"."""
    name = place.unique("web")
    one, two = (
        scenes.launch(place, TagSpecifications=tagged("instance", Name=name, n=n)) for n in "12"
    )

    def found(**filters: list[str]) -> set[str]:
        asked = [{"Name": key.replace("_", ":"), "Values": each} for key, each in filters.items()]
        groups = place.ec2.describe_instances(Filters=asked)["Reservations"]
        return {each["InstanceId"] for group in groups for each in group["Instances"]}

    assert found(tag_Name=[name]) == {one, two}
    assert found(tag_Name=[name], tag_n=["1"]) == {one}
    assert found(tag_Name=[name], tag_n=["1", "2"]) == {one, two}
    assert found(tag_Name=[f"{name[:-1]}?"], tag_n=["*"]) == {one, two}
    assert found(tag_Name=[name.upper()]) == set()


def test_a_filter_finds_what_it_names_and_nothing_else(place: Place) -> None:
    """EC2 API, DescribeInstancesRequest.Filters."""
    key = place.unique("key")
    made = scenes.instance(
        place, scenes.machine(place, TagSpecifications=tagged("instance", **{key: "x"}))
    )
    values = {
        "block-device-mapping.volume-id": made["BlockDeviceMappings"][0]["Ebs"]["VolumeId"],
        "network-interface.addresses.private-ip-address": made["PrivateIpAddress"],
        "private-ip-address": made["PrivateIpAddress"],
        "image-id": made["ImageId"],
        "subnet-id": made["SubnetId"],
        "instance-state-name": "running",
        "availability-zone": made["Placement"]["AvailabilityZone"],
        "root-device-name": made["RootDeviceName"],
        "tag-key": key,
    }

    def finds(name: str, value: str) -> bool:
        filters = [{"Name": name, "Values": [value]}]
        groups = place.ec2.describe_instances(Filters=filters)["Reservations"]
        found = [each["InstanceId"] for group in groups for each in group["Instances"]]
        return made["InstanceId"] in found

    for name, value in values.items():
        assert finds(name, value), name
        assert not finds(name, "none"), name


def test_pages_hold_at_most_what_was_asked_for_and_everything_together(place: Place) -> None:
    """EC2 API, DescribeInstancesRequest.MaxResults and NextToken."""
    name = place.unique("paged")
    wanted = tagged("instance", Name=name)
    launched = place.ec2.run_instances(
        **small(place, MinCount=7, MaxCount=7, TagSpecifications=wanted)
    )["Instances"]
    asked: dict[str, Any] = {"Filters": [{"Name": "tag:Name", "Values": [name]}], "MaxResults": 5}

    pages, token = [], ""
    while True:
        more = {"NextToken": token} if token else {}
        answer = place.ec2.describe_instances(**asked, **more)
        groups = answer["Reservations"]
        pages.append([each["InstanceId"] for group in groups for each in group["Instances"]])
        token = answer.get("NextToken", "")
        if not token:
            break

    assert all(len(page) <= 5 for page in pages)
    everything = sorted(each for page in pages for each in page)
    assert everything == sorted(each["InstanceId"] for each in launched)


def test_ids_and_pages_do_not_go_together(place: Place) -> None:
    """EC2 API, DescribeInstancesRequest.MaxResults: not with instance ids."""
    made = scenes.launch(place)

    code = refused(place.ec2.describe_instances, InstanceIds=[made], MaxResults=5)
    assert code == "InvalidParameterCombination"


def test_a_token_that_nobody_gave_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidNextToken / InvalidParameterValue. [NV] which for which call."""
    code = refused(place.ec2.describe_instances, MaxResults=5, NextToken="nobody-gave-this")

    assert code in ("InvalidNextToken", "InvalidParameterValue", "InvalidPaginationToken")


def test_status_checks_initialize_and_then_pass(place: Place) -> None:
    """EC2 User Guide, "Status checks"; EC2 API, InstanceStatusSummary."""
    made = scenes.machine(place)

    def said() -> set[str]:
        found = place.ec2.describe_instance_status(InstanceIds=[made])["InstanceStatuses"]
        return {found[0]["SystemStatus"]["Status"], found[0]["InstanceStatus"]["Status"]}

    assert said() == {"initializing"}
    place.until(lambda: said() == {"ok"}, at_most=600)


def test_status_is_of_running_instances_unless_all_are_wanted(place: Place) -> None:
    """EC2 API, DescribeInstanceStatusRequest.IncludeAllInstances."""
    made = scenes.machine(place)
    scenes.stopped(place, made)
    look = place.ec2.describe_instance_status

    assert look(InstanceIds=[made])["InstanceStatuses"] == []
    found = look(InstanceIds=[made], IncludeAllInstances=True)["InstanceStatuses"][0]
    assert found["InstanceState"]["Name"] == "stopped"
    assert found["SystemStatus"]["Status"] == "not-applicable"


@pytest.mark.sandbox_only("makes an instance ill")
def test_an_impaired_instance_runs_on(place: SandboxPlace) -> None:
    """EC2 User Guide, "Status checks": a failed check says impaired; the state stays running."""
    made = scenes.machine(place)
    place.control("health", {"instance": made, "system": "impaired"})
    place.later(600)

    found = place.ec2.describe_instance_status(InstanceIds=[made])["InstanceStatuses"][0]
    assert found["SystemStatus"]["Status"] == "impaired"
    assert found["InstanceState"]["Name"] == "running"


def test_a_reboot_keeps_everything(place: Place) -> None:
    """EC2 User Guide, "Reboot your instance": same host, addresses, volumes."""
    made = scenes.machine(place)
    before = scenes.instance(place, made)

    place.ec2.reboot_instances(InstanceIds=[made])

    after = scenes.instance(place, made)
    assert after["State"]["Name"] == "running"
    assert after["LaunchTime"] == before["LaunchTime"]
    assert after.get("PublicIpAddress") == before.get("PublicIpAddress")


def test_a_dry_run_changes_nothing(place: Place) -> None:
    """EC2 API, DryRun: the error DryRunOperation, HTTP 412, is the success."""
    made = scenes.machine(place)

    for method in ("stop_instances", "terminate_instances", "reboot_instances"):
        code = refused(getattr(place.ec2, method), InstanceIds=[made], DryRun=True)
        assert code == "DryRunOperation"
    assert scenes.state(place, made) == "running"


def test_type_and_credits_are_kept_over_a_stop(place: Place) -> None:
    """EC2 API, DescribeInstanceCreditSpecifications: T3 instances are unlimited by default."""
    made = scenes.machine(place)
    scenes.stopped(place, made)

    found = place.ec2.describe_instance_credit_specifications(InstanceIds=[made])
    assert [each["CpuCredits"] for each in found["InstanceCreditSpecifications"]] == ["unlimited"]
