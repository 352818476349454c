"""Volumes: what can be made, where it can be attached, and how its state follows the clock."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, ARG002, D102, D103, PLR0917

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LINUX = "ami-0abc0000000000001"
ZONE = "us-east-1a"


@pytest.fixture
def instance(aws: Sandbox, ec2: "EC2Client") -> str:
    """A running instance in us-east-1a."""
    reservation = ec2.run_instances(
        ImageId=LINUX,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        Placement={"AvailabilityZone": ZONE},
    )
    aws.clock.advance(60)
    return reservation["Instances"][0]["InstanceId"]


@pytest.fixture
def volume(aws: Sandbox, ec2: "EC2Client") -> str:
    """An available volume in us-east-1a."""
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=4)["VolumeId"]
    aws.clock.advance(5)
    return made


def described(ec2: "EC2Client", volume: str) -> Any:
    [found] = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    return found


def root_of(ec2: "EC2Client", instance: str) -> str:
    [reservation] = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    return reservation["Instances"][0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return refused.value.response["Error"]["Code"]


class TestCreateVolume:
    """CreateVolume."""

    def test_a_volume_is_creating_then_available(self, aws: Sandbox, ec2: "EC2Client") -> None:
        made = ec2.create_volume(AvailabilityZone=ZONE, Size=4)

        assert made["State"] == "creating"
        assert described(ec2, made["VolumeId"])["State"] == "creating"
        aws.clock.advance(5)
        assert described(ec2, made["VolumeId"])["State"] == "available"

    @pytest.mark.parametrize(
        ("asked", "iops", "throughput"),
        [
            ({"Size": 4}, 100, None),
            ({"Size": 100, "VolumeType": "gp2"}, 300, None),
            ({"Size": 10_000, "VolumeType": "gp2"}, 16_000, None),
            ({"Size": 4, "VolumeType": "gp3"}, 3000, 125),
            ({"Size": 100, "VolumeType": "gp3", "Iops": 4000, "Throughput": 500}, 4000, 500),
            ({"Size": 4, "VolumeType": "io2", "Iops": 400}, 400, None),
            ({"Size": 125, "VolumeType": "st1"}, None, None),
        ],
    )
    def test_each_type_has_its_own_defaults(
        self, ec2: "EC2Client", asked: dict[str, Any], iops: int | None, throughput: int | None
    ) -> None:
        made = ec2.create_volume(AvailabilityZone=ZONE, **asked)

        assert made["VolumeType"] == asked.get("VolumeType", "gp2")
        assert (made.get("Iops"), made.get("Throughput")) == (iops, throughput)

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({}, "MissingParameter"),
            ({"Size": 0}, "InvalidParameterValue"),
            ({"Size": 20_000}, "InvalidParameterValue"),
            ({"Size": 100, "VolumeType": "st1"}, "InvalidParameterValue"),
            ({"Size": 4, "VolumeType": "gp9"}, "UnknownVolumeType"),
            ({"Size": 4, "VolumeType": "io1"}, "MissingParameter"),
            ({"Size": 4, "VolumeType": "gp2", "Iops": 100}, "InvalidParameterCombination"),
            ({"Size": 4, "VolumeType": "gp3", "Iops": 100}, "InvalidParameterValue"),
            ({"Size": 4, "VolumeType": "gp3", "Iops": 90_000}, "InvalidParameterValue"),
            ({"Size": 4, "VolumeType": "gp3", "Iops": 3001}, "InvalidParameterValue"),
            ({"Size": 4, "VolumeType": "io1", "Iops": 400}, "InvalidParameterValue"),
            ({"Size": 4, "Throughput": 125}, "InvalidParameterCombination"),
            ({"Size": 4, "VolumeType": "gp3", "Throughput": 100}, "InvalidParameterValue"),
            ({"Size": 4, "VolumeType": "gp3", "Throughput": 1000}, "InvalidParameterValue"),
            ({"Size": 4, "MultiAttachEnabled": True}, "InvalidParameterCombination"),
            ({"Size": 4, "KmsKeyId": "alias/x"}, "InvalidParameterDependency"),
            ({"Size": 4, "VolumeInitializationRate": 200}, "InvalidParameterCombination"),
            ({"Size": 4, "AvailabilityZone": "us-east-1z"}, "InvalidZone.NotFound"),
            ({"Size": 4, "AvailabilityZoneId": "use1-az6"}, "InvalidParameterCombination"),
            ({"SnapshotId": "snap-0123456789abcdef0"}, "InvalidSnapshot.NotFound"),
            ({"SnapshotId": "nonsense"}, "InvalidSnapshotID.Malformed"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, ec2: "EC2Client", asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.create_volume(**{"AvailabilityZone": ZONE, **asked})

        assert code_of(refused) == code
        assert ec2.describe_volumes()["Volumes"] == []

    def test_the_zone_can_be_given_by_id(self, ec2: "EC2Client") -> None:
        made = ec2.create_volume(AvailabilityZoneId="use1-az6", Size=1)
        assert made["AvailabilityZone"] == ZONE

        with pytest.raises(ClientError, match=r"InvalidZone\.NotFound"):
            ec2.create_volume(AvailabilityZoneId="use1-az99", Size=1)
        with pytest.raises(ClientError, match="MissingParameter"):
            ec2.create_volume(Size=1)

    def test_a_volume_of_a_snapshot_is_as_large_or_larger(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)
        aws.clock.advance(60)

        assert ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["Size"] == 4
        larger = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot, Size=9)
        assert (larger["Size"], larger["SnapshotId"]) == (9, snapshot)
        with pytest.raises(ClientError, match="expect size >= 4GB"):
            ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot, Size=3)

    def test_a_volume_of_a_snapshot_may_have_an_initialization_rate(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        aws.clock.advance(60)

        def made(rate: int) -> Any:
            return ec2.create_volume(
                AvailabilityZone=ZONE, SnapshotId=snapshot, VolumeInitializationRate=rate
            )

        assert described(ec2, made(100)["VolumeId"])["VolumeInitializationRate"] == 100
        for wrong in (99, 301):
            with pytest.raises(ClientError, match="InvalidParameterValue"):
                made(wrong)

    def test_an_archived_snapshot_makes_no_volume(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        aws.clock.advance(60)
        ec2.modify_snapshot_tier(SnapshotId=snapshot, StorageTier="archive")

        with pytest.raises(ClientError, match="archived"):
            ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)

    def test_a_client_token_makes_one_volume(self, ec2: "EC2Client") -> None:
        def made(size: int) -> str:
            return ec2.create_volume(AvailabilityZone=ZONE, Size=size, ClientToken="t")["VolumeId"]

        assert made(1) == made(1)
        with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
            made(2)
        assert len(ec2.describe_volumes()["Volumes"]) == 1


class TestEncryption:
    """Which key a volume has."""

    def test_the_default_key_encrypts_when_none_is_named(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)

        [alias] = [
            each
            for each in aws.client("kms").list_aliases()["Aliases"]
            if each["AliasName"] == "alias/aws/ebs"
        ]
        assert made["KmsKeyId"].endswith(alias["TargetKeyId"])

    @pytest.mark.parametrize("form", ["KeyId", "Arn"])
    def test_a_named_key_is_answered_as_its_arn(
        self, aws: Sandbox, ec2: "EC2Client", form: str
    ) -> None:
        key = aws.client("kms").create_key()["KeyMetadata"]

        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key[form])

        assert made["KmsKeyId"] == key["Arn"]

    def test_a_key_that_cannot_be_used_fails_later(self, aws: Sandbox, ec2: "EC2Client") -> None:
        """EC2 checks the key asynchronously."""
        kms = aws.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.disable_key(KeyId=key)
        for bad in (key, "alias/nobody", "arn:aws:kms:us-east-1:123456789012:key/none"):
            made = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=bad)

            assert made["State"] == "creating"
            aws.clock.advance(5)
            assert described(ec2, made["VolumeId"])["State"] == "error"

    def test_an_encrypted_snapshot_makes_encrypted_volumes_under_its_key(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        source = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)
        snapshot = ec2.create_snapshot(VolumeId=source["VolumeId"])["SnapshotId"]
        aws.clock.advance(60)

        made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)

        assert (made["Encrypted"], made["KmsKeyId"]) == (True, key)

    def test_encryption_by_default_uses_the_accounts_key(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
        key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        ec2.enable_ebs_encryption_by_default()
        ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)

        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1)
        other = ec2.create_volume(AvailabilityZone=ZONE, Size=1, KmsKeyId="alias/aws/ebs")

        assert (made["Encrypted"], made["KmsKeyId"]) == (True, key)
        assert other["KmsKeyId"] != key
        assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == key
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.modify_ebs_default_kms_key_id(KmsKeyId="alias/nobody")
        assert ec2.reset_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"

    def test_an_encrypted_recording_keeps_a_key_that_is_not_here(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        """What a source has already is taken to work; it may be another account's."""
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        aws.clock.advance(60)
        backend: Any = ec2_backends["123456789012"]["us-east-1"]
        foreign = f"arn:aws:kms:us-east-1:222233334444:key/{'0' * 36}"
        backend.snapshots[snapshot].key = foreign

        made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"]

        aws.clock.advance(5)
        found = described(ec2, made)
        assert (found["State"], found["KmsKeyId"]) == ("available", foreign)


