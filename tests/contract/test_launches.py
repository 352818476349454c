"""RunInstances: what a launch keeps, what it refuses, and when it is the same launch."""

import base64
from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import NOBODY, refused, small, tagged


def test_a_launch_is_pending_and_then_running(place: Place) -> None:
    """EC2 User Guide, "Amazon EC2 instance state changes"."""
    made = place.ec2.run_instances(**small(place))["Instances"][0]

    assert made["State"] == {"Code": 0, "Name": "pending"}
    scenes.is_running(place, made["InstanceId"])
    assert scenes.instance(place, made["InstanceId"])["State"] == {"Code": 16, "Name": "running"}


@pytest.fixture
def full(place: Place) -> dict[str, Any]:
    """A launch that asks for nearly everything an instance can be asked for."""
    return small(
        place,
        InstanceType="m5.xlarge",
        Monitoring={"Enabled": True},
        EbsOptimized=True,
        DisableApiTermination=True,
        DisableApiStop=True,
        InstanceInitiatedShutdownBehavior="terminate",
        CpuOptions={"CoreCount": 2, "ThreadsPerCore": 1},
        MetadataOptions={
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 3,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "disabled",
            "InstanceMetadataTags": "enabled",
        },
        MaintenanceOptions={"AutoRecovery": "disabled"},
        PrivateDnsNameOptions={
            "HostnameType": "resource-name",
            "EnableResourceNameDnsARecord": True,
        },
        CapacityReservationSpecification={"CapacityReservationPreference": "none"},
        UserData="#!/bin/sh\necho hello\n",
        BlockDeviceMappings=[
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "VolumeSize": 20,
                    "VolumeType": "gp3",
                    "Iops": 4000,
                    "Throughput": 250,
                    "DeleteOnTermination": False,
                },
            },
            {"DeviceName": scenes.DATA, "Ebs": {"VolumeSize": 7, "Encrypted": True}},
        ],
        TagSpecifications=[*tagged("instance", Name="full"), *tagged("volume", of="full")],
    )


@pytest.mark.sandbox_only("an m5.xlarge costs money")
def test_what_a_launch_asks_for_is_what_describe_instances_says(
    place: Place, full: dict[str, Any]
) -> None:
    """EC2 API, Instance: each member describes what RunInstances was given."""
    made = scenes.machine(place, **full)
    found = scenes.instance(place, made)

    assert found["Monitoring"]["State"] == "enabled"
    assert found["EbsOptimized"] is True
    assert {**found["CpuOptions"], **full["CpuOptions"]} == found["CpuOptions"]
    assert {**found["MetadataOptions"], **full["MetadataOptions"]} == found["MetadataOptions"]
    assert found["MaintenanceOptions"]["AutoRecovery"] == "disabled"
    dns = found["PrivateDnsNameOptions"]
    assert (dns["HostnameType"], dns["EnableResourceNameDnsARecord"]) == ("resource-name", True)
    preference = found["CapacityReservationSpecification"]["CapacityReservationPreference"]
    assert preference == "none"
    assert place.tags(found) == {"Name": "full"}
    assert found["ClientToken"] or place.name != "account"


@pytest.mark.sandbox_only("an m5.xlarge costs money")
def test_what_a_launch_asks_of_volumes_is_what_describe_volumes_says(
    place: Place, full: dict[str, Any]
) -> None:
    """EC2 API, EbsBlockDevice; EC2 User Guide, "Preserve data when an instance is terminated"."""
    made = scenes.machine(place, **full)
    disks = scenes.volumes_of(place, made)
    root, data = (scenes.volume(place, disks[name]) for name in ("/dev/xvda", scenes.DATA))

    assert (root["Size"], root["VolumeType"], root["Iops"], root["Throughput"]) == (
        *(20, "gp3", 4000),
        250,
    )
    assert root["SnapshotId"]
    assert root["Attachments"][0]["DeleteOnTermination"] is False
    assert (data["Size"], data["Encrypted"]) == (7, True)
    assert data["Attachments"][0]["DeleteOnTermination"] is False
    assert place.tags(root) == place.tags(data) == {"of": "full"}


