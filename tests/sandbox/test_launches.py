"""RunInstances: what it refuses, what it keeps, and that a token launches once."""

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from sandbox.process import Sandbox
from tests.sandbox.scenes import LINUX, SMALL, code, describe, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


HIBERNATION: dict[str, Any] = {"HibernationOptions": {"Configured": True}}


def root(**ebs: Any) -> dict[str, Any]:  # noqa: ANN401
    """A launch's own settings of the root volume."""
    return {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": ebs}]}


def own_image(aws: Sandbox, ec2: "EC2Client", **more: Any) -> tuple[str, str]:  # noqa: ANN401
    """An available image of a running instance with two volumes, and the instance's id."""
    mapping = [
        {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20, "VolumeType": "io1", "Iops": 400}}
    ]
    source = launch(ec2, BlockDeviceMappings=mapping)["InstanceId"]
    aws.clock.advance(30)
    for block in describe(ec2, source)["BlockDeviceMappings"]:
        aws.disks.write(block["Ebs"]["VolumeId"], f"{block['DeviceName']} of the source")
    image = ec2.create_image(InstanceId=source, Name="own/image", NoReboot=True, **more)["ImageId"]
    aws.clock.advance(60)
    return image, source


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"ImageId": "ami-0fffffffffffffff0"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "image"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "t3.tiny"}, "InvalidParameterValue"),
        ({"InstanceType": "t4g.micro"}, "InvalidParameterValue"),
        ({"SubnetId": "subnet-0fffffffffffffff0"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0fffffffffffffff0"]}, "InvalidGroup.NotFound"),
        ({"SecurityGroups": ["nobody"]}, "InvalidGroup.NotFound"),
        ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "InvalidParameterValue"),
        (
            {"IamInstanceProfile": {"Arn": "arn:aws:iam::123456789012:instance-profile/nobody"}},
            "InvalidParameterValue",
        ),
        ({"IamInstanceProfile": {"Arn": "a", "Name": "b"}}, "InvalidParameterCombination"),
        ({"MinCount": 0}, "InvalidParameterValue"),
        ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue"),
        ({"Placement": {"AvailabilityZone": "eu-west-1a"}}, "InvalidParameterValue"),
        ({"Placement": {"Tenancy": "shared"}}, "InvalidParameterValue"),
        ({"Placement": {"GroupName": "nobody"}}, "InvalidPlacementGroup.Unknown"),
        (
            {"InstanceType": "t3.micro", "Placement": {"AvailabilityZone": "us-east-1e"}},
            "Unsupported",
        ),
        ({"ClientToken": "x" * 65}, "InvalidParameterValue"),
        ({"UserData": "x" * 16385}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
        (
            {"LaunchTemplate": {"LaunchTemplateName": "nobody"}},
            "InvalidLaunchTemplateName.NotFoundException",
        ),
        (
            {"LaunchTemplate": {"LaunchTemplateId": "lt-0", "LaunchTemplateName": "x"}},
            "InvalidParameterCombination",
        ),
        ({"MetadataOptions": {"HttpTokens": "maybe"}}, "InvalidParameterValue"),
        ({"MetadataOptions": {"HttpPutResponseHopLimit": 65}}, "InvalidParameterValue"),
        ({"CpuOptions": {"CoreCount": 1}}, "MissingParameter"),
        ({"CpuOptions": {"CoreCount": 9, "ThreadsPerCore": 1}}, "InvalidParameterValue"),
        ({"CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 4}}, "InvalidParameterValue"),
        ({"CreditSpecification": {"CpuCredits": "plenty"}}, "InvalidParameterValue"),
        (
            {"InstanceType": "m5.large", "CreditSpecification": {"CpuCredits": "standard"}},
            "InvalidParameterCombination",
        ),
        (
            {"HibernationOptions": {"Configured": True}, "EnclaveOptions": {"Enabled": True}},
            "InvalidParameterCombination",
        ),
        (
            {
                "CapacityReservationSpecification": {
                    "CapacityReservationPreference": "open",
                    "CapacityReservationTarget": {"CapacityReservationId": "cr-1"},
                }
            },
            "InvalidParameterCombination",
        ),
        (
            {"CapacityReservationSpecification": {"CapacityReservationPreference": "maybe"}},
            "InvalidParameterValue",
        ),
        ({"MaintenanceOptions": {"AutoRecovery": "maybe"}}, "InvalidParameterValue"),
        ({"EnclaveOptions": {"Enabled": True}}, "InvalidParameterCombination"),
        (HIBERNATION, "UnsupportedHibernationConfiguration"),
        ({**HIBERNATION, **root(VolumeSize=99)}, "UnsupportedHibernationConfiguration"),
        (
            {**HIBERNATION, **root(Encrypted=True), "InstanceType": "m5.xlarge"},
            "UnsupportedHibernationConfiguration",
        ),
        (
            {**HIBERNATION, **root(Encrypted=True, VolumeType="standard")},
            "UnsupportedHibernationConfiguration",
        ),
        (
            {**HIBERNATION, **root(Encrypted=True), "InstanceType": "c5.metal"},
            "UnsupportedHibernationConfiguration",
        ),
        ({"InstanceMarketOptions": {"MarketType": "bazaar"}}, "InvalidParameterValue"),
        (
            {"InstanceMarketOptions": {"MarketType": "spot"}, "DisableApiTermination": True},
            "UnsupportedOperation",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_a_launch_that_cannot_be_is_refused(
    ec2: "EC2Client", given: dict[str, Any], refusal: str
) -> None:
    """And nothing of it exists afterwards."""
    assert code(ec2.run_instances, **{**SMALL, **given}) == refusal
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_user_data_that_is_not_base64_is_refused(aws: Sandbox) -> None:
    """Botocore encodes it; other clients may not."""
    ec2 = aws.client("ec2", config=Config())

    def spoil(params: dict[str, Any], **_: Any) -> None:  # noqa: ANN401
        params["body"]["UserData"] = "%%%"

    ec2.meta.events.register("before-call.ec2.RunInstances", spoil)

    assert code(ec2.run_instances, **SMALL) == "InvalidUserData.Malformed"


def test_an_image_is_needed(ec2: "EC2Client") -> None:
    """From the request or from a template."""
    assert code(ec2.run_instances, MinCount=1, MaxCount=1) == "MissingParameter"


@pytest.mark.parametrize("state", ["pending", "disabled", "failed", "deregistered"])
def test_only_an_available_image_launches(aws: Sandbox, ec2: "EC2Client", state: str) -> None:
    """InvalidAMIID.Unavailable otherwise."""
    source = launch(ec2)["InstanceId"]
    aws.clock.advance(10)
    image = ec2.create_image(InstanceId=source, Name="own", NoReboot=True)["ImageId"]
    if state == "failed":
        ec2.terminate_instances(InstanceIds=[source])
    if state != "pending":
        aws.clock.advance(60)
    if state == "disabled":
        ec2.disable_image(ImageId=image)
    if state == "deregistered":
        ec2.deregister_image(ImageId=image)

    assert code(ec2.run_instances, **{**SMALL, "ImageId": image}) == "InvalidAMIID.Unavailable"


def test_max_count_is_launched(ec2: "EC2Client") -> None:
    """Where there is room, in one reservation, numbered."""
    answer = ec2.run_instances(**{**SMALL, "MaxCount": 3})

    assert [each["AmiLaunchIndex"] for each in answer["Instances"]] == [0, 1, 2]
    assert len(ec2.describe_instances()["Reservations"]) == 1


def test_fewer_are_launched_where_the_subnet_is_small(ec2: "EC2Client") -> None:
    """As many as there are addresses for; below MinCount nothing."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")["Subnet"]["SubnetId"]

    first = ec2.run_instances(**{**SMALL, "SubnetId": subnet, "MaxCount": 20})

    assert len(first["Instances"]) == 11
    assert (
        code(ec2.run_instances, **{**SMALL, "SubnetId": subnet})
        == "InsufficientFreeAddressesInSubnet"
    )


def test_it_is_pending_and_then_running(aws: Sandbox, ec2: "EC2Client") -> None:
    """By the clock alone."""
    instance = launch(ec2)
    assert instance["State"] == {"Code": 0, "Name": "pending"}
    assert instance["StateReason"]["Code"] == "pending"

    aws.clock.advance(3)
    running = describe(ec2, instance["InstanceId"])

    assert running["State"] == {"Code": 16, "Name": "running"}
    assert "StateReason" not in running


def test_volumes_come_from_the_image(aws: Sandbox, ec2: "EC2Client") -> None:
    """Every device, its settings, its snapshot and its content."""
    image, _ = own_image(aws, ec2)
    mapping = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    snapshots = {each["DeviceName"]: each["Ebs"]["SnapshotId"] for each in mapping}

    copy = launch(ec2, ImageId=image)["InstanceId"]
    found = {}
    for block in describe(ec2, copy)["BlockDeviceMappings"]:
        volume = ec2.describe_volumes(VolumeIds=[block["Ebs"]["VolumeId"]])["Volumes"][0]
        found[block["DeviceName"]] = (volume, block["Ebs"]["DeleteOnTermination"])

    assert {name: each["SnapshotId"] for name, (each, _) in found.items()} == snapshots
    assert (found["/dev/sdf"][0]["VolumeType"], found["/dev/sdf"][0]["Iops"]) == ("io1", 400)
    assert {name: delete for name, (_, delete) in found.items()} == {
        "/dev/xvda": True,
        "/dev/sdf": False,
    }
    assert aws.disks.read(copy)["devices"]["/dev/sdf"]["holds"] == "/dev/sdf of the source"


def test_an_override_changes_only_what_it_gives(aws: Sandbox, ec2: "EC2Client") -> None:
    """The root keeps its snapshot and flag; another device is dropped."""
    image, _ = own_image(aws, ec2)
    copy = launch(
        ec2,
        ImageId=image,
        BlockDeviceMappings=[
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {"VolumeSize": 99, "VolumeType": "gp3", "Throughput": 300},
            },
            {"DeviceName": "/dev/sdf", "NoDevice": ""},
            {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 5, "Encrypted": True}},
            {"DeviceName": "/dev/sdh", "VirtualName": "ephemeral0"},
        ],
    )
    blocks = {each["DeviceName"]: each["Ebs"] for each in copy["BlockDeviceMappings"]}
    root = ec2.describe_volumes(VolumeIds=[blocks["/dev/xvda"]["VolumeId"]])["Volumes"][0]
    new = ec2.describe_volumes(VolumeIds=[blocks["/dev/sdg"]["VolumeId"]])["Volumes"][0]

    assert set(blocks) == {"/dev/xvda", "/dev/sdg"}
    assert (root["Size"], root["VolumeType"], root["Throughput"]) == (99, "gp3", 300)
    assert root["SnapshotId"].startswith("snap-")
    assert blocks["/dev/xvda"]["DeleteOnTermination"] is True
    assert new["Encrypted"] is True


def test_a_type_without_iops_drops_the_images(aws: Sandbox, ec2: "EC2Client") -> None:
    """io1 in the image, gp2 in the request."""
    image, _ = own_image(aws, ec2)

    copy = launch(
        ec2,
        ImageId=image,
        BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeType": "gp2"}}],
    )

    [volume] = ec2.describe_volumes(
        Filters=[
            {"Name": "attachment.instance-id", "Values": [copy["InstanceId"]]},
            {"Name": "attachment.device", "Values": ["/dev/sdf"]},
        ]
    )["Volumes"]
    assert (volume["VolumeType"], volume["Size"]) == ("gp2", 20)


@pytest.mark.parametrize(
    ("mapping", "refusal"),
    [
        ({"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}, "InvalidBlockDeviceMapping"),
        ({"DeviceName": "/dev/xvda", "NoDevice": ""}, "InvalidBlockDeviceMapping"),
        (
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "st1", "VolumeSize": 500}},
            "InvalidBlockDeviceMapping",
        ),
        (
            {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-0fffffffffffffff0"}},
            "InvalidBlockDeviceMapping",
        ),
        (
            {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-0fffffffffffffff0"}},
            "InvalidSnapshot.NotFound",
        ),
        ({"DeviceName": "/dev/sdf", "Ebs": {"VolumeType": "gp3"}}, "MissingParameter"),
        ({"DeviceName": "/dev/sdf"}, "MissingParameter"),
        ({"Ebs": {"VolumeSize": 8}}, "MissingParameter"),
        (
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "KmsKeyId": "alias/x"}},
            "InvalidParameterDependency",
        ),
        (
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "VolumeType": "io1"}},
            "MissingParameter",
        ),
        (
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8, "VolumeType": "gp2", "Iops": 300}},
            "InvalidParameterCombination",
        ),
    ],
)
def test_a_mapping_that_no_volume_can_have_is_refused(
    ec2: "EC2Client", mapping: dict[str, Any], refusal: str
) -> None:
    """Before anything is made."""
    assert code(ec2.run_instances, **SMALL, BlockDeviceMappings=[mapping]) == refusal
    assert ec2.describe_volumes()["Volumes"] == []


def test_a_device_is_named_once(ec2: "EC2Client") -> None:
    """InvalidBlockDeviceMapping."""
    twice = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}}] * 2

    assert (
        code(ec2.run_instances, **SMALL, BlockDeviceMappings=twice) == "InvalidBlockDeviceMapping"
    )


def test_an_encrypted_snapshot_stays_encrypted(aws: Sandbox, ec2: "EC2Client") -> None:
    """With its own key; Encrypted=false is refused."""
    encrypted = [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}]
    source = launch(ec2, BlockDeviceMappings=encrypted)["InstanceId"]
    aws.clock.advance(10)
    image = ec2.create_image(InstanceId=source, Name="own", NoReboot=True)["ImageId"]
    aws.clock.advance(60)
    key = ec2.describe_volumes()["Volumes"][0]["KmsKeyId"]

    plain = [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": False}}]
    same = [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "KmsKeyId": key}}]

    assert (
        code(ec2.run_instances, **{**SMALL, "ImageId": image}, BlockDeviceMappings=plain)
        == "InvalidBlockDeviceMapping"
    )
    launch(ec2, ImageId=image, BlockDeviceMappings=same)
    assert {each["KmsKeyId"] for each in ec2.describe_volumes()["Volumes"]} == {key}


def test_a_launch_with_a_bad_key_dies_later(aws: Sandbox, ec2: "EC2Client") -> None:
    """Keys are checked asynchronously: Client.InternalError, and everything is let go."""
    bad = {
        "VolumeSize": 8,
        "Encrypted": True,
        "KmsKeyId": "00000000-0000-0000-0000-000000000000",
        "DeleteOnTermination": True,
    }
    instance = launch(ec2, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": bad}])
    assert instance["State"]["Name"] == "pending"

    aws.clock.advance(5)
    dead = describe(ec2, instance["InstanceId"])

    assert dead["State"]["Name"] == "terminated"
    assert dead["StateReason"]["Code"] == "Client.InternalError"
    assert ec2.describe_volumes()["Volumes"] == []


def test_an_operator_can_let_launches_of_an_image_die(aws: Sandbox, ec2: "EC2Client") -> None:
    """With the state reason of their choice."""
    aws.health.set(image=LINUX, launch="Server.InternalError")
    instance = launch(ec2)["InstanceId"]

    aws.clock.advance(5)

    assert describe(ec2, instance)["StateReason"]["Code"] == "Server.InternalError"


def test_tags_are_set_at_launch(ec2: "EC2Client") -> None:
    """On the instance, on all its volumes, on its new interfaces."""
    kinds = ("instance", "volume", "network-interface")
    specifications: list[Any] = [
        {"ResourceType": kind, "Tags": [{"Key": "kind", "Value": kind}]} for kind in kinds
    ]

    launch(ec2, TagSpecifications=specifications)

    found = {each["ResourceType"]: each["Value"] for each in ec2.describe_tags()["Tags"]}
    assert found == {kind: kind for kind in kinds}


@pytest.mark.parametrize(
    "given",
    [
        {
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "aws:x", "Value": ""}]}
            ]
        },
        {"TagSpecifications": [{"ResourceType": "image", "Tags": [{"Key": "x", "Value": ""}]}]},
        {
            "TagSpecifications": [
                {"ResourceType": "instance", "Tags": [{"Key": "a b", "Value": ""}]}
            ],
            "MetadataOptions": {"InstanceMetadataTags": "enabled"},
        },
    ],
)
def test_tags_that_cannot_be_are_refused(ec2: "EC2Client", given: dict[str, Any]) -> None:
    """Reserved keys, other resources, keys that instance metadata cannot serve."""
    assert code(ec2.run_instances, **SMALL, **given) == "InvalidParameterValue"


def test_user_data_is_kept_exactly(ec2: "EC2Client") -> None:
    """Base64 on the wire once, whatever the bytes."""
    data = "#!/bin/sh\necho äöü\n"
    instance = launch(ec2, UserData=data)["InstanceId"]

    kept = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")["UserData"]

    assert base64.b64decode(kept["Value"]) == data.encode()


def test_everything_that_is_asked_for_is_kept(aws: Sandbox, ec2: "EC2Client") -> None:
    """The whole parameter set comes back from DescribeInstances."""
    iam = aws.client("iam")
    iam.create_instance_profile(InstanceProfileName="web")
    profile = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    ec2.create_key_pair(KeyName="key")
    ec2.create_placement_group(GroupName="spread", Strategy="spread")
    given: dict[str, Any] = {
        "InstanceType": "m5.xlarge",
        "KeyName": "key",
        "EbsOptimized": True,
        "IamInstanceProfile": {"Name": "web"},
        "Monitoring": {"Enabled": True},
        "MetadataOptions": {
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 3,
            "HttpEndpoint": "enabled",
            "HttpProtocolIpv6": "enabled",
            "InstanceMetadataTags": "enabled",
        },
        "CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 1},
        "HibernationOptions": {"Configured": True},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30, "Encrypted": True}}
        ],
        "MaintenanceOptions": {"AutoRecovery": "disabled"},
        "PrivateDnsNameOptions": {
            "HostnameType": "resource-name",
            "EnableResourceNameDnsARecord": True,
        },
        "CapacityReservationSpecification": {"CapacityReservationPreference": "none"},
        "Placement": {
            "AvailabilityZone": "us-east-1b",
            "Tenancy": "dedicated",
            "GroupName": "spread",
        },
        "LicenseSpecifications": [{"LicenseConfigurationArn": "arn:license"}],
        "ClientToken": "token",
    }

    instance = describe(ec2, launch(ec2, **given)["InstanceId"])

    for name in (
        "InstanceType",
        "KeyName",
        "EbsOptimized",
        "CpuOptions",
        "HibernationOptions",
        "ClientToken",
    ):
        assert instance[name] == given[name], name
    for name in ("MetadataOptions", "MaintenanceOptions", "PrivateDnsNameOptions", "Placement"):
        assert given[name].items() <= instance[name].items(), name
    assert instance["IamInstanceProfile"] == {
        "Arn": profile["Arn"],
        "Id": profile["InstanceProfileId"],
    }
    assert instance["Monitoring"]["State"] == "pending"
    assert instance["MetadataOptions"]["State"] == "applied"
    assert instance["CapacityReservationSpecification"] == {"CapacityReservationPreference": "none"}
    assert instance["Licenses"] == given["LicenseSpecifications"]
    assert instance["PrivateDnsName"] == f"{instance['InstanceId']}.ec2.internal"
    [association] = ec2.describe_iam_instance_profile_associations()[
        "IamInstanceProfileAssociations"
    ]
    assert association["InstanceId"] == instance["InstanceId"]


def test_a_targeted_capacity_reservation_is_kept(ec2: "EC2Client") -> None:
    """With its id on the instance."""
    made = ec2.create_capacity_reservation(
        InstanceType="m5.xlarge",
        InstancePlatform="Linux/UNIX",
        AvailabilityZone="us-east-1a",
        InstanceCount=1,
    )["CapacityReservation"]["CapacityReservationId"]
    target = {"CapacityReservationTarget": {"CapacityReservationId": made}}
    instance = launch(
        ec2,
        Placement={"AvailabilityZone": "us-east-1a"},
        CapacityReservationSpecification=target,
        EnclaveOptions={"Enabled": True},
        InstanceType="m5.xlarge",
    )

    assert instance["CapacityReservationId"] == made
    assert instance["EnclaveOptions"] == {"Enabled": True}


def test_an_image_with_imds_v2_needs_tokens(ec2: "EC2Client") -> None:
    """The launch's own options come first."""
    assert launch(ec2)["MetadataOptions"]["HttpTokens"] == "required"
    own = launch(ec2, MetadataOptions={"HttpTokens": "optional"})
    assert own["MetadataOptions"]["HttpTokens"] == "optional"


def test_a_spot_instance_says_so(aws: Sandbox, ec2: "EC2Client") -> None:
    """One that is one-time cannot be stopped; a persistent one can."""
    once = launch(ec2, InstanceMarketOptions={"MarketType": "spot"})
    options = {"SpotInstanceType": "persistent", "InstanceInterruptionBehavior": "stop"}
    again = launch(ec2, InstanceMarketOptions={"MarketType": "spot", "SpotOptions": options})
    aws.clock.advance(5)

    assert once["InstanceLifecycle"] == "spot"
    assert once["SpotInstanceRequestId"].startswith("sir-")
    assert code(ec2.stop_instances, InstanceIds=[once["InstanceId"]]) == "UnsupportedOperation"
    ec2.stop_instances(InstanceIds=[again["InstanceId"]])


def test_the_same_token_launches_once(ec2: "EC2Client") -> None:
    """The same instance answers; DescribeInstances finds it by its token."""
    first = launch(ec2, ClientToken="once")["InstanceId"]

    assert launch(ec2, ClientToken="once")["InstanceId"] == first
    found = ec2.describe_instances(Filters=[{"Name": "client-token", "Values": ["once"]}])
    assert len(found["Reservations"]) == 1


def test_the_same_token_with_other_parameters_is_refused(ec2: "EC2Client") -> None:
    """IdempotentParameterMismatch."""
    launch(ec2, ClientToken="once")

    refused = code(ec2.run_instances, **{**SMALL, "InstanceType": "t3.small"}, ClientToken="once")

    assert refused == "IdempotentParameterMismatch"


def test_the_token_of_a_terminated_instance_is_refused(aws: Sandbox, ec2: "EC2Client") -> None:
    """IdempotentInstanceTerminated, also when the instance is forgotten."""
    first = launch(ec2, ClientToken="once")["InstanceId"]
    ec2.terminate_instances(InstanceIds=[first])
    aws.clock.advance(2 * 3600)

    assert code(ec2.run_instances, **SMALL, ClientToken="once") == "IdempotentInstanceTerminated"


def test_a_token_is_good_for_a_zone_when_one_is_given(ec2: "EC2Client") -> None:
    """The same token in another zone launches a second instance."""
    zones = [subnet_of(ec2, zone) for zone in ("us-east-1a", "us-east-1b")]

    ids = {launch(ec2, ClientToken="once", SubnetId=zone)["InstanceId"] for zone in zones}

    assert len(ids) == 2


def test_a_refused_launch_leaves_its_token_free(ec2: "EC2Client") -> None:
    """The next try with it launches."""
    code(ec2.run_instances, **{**SMALL, "KeyName": "nobody"}, ClientToken="once")

    assert launch(ec2, ClientToken="once")["InstanceId"]


def test_a_template_gives_what_the_request_does_not(ec2: "EC2Client") -> None:
    """The request's own parameters win; the template is named in tags."""
    data: Any = {
        "ImageId": LINUX,
        "InstanceType": "t3.small",
        "UserData": base64.b64encode(b"from the template").decode(),
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 5},
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40, "VolumeType": "gp3"}}
        ],
        "TagSpecifications": [
            {
                "ResourceType": "instance",
                "Tags": [{"Key": "a", "Value": "template"}, {"Key": "b", "Value": "template"}],
            }
        ],
    }
    template = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    template_id = template["LaunchTemplate"]["LaunchTemplateId"]

    answer = ec2.run_instances(
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"},
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 1}},
        ],
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "request"}]}
        ],
    )
    instance = describe(ec2, answer["Instances"][0]["InstanceId"])

    assert (instance["InstanceType"], instance["ImageId"]) == ("t3.micro", LINUX)
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 5
    assert {each["Key"]: each["Value"] for each in instance["Tags"]} == {
        "aws:ec2launchtemplate:id": template_id,
        "aws:ec2launchtemplate:version": "1",
        "a": "request",
        "b": "template",
    }
    root = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    volume = ec2.describe_volumes(VolumeIds=[root])["Volumes"][0]
    assert (volume["Size"], volume["VolumeType"]) == (50, "gp3")