class TestAttachVolume:
    """AttachVolume."""

    def test_an_attached_volume_shows_on_both_sides(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, volume: str
    ) -> None:
        answer = ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")

        assert answer["State"] == "attaching"
        assert described(ec2, volume)["State"] == "in-use"
        assert described(ec2, volume)["Attachments"][0]["State"] == "attaching"
        aws.clock.advance(5)
        [attachment] = described(ec2, volume)["Attachments"]
        assert (attachment["State"], attachment["DeleteOnTermination"]) == ("attached", False)
        [reservation] = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        mapping = {
            each["DeviceName"]: each["Ebs"]
            for each in reservation["Instances"][0]["BlockDeviceMappings"]
        }
        assert mapping["/dev/sdf"]["VolumeId"] == volume
        assert mapping["/dev/sdf"]["Status"] == "attached"

    def test_a_volume_goes_to_one_instance_only(
        self, ec2: "EC2Client", instance: str, volume: str
    ) -> None:
        ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")

        with pytest.raises(ClientError, match="VolumeInUse"):
            ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdg")

    @pytest.mark.parametrize(
        ("device", "message"),
        [("/dev/xvda", "already in use"), ("C:", "not a valid EBS device name")],
    )
    def test_the_device_must_be_free_and_valid(
        self, ec2: "EC2Client", instance: str, volume: str, device: str, message: str
    ) -> None:
        with pytest.raises(ClientError, match=message) as refused:
            ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device=device)

        assert code_of(refused) == "InvalidParameterValue"

    def test_another_zone_is_a_mismatch(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        far = ec2.create_volume(AvailabilityZone="us-east-1b", Size=1)["VolumeId"]
        aws.clock.advance(5)

        with pytest.raises(ClientError, match=r"InvalidVolume\.ZoneMismatch"):
            ec2.attach_volume(VolumeId=far, InstanceId=instance, Device="/dev/sdf")

    def test_a_volume_that_is_still_creating_cannot_be_attached(
        self, ec2: "EC2Client", instance: str
    ) -> None:
        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]

        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.attach_volume(VolumeId=made, InstanceId=instance, Device="/dev/sdf")

    def test_the_instance_must_be_running_or_stopped(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, volume: str
    ) -> None:
        ec2.stop_instances(InstanceIds=[instance])
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
        aws.clock.advance(60)

        ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")

        assert described(ec2, volume)["State"] == "in-use"

    def test_a_type_takes_so_many_volumes_and_interfaces(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        """A t3.micro shares 28 attachments among one interface and 27 volumes."""
        made = [ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"] for _ in range(27)]
        aws.clock.advance(5)
        for at, each in enumerate(made[:25]):
            device = f"/dev/sd{chr(ord('b') + at)}"
            ec2.attach_volume(VolumeId=each, InstanceId=instance, Device=device)
        [machine] = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"]
        interface = ec2.create_network_interface(SubnetId=machine["SubnetId"])["NetworkInterface"]
        attached = ec2.attach_network_interface(
            NetworkInterfaceId=interface["NetworkInterfaceId"], InstanceId=instance, DeviceIndex=1
        )
        last: Any = {"InstanceId": instance, "Device": "/dev/xvdba", "VolumeId": made[25]}
        with pytest.raises(ClientError, match="AttachmentLimitExceeded"):
            ec2.attach_volume(**last)
        ec2.detach_network_interface(AttachmentId=attached["AttachmentId"])
        aws.clock.advance(10)
        ec2.attach_volume(**last)

        with pytest.raises(ClientError, match="AttachmentLimitExceeded"):
            ec2.attach_volume(**{**last, "Device": "/dev/xvdbb", "VolumeId": made[26]})

    def test_a_disk_that_cannot_boot_does_not_become_a_root(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        cold = ec2.create_volume(AvailabilityZone=ZONE, Size=125, VolumeType="sc1")["VolumeId"]
        ec2.stop_instances(InstanceIds=[instance])
        aws.clock.advance(60)
        ec2.detach_volume(VolumeId=root_of(ec2, instance))
        aws.clock.advance(5)

        with pytest.raises(ClientError, match="cannot be a root device"):
            ec2.attach_volume(VolumeId=cold, InstanceId=instance, Device="/dev/xvda")


class TestMultiAttach:
    """One volume on several instances."""

    @pytest.fixture
    def shared(self, aws: Sandbox, ec2: "EC2Client") -> str:
        """An io2 volume with Multi-Attach."""
        made = ec2.create_volume(
            AvailabilityZone=ZONE, Size=4, VolumeType="io2", Iops=100, MultiAttachEnabled=True
        )["VolumeId"]
        aws.clock.advance(5)
        return made

    def test_up_to_sixteen_instances_have_it(
        self, aws: Sandbox, ec2: "EC2Client", shared: str
    ) -> None:
        many = ec2.run_instances(
            ImageId=LINUX,
            InstanceType="t3.micro",
            MinCount=17,
            MaxCount=17,
            Placement={"AvailabilityZone": ZONE},
        )["Instances"]
        aws.clock.advance(60)
        ids = [each["InstanceId"] for each in many]
        for each in ids[:16]:
            ec2.attach_volume(VolumeId=shared, InstanceId=each, Device="/dev/sdf")

        assert len(described(ec2, shared)["Attachments"]) == 16
        for each, code in ((ids[16], "AttachmentLimitExceeded"), (ids[0], "VolumeInUse")):
            with pytest.raises(ClientError, match=code):
                ec2.attach_volume(VolumeId=shared, InstanceId=each, Device="/dev/sdg")

    def test_it_leaves_the_instance_that_is_named(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, shared: str
    ) -> None:
        ec2.attach_volume(VolumeId=shared, InstanceId=instance, Device="/dev/sdf")
        aws.clock.advance(5)

        with pytest.raises(ClientError, match="MissingParameter"):
            ec2.detach_volume(VolumeId=shared)

        ec2.detach_volume(VolumeId=shared, InstanceId=instance)
        aws.clock.advance(5)
        assert described(ec2, shared)["State"] == "available"

    def test_only_instances_of_the_nitro_system_take_it(
        self, aws: Sandbox, ec2: "EC2Client", shared: str
    ) -> None:
        made = ec2.run_instances(
            ImageId=LINUX,
            InstanceType="t2.micro",
            MinCount=1,
            MaxCount=1,
            Placement={"AvailabilityZone": ZONE},
        )["Instances"][0]["InstanceId"]
        aws.clock.advance(60)

        with pytest.raises(ClientError, match="Nitro"):
            ec2.attach_volume(VolumeId=shared, InstanceId=made, Device="/dev/sdf")

    def test_the_last_instance_takes_it_along(
        self, aws: Sandbox, ec2: "EC2Client", shared: str
    ) -> None:
        many = ec2.run_instances(
            ImageId=LINUX,
            InstanceType="t3.micro",
            MinCount=2,
            MaxCount=2,
            Placement={"AvailabilityZone": ZONE},
        )["Instances"]
        aws.clock.advance(60)
        for each in many:
            ec2.attach_volume(VolumeId=shared, InstanceId=each["InstanceId"], Device="/dev/sdf")
            ec2.modify_instance_attribute(
                InstanceId=each["InstanceId"],
                BlockDeviceMappings=[
                    {"DeviceName": "/dev/sdf", "Ebs": {"DeleteOnTermination": True}}
                ],
            )
        found = []
        for each in many:
            ec2.terminate_instances(InstanceIds=[each["InstanceId"]])
            aws.clock.advance(60)
            found.append([each["State"] for each in ec2.describe_volumes()["Volumes"]])

        assert found == [["in-use", "in-use"], []]


class TestProductCodes:
    """AWS Marketplace: the codes go with the disk."""

    @pytest.fixture
    def product(self, aws: Sandbox, ec2: "EC2Client") -> str:
        """A stopped instance with a product code, and its root taken off."""
        machine = {
            "InstanceId": "i-0aaaaaaaaaaaaaaaa",
            "InstanceType": "t3.micro",
            "RootDeviceName": "/dev/xvda",
            "Placement": {"AvailabilityZone": ZONE},
            "State": {"Name": "stopped"},
            "ProductCodes": [{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}],
        }
        aws.load_fleet({"Reservations": [{"Instances": [machine]}]})
        return "i-0aaaaaaaaaaaaaaaa"

    def codes(self, ec2: "EC2Client", instance: str) -> list[str]:
        answer = ec2.describe_instance_attribute(InstanceId=instance, Attribute="productCodes")
        return [each["ProductCodeId"] for each in answer["ProductCodes"]]

    def test_they_leave_and_come_with_the_volume_and_its_snapshots(
        self, aws: Sandbox, ec2: "EC2Client", product: str, instance: str
    ) -> None:
        root = root_of(ec2, product)
        snapshot = ec2.create_snapshot(VolumeId=root)["SnapshotId"]
        aws.clock.advance(60)
        made = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"]
        aws.clock.advance(5)
        for answer in (
            ec2.describe_volume_attribute(VolumeId=made, Attribute="productCodes"),
            ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="productCodes"),
        ):
            assert [each["ProductCodeId"] for each in answer["ProductCodes"]] == ["abc"]
        assert self.codes(ec2, product) == ["abc"]
        ec2.detach_volume(VolumeId=root)
        aws.clock.advance(5)
        assert self.codes(ec2, product) == []
        asked: Any = {"VolumeId": made, "InstanceId": instance, "Device": "/dev/sdf"}
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.attach_volume(**asked)
        ec2.stop_instances(InstanceIds=[instance])
        aws.clock.advance(60)

        ec2.attach_volume(**asked)

        assert self.codes(ec2, instance) == ["abc"]


class TestCopyVolumes:
    """CopyVolumes."""

    def test_a_copy_holds_what_its_source_holds_now(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        aws.disks.write(volume, "now")
        asked: Any = {
            "SourceVolumeId": volume,
            "Size": 9,
            "VolumeType": "gp3",
            "ClientToken": "t",
            "TagSpecifications": [
                {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "copy"}]}
            ],
        }
        [made] = ec2.copy_volumes(**asked)["Volumes"]
        assert ec2.copy_volumes(**asked)["Volumes"][0]["VolumeId"] == made["VolumeId"]
        aws.disks.write(volume, "later")
        aws.clock.advance(5)

        found = described(ec2, made["VolumeId"])

        assert (found["State"], found["Size"], found["SourceVolumeId"]) == ("available", 9, volume)
        assert found["AvailabilityZone"] == ZONE
        assert found["Tags"] == [{"Key": "Name", "Value": "copy"}]
        assert aws.disks.read(made["VolumeId"])["holds"] == "now"

    def test_a_copy_is_never_smaller_or_less_encrypted(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        secret = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, KmsKeyId=key)
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.copy_volumes(SourceVolumeId=secret["VolumeId"])
        aws.clock.advance(5)

        [copy] = ec2.copy_volumes(SourceVolumeId=secret["VolumeId"])["Volumes"]

        assert (copy["KmsKeyId"], copy["VolumeType"]) == (key, "gp2")
        with pytest.raises(ClientError, match="expect size >= 4GB"):
            ec2.copy_volumes(SourceVolumeId=volume, Size=3)


class TestDetachVolume:
    """DetachVolume and DeleteVolume."""

    @pytest.fixture
    def attached(self, aws: Sandbox, ec2: "EC2Client", instance: str, volume: str) -> str:
        """A volume that is attached as /dev/sdf."""
        ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
        aws.clock.advance(5)
        return volume

    def test_a_volume_is_detaching_then_available(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, attached: str
    ) -> None:
        """Only the volume has to be named; until it is done, volume and device are taken."""
        assert ec2.detach_volume(VolumeId=attached)["State"] == "detaching"

        assert described(ec2, attached)["State"] == "in-use"
        other = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        with pytest.raises(ClientError, match="VolumeInUse"):
            ec2.attach_volume(VolumeId=attached, InstanceId=instance, Device="/dev/sdg")
        ec2.detach_volume(VolumeId=attached)
        aws.clock.advance(1)
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.attach_volume(VolumeId=other, InstanceId=instance, Device="/dev/sdf")
        aws.clock.advance(4)
        assert described(ec2, attached)["State"] == "available"
        ec2.attach_volume(VolumeId=other, InstanceId=instance, Device="/dev/sdf")

    def test_a_device_being_freed_is_still_in_use(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, attached: str
    ) -> None:
        other = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        aws.clock.advance(5)
        ec2.detach_volume(VolumeId=attached)

        with pytest.raises(ClientError, match="already in use"):
            ec2.attach_volume(VolumeId=other, InstanceId=instance, Device="/dev/sdf")

    def test_what_is_not_attached_cannot_be_detached(self, ec2: "EC2Client", volume: str) -> None:
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.detach_volume(VolumeId=volume)

    @pytest.mark.parametrize(
        "wrong", [{"InstanceId": "i-0123456789abcdef0"}, {"Device": "/dev/sdz"}]
    )
    def test_a_wrong_instance_or_device_is_no_attachment(
        self, ec2: "EC2Client", attached: str, wrong: dict[str, str]
    ) -> None:
        with pytest.raises(ClientError, match=r"InvalidAttachment\.NotFound"):
            ec2.detach_volume(VolumeId=attached, **wrong)  # type: ignore[arg-type]

        assert described(ec2, attached)["Attachments"][0]["State"] == "attached"

    def test_the_root_of_a_running_instance_stays(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        root = root_of(ec2, instance)
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.detach_volume(VolumeId=root)
        ec2.stop_instances(InstanceIds=[instance])
        aws.clock.advance(60)

        ec2.detach_volume(VolumeId=root, InstanceId=instance)

        aws.clock.advance(5)
        assert described(ec2, root)["State"] == "available"

    def test_a_volume_attached_again_is_not_deleted_on_termination(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        root = root_of(ec2, instance)
        assert described(ec2, root)["Attachments"][0]["DeleteOnTermination"] is True
        ec2.stop_instances(InstanceIds=[instance])
        aws.clock.advance(60)
        ec2.detach_volume(VolumeId=root)
        aws.clock.advance(5)

        ec2.attach_volume(VolumeId=root, InstanceId=instance, Device="/dev/xvda")

        assert described(ec2, root)["Attachments"][0]["DeleteOnTermination"] is False

    def test_only_what_is_attached_to_nothing_can_be_deleted(
        self, aws: Sandbox, ec2: "EC2Client", attached: str
    ) -> None:
        with pytest.raises(ClientError, match="VolumeInUse"):
            ec2.delete_volume(VolumeId=attached)
        ec2.detach_volume(VolumeId=attached)
        with pytest.raises(ClientError, match="VolumeInUse"):
            ec2.delete_volume(VolumeId=attached)
        aws.clock.advance(5)

        ec2.delete_volume(VolumeId=attached)

        with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound"):
            ec2.describe_volumes(VolumeIds=[attached])
        with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound"):
            ec2.delete_volume(VolumeId=attached)

    def test_a_volume_that_is_still_creating_cannot_be_deleted(self, ec2: "EC2Client") -> None:
        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]

        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.delete_volume(VolumeId=made)


class TestDescribeVolumes:
    """DescribeVolumes."""

    @pytest.mark.parametrize(
        ("name", "value", "found"),
        [
            ("attachment.instance-id", "{instance}", {"root", "data"}),
            ("attachment.device", "/dev/sdf", {"data"}),
            ("attachment.status", "attached", {"root", "data"}),
            ("attachment.delete-on-termination", "true", {"root"}),
            ("attachment.attach-time", "2026-11-23*", {"root", "data"}),
            ("availability-zone", "us-east-1b", {"far"}),
            ("availability-zone-id", "use1-az1", {"far"}),
            ("create-time", "2026-11-23T12:01*", {"data", "far"}),
            ("encrypted", "true", {"far"}),
            ("fast-restored", "true", set()),
            ("multi-attach-enabled", "false", {"root", "data", "far"}),
            ("operator.managed", "true", set()),
            ("operator.principal", "*", set()),
            ("size", "4", {"data"}),
            ("snapshot-id", "snap-*", {"root"}),
            ("status", "available", {"far"}),
            ("tag:Name", "fa?", {"far"}),
            ("tag-key", "Name", {"far"}),
            ("tag-value", "far", {"far"}),
            ("volume-id", "{data}", {"data"}),
            ("volume-type", "gp3", {"root"}),
        ],
    )
    def test_every_filter_filters(
        self,
        aws: Sandbox,
        ec2: "EC2Client",
        instance: str,
        volume: str,
        name: str,
        value: str,
        found: set[str],
    ) -> None:
        far = ec2.create_volume(
            AvailabilityZone="us-east-1b",
            Size=1,
            Encrypted=True,
            TagSpecifications=[
                {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": "far"}]}
            ],
        )["VolumeId"]
        ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
        aws.clock.advance(5)
        names = {root_of(ec2, instance): "root", volume: "data", far: "far"}
        asked = value.format(instance=instance, data=volume)

        answer = ec2.describe_volumes(Filters=[{"Name": name, "Values": [asked]}])["Volumes"]

        assert {names[each["VolumeId"]] for each in answer} == found

    def test_names_are_joined_by_and_values_by_or(self, ec2: "EC2Client") -> None:
        small, large = (
            ec2.create_volume(AvailabilityZone=ZONE, Size=size)["VolumeId"] for size in (1, 2)
        )

        def found(*filters: tuple[str, list[str]]) -> set[str]:
            asked = [{"Name": name, "Values": values} for name, values in filters]
            answer = ec2.describe_volumes(Filters=asked)["Volumes"]  # type: ignore[arg-type]
            return {each["VolumeId"] for each in answer}

        assert found(("size", ["1", "2"])) == {small, large}
        assert found(("size", ["1", "2"]), ("volume-id", [small])) == {small}
        assert found(("size", ["1"]), ("volume-id", [large])) == set()

    def test_wildcards_can_be_made_literal(self, ec2: "EC2Client") -> None:
        for name in ("a*b", "axxb", "a?b", "a\\b"):
            ec2.create_volume(
                AvailabilityZone=ZONE,
                Size=1,
                TagSpecifications=[
                    {"ResourceType": "volume", "Tags": [{"Key": "Name", "Value": name}]}
                ],
            )

        def found(pattern: str) -> set[str]:
            answer = ec2.describe_volumes(Filters=[{"Name": "tag:Name", "Values": [pattern]}])
            return {tag["Value"] for each in answer["Volumes"] for tag in each["Tags"]}

        assert found("a*b") == {"a*b", "axxb", "a?b", "a\\b"}
        assert found("a\\*b") == {"a*b"}
        assert found("a\\?*") == {"a?b"}
        assert found("a?b") == {"a*b", "a?b", "a\\b"}
        assert found("a\\\\b") == {"a\\b"}

    @pytest.mark.parametrize(
        ("filters", "message"),
        [
            ([{"Name": "bogus", "Values": ["x"]}], "The filter 'bogus' is invalid"),
            ([{"Values": ["x"]}], "The filter 'null' is invalid"),
            ([{"Name": "size", "Values": ["1"] * 201}], "FilterLimitExceeded"),
            ([{"Name": "size", "Values": ["1"]}] * 51, "FilterLimitExceeded"),
        ],
    )
    def test_bad_filters_are_refused(
        self, ec2: "EC2Client", filters: list[Any], message: str
    ) -> None:
        with pytest.raises(ClientError, match=message):
            ec2.describe_volumes(Filters=filters)

    def test_moto_itself_finds_volumes_by_a_mapping_of_filters(
        self, ec2: "EC2Client", volume: str
    ) -> None:
        backend = ec2_backends["123456789012"]["us-east-1"]

        assert [each.id for each in backend.describe_volumes(filters={"size": ["4"]})] == [volume]
        assert backend.describe_volumes([volume], filters={"size": ["5"]}) == []

    def test_pages_are_complete_without_repeats(self, ec2: "EC2Client") -> None:
        made = {ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"] for _ in range(12)}

        pages = ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 5})
        found = [[each["VolumeId"] for each in page["Volumes"]] for page in pages]

        assert [len(page) for page in found] == [5, 5, 2]
        assert {each for page in found for each in page} == made

    def test_what_goes_between_two_pages_is_left_out(self, aws: Sandbox, ec2: "EC2Client") -> None:
        made = [ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"] for _ in range(8)]
        aws.clock.advance(5)
        first = ec2.describe_volumes(MaxResults=5)
        ec2.delete_volume(VolumeId=made[6])

        second = ec2.describe_volumes(MaxResults=5, NextToken=first["NextToken"])

        assert [each["VolumeId"] for each in second["Volumes"]] == [made[5], made[7]]
        assert "NextToken" not in second

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"MaxResults": 4}, "InvalidParameterValue"),
            ({"MaxResults": 1001}, "InvalidParameterValue"),
            ({"NextToken": "nonsense"}, "InvalidParameterValue"),
            ({"NextToken": "eyJ00000001.5"}, "InvalidParameterValue"),
            ({"VolumeIds": ["{volume}"], "MaxResults": 5}, "InvalidParameterCombination"),
            ({"VolumeIds": ["vol-0123456789abcdef0"]}, "InvalidVolume.NotFound"),
            ({"VolumeIds": ["nonsense"]}, "InvalidVolumeID.Malformed"),
        ],
    )
    def test_bad_pages_and_ids_are_refused(
        self, ec2: "EC2Client", volume: str, asked: dict[str, Any], code: str
    ) -> None:
        if asked.get("VolumeIds") == ["{volume}"]:
            asked = {**asked, "VolumeIds": [volume]}
        with pytest.raises(ClientError) as refused:
            ec2.describe_volumes(**asked)

        assert code_of(refused) == code

    def test_a_listing_that_was_left_open_too_long_is_forgotten(self, ec2: "EC2Client") -> None:
        for _ in range(6):
            ec2.create_volume(AvailabilityZone=ZONE, Size=1)
        first = ec2.describe_volumes(MaxResults=5)["NextToken"]
        for _ in range(64):
            ec2.describe_volumes(MaxResults=5)

        with pytest.raises(ClientError, match="pagination token"):
            ec2.describe_volumes(MaxResults=5, NextToken=first)