@pytest.mark.sandbox_only("an m5.xlarge costs money")
def test_what_only_attributes_tell_is_kept_too(place: Place, full: dict[str, Any]) -> None:
    """EC2 API, DescribeInstanceAttribute: user data is base64; protections, shutdown behavior."""
    made = scenes.launch(place, **full)

    def told(attribute: str) -> dict[str, Any]:
        return dict(place.ec2.describe_instance_attribute(InstanceId=made, Attribute=attribute))

    data = told("userData")["UserData"]["Value"]
    assert base64.b64decode(data).decode() == full["UserData"]
    assert told("disableApiTermination")["DisableApiTermination"] == {"Value": True}
    assert told("disableApiStop")["DisableApiStop"] == {"Value": True}
    shutdown = told("instanceInitiatedShutdownBehavior")["InstanceInitiatedShutdownBehavior"]
    assert shutdown == {"Value": "terminate"}


def test_max_count_instances_are_launched_in_one_reservation(place: Place) -> None:
    """EC2 API, RunInstancesRequest.MaxCount; numbered by AmiLaunchIndex."""
    made = place.ec2.run_instances(**small(place, MinCount=1, MaxCount=3))

    assert sorted(each["AmiLaunchIndex"] for each in made["Instances"]) == [0, 1, 2]
    found = place.ec2.describe_instances(
        InstanceIds=[each["InstanceId"] for each in made["Instances"]]
    )["Reservations"]
    assert [each["ReservationId"] for each in found] == [made["ReservationId"]]


def test_more_at_least_than_at_most_is_refused(place: Place) -> None:
    """EC2 API, RunInstancesRequest.MinCount: between 1 and MaxCount. [NV] the code."""
    call = small(place, MinCount=2, MaxCount=1)

    assert refused(place.ec2.run_instances, **call) == "InvalidParameterValue"


def test_the_same_client_token_launches_once(place: Place) -> None:
    """EC2 Developer Guide, "Ensuring idempotency in Amazon EC2 API requests"."""
    call = small(
        place, ClientToken=place.unique("token"), SubnetId=scenes.subnet(place)["SubnetId"]
    )

    first, second = (place.ec2.run_instances(**call) for _ in range(2))

    assert first["Instances"][0]["InstanceId"] == second["Instances"][0]["InstanceId"]
    assert first["ReservationId"] == second["ReservationId"]


def test_a_client_token_with_other_parameters_is_refused(place: Place) -> None:
    """EC2 API error codes, IdempotentParameterMismatch."""
    call = small(
        place, ClientToken=place.unique("token"), SubnetId=scenes.subnet(place)["SubnetId"]
    )
    place.ec2.run_instances(**call)

    changed = {**call, "InstanceType": "t3.small"}
    assert refused(place.ec2.run_instances, **changed) == "IdempotentParameterMismatch"


def test_the_client_token_of_a_terminated_instance_is_refused(place: Place) -> None:
    """EC2 API error codes, IdempotentInstanceTerminated."""
    call = small(
        place, ClientToken=place.unique("token"), SubnetId=scenes.subnet(place)["SubnetId"]
    )
    scenes.gone(place, place.ec2.run_instances(**call)["Instances"][0]["InstanceId"])

    assert refused(place.ec2.run_instances, **call) == "IdempotentInstanceTerminated"


def test_a_client_token_is_good_for_one_zone(place: Place) -> None:
    """EC2 Developer Guide, idempotency: RunInstances is zonal when a zone or subnet is given."""
    token = place.unique("token")
    ids = {
        place.ec2.run_instances(
            **small(place, ClientToken=token, SubnetId=scenes.subnet(place, nth)["SubnetId"])
        )["Instances"][0]["InstanceId"]
        for nth in (0, 1)
    }

    assert len(ids) == 2