def test_a_template_has_the_versions_it_has(ec2: "EC2Client") -> None:
    """InvalidLaunchTemplateId.VersionNotFound otherwise."""
    data: Any = {"ImageId": LINUX, "InstanceType": "t3.small"}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    template = {"LaunchTemplateName": "web", "Version": "7"}

    refused = code(ec2.run_instances, LaunchTemplate=template, MinCount=1, MaxCount=1)

    assert refused == "InvalidLaunchTemplateId.VersionNotFound"


def test_an_image_of_another_account_launches_when_it_is_shared(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """By launch permission alone."""
    image, _ = own_image(aws, ec2)
    other = aws.client("ec2", account="210987654321")
    assert code(other.run_instances, **{**SMALL, "ImageId": image}) == "InvalidAMIID.NotFound"

    ec2.modify_image_attribute(
        ImageId=image, LaunchPermission={"Add": [{"UserId": "210987654321"}]}
    )

    assert launch(other, ImageId=image)["ImageId"] == image


def test_an_auto_scaling_group_launches_through_the_same_rules(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    """Its members are instances like any other."""
    data: Any = {"ImageId": LINUX, "InstanceType": "t3.small"}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    aws.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="group",
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"},
        MinSize=2,
        MaxSize=2,
        VPCZoneIdentifier=subnet_of(ec2),
    )
    aws.clock.advance(5)

    found = ec2.describe_instances(
        Filters=[{"Name": "tag:aws:autoscaling:groupName", "Values": ["group"]}]
    )
    instances = [each for row in found["Reservations"] for each in row["Instances"]]
    assert [each["State"]["Name"] for each in instances] == ["running", "running"]


def test_a_placement_group_is_there_until_it_is_empty(ec2: "EC2Client") -> None:
    """Created once, described, not deleted while in use."""
    ec2.create_placement_group(GroupName="group")
    launch(ec2, InstanceType="m5.large", Placement={"GroupName": "group"})

    assert code(ec2.create_placement_group, GroupName="group") == "InvalidPlacementGroup.Duplicate"
    assert code(ec2.create_placement_group, GroupName="x", Strategy="y") == "InvalidParameterValue"
    assert code(ec2.delete_placement_group, GroupName="group") == "InvalidPlacementGroup.InUse"
    assert code(ec2.describe_placement_groups, GroupNames=["x"]) == "InvalidPlacementGroup.Unknown"
    [group] = ec2.describe_placement_groups(Filters=[{"Name": "strategy", "Values": ["cluster"]}])[
        "PlacementGroups"
    ]
    assert group["State"] == "available"


def test_an_empty_placement_group_can_go(ec2: "EC2Client") -> None:
    """And is unknown then."""
    ec2.create_placement_group(GroupName="group")
    ec2.delete_placement_group(GroupName="group")

    assert code(ec2.delete_placement_group, GroupName="group") == "InvalidPlacementGroup.Unknown"


def test_a_new_template_version_inherits_from_its_source(ec2: "EC2Client") -> None:
    """Except for what it says itself."""
    data: Any = {
        "ImageId": LINUX,
        "InstanceType": "t3.small",
        "UserData": base64.b64encode(b"source").decode(),
    }
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)

    ec2.create_launch_template_version(
        LaunchTemplateName="web", SourceVersion="1", LaunchTemplateData={"InstanceType": "t3.micro"}
    )

    template: Any = {"LaunchTemplateName": "web", "Version": "2"}
    one = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)["Instances"][0]
    assert (one["InstanceType"], one["ImageId"]) == ("t3.micro", LINUX)
    kept = ec2.describe_instance_attribute(InstanceId=one["InstanceId"], Attribute="userData")
    assert base64.b64decode(kept["UserData"]["Value"]) == b"source"