class TestModifyVolume:
    """ModifyVolume."""

    def test_a_change_is_modifying_optimizing_completed(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        answer = ec2.modify_volume(VolumeId=volume, Size=8, VolumeType="gp3")["VolumeModification"]

        assert answer["ModificationState"] == "modifying"
        assert (answer["OriginalSize"], answer["TargetSize"]) == (4, 8)
        assert (described(ec2, volume)["Size"], described(ec2, volume)["Throughput"]) == (8, 125)
        found = []
        for _ in range(2):
            aws.clock.advance(40)
            found += ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]
        assert [each["ModificationState"] for each in found] == ["optimizing", "completed"]
        assert found[-1]["Progress"] == 100

    def test_a_change_waits_for_the_one_before_and_four_are_enough_for_a_day(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        ec2.modify_volume(VolumeId=volume, Size=8)
        with pytest.raises(ClientError, match="IncorrectModificationState"):
            ec2.modify_volume(VolumeId=volume, Size=9)
        for change in ({"VolumeType": "io1", "Iops": 200}, {"Size": 16}, {"VolumeType": "gp3"}):
            aws.clock.advance(600)
            ec2.modify_volume(VolumeId=volume, **change)
        aws.clock.advance(600)
        assert (described(ec2, volume)["Iops"], described(ec2, volume)["Size"]) == (3000, 16)

        with pytest.raises(ClientError, match=r"VolumeModificationRateExceeded.*11-24T12:00:05"):
            ec2.modify_volume(VolumeId=volume, Size=17)

        aws.clock.advance(24 * 3600 - 4 * 600)
        ec2.modify_volume(VolumeId=volume, Size=17)

    def test_multi_attach_goes_on_and_off_for_io2_alone(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        with pytest.raises(ClientError, match="InvalidParameterCombination"):
            ec2.modify_volume(VolumeId=volume, MultiAttachEnabled=True)

        change = ec2.modify_volume(
            VolumeId=volume, VolumeType="io2", Iops=200, MultiAttachEnabled=True
        )["VolumeModification"]

        assert (change["OriginalMultiAttachEnabled"], change["TargetMultiAttachEnabled"]) == (
            False,
            True,
        )
        assert described(ec2, volume)["MultiAttachEnabled"] is True

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"Size": 3}, "InvalidParameterValue"),
            ({}, "InvalidParameterValue"),
            ({"Iops": 4000}, "InvalidParameterCombination"),
            ({"VolumeType": "st1"}, "InvalidParameterValue"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, ec2: "EC2Client", volume: str, asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.modify_volume(VolumeId=volume, **asked)

        assert code_of(refused) == code

    def test_a_volume_that_is_still_creating_cannot_be_changed(self, ec2: "EC2Client") -> None:
        made = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]

        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.modify_volume(VolumeId=made, Size=2)

    def test_changes_are_found_by_volume_and_filter(self, ec2: "EC2Client", volume: str) -> None:
        with pytest.raises(ClientError, match=r"InvalidVolumeModification\.NotFound"):
            ec2.describe_volumes_modifications(VolumeIds=[volume])
        ec2.modify_volume(VolumeId=volume, Size=8)

        def found(name: str, value: str) -> int:
            filters: Any = [{"Name": name, "Values": [value]}]
            answer = ec2.describe_volumes_modifications(Filters=filters)
            return len(answer["VolumesModifications"])

        matching = {
            "modification-state": "modifying",
            "original-iops": "100",
            "original-multi-attach-enabled": "false",
            "original-size": "4",
            "original-volume-type": "gp2",
            "start-time": "2026-*",
            "target-iops": "100",
            "target-multi-attach-enabled": "false",
            "target-size": "8",
            "target-volume-type": "gp2",
            "volume-id": volume,
        }
        assert {name: found(name, value) for name, value in matching.items()} == dict.fromkeys(
            matching, 1
        )
        assert found("target-size", "9") == 0