def test_a_client_token_of_more_than_64_characters_is_refused(place: Place) -> None:
    """EC2 Developer Guide, idempotency: up to 64 ASCII characters. [NV] the code."""
    call = small(place, ClientToken="t" * 65)

    assert refused(place.ec2.run_instances, **call) == "InvalidParameterValue"


UNKNOWN: tuple[tuple[dict[str, Any], str], ...] = (
    ({"ImageId": f"ami-{NOBODY}"}, "InvalidAMIID.NotFound"),
    ({"ImageId": "ami-none"}, "InvalidAMIID.Malformed"),
    ({"SubnetId": f"subnet-{NOBODY}"}, "InvalidSubnetID.NotFound"),
    ({"SecurityGroupIds": [f"sg-{NOBODY}"]}, "InvalidGroup.NotFound"),
    ({"KeyName": "contract-nobody"}, "InvalidKeyPair.NotFound"),
)


def test_a_launch_with_what_does_not_exist_is_refused(place: Place) -> None:
    """EC2 API error codes, Invalid*.NotFound and InvalidAMIID.Malformed."""
    for given, code in UNKNOWN:
        assert refused(place.ec2.run_instances, **small(place, **given)) == code


def test_an_unknown_instance_profile_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidParameterValue, as for any name that is not there."""
    profile = {"Name": "contract-nobody"}

    call = small(place, IamInstanceProfile=profile)
    assert refused(place.ec2.run_instances, **call) == "InvalidParameterValue"


def test_an_unknown_instance_type_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidParameterValue."""
    call = small(place, InstanceType="t3.gigantic")

    assert refused(place.ec2.run_instances, **call) == "InvalidParameterValue"


