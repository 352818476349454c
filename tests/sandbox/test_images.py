"""Images: made of instances, seen by those who may, and gone when they are deregistered."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, ARG002, D102, D103, PLR0917

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LINUX = "ami-0abc0000000000001"
WINDOWS = "ami-0abc0000000000004"
ZONE = "us-east-1a"
ME = "123456789012"
OTHER = "222233334444"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def launch(aws: Sandbox, ec2: "EC2Client", image: str = LINUX, **more: Any) -> str:
    made = ec2.run_instances(
        ImageId=image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        Placement={"AvailabilityZone": ZONE},
        **more,
    )["Instances"][0]["InstanceId"]
    aws.clock.advance(60)
    return made


@pytest.fixture
def instance(aws: Sandbox, ec2: "EC2Client") -> str:
    """A running instance with an encrypted data volume on /dev/sdf."""
    made = launch(aws, ec2)
    volume = ec2.create_volume(
        AvailabilityZone=ZONE,
        Size=10,
        VolumeType="gp3",
        Iops=4000,
        Throughput=200,
        Encrypted=True,
    )["VolumeId"]
    aws.clock.advance(5)
    ec2.attach_volume(VolumeId=volume, InstanceId=made, Device="/dev/sdf")
    aws.clock.advance(5)
    return made


@pytest.fixture
def image(aws: Sandbox, ec2: "EC2Client", instance: str) -> str:
    """An available image with two snapshots."""
    made = make(ec2, instance, "point")
    aws.clock.advance(60)
    return made


def make(ec2: "EC2Client", instance: str, name: str, **more: Any) -> str:
    asked = {"NoReboot": True, **more}
    return ec2.create_image(InstanceId=instance, Name=name, **asked)["ImageId"]


def described(ec2: "EC2Client", image: str, **more: Any) -> Any:
    [found] = ec2.describe_images(ImageIds=[image], IncludeDisabled=True, **more)["Images"]
    return found


def snapshots_of(ec2: "EC2Client", image: str) -> list[str]:
    mapping = described(ec2, image)["BlockDeviceMappings"]
    return [each["Ebs"]["SnapshotId"] for each in mapping]


def own(ec2: "EC2Client", *filters: tuple[str, list[str]], **more: Any) -> set[str]:
    asked: Any = [{"Name": name, "Values": values} for name, values in filters]
    answer = ec2.describe_images(Owners=["self"], Filters=asked, **more)["Images"]
    return {each["ImageId"] for each in answer}


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return refused.value.response["Error"]["Code"]


class TestCreateImage:
    """CreateImage."""

    def test_an_image_is_pending_then_available(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        made = make(ec2, instance, "point", Description="why")

        pending = described(ec2, made)
        assert (pending["State"], pending["Name"], pending["Description"]) == (
            "pending",
            "point",
            "why",
        )
        assert pending["SourceInstanceId"] == instance
        assert (pending["SourceImageId"], pending["SourceImageRegion"]) == (LINUX, "us-east-1")
        assert pending["CreationDate"] == "2026-11-23T12:01:10.000Z"
        assert pending["ImageLocation"] == f"{ME}/point"
        assert (pending["RootDeviceName"], pending["RootDeviceType"]) == ("/dev/xvda", "ebs")
        assert "ImageOwnerAlias" not in pending
        assert pending["Public"] is False
        aws.clock.advance(60)
        ec2.get_waiter("image_available").wait(ImageIds=[made])
        assert described(ec2, made)["State"] == "available"

    def test_every_attached_volume_has_a_snapshot_and_its_settings(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        """Those attached later included."""
        made = make(ec2, instance, "point")

        root, data = described(ec2, made)["BlockDeviceMappings"]

        assert (root["DeviceName"], data["DeviceName"]) == ("/dev/xvda", "/dev/sdf")
        assert root["Ebs"]["DeleteOnTermination"] is True
        assert {key: value for key, value in data["Ebs"].items() if key != "SnapshotId"} == {
            "DeleteOnTermination": False,
            "Encrypted": True,
            "Iops": 4000,
            "Throughput": 200,
            "VolumeSize": 10,
            "VolumeType": "gp3",
        }
        snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert {each["SnapshotId"] for each in snapshots} == {
            root["Ebs"]["SnapshotId"],
            data["Ebs"]["SnapshotId"],
        }
        assert {each["Description"] for each in snapshots} == {
            f"Created by CreateImage({instance}) for {made}"
        }
        assert {each["State"] for each in snapshots} == {"pending"}
        aws.clock.advance(60)
        snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert {each["State"] for each in snapshots} == {"completed"}

    def test_changes_made_in_place_are_in_the_mapping(
        self, ec2: "EC2Client", instance: str
    ) -> None:
        [data] = ec2.describe_volumes(
            Filters=[{"Name": "attachment.device", "Values": ["/dev/sdf"]}]
        )["Volumes"]
        ec2.modify_volume(VolumeId=data["VolumeId"], Size=20, VolumeType="io2", Iops=500)
        ec2.modify_instance_attribute(
            InstanceId=instance,
            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}],
        )

        mapping = described(ec2, make(ec2, instance, "point"))["BlockDeviceMappings"]

        ebs = mapping[1]["Ebs"]
        assert (ebs["VolumeSize"], ebs["VolumeType"], ebs["Iops"]) == (20, "io2", 500)
        assert ebs["DeleteOnTermination"] is True

    def test_image_and_snapshots_are_tagged_in_the_call(
        self, ec2: "EC2Client", instance: str
    ) -> None:
        made = make(
            ec2,
            instance,
            "point",
            TagSpecifications=[
                {"ResourceType": "image", "Tags": [{"Key": "a", "Value": "image"}]},
                {"ResourceType": "image", "Tags": [{"Key": "b", "Value": "image"}]},
                {"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "snapshot"}]},
            ],
        )

        tags = {tag["Key"]: tag["Value"] for tag in described(ec2, made)["Tags"]}
        assert tags == {"a": "image", "b": "image"}
        snapshots = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert [each["Tags"] for each in snapshots] == [[{"Key": "a", "Value": "snapshot"}]] * 2

    @pytest.mark.parametrize(
        ("specification", "code"),
        [
            ({"ResourceType": "volume", "Tags": [{"Key": "a", "Value": ""}]}, "volume"),
            ({"ResourceType": "image", "Tags": [{"Key": "aws:a", "Value": ""}]}, "aws:"),
        ],
    )
    def test_bad_tags_leave_nothing_behind(
        self, ec2: "EC2Client", instance: str, specification: Any, code: str
    ) -> None:
        with pytest.raises(ClientError, match=code) as refused:
            make(ec2, instance, "point", TagSpecifications=[specification])

        assert code_of(refused) == "InvalidParameterValue"
        assert own(ec2) == set()
        assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []

    @pytest.mark.parametrize("name", ["a(b)[c] d.e/f-g'h@i_j", "abc", "x" * 128])
    def test_names_may_have_these_characters(
        self, ec2: "EC2Client", instance: str, name: str
    ) -> None:
        assert described(ec2, make(ec2, instance, name))["Name"] == name

    @pytest.mark.parametrize("name", ["a:b:c", "näme", "a+b", "tab\there"])
    def test_other_characters_are_malformed(
        self, ec2: "EC2Client", instance: str, name: str
    ) -> None:
        with pytest.raises(ClientError, match=r"InvalidAMIName\.Malformed"):
            make(ec2, instance, name)

    def test_a_name_is_used_once_in_account_and_region(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        """The error says by whom; deregistering frees the name, disabling does not."""
        first = make(ec2, instance, "point")
        with pytest.raises(
            ClientError, match=f"AMI name point is already in use by AMI {first}$"
        ) as refused:
            make(ec2, instance, "point")
        assert code_of(refused) == "InvalidAMIName.Duplicate"
        aws.clock.advance(60)
        ec2.disable_image(ImageId=first)
        with pytest.raises(ClientError, match=r"InvalidAMIName\.Duplicate"):
            make(ec2, instance, "point")

        ec2.deregister_image(ImageId=first)

        assert make(ec2, instance, "point") != first

    def test_a_device_can_be_left_out(self, ec2: "EC2Client", instance: str) -> None:
        made = make(
            ec2,
            instance,
            "point",
            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}],
        )

        mapping = described(ec2, made)["BlockDeviceMappings"]
        assert [each["DeviceName"] for each in mapping] == ["/dev/xvda"]
        assert len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == 1

    def test_delete_on_termination_can_be_changed(self, ec2: "EC2Client", instance: str) -> None:
        made = make(
            ec2,
            instance,
            "point",
            BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False, "VolumeSize": 8}}
            ],
        )

        root = described(ec2, made)["BlockDeviceMappings"][0]["Ebs"]
        assert root["DeleteOnTermination"] is False

    def test_new_devices_can_be_added(self, aws: Sandbox, ec2: "EC2Client", image: str) -> None:
        snapshot = snapshots_of(ec2, image)[0]
        made = make(
            ec2,
            described(ec2, image)["SourceInstanceId"],
            "more",
            BlockDeviceMappings=[
                {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 3, "VolumeType": "gp3"}},
                {"DeviceName": "/dev/sdh", "Ebs": {"SnapshotId": snapshot}},
                {"DeviceName": "/dev/sdi", "VirtualName": "ephemeral0"},
            ],
        )

        mapping = {each["DeviceName"]: each for each in described(ec2, made)["BlockDeviceMappings"]}
        assert "SnapshotId" not in mapping["/dev/sdg"]["Ebs"]
        assert mapping["/dev/sdh"]["Ebs"]["SnapshotId"] == snapshot
        assert mapping["/dev/sdi"] == {"DeviceName": "/dev/sdi", "VirtualName": "ephemeral0"}

    @pytest.mark.parametrize(
        ("entry", "code"),
        [
            (
                {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 100}},
                "InvalidBlockDeviceMapping",
            ),
            (
                {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}},
                "InvalidBlockDeviceMapping",
            ),
            (
                {"DeviceName": "/dev/xvda", "VirtualName": "ephemeral0"},
                "InvalidBlockDeviceMapping",
            ),
            ({"DeviceName": "/dev/xvda", "NoDevice": ""}, "InvalidBlockDeviceMapping"),
            ({"DeviceName": "/dev/sdg"}, "InvalidBlockDeviceMapping"),
            ({"DeviceName": "/dev/sdg", "Ebs": {"VolumeType": "gp3"}}, "MissingParameter"),
            ({"NoDevice": ""}, "MissingParameter"),
            (
                {"DeviceName": "/dev/sdg", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}},
                "InvalidSnapshot.NotFound",
            ),
            (
                {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 1, "VolumeType": "st1"}},
                "InvalidParameterValue",
            ),
        ],
    )
    def test_other_changes_are_refused(
        self, ec2: "EC2Client", instance: str, entry: Any, code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            make(ec2, instance, "point", BlockDeviceMappings=[entry])

        assert code_of(refused) == code
        assert own(ec2) == set()

    def test_a_stopped_instance_can_be_imaged_a_terminated_one_cannot(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        ec2.stop_instances(InstanceIds=[instance])
        with pytest.raises(ClientError, match="IncorrectState"):
            make(ec2, instance, "stopping")
        aws.clock.advance(60)
        make(ec2, instance, "stopped", NoReboot=False)
        ec2.terminate_instances(InstanceIds=[instance])
        aws.clock.advance(60)

        with pytest.raises(ClientError, match="IncorrectState"):
            make(ec2, instance, "terminated")
        with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
            make(ec2, "i-0123456789abcdef0", "unknown")

    def test_without_its_root_volume_an_instance_cannot_be_imaged(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        ec2.stop_instances(InstanceIds=[instance])
        aws.clock.advance(60)
        [root] = ec2.describe_volumes(
            Filters=[{"Name": "attachment.device", "Values": ["/dev/xvda"]}]
        )["Volumes"]
        ec2.detach_volume(VolumeId=root["VolumeId"])
        aws.clock.advance(5)

        with pytest.raises(ClientError, match="no EBS volume as its root"):
            make(ec2, instance, "point")

    @pytest.mark.parametrize("no_reboot", [True, False])
    def test_the_instance_reboots_unless_told_not_to(
        self, ec2: "EC2Client", instance: str, no_reboot: bool
    ) -> None:
        """Its checks begin again; the image is none the worse for it."""
        make(ec2, instance, "point", NoReboot=no_reboot)

        [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == ("ok" if no_reboot else "initializing")

    def test_no_reboot_is_not_the_default(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        made = ec2.create_image(InstanceId=instance, Name="point")["ImageId"]

        [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == "initializing"
        aws.clock.advance(60)
        assert described(ec2, made)["State"] == "available"

    @pytest.mark.parametrize("operation", ["terminate_instances", "reboot_instances"])
    def test_an_instance_that_goes_away_fails_its_pending_image(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, operation: str
    ) -> None:
        made = make(ec2, instance, "point")
        getattr(ec2, operation)(InstanceIds=[instance])
        aws.clock.advance(60)

        failed = described(ec2, made)

        assert failed["State"] == "failed"
        assert failed["StateReason"]["Code"] == "Client.InstanceTerminated"
        assert own(ec2, ("state", ["failed"])) == {made}

    def test_images_fail_when_asked_to(self, aws: Sandbox, ec2: "EC2Client", instance: str) -> None:
        backend: Any = ec2_backends[ME]["us-east-1"]
        backend.fail_images(2, when=lambda image: "bad" in image.name)
        names = ["good", "bad1", "bad2", "bad3"]
        made = [make(ec2, instance, name) for name in names]
        aws.clock.advance(60)

        states = [described(ec2, each)["State"] for each in made]

        assert states == ["available", "failed", "failed", "available"]
        reason = described(ec2, made[1])["StateReason"]
        assert reason["Code"] == "Client.InternalError"
        with pytest.raises(ClientError, match=r"InvalidAMIID\.Unavailable"):
            launch(aws, ec2, made[1])

    def test_a_single_image_can_be_made_to_fail(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        made = make(ec2, instance, "point")
        backend: Any = ec2_backends[ME]["us-east-1"]
        backend.amis[made].fail("Client.InternalError: disk full")
        aws.clock.advance(60)

        assert described(ec2, made)["StateReason"] == {
            "Code": "Client.InternalError",
            "Message": "Client.InternalError: disk full",
        }

    def test_the_sixth_image_while_five_are_pending_is_refused(
        self, ec2: "EC2Client", instance: str
    ) -> None:
        for each in range(5):
            make(ec2, instance, f"point{each}")

        with pytest.raises(ClientError, match="ConcurrentCreateImageNoRebootLimitExceeded"):
            make(ec2, instance, "point5")
        with pytest.raises(ClientError, match="ConcurrentSnapshotLimitExceeded"):
            make(ec2, instance, "point5", NoReboot=False)

        assert len(own(ec2)) == 5

    @pytest.mark.parametrize(
        ("source", "platform", "details", "operation"),
        [
            (LINUX, None, "Linux/UNIX", "RunInstances"),
            (WINDOWS, "windows", "Windows", "RunInstances:0002"),
        ],
    )
    def test_the_platform_is_the_instances(
        self,
        aws: Sandbox,
        ec2: "EC2Client",
        source: str,
        platform: str | None,
        details: str,
        operation: str,
    ) -> None:
        found = described(ec2, make(ec2, launch(aws, ec2, source), "point"))

        assert found.get("Platform") == platform
        assert (found["PlatformDetails"], found["UsageOperation"]) == (details, operation)
        assert found["EnaSupport"] is True
        assert found["VirtualizationType"] == "hvm"

    @pytest.mark.parametrize(("source", "details"), [(LINUX, "Linux/UNIX"), (WINDOWS, "Windows")])
    def test_an_instance_outlives_the_image_it_came_from(
        self, aws: Sandbox, ec2: "EC2Client", source: str, details: str
    ) -> None:
        first = make(ec2, launch(aws, ec2, source), "first")
        aws.clock.advance(60)
        again = launch(aws, ec2, first)
        ec2.deregister_image(ImageId=first)

        found = described(ec2, make(ec2, again, "second"))

        assert (found["PlatformDetails"], found["SourceImageId"]) == (details, first)


class TestDescribeImages:
    """DescribeImages."""

    @pytest.mark.parametrize(
        ("name", "value", "matches"),
        [
            ("architecture", "x86_64", True),
            ("block-device-mapping.delete-on-termination", "true", True),
            ("block-device-mapping.device-name", "/dev/sd?", True),
            ("block-device-mapping.encrypted", "true", True),
            ("block-device-mapping.snapshot-id", "{snapshot}", True),
            ("block-device-mapping.snapshot-id", "snap-0123456789abcdef0", False),
            ("block-device-mapping.volume-size", "10", True),
            ("block-device-mapping.volume-type", "io1", False),
            ("boot-mode", "uefi-preferred", True),
            ("creation-date", "2026-11-23T*", True),
            ("creation-date", "2026-11-22T*", False),
            ("description", "*", False),
            ("ena-support", "true", True),
            ("free-tier-eligible", "true", False),
            ("hypervisor", "xen", True),
            ("image-allowed", "true", True),
            ("image-id", "{image}", True),
            ("image-type", "machine", True),
            ("is-public", "true", False),
            ("kernel-id", "*", False),
            ("manifest-location", "*/point", True),
            ("name", "po*", True),
            ("name", "Po*", False),
            ("owner-alias", "amazon", False),
            ("owner-id", ME, True),
            ("platform", "windows", False),
            ("product-code", "*", False),
            ("product-code.type", "marketplace", False),
            ("public-ssm-parameter-name", "*", False),
            ("ramdisk-id", "*", False),
            ("root-device-name", "/dev/xvda", True),
            ("root-device-type", "ebs", True),
            ("source-image-id", LINUX, True),
            ("source-image-region", "us-east-1", True),
            ("source-instance-id", "{instance}", True),
            ("state", "available", True),
            ("state", "pending", False),
            ("state-reason-code", "*", False),
            ("state-reason-message", "*", False),
            ("sriov-net-support", "simple", False),
            ("tag:kind", "nightly", True),
            ("tag:kind", "night?", False),
            ("tag-key", "kind", True),
            ("virtualization-type", "hvm", True),
        ],
    )
    def test_every_filter_filters(
        self,
        ec2: "EC2Client",
        image: str,
        instance: str,
        name: str,
        value: str,
        matches: bool,
    ) -> None:
        ec2.create_tags(Resources=[image], Tags=[{"Key": "kind", "Value": "nightly"}])
        snapshot = snapshots_of(ec2, image)[1]
        asked = value.format(snapshot=snapshot, image=image, instance=instance)

        assert own(ec2, (name, [asked])) == ({image} if matches else set())

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"Filters": [{"Name": "bogus", "Values": ["x"]}]}, "InvalidParameterValue"),
            ({"ImageIds": ["ami-0123456789abcdef0"]}, "InvalidAMIID.NotFound"),
            ({"ImageIds": ["nonsense"]}, "InvalidAMIID.Malformed"),
            ({"ImageIds": ["ami-xyz"]}, "InvalidAMIID.Malformed"),
            ({"MaxResults": 4}, "InvalidParameterValue"),
            ({"MaxResults": 1001}, "InvalidParameterValue"),
            ({"MaxResults": 5, "ImageIds": [LINUX]}, "InvalidParameterCombination"),
            ({"NextToken": "nonsense"}, "InvalidParameterValue"),
        ],
    )
    def test_bad_requests_are_refused(
        self, ec2: "EC2Client", asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.describe_images(**asked)

        assert code_of(refused) == code

    def test_all_images_that_are_not_there_are_named(self, ec2: "EC2Client") -> None:
        """In the words that clients take apart to leave them out of the next request."""
        missing = ["ami-0123456789abcdef0", "ami-0123456789abcdef1"]
        with pytest.raises(ClientError) as refused:
            ec2.describe_images(ImageIds=[missing[0], LINUX, missing[1]])

        assert refused.value.response["Error"]["Message"] == (
            "The image ids '[ami-0123456789abcdef0, ami-0123456789abcdef1]' do not exist"
        )

    def test_moto_itself_finds_images_by_id_or_a_mapping_of_filters(
        self, ec2: "EC2Client", image: str
    ) -> None:
        backend = ec2_backends[ME]["us-east-1"]

        def found(**asked: Any) -> set[str]:
            return {each.id for each in backend.describe_images(**asked)}

        assert found(ami_ids=[image]) == {image}
        assert found(filters={"image-id": image}) == {image}
        assert found(filters={"image-id": ["ami-0123456789abcdef0"]}) == set()
        assert found(filters={"name": ["point"]}) == {image}

    def test_owners_say_whose(self, ec2: "EC2Client", image: str) -> None:
        def found(*owners: str) -> set[str]:
            return {each["ImageId"] for each in ec2.describe_images(Owners=list(owners))["Images"]}

        assert found("self") == found(ME) == {image}
        assert {LINUX, WINDOWS} <= found("amazon")
        assert found("self", "amazon") == found() == {image} | found("amazon")
        assert found(OTHER) == set()

    def test_pages_are_complete_and_leave_out_what_went(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        made = []
        for each in range(7):
            made.append(make(ec2, instance, f"point{each}"))
            aws.clock.advance(60)
        first = ec2.describe_images(Owners=["self"], MaxResults=5)
        ec2.deregister_image(ImageId=made[5])

        second = ec2.describe_images(Owners=["self"], MaxResults=5, NextToken=first["NextToken"])

        assert [each["ImageId"] for each in first["Images"]] == made[:5]
        assert [each["ImageId"] for each in second["Images"]] == made[6:]
        assert "NextToken" not in second

    def test_a_token_belongs_to_its_operation(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        for each in range(3):
            make(ec2, instance, f"point{each}")
            aws.clock.advance(60)
        token = ec2.describe_snapshots(OwnerIds=["self"], MaxResults=5)["NextToken"]

        with pytest.raises(ClientError, match="pagination token"):
            ec2.describe_images(NextToken=token)

    def test_disabled_images_show_only_when_asked_for(self, ec2: "EC2Client", image: str) -> None:
        """Also by id."""
        ec2.disable_image(ImageId=image)

        assert own(ec2) == set()
        assert ec2.describe_images(ImageIds=[image])["Images"] == []
        assert own(ec2, IncludeDisabled=True) == {image}
        assert described(ec2, image)["State"] == "disabled"

    def test_a_deregistered_image_is_nothing_while_referred_to_then_not_found(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        launched = launch(aws, ec2, image)
        ec2.deregister_image(ImageId=image)
        assert own(ec2) == set()
        assert ec2.describe_images(ImageIds=[image])["Images"] == []
        ec2.terminate_instances(InstanceIds=[launched])
        aws.clock.advance(60)

        with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
            ec2.describe_images(ImageIds=[image])

    def test_regions_and_accounts_do_not_see_each_others_images(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        assert own(aws.client("ec2", region="eu-west-1")) == set()
        assert own(aws.client("ec2", account=OTHER)) == set()
        with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
            aws.client("ec2", account=OTHER).describe_images(ImageIds=[image])


class TestRegisterImage:
    """RegisterImage."""

    def register(self, ec2: "EC2Client", snapshot: str, **more: Any) -> str:
        asked: dict[str, Any] = {
            "Name": "registered",
            "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
            **more,
        }
        return ec2.register_image(**asked)["ImageId"]

    def test_an_image_of_snapshots_is_available_at_once(self, ec2: "EC2Client", image: str) -> None:
        snapshot, data = snapshots_of(ec2, image)

        made = self.register(
            ec2,
            snapshot,
            Architecture="x86_64",
            VirtualizationType="hvm",
            Description="by hand",
            EnaSupport=True,
            BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeSize": 30}},
                {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": data, "VolumeType": "gp3"}},
                {"DeviceName": "/dev/sdz", "NoDevice": ""},
            ],
            TagSpecifications=[{"ResourceType": "image", "Tags": [{"Key": "a", "Value": "1"}]}],
        )

        found = described(ec2, made)
        assert (found["State"], found["Description"]) == ("available", "by hand")
        assert "SourceInstanceId" not in found
        assert found["Tags"] == [{"Key": "a", "Value": "1"}]
        root, second = found["BlockDeviceMappings"]
        assert (root["Ebs"]["VolumeSize"], root["Ebs"]["VolumeType"]) == (30, "gp2")
        assert (second["Ebs"]["VolumeSize"], second["Ebs"]["Encrypted"]) == (10, True)
        with pytest.raises(ClientError, match=r"InvalidSnapshot\.InUse"):
            ec2.delete_snapshot(SnapshotId=snapshot)

    def test_the_defaults_are_the_documented_ones(self, ec2: "EC2Client", image: str) -> None:
        found = described(ec2, self.register(ec2, snapshots_of(ec2, image)[0]))

        assert (found["Architecture"], found["VirtualizationType"]) == ("i386", "paravirtual")

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"Name": "point"}, "InvalidAMIName.Duplicate"),
            ({"Name": "a:b"}, "InvalidAMIName.Malformed"),
            ({"RootDeviceName": "/dev/sda1"}, "InvalidBlockDeviceMapping"),
            ({"RootDeviceName": ""}, "MissingParameter"),
            (
                {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 1}}]},
                "InvalidBlockDeviceMapping",
            ),
            (
                {
                    "BlockDeviceMappings": [
                        {
                            "DeviceName": "/dev/xvda",
                            "Ebs": {"SnapshotId": "{snapshot}", "Encrypted": True},
                        }
                    ]
                },
                "InvalidParameterCombination",
            ),
            (
                {
                    "BlockDeviceMappings": [
                        {
                            "DeviceName": "/dev/xvda",
                            "Ebs": {"SnapshotId": "{snapshot}", "VolumeSize": 1},
                        }
                    ]
                },
                "InvalidBlockDeviceMapping",
            ),
            (
                {
                    "TagSpecifications": [
                        {"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "1"}]}
                    ]
                },
                "InvalidParameterValue",
            ),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, ec2: "EC2Client", image: str, more: dict[str, Any], code: str
    ) -> None:
        snapshot = snapshots_of(ec2, image)[0]
        for entry in more.get("BlockDeviceMappings", []):
            if "SnapshotId" in entry["Ebs"]:
                entry["Ebs"]["SnapshotId"] = snapshot

        with pytest.raises(ClientError) as refused:
            self.register(ec2, snapshot, **more)

        assert code_of(refused) == code

    def test_a_pending_snapshot_makes_no_image(self, ec2: "EC2Client", instance: str) -> None:
        snapshot = snapshots_of(ec2, make(ec2, instance, "pending"))[0]

        with pytest.raises(ClientError, match="IncorrectState"):
            self.register(ec2, snapshot)

    def test_an_ephemeral_device_has_no_snapshot(self, ec2: "EC2Client", image: str) -> None:
        made = self.register(
            ec2,
            snapshots_of(ec2, image)[0],
            BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshots_of(ec2, image)[0]}},
                {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            ],
        )

        assert described(ec2, made)["BlockDeviceMappings"][1] == {
            "DeviceName": "/dev/sdb",
            "VirtualName": "ephemeral0",
        }


class TestLifecycle:
    """Disable, enable, deprecate, protect."""

    def test_only_an_available_image_can_be_disabled_and_back(
        self, aws: Sandbox, ec2: "EC2Client", image: str, instance: str
    ) -> None:
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.enable_image(ImageId=image)
        assert ec2.disable_image(ImageId=image)["Return"] is True
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.disable_image(ImageId=image)
        with pytest.raises(ClientError, match=r"InvalidAMIID\.Unavailable"):
            launch(aws, ec2, image)

        assert ec2.enable_image(ImageId=image)["Return"] is True

        assert own(ec2) == {image}
        launch(aws, ec2, image)
        pending = make(ec2, instance, "pending")
        with pytest.raises(ClientError, match=r"InvalidAMIID\.Unavailable"):
            ec2.disable_image(ImageId=pending)

    def test_launch_permissions_are_lost_with_disabling(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        ec2.create_tags(Resources=[image], Tags=[{"Key": "a", "Value": "1"}])
        data = snapshots_of(ec2, image)[1]
        plain = ec2.register_image(
            Name="plain",
            RootDeviceName="/dev/xvda",
            BlockDeviceMappings=[
                {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshots_of(ec2, image)[0]}}
            ],
        )["ImageId"]
        assert data
        ec2.modify_image_attribute(ImageId=plain, LaunchPermission={"Add": [{"UserId": OTHER}]})
        ec2.disable_image(ImageId=plain)
        ec2.enable_image(ImageId=plain)

        answer = ec2.describe_image_attribute(ImageId=plain, Attribute="launchPermission")
        assert answer["LaunchPermissions"] == []

    def test_an_image_with_an_archived_snapshot_cannot_be_enabled(
        self, ec2: "EC2Client", image: str
    ) -> None:
        ec2.disable_image(ImageId=image)
        ec2.modify_snapshot_tier(SnapshotId=snapshots_of(ec2, image)[0], StorageTier="archive")

        with pytest.raises(ClientError, match="archived"):
            ec2.enable_image(ImageId=image)

    def test_a_deprecated_image_is_hidden_from_others_unless_named_or_asked_for(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        made = make(
            ec2,
            instance,
            "plain",
            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}],
        )
        aws.clock.advance(60)
        ec2.modify_image_attribute(ImageId=made, LaunchPermission={"Add": [{"UserId": OTHER}]})
        ec2.enable_image_deprecation(ImageId=made, DeprecateAt=NOW + timedelta(hours=1))
        other: EC2Client = aws.client("ec2", account=OTHER)

        def seen(**more: Any) -> bool:
            images = other.describe_images(ExecutableUsers=["self"], **more)["Images"]
            return made in {each["ImageId"] for each in images}

        assert seen()
        assert described(ec2, made)["DeprecationTime"] == "2026-11-23T13:00:00.000Z"
        aws.clock.advance(3600)
        assert not seen()
        assert seen(IncludeDeprecated=True)
        assert other.describe_images(ImageIds=[made])["Images"]
        assert own(ec2) == {made}
        ec2.disable_image_deprecation(ImageId=made)
        assert seen()
        assert "DeprecationTime" not in described(ec2, made)

    @pytest.mark.parametrize("at", [NOW - timedelta(days=1), NOW + timedelta(days=11 * 365)])
    def test_a_deprecation_is_in_the_next_ten_years(
        self, ec2: "EC2Client", image: str, at: datetime
    ) -> None:
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.enable_image_deprecation(ImageId=image, DeprecateAt=at)

    def test_a_public_image_is_deprecated_within_two_years(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        made = make(
            ec2,
            instance,
            "plain",
            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}],
        )
        aws.clock.advance(60)
        ec2.disable_image_block_public_access()
        ec2.modify_image_attribute(ImageId=made, LaunchPermission={"Add": [{"Group": "all"}]})

        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.enable_image_deprecation(ImageId=made, DeprecateAt=NOW + timedelta(days=900))

    @pytest.mark.parametrize("with_cooldown", [True, False])
    def test_a_protected_image_cannot_be_deregistered(
        self, aws: Sandbox, ec2: "EC2Client", image: str, with_cooldown: bool
    ) -> None:
        """With a cooldown the protection goes on for 24 hours."""
        answer = ec2.enable_image_deregistration_protection(
            ImageId=image, WithCooldown=with_cooldown
        )
        assert answer["Return"] == "true"
        assert described(ec2, image)["DeregistrationProtection"] == (
            "enabled-with-cooldown" if with_cooldown else "enabled-without-cooldown"
        )
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.deregister_image(ImageId=image)
        ec2.disable_image_deregistration_protection(ImageId=image)

        if with_cooldown:
            aws.clock.advance(23 * 3600)
            with pytest.raises(ClientError, match="OperationNotPermitted"):
                ec2.deregister_image(ImageId=image)
            aws.clock.advance(3600)
        ec2.deregister_image(ImageId=image)


class TestDeregisterImage:
    """DeregisterImage."""

    def test_snapshots_stay_unless_asked_for(self, ec2: "EC2Client", image: str) -> None:
        answer = ec2.deregister_image(ImageId=image)

        assert answer["Return"] is True
        assert "DeleteSnapshotResults" not in answer
        assert len(ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == 2

    def test_snapshots_go_with_the_image_when_asked_for(self, ec2: "EC2Client", image: str) -> None:
        snapshots = snapshots_of(ec2, image)

        answer = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)

        assert answer["DeleteSnapshotResults"] == [
            {"SnapshotId": each, "ReturnCode": "success"} for each in snapshots
        ]
        assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []

    @pytest.mark.parametrize("disabled", [True, False])
    def test_a_snapshot_of_another_image_is_skipped(
        self, ec2: "EC2Client", image: str, disabled: bool
    ) -> None:
        root, data = snapshots_of(ec2, image)
        other = ec2.register_image(
            Name="other",
            RootDeviceName="/dev/xvda",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": root}}],
        )["ImageId"]
        if disabled:
            ec2.disable_image(ImageId=other)

        answer = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)

        codes = {each["SnapshotId"]: each["ReturnCode"] for each in answer["DeleteSnapshotResults"]}
        assert codes == {root: "skipped", data: "success"}

    def test_a_locked_snapshot_is_a_client_error_and_the_image_is_gone(
        self, ec2: "EC2Client", image: str
    ) -> None:
        root, data = snapshots_of(ec2, image)
        ec2.lock_snapshot(SnapshotId=data, LockMode="governance", LockDuration=1)

        answer = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)

        codes = {each["SnapshotId"]: each["ReturnCode"] for each in answer["DeleteSnapshotResults"]}
        assert codes == {root: "success", data: "client-error"}
        assert own(ec2, IncludeDisabled=True) == set()

    @pytest.mark.parametrize(
        ("rule", "expected"),
        [
            ({"kind": "deny"}, "missing-permissions"),
            ({"kind": "error"}, "internal-error"),
            ({"kind": "throttle"}, "internal-error"),
            ({"kind": "error", "code": "IncorrectState"}, "client-error"),
            ({"kind": "error", "code": "UnauthorizedOperation"}, "missing-permissions"),
        ],
    )
    @pytest.mark.parametrize("by", ["match", "nth"])
    def test_a_fault_of_delete_snapshot_shows_for_its_snapshot(
        self,
        aws: Sandbox,
        ec2: "EC2Client",
        image: str,
        rule: dict[str, Any],
        expected: str,
        by: str,
    ) -> None:
        root, data = snapshots_of(ec2, image)
        when: dict[str, Any] = {"match": data} if by == "match" else {"nth": [2]}
        aws.faults.set({"rules": [{"action": "DeleteSnapshot", **rule, **when}]})

        answer = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)

        assert [each["ReturnCode"] for each in answer["DeleteSnapshotResults"]] == [
            "success",
            expected,
        ]
        assert aws.calls.all()[-1]["action"] == "DeregisterImage"
        left = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert [each["SnapshotId"] for each in left] == [data]
        assert root != data

    def test_a_second_time_it_is_unavailable(self, ec2: "EC2Client", image: str) -> None:
        ec2.deregister_image(ImageId=image)

        with pytest.raises(ClientError, match=r"InvalidAMIID\.Unavailable"):
            ec2.deregister_image(ImageId=image)
        with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
            ec2.deregister_image(ImageId="ami-0123456789abcdef0")
        with pytest.raises(ClientError, match=r"InvalidAMIID\.Malformed"):
            ec2.deregister_image(ImageId="nonsense")

    def test_anothers_image_cannot_be_touched(self, ec2: "EC2Client") -> None:
        for operation in ("deregister_image", "disable_image", "enable_image"):
            with pytest.raises(ClientError, match="AuthFailure"):
                getattr(ec2, operation)(ImageId=LINUX)


class TestAttributes:
    """Describe-, Modify- and ResetImageAttribute."""

    @pytest.fixture
    def plain(self, aws: Sandbox, ec2: "EC2Client", instance: str) -> str:
        """An image without encrypted snapshots."""
        made = make(
            ec2,
            instance,
            "plain",
            BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}],
        )
        aws.clock.advance(60)
        return made

    @pytest.mark.parametrize(
        ("attribute", "member", "value"),
        [
            ("description", "Description", {}),
            ("kernel", "KernelId", {}),
            ("ramdisk", "RamdiskId", {}),
            ("sriovNetSupport", "SriovNetSupport", {}),
            ("bootMode", "BootMode", {"Value": "uefi-preferred"}),
            ("tpmSupport", "TpmSupport", {}),
            ("uefiData", "UefiData", {}),
            ("imdsSupport", "ImdsSupport", {"Value": "v2.0"}),
            ("lastLaunchedTime", "LastLaunchedTime", {}),
            ("deregistrationProtection", "DeregistrationProtection", {"Value": "disabled"}),
            ("launchPermission", "LaunchPermissions", []),
            ("productCodes", "ProductCodes", []),
        ],
    )
    def test_every_attribute_is_described(
        self, ec2: "EC2Client", plain: str, attribute: Any, member: str, value: object
    ) -> None:
        answer: Any = ec2.describe_image_attribute(ImageId=plain, Attribute=attribute)

        assert answer["ImageId"] == plain
        assert answer[member] == value

    @pytest.mark.parametrize(
        ("attribute", "code"),
        [("blockDeviceMapping", "AuthFailure"), ("bogus", "InvalidParameterValue")],
    )
    def test_other_attributes_are_refused(
        self, ec2: "EC2Client", plain: str, attribute: Any, code: str
    ) -> None:
        with pytest.raises(ClientError, match=code):
            ec2.describe_image_attribute(ImageId=plain, Attribute=attribute)

    def test_a_launch_shows_after_a_day(self, aws: Sandbox, ec2: "EC2Client", plain: str) -> None:
        launch(aws, ec2, plain)
        assert "LastLaunchedTime" not in described(ec2, plain)
        aws.clock.advance(24 * 3600)

        assert described(ec2, plain)["LastLaunchedTime"].startswith("2026-11-23T12:")
        answer = ec2.describe_image_attribute(ImageId=plain, Attribute="lastLaunchedTime")
        assert answer["LastLaunchedTime"]["Value"].startswith("2026-11-23T12:")

    @pytest.mark.parametrize(
        "asked",
        [
            {"Description": {"Value": "new"}},
            {"Attribute": "description", "Value": "new"},
        ],
    )
    def test_the_description_can_be_changed(
        self, ec2: "EC2Client", plain: str, asked: dict[str, Any]
    ) -> None:
        ec2.modify_image_attribute(ImageId=plain, **asked)

        assert described(ec2, plain)["Description"] == "new"

    def test_imds_support_can_be_changed(self, ec2: "EC2Client", plain: str) -> None:
        ec2.modify_image_attribute(ImageId=plain, ImdsSupport={"Value": "v2.0"})

        assert described(ec2, plain)["ImdsSupport"] == "v2.0"

    @pytest.mark.parametrize(
        "asked",
        [
            {"LaunchPermission": {"Add": [{"UserId": OTHER}]}},
            {"Attribute": "launchPermission", "OperationType": "add", "UserIds": [OTHER]},
        ],
    )
    def test_a_shared_image_is_seen_and_launched_by_the_other_account(
        self, aws: Sandbox, ec2: "EC2Client", plain: str, asked: dict[str, Any]
    ) -> None:
        ec2.create_tags(Resources=[plain], Tags=[{"Key": "a", "Value": "1"}])
        ec2.modify_image_attribute(ImageId=plain, **asked)
        ec2.modify_image_attribute(ImageId=plain, **asked)
        other: EC2Client = aws.client("ec2", account=OTHER)

        assert ec2.describe_image_attribute(ImageId=plain, Attribute="launchPermission")[
            "LaunchPermissions"
        ] == [{"UserId": OTHER}]
        seen = other.describe_images(ExecutableUsers=["self"])["Images"]
        assert [each["ImageId"] for each in seen] == [plain]
        found = described(other, plain)
        assert found["OwnerId"] == ME
        assert "Tags" not in found
        assert "SourceInstanceId" not in found
        launch(aws, other, plain)
        shared = ec2.describe_images(ExecutableUsers=[OTHER], Owners=["self"])["Images"]
        assert [each["ImageId"] for each in shared] == [plain]

        ec2.modify_image_attribute(ImageId=plain, LaunchPermission={"Remove": [{"UserId": OTHER}]})

        with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
            described(other, plain)

    def test_public_images_need_the_accounts_consent(
        self, aws: Sandbox, ec2: "EC2Client", plain: str
    ) -> None:
        public: Any = {"Add": [{"Group": "all"}]}
        state = ec2.get_image_block_public_access_state()
        assert state["ImageBlockPublicAccessState"] == "block-new-sharing"
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.modify_image_attribute(ImageId=plain, LaunchPermission=public)
        ec2.disable_image_block_public_access()

        ec2.modify_image_attribute(ImageId=plain, LaunchPermission=public)

        assert described(ec2, plain)["Public"] is True
        other: EC2Client = aws.client("ec2", account=OTHER)
        seen = other.describe_images(ExecutableUsers=["all"], Owners=[ME])["Images"]
        assert [each["ImageId"] for each in seen] == [plain]
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
        ec2.reset_image_attribute(ImageId=plain, Attribute="launchPermission")
        assert described(ec2, plain)["Public"] is False

    def test_an_image_under_the_aws_managed_key_cannot_be_shared(
        self, ec2: "EC2Client", image: str
    ) -> None:
        with pytest.raises(ClientError, match="InvalidParameter"):
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": OTHER}]})
        ec2.disable_image_block_public_access()
        with pytest.raises(ClientError, match="can't be public"):
            ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({}, "InvalidParameterCombination"),
            (
                {"Description": {"Value": "x"}, "ImdsSupport": {"Value": "v2.0"}},
                "InvalidParameterCombination",
            ),
            ({"Attribute": "bogus", "Value": "x"}, "InvalidParameterValue"),
            (
                {"LaunchPermission": {"Add": [{"UserId": "me"}]}},
                "InvalidAMIAttributeItemValue",
            ),
            (
                {"LaunchPermission": {"Add": [{"Group": "some"}]}},
                "InvalidAMIAttributeItemValue",
            ),
        ],
    )
    def test_what_cannot_be_changed_is_refused(
        self, ec2: "EC2Client", plain: str, asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.modify_image_attribute(ImageId=plain, **asked)

        assert code_of(refused) == code

    def test_a_disabled_image_cannot_be_shared(self, ec2: "EC2Client", plain: str) -> None:
        ec2.disable_image(ImageId=plain)

        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.modify_image_attribute(ImageId=plain, LaunchPermission={"Add": [{"UserId": OTHER}]})

    def test_only_launch_permissions_can_be_reset(self, ec2: "EC2Client", plain: str) -> None:
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.reset_image_attribute(ImageId=plain, Attribute="description")  # type: ignore[arg-type]


class TestCopyImage:
    """CopyImage."""

    @pytest.fixture
    def there(self, aws: Sandbox) -> "EC2Client":
        """EC2 in eu-west-1."""
        client: EC2Client = aws.client("ec2", region="eu-west-1")
        return client

    def copy(self, client: "EC2Client", image: str, name: str = "copy", **more: Any) -> str:
        asked: dict[str, Any] = {"SourceImageId": image, "SourceRegion": "us-east-1", **more}
        return client.copy_image(Name=name, **asked)["ImageId"]

    def test_a_copy_is_pending_then_available_with_its_own_snapshots(
        self, aws: Sandbox, there: "EC2Client", ec2: "EC2Client", image: str
    ) -> None:
        made = self.copy(there, image, Description="far away")

        pending = described(there, made)
        assert (pending["State"], pending["Description"]) == ("pending", "far away")
        assert (pending["SourceImageId"], pending["SourceImageRegion"]) == (image, "us-east-1")
        assert "SourceInstanceId" not in pending
        assert "Tags" not in pending
        snapshots = there.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert {each["SnapshotId"] for each in snapshots} == set(snapshots_of(there, made))
        source = snapshots_of(ec2, image)
        assert snapshots[0]["Description"].startswith(
            f"Copied for DestinationAmi {made} from SourceAmi {image} for SourceSnapshot "
            f"{source[0]}. Task created on 1,7"
        )
        aws.clock.advance(120)
        assert described(there, made)["State"] == "available"

    def test_tags_are_copied_only_when_asked_for(
        self, there: "EC2Client", ec2: "EC2Client", image: str
    ) -> None:
        ec2.create_tags(
            Resources=[image], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]
        )
        made = self.copy(
            there,
            image,
            CopyImageTags=True,
            TagSpecifications=[
                {"ResourceType": "image", "Tags": [{"Key": "b", "Value": "2"}]},
                {"ResourceType": "snapshot", "Tags": [{"Key": "c", "Value": "3"}]},
            ],
        )

        tags = {tag["Key"]: tag["Value"] for tag in described(there, made)["Tags"]}
        assert tags == {"a": "1", "b": "2"}
        snapshots = there.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert [each["Tags"] for each in snapshots] == [[{"Key": "c", "Value": "3"}]] * 2

    def test_a_copy_can_be_encrypted_but_never_decrypted(
        self, aws: Sandbox, there: "EC2Client", image: str
    ) -> None:
        key = aws.client("kms", region="eu-west-1").create_key()["KeyMetadata"]["Arn"]

        made = self.copy(there, image, Encrypted=True, KmsKeyId=key)
        plain = self.copy(there, image, "plain", Encrypted=False)

        assert {
            each["Ebs"]["Encrypted"] for each in described(there, made)["BlockDeviceMappings"]
        } == {True}
        keys = {
            each["SnapshotId"]: each.get("KmsKeyId")
            for each in there.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        }
        assert {keys[each] for each in snapshots_of(there, made)} == {key}
        assert [
            each["Ebs"]["Encrypted"] for each in described(there, plain)["BlockDeviceMappings"]
        ] == [False, True]

    def test_a_key_that_cannot_be_used_fails_the_copy_later(
        self, aws: Sandbox, there: "EC2Client", image: str
    ) -> None:
        made = self.copy(there, image, Encrypted=True, KmsKeyId="alias/nobody")
        assert described(there, made)["State"] == "pending"
        aws.clock.advance(120)

        assert described(there, made)["State"] == "failed"
        snapshots = there.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        assert {each["State"] for each in snapshots} == {"error"}

    def test_a_client_token_makes_one_copy(self, there: "EC2Client", image: str) -> None:
        first = self.copy(there, image, ClientToken="t")

        assert self.copy(there, image, ClientToken="t") == first
        with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
            self.copy(there, image, "other", ClientToken="t")
        assert own(there) == {first}

    def test_within_a_region_the_name_must_be_another(self, ec2: "EC2Client", image: str) -> None:
        with pytest.raises(ClientError, match=r"InvalidAMIName\.Duplicate"):
            self.copy(ec2, image, "point")

        assert described(ec2, self.copy(ec2, image))["SourceImageId"] == image

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"SourceImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
            ({"SourceRegion": "nowhere-1"}, "InvalidRegion"),
            ({"KmsKeyId": "alias/x"}, "InvalidParameterDependency"),
            ({"SnapshotCopyCompletionDurationMinutes": 7}, "InvalidParameterValue"),
            (
                {
                    "TagSpecifications": [
                        {"ResourceType": "volume", "Tags": [{"Key": "a", "Value": ""}]}
                    ]
                },
                "InvalidParameterValue",
            ),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, there: "EC2Client", image: str, more: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            self.copy(there, image, **more)

        assert code_of(refused) == code
        assert own(there) == set()
        assert there.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []

    def test_a_pending_image_cannot_be_copied(
        self, there: "EC2Client", ec2: "EC2Client", instance: str
    ) -> None:
        with pytest.raises(ClientError, match=r"InvalidAMIID\.Unavailable"):
            self.copy(there, make(ec2, instance, "pending"))

    def test_a_shared_image_is_copied_only_with_its_snapshots_shared(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        """Of its tags only those shared on purpose come along."""
        made = make(
            ec2,
            instance,
            "plain",
            BlockDeviceMappings=[
                {"DeviceName": "/dev/sdf", "NoDevice": ""},
                {"DeviceName": "/dev/sdz", "VirtualName": "ephemeral0"},
            ],
            TagSpecifications=[
                {
                    "ResourceType": "image",
                    "Tags": [
                        {"Key": "a", "Value": "1"},
                        {"Key": "ec2:SharedTag/b", "Value": "1"},
                    ],
                }
            ],
        )
        aws.clock.advance(60)
        permission: Any = {"Add": [{"UserId": OTHER}]}
        ec2.modify_image_attribute(ImageId=made, LaunchPermission=permission)
        other: EC2Client = aws.client("ec2", account=OTHER)
        with pytest.raises(ClientError, match="permission to access the storage"):
            self.copy(other, made)
        [snapshot] = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot["SnapshotId"], CreateVolumePermission=permission
        )

        other.create_tags(Resources=[made], Tags=[{"Key": "c", "Value": "theirs"}])

        copied = described(other, self.copy(other, made, CopyImageTags=True))

        assert copied["OwnerId"] == OTHER
        assert copied["Tags"] == [
            {"Key": "ec2:SharedTag/b", "Value": "1"},
            {"Key": "c", "Value": "theirs"},
        ]
        assert described(other, made)["Tags"] == [{"Key": "c", "Value": "theirs"}]


class TestReferences:
    """DescribeImageReferences."""

    def found(self, ec2: "EC2Client", image: str, **more: Any) -> set[str]:
        asked: dict[str, Any] = more or {"IncludeAllResourceTypes": True}
        rows = ec2.describe_image_references(ImageIds=[image], **asked)["ImageReferences"]
        assert {row["ImageId"] for row in rows} <= {image}
        return {row["Arn"] for row in rows}

    def test_instances_in_any_state_refer_to_their_image(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        launched = launch(aws, ec2, image)
        ec2.stop_instances(InstanceIds=[launched])
        aws.clock.advance(60)
        arn = f"arn:aws:ec2:us-east-1:{ME}:instance/{launched}"

        def in_state(state: str) -> set[str]:
            options = [{"OptionName": "state-name", "OptionValues": [state]}]
            kind = {"ResourceType": "ec2:Instance", "ResourceTypeOptions": options}
            return self.found(ec2, image, ResourceTypes=[kind])

        assert self.found(ec2, image) == {arn}
        assert in_state("stopped") == {arn}
        assert in_state("running") == set()

    def test_launch_templates_refer_by_their_newest_versions(
        self, ec2: "EC2Client", image: str
    ) -> None:
        template = ec2.create_launch_template(
            LaunchTemplateName="web", LaunchTemplateData={"ImageId": image}
        )["LaunchTemplate"]["LaunchTemplateId"]
        arn = f"arn:aws:ec2:us-east-1:{ME}:launch-template/{template}"
        assert self.found(ec2, image) == {arn}
        for _ in range(10):
            ec2.create_launch_template_version(
                LaunchTemplateId=template, LaunchTemplateData={"ImageId": LINUX}
            )
        deep = [
            {
                "ResourceType": "ec2:LaunchTemplate",
                "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["11"]}],
            }
        ]

        assert self.found(ec2, image) == set()
        assert self.found(ec2, image, ResourceTypes=deep) == {arn}

    def test_parameters_of_the_image_type_refer_by_their_value(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        ssm = aws.client("ssm")
        ssm.put_parameter(Name="/golden", Value=image, Type="String", DataType="aws:ec2:image")
        ssm.put_parameter(Name="/text", Value=image, Type="String")
        aws.clock.advance(5)

        assert self.found(ec2, image) == {f"arn:aws:ssm:us-east-1:{ME}:parameter/golden"}

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"ImageIds": [LINUX]}, "MissingParameter"),
            ({"ImageIds": [LINUX] * 11, "IncludeAllResourceTypes": True}, "InvalidParameterValue"),
            (
                {"ImageIds": ["nonsense"], "IncludeAllResourceTypes": True},
                "InvalidAMIID.Malformed",
            ),
            (
                {"ImageIds": [LINUX], "ResourceTypes": [{"ResourceType": "bogus"}]},
                "InvalidParameterValue",
            ),
            (
                {
                    "ImageIds": [LINUX],
                    "ResourceTypes": [
                        {
                            "ResourceType": "ec2:Instance",
                            "ResourceTypeOptions": [
                                {"OptionName": "version-depth", "OptionValues": ["1"]}
                            ],
                        }
                    ],
                },
                "InvalidParameterValue",
            ),
            (
                {
                    "ImageIds": [LINUX],
                    "ResourceTypes": [
                        {
                            "ResourceType": "ec2:LaunchTemplate",
                            "ResourceTypeOptions": [
                                {"OptionName": "version-depth", "OptionValues": ["0"]}
                            ],
                        }
                    ],
                },
                "InvalidParameterValue",
            ),
        ],
    )
    def test_bad_requests_are_refused(
        self, ec2: "EC2Client", asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.describe_image_references(**asked)

        assert code_of(refused) == code


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("create_image", {"InstanceId": "i", "Name": "name"}),
        ("register_image", {"Name": "name"}),
        ("copy_image", {"Name": "name", "SourceImageId": "a", "SourceRegion": "us-east-1"}),
        ("describe_images", {}),
        ("deregister_image", {"ImageId": "a"}),
        ("disable_image", {"ImageId": "a"}),
        ("enable_image", {"ImageId": "a"}),
        ("enable_image_deprecation", {"ImageId": "a", "DeprecateAt": NOW}),
        ("disable_image_deprecation", {"ImageId": "a"}),
        ("enable_image_deregistration_protection", {"ImageId": "a"}),
        ("disable_image_deregistration_protection", {"ImageId": "a"}),
        ("describe_image_attribute", {"ImageId": "a", "Attribute": "description"}),
        ("modify_image_attribute", {"ImageId": "a"}),
        ("reset_image_attribute", {"ImageId": "a", "Attribute": "launchPermission"}),
        ("describe_image_references", {"ImageIds": ["a"]}),
        ("get_image_block_public_access_state", {}),
        ("disable_image_block_public_access", {}),
    ],
)
def test_a_dry_run_only_checks_permission(
    ec2: "EC2Client", operation: str, asked: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="DryRunOperation"):
        getattr(ec2, operation)(DryRun=True, **asked)


@pytest.mark.parametrize(
    ("operation", "missing"),
    [("create_image", "InstanceId"), ("deregister_image", "ImageId"), ("copy_image", "Name")],
)
def test_a_request_without_what_it_needs_says_so(
    aws: Sandbox, operation: str, missing: str
) -> None:
    """Of clients that do not check themselves."""
    careless = aws.client("ec2", config=Config(parameter_validation=False))

    with pytest.raises(ClientError, match=f"must contain the parameter {missing}") as refused:
        getattr(careless, operation)()

    assert code_of(refused) == "MissingParameter"