def test_the_data_of_an_instance_launches_its_like(aws: Sandbox, ec2: "EC2Client") -> None:
    """GetLaunchTemplateData; ``aws:`` tags are left out."""
    tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    iam = aws.client("iam")
    iam.create_instance_profile(InstanceProfileName="web")
    one = launch(
        ec2,
        UserData="x",
        TagSpecifications=tags,
        SubnetId=subnet_of(ec2),
        MetadataOptions={"HttpPutResponseHopLimit": 9},
        IamInstanceProfile={"Name": "web"},
    )

    data = ec2.get_launch_template_data(InstanceId=one["InstanceId"])["LaunchTemplateData"]

    assert (data["ImageId"], data["InstanceType"]) == (LINUX, "t3.micro")
    assert base64.b64decode(data["UserData"]) == b"x"
    assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 9
    assert data["TagSpecifications"][0]["Tags"] == [{"Key": "a", "Value": "b"}]
    assert data["NetworkInterfaces"][0]["SubnetId"] == one["SubnetId"]
    assert data["BlockDeviceMappings"][0]["Ebs"]["VolumeType"]
    assert data["IamInstanceProfile"]["Arn"].endswith("/web")
    assert data["CreditSpecification"]["CpuCredits"] == "unlimited"


def test_an_image_can_be_named_by_a_parameter(aws: Sandbox, ec2: "EC2Client") -> None:
    """``resolve:ssm:`` at launch time."""
    aws.client("ssm").put_parameter(Name="/golden", Value=LINUX, Type="String")

    assert launch(ec2, ImageId="resolve:ssm:/golden")["ImageId"] == LINUX
    public = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64"
    assert launch(ec2, ImageId=public)["ImageId"] == LINUX
    missing = {**SMALL, "ImageId": "resolve:ssm:/nobody"}
    assert code(ec2.run_instances, **missing) == "InvalidParameterValue"