def test_a_type_of_another_architecture_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidParameterValue: the AMI's architecture must be the type's."""
    call = small(place, InstanceType="t4g.micro")

    assert refused(place.ec2.run_instances, **call) == "InvalidParameterValue"


def test_a_dry_run_of_a_launch_makes_nothing(place: Place) -> None:
    """EC2 API, RunInstancesRequest.DryRun: the error DryRunOperation is the success."""
    name = place.unique("dry")
    call = small(place, DryRun=True, TagSpecifications=tagged("instance", Name=name))

    assert refused(place.ec2.run_instances, **call) == "DryRunOperation"
    filters = [{"Name": "tag:Name", "Values": [name]}]
    assert place.ec2.describe_instances(Filters=filters)["Reservations"] == []


def test_an_existing_interface_is_attached_and_outlives_the_instance(place: Place) -> None:
    """EC2 User Guide, "Network interface attachments"; InstanceNetworkInterfaceSpecification."""
    nic = scenes.free_interface(place)
    made = scenes.machine(place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": nic}])

    found = scenes.instance(place, made)["NetworkInterfaces"]
    assert [each["NetworkInterfaceId"] for each in found] == [nic]
    assert found[0]["Attachment"]["DeleteOnTermination"] is False
    scenes.gone(place, made)
    place.until(lambda: scenes.interface(place, nic)["Status"] == "available")


def test_an_interface_keeps_its_address_from_instance_to_instance(place: Place) -> None:
    """EC2 User Guide, "IP addressing": the private address belongs to the interface."""
    nic = scenes.free_interface(place)
    wanted = [{"DeviceIndex": 0, "NetworkInterfaceId": nic}]
    before = scenes.machine(place, NetworkInterfaces=wanted)
    held = scenes.instance(place, before)["PrivateIpAddress"]
    scenes.gone(place, before)
    place.until(lambda: scenes.interface(place, nic)["Status"] == "available")

    after = scenes.machine(place, NetworkInterfaces=wanted)

    assert scenes.instance(place, after)["PrivateIpAddress"] == held


def test_an_interface_in_use_is_not_launched_with(place: Place) -> None:
    """EC2 API error codes, InvalidNetworkInterface.InUse."""
    nic = scenes.free_interface(place)
    wanted = [{"DeviceIndex": 0, "NetworkInterfaceId": nic}]
    scenes.machine(place, NetworkInterfaces=wanted)

    call = small(place, NetworkInterfaces=wanted)
    assert refused(place.ec2.run_instances, **call) == "InvalidNetworkInterface.InUse"


def test_a_new_interface_goes_with_its_instance(place: Place) -> None:
    """EC2 User Guide, "Network interface attachments": deleted at termination by default."""
    made = scenes.machine(place)
    nic = scenes.instance(place, made)["NetworkInterfaces"][0]

    assert nic["Attachment"]["DeleteOnTermination"] is True
    scenes.gone(place, made)
    look = place.ec2.describe_network_interfaces
    code = refused(look, NetworkInterfaceIds=[nic["NetworkInterfaceId"]])
    assert code == "InvalidNetworkInterfaceID.NotFound"


def test_an_address_in_use_is_not_launched_with(place: Place) -> None:
    """EC2 API error codes, InvalidIPAddress.InUse."""
    first = scenes.instance(place, scenes.machine(place))

    call = small(place, SubnetId=first["SubnetId"], PrivateIpAddress=first["PrivateIpAddress"])
    assert refused(place.ec2.run_instances, **call) == "InvalidIPAddress.InUse"


def test_a_stopped_instance_holds_its_address(place: Place) -> None:
    """EC2 User Guide, "How instance stop and start works": it keeps its private addresses."""
    made = scenes.machine(place)
    held = scenes.instance(place, made)
    scenes.stopped(place, made)

    call = small(place, SubnetId=held["SubnetId"], PrivateIpAddress=held["PrivateIpAddress"])
    assert refused(place.ec2.run_instances, **call) == "InvalidIPAddress.InUse"


def test_a_terminated_instance_frees_its_address(place: Place) -> None:
    """EC2 User Guide, "IP addressing": released when the instance is terminated."""
    made = scenes.machine(place)
    held = scenes.instance(place, made)
    scenes.gone(place, made)

    again = scenes.launch(
        place, SubnetId=held["SubnetId"], PrivateIpAddress=held["PrivateIpAddress"]
    )

    assert scenes.instance(place, again)["PrivateIpAddress"] == held["PrivateIpAddress"]


def test_interfaces_and_their_parameters_do_not_go_together(place: Place) -> None:
    """EC2 API, RunInstances: with NetworkInterfaces, give subnet, groups, address there."""
    where = scenes.subnet(place)["SubnetId"]
    nics = [{"DeviceIndex": 0, "SubnetId": where}]
    given: dict[str, Any] = {
        "SubnetId": where,
        "SecurityGroupIds": [f"sg-{NOBODY}"],
        "PrivateIpAddress": "172.31.0.9",
    }

    for name, value in given.items():
        call = small(place, NetworkInterfaces=nics, **{name: value})
        assert refused(place.ec2.run_instances, **call) == "InvalidParameterCombination", name


def test_volumes_come_from_the_images_snapshots(place: Place) -> None:
    """EC2 User Guide, "Block device mappings": a volume of each snapshot, size and type kept."""
    source = scenes.with_data(place)
    backup = scenes.image_of(place, source)
    copy = scenes.machine(place, ImageId=backup)

    wanted = scenes.snapshots_in(scenes.image(place, backup))
    disks = {
        name: scenes.volume(place, id_) for name, id_ in scenes.volumes_of(place, copy).items()
    }
    assert {name: each["SnapshotId"] for name, each in disks.items()} == wanted
    assert (disks[scenes.DATA]["Size"], disks[scenes.DATA]["VolumeType"]) == (2, "gp3")


def test_an_override_changes_only_what_it_gives(place: Place) -> None:
    """EC2 User Guide, "Block device mappings": overriding the AMI's volumes at launch."""
    backup = scenes.image_of(place, scenes.with_data(place))
    wanted = scenes.snapshots_in(scenes.image(place, backup))
    bigger = {"DeviceName": scenes.DATA, "Ebs": {"VolumeSize": 3}}
    copy = scenes.machine(place, ImageId=backup, BlockDeviceMappings=[bigger])

    data = scenes.volume(place, scenes.volumes_of(place, copy)[scenes.DATA])
    assert (data["Size"], data["SnapshotId"]) == (3, wanted[scenes.DATA])
    assert data["VolumeType"] == "gp3"
    assert len(scenes.volumes_of(place, copy)) == 2