class TestVolumeStatus:
    """DescribeVolumeStatus and the attributes."""

    def test_a_volume_is_ok_unless_told_otherwise(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        other = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        aws.health.set(volume=volume, status="impaired")

        rows = ec2.describe_volume_status()["VolumeStatuses"]

        zones = {row["AvailabilityZoneId"] for row in rows}
        assert zones == {
            each["AvailabilityZoneId"]
            for each in ec2.describe_volumes(VolumeIds=[other])["Volumes"]
        }
        assert {row["VolumeId"]: row["VolumeStatus"]["Status"] for row in rows} == {
            volume: "impaired",
            other: "ok",
        }

    def test_it_says_how_far_a_restored_volume_is_initialized(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        """By the rate if there is one, at once from a fast snapshot; an empty one has none."""
        snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        aws.clock.advance(3600)
        asked: dict[str, Any] = {"AvailabilityZone": ZONE, "SnapshotId": snapshot}
        size = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]
        seconds = size["FullSnapshotSizeInBytes"] / (100 * 1024 * 1024)
        slow = ec2.create_volume(**asked)["VolumeId"]
        rated = ec2.create_volume(**asked, VolumeInitializationRate=100)["VolumeId"]
        copy = ec2.copy_volumes(SourceVolumeId=volume)["Volumes"][0]["VolumeId"]

        def told(which: str) -> tuple[Any, Any]:
            [row] = ec2.describe_volume_status(VolumeIds=[which])["VolumeStatuses"]
            states = {each["Name"]: each["Status"] for each in row["VolumeStatus"]["Details"]}
            return states.get("initialization-state"), row.get("InitializationStatusDetails")

        assert told(volume) == (None, None)
        assert told(slow) == ("initializing", {"InitializationType": "default", "Progress": 0})
        assert told(copy)[1] == {"InitializationType": "volume-copy", "Progress": 0}
        left = {"EstimatedTimeToCompleteInSeconds": round(seconds)}
        kind = {"InitializationType": "provisioned-rate"}
        assert told(rated) == ("initializing", {**kind, "Progress": 0, **left})
        aws.clock.advance(seconds + 1)
        done = {"Progress": 100, "EstimatedTimeToCompleteInSeconds": 0}
        assert told(rated) == ("completed", {**kind, **done})
        assert told(slow)[0] == "initializing"

        ec2.enable_fast_snapshot_restores(AvailabilityZones=[ZONE], SourceSnapshotIds=[snapshot])
        aws.clock.advance(3600)
        fast = ec2.create_volume(**asked)["VolumeId"]
        assert told(fast) == ("completed", {"InitializationType": "default", "Progress": 100})

    def test_input_and_output_can_be_enabled_again(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.enable_volume_io(VolumeId=volume)
        aws.health.set(volume=volume, status="impaired")

        ec2.enable_volume_io(VolumeId=volume)

        [row] = ec2.describe_volume_status()["VolumeStatuses"]
        assert row["VolumeStatus"]["Status"] == "ok"

    @pytest.mark.parametrize(
        ("name", "value", "count"),
        [
            ("volume-status.status", "ok", 1),
            ("volume-status.details-name", "io-enabled", 1),
            ("volume-status.details-status", "failed", 0),
            ("availability-zone", ZONE, 1),
            ("event.event-id", "*", 0),
        ],
    )
    def test_statuses_are_filtered(
        self, ec2: "EC2Client", volume: str, name: str, value: str, count: int
    ) -> None:
        filters: Any = [{"Name": name, "Values": [value]}]

        rows = ec2.describe_volume_status(Filters=filters)["VolumeStatuses"]

        assert len(rows) == count

    def test_auto_enable_io_can_be_changed(self, ec2: "EC2Client", volume: str) -> None:
        ec2.modify_volume_attribute(VolumeId=volume, AutoEnableIO={"Value": True})

        answer = ec2.describe_volume_attribute(VolumeId=volume, Attribute="autoEnableIO")

        assert answer["AutoEnableIO"] == {"Value": True}
        codes = ec2.describe_volume_attribute(VolumeId=volume, Attribute="productCodes")
        assert codes["ProductCodes"] == []
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.describe_volume_attribute(VolumeId=volume, Attribute="bogus")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("create_volume", {"AvailabilityZone": ZONE, "Size": 1}),
        ("attach_volume", {"VolumeId": "v", "InstanceId": "i", "Device": "d"}),
        ("detach_volume", {"VolumeId": "v"}),
        ("delete_volume", {"VolumeId": "v"}),
        ("describe_volumes", {}),
        ("modify_volume", {"VolumeId": "v"}),
        ("describe_volumes_modifications", {}),
        ("describe_volume_status", {}),
        ("describe_volume_attribute", {"VolumeId": "v", "Attribute": "autoEnableIO"}),
        ("modify_volume_attribute", {"VolumeId": "v"}),
        ("copy_volumes", {"SourceVolumeId": "v"}),
        ("enable_volume_io", {"VolumeId": "v"}),
        ("get_ebs_default_kms_key_id", {}),
        ("reset_ebs_default_kms_key_id", {}),
    ],
)
def test_a_dry_run_only_checks_permission(
    ec2: "EC2Client", operation: str, asked: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="DryRunOperation"):
        getattr(ec2, operation)(DryRun=True, **asked)