def test_a_stack_launches_and_terminates(aws: Sandbox, ec2: "EC2Client") -> None:
    """CloudFormation goes through the same rules."""
    resource = {"ImageId": LINUX, "InstanceType": "t3.micro"}
    template = {"Resources": {"One": {"Type": "AWS::EC2::Instance", "Properties": resource}}}
    assert ec2.describe_images(ImageIds=[LINUX])["Images"]
    stacks = aws.client("cloudformation")
    stacks.create_stack(StackName="stack", TemplateBody=json.dumps(template))
    aws.clock.advance(5)
    stacks.delete_stack(StackName="stack")
    aws.clock.advance(5)

    [reservation] = ec2.describe_instances()["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "terminated"


def test_a_spot_request_launches_a_spot_instance(ec2: "EC2Client") -> None:
    """Through moto's own spot requests."""
    wanted: Any = {"ImageId": LINUX, "InstanceType": "t3.micro"}
    request = ec2.request_spot_instances(LaunchSpecification=wanted)["SpotInstanceRequests"][0]

    assert describe(ec2, request["InstanceId"])["InstanceLifecycle"] == "spot"


def test_a_network_without_host_names_gives_no_public_name(aws: Sandbox, ec2: "EC2Client") -> None:
    """The public address is there all the same."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")["Subnet"]["SubnetId"]
    specs: Any = [{"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}]

    made = launch(ec2, NetworkInterfaces=specs)["InstanceId"]
    aws.clock.advance(20)

    one = describe(ec2, made)
    assert one["PublicIpAddress"]
    assert one["PublicDnsName"] == ""


def test_names_of_groups_are_for_the_default_network(ec2: "EC2Client") -> None:
    """InvalidParameterCombination with any subnet; without a default network nothing."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")["Subnet"]["SubnetId"]

    named = {**SMALL, "SubnetId": subnet, "SecurityGroups": ["default"]}
    assert code(ec2.run_instances, **named) == "InvalidParameterCombination"
    named["SubnetId"] = subnet_of(ec2)
    assert code(ec2.run_instances, **named) == "InvalidParameterCombination"
    assert launch(ec2, SecurityGroups=["default"])["SecurityGroups"][0]["GroupName"] == "default"