def test_no_device_leaves_a_volume_out(place: Place) -> None:
    """EC2 API, BlockDeviceMapping.NoDevice: an empty string omits the device of the AMI."""
    backup = scenes.image_of(place, scenes.with_data(place))
    without = [{"DeviceName": scenes.DATA, "NoDevice": ""}]
    copy = scenes.machine(place, ImageId=backup, BlockDeviceMappings=without)

    assert scenes.DATA not in scenes.volumes_of(place, copy)


def test_a_volume_is_not_smaller_than_its_snapshot(place: Place) -> None:
    """EC2 API, EbsBlockDevice.VolumeSize; error codes, InvalidBlockDeviceMapping."""
    tiny = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}]

    call = small(place, BlockDeviceMappings=tiny)
    assert refused(place.ec2.run_instances, **call) == "InvalidBlockDeviceMapping"


def test_a_key_without_encryption_is_refused(place: Place) -> None:
    """EC2 API, EbsBlockDevice.KmsKeyId: Encrypted must be true as well. [NV] the code."""
    disk = {"DeviceName": scenes.DATA, "Ebs": {"VolumeSize": 1, "KmsKeyId": "alias/aws/ebs"}}

    call = small(place, BlockDeviceMappings=[disk])
    assert refused(place.ec2.run_instances, **call) in (
        "InvalidParameterDependency",
        "InvalidParameterCombination",
    )


def test_io2_needs_iops(place: Place) -> None:
    """EC2 API, EbsBlockDevice.Iops: required for io1 and io2. [NV] the code."""
    disk = {"DeviceName": scenes.DATA, "Ebs": {"VolumeSize": 10, "VolumeType": "io2"}}

    call = small(place, BlockDeviceMappings=[disk])
    assert refused(place.ec2.run_instances, **call) in (
        "MissingParameter",
        "InvalidParameterCombination",
        "InvalidBlockDeviceMapping",
    )


def test_a_launch_tags_the_instance_its_volumes_and_its_interface(place: Place) -> None:
    """EC2 API, RunInstancesRequest.TagSpecifications."""
    wanted = [tagged(kind, of=kind)[0] for kind in ("instance", "volume", "network-interface")]
    made = scenes.instance(place, scenes.machine(place, TagSpecifications=wanted))
    root = next(iter(scenes.volumes_of(place, made["InstanceId"]).values()))
    nic = scenes.interface(place, made["NetworkInterfaces"][0]["NetworkInterfaceId"])

    assert place.tags(made) == {"of": "instance"}
    assert place.tags(scenes.volume(place, root)) == {"of": "volume"}
    assert place.tags({"Tags": nic["TagSet"]}) == {"of": "network-interface"}


def test_tags_of_instance_metadata_have_no_slash(place: Place) -> None:
    """EC2 User Guide, "View tags using instance metadata": such a launch fails. [NV] the code."""
    call = small(
        place,
        MetadataOptions={"InstanceMetadataTags": "enabled"},
        TagSpecifications=tagged("instance", **{"with/slash": "x"}),
    )

    assert refused(place.ec2.run_instances, **call) == "InvalidParameterValue"


def test_user_data_has_at_most_16_kb(place: Place) -> None:
    """EC2 User Guide, "User data": limited to 16 KB in raw form. [NV] the code."""
    call = small(place, UserData="x" * (16 * 1024 + 1))

    assert refused(place.ec2.run_instances, **call) == "InvalidParameterValue"