def test_an_account_without_a_default_network_needs_a_subnet(ec2: "EC2Client") -> None:
    """VPCIdNotSpecified."""
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=str(subnet["SubnetId"]))
    ec2.delete_vpc(VpcId=vpc)

    assert code(ec2.run_instances, **SMALL) == "VPCIdNotSpecified"


def test_a_subnet_without_a_zone_is_in_the_first(ec2: "EC2Client") -> None:
    """Always, so that a test does not depend on luck."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]

    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/28")["Subnet"]

    assert made["AvailabilityZone"] == "us-east-1a"


def test_a_zone_without_a_default_subnet_needs_one_named(ec2: "EC2Client") -> None:
    """MissingInput."""
    ec2.delete_subnet(SubnetId=subnet_of(ec2, "us-east-1b"))

    placed = {**SMALL, "Placement": {"AvailabilityZone": "us-east-1b"}}
    assert code(ec2.run_instances, **placed) == "MissingInput"


def test_metadata_defaults_of_the_account_stand_between_launch_and_image(ec2: "EC2Client") -> None:
    """Set, seen, overridden, taken back."""
    modify = ec2.modify_instance_metadata_defaults
    modify(HttpTokens="optional", HttpPutResponseHopLimit=4, InstanceMetadataTags="enabled")
    options = launch(ec2)["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("optional", 4)
    own = launch(ec2, MetadataOptions={"HttpTokens": "required"})["MetadataOptions"]
    assert (own["HttpTokens"], own["InstanceMetadataTags"]) == ("required", "enabled")

    modify(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)

    assert ec2.get_instance_metadata_defaults()["AccountLevel"] == {
        "InstanceMetadataTags": "enabled"
    }
    assert code(modify, HttpEndpoint="maybe") == "InvalidParameterValue"
    assert code(modify, HttpPutResponseHopLimit=0) == "InvalidParameterValue"


def test_an_account_can_enforce_tokens(ec2: "EC2Client") -> None:
    """A launch with optional ones fails then."""
    ec2.modify_instance_metadata_defaults(HttpTokensEnforced="enabled")
    optional = {**SMALL, "MetadataOptions": {"HttpTokens": "optional"}}

    assert code(ec2.run_instances, **optional) == "OperationNotPermitted"
    assert launch(ec2)["MetadataOptions"]["HttpTokens"] == "required"