def test_a_pending_image_does_not_launch(place: Place) -> None:
    """EC2 API error codes, InvalidAMIID.Unavailable."""
    pending = scenes.requested_image(place, scenes.machine(place))

    call = small(place, ImageId=pending)
    assert refused(place.ec2.run_instances, **call) == "InvalidAMIID.Unavailable"


def test_a_disabled_image_does_not_launch(place: Place) -> None:
    """EC2 User Guide, "Disable an AMI": it can't be launched; InvalidAMIID.Unavailable."""
    backup = scenes.image_of(place, scenes.machine(place))
    place.ec2.disable_image(ImageId=backup)

    call = small(place, ImageId=backup)
    assert refused(place.ec2.run_instances, **call) == "InvalidAMIID.Unavailable"


def test_a_deregistered_image_does_not_launch(place: Place) -> None:
    """EC2 API error codes, InvalidAMIID.Unavailable (or, once forgotten, NotFound)."""
    backup = scenes.image_of(place, scenes.machine(place))
    place.ec2.deregister_image(ImageId=backup)

    code = refused(place.ec2.run_instances, **small(place, ImageId=backup))
    assert code in ("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound")


def test_an_instance_outlives_its_image(place: Place) -> None:
    """EC2 User Guide, "Deregister an AMI": instances launched from it are not affected."""
    backup = scenes.image_of(place, scenes.machine(place))
    copy = scenes.machine(place, ImageId=backup)
    place.ec2.deregister_image(ImageId=backup)

    found = scenes.instance(place, copy)
    assert (found["ImageId"], found["State"]["Name"]) == (backup, "running")


def test_metadata_needs_tokens_where_the_image_says_so(place: Place) -> None:
    """EC2 User Guide, "Configure instance metadata options": AMI ImdsSupport v2.0."""
    made = scenes.launch(place)
    base = place.ec2.describe_images(ImageIds=[place.image])["Images"][0]

    wanted = "required" if base.get("ImdsSupport") == "v2.0" else "optional"
    assert scenes.instance(place, made)["MetadataOptions"]["HttpTokens"] == wanted


@pytest.mark.sandbox_only("makes launch templates")
def test_a_template_gives_what_the_request_does_not(place: Place) -> None:
    """EC2 User Guide, "Launch instances from a launch template"; tags of EC2's own."""
    ec2 = place.ec2
    data = {
        "ImageId": place.image,
        "InstanceType": "t3.small",
        "MetadataOptions": {"HttpTokens": "required"},
        "TagSpecifications": tagged("instance", of="template"),
    }
    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    chosen = {"LaunchTemplateId": template, "Version": "$Latest"}

    answer = ec2.run_instances(
        LaunchTemplate=chosen, InstanceType="t3.micro", MinCount=1, MaxCount=1
    )

    found = answer["Instances"][0]
    assert (found["ImageId"], found["InstanceType"]) == (place.image, "t3.micro")
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert place.tags(found) == {
        "of": "template",
        "aws:ec2launchtemplate:id": template,
        "aws:ec2launchtemplate:version": "1",
    }


@pytest.mark.sandbox_only("makes launch templates")
def test_a_new_template_version_inherits_from_its_source(place: Place) -> None:
    """EC2 API, CreateLaunchTemplateVersionRequest.SourceVersion; ModifyLaunchTemplate."""
    ec2 = place.ec2
    data = {"ImageId": place.image, "InstanceType": "t3.small"}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    ec2.create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.nano"}
    )
    ec2.modify_launch_template(LaunchTemplateName="web", DefaultVersion="2")

    found = ec2.describe_launch_template_versions(LaunchTemplateName="web", Versions=["$Default"])[
        "LaunchTemplateVersions"
    ]
    assert [each["VersionNumber"] for each in found] == [2]
    assert found[0]["LaunchTemplateData"]["ImageId"] == place.image
    assert found[0]["LaunchTemplateData"]["InstanceType"] == "t3.nano"
