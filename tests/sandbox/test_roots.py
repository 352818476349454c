"""Replacing a running machine's root volume: sources, states, failures, what is kept."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, ARG002, D102, D103

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.process import Sandbox
from tests.sandbox.scenes import ARM, LINUX, code, describe, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ZONE = "us-east-1a"
ROOT = "/dev/xvda"
WINDOWS = "ami-0abc0000000000004"


@pytest.fixture
def instance(aws: Sandbox, ec2: "EC2Client") -> str:
    """A running instance in us-east-1a, its root holding ``Monday``."""
    made = launch(ec2, Placement={"AvailabilityZone": ZONE})["InstanceId"]
    aws.clock.advance(60)
    aws.disks.write(root_of(ec2, made)["VolumeId"], "Monday")
    return str(made)


def root_of(ec2: "EC2Client", instance: str, device: str = ROOT) -> dict[str, Any]:
    mapping = describe(ec2, instance)["BlockDeviceMappings"]
    found: list[dict[str, Any]] = [each["Ebs"] for each in mapping if each["DeviceName"] == device]
    return found[0] if found else {}


def volume(ec2: "EC2Client", volume_id: str) -> Any:
    return ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]


def snapshot_of(aws: Sandbox, ec2: "EC2Client", volume_id: str) -> str:
    made = ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"]
    aws.clock.advance(60)
    return made


def image_of(aws: Sandbox, ec2: "EC2Client", instance: str, name: str = "point") -> str:
    made = ec2.create_image(InstanceId=instance, Name=name, NoReboot=True)["ImageId"]
    aws.clock.advance(60)
    return made


def replaced(aws: Sandbox, ec2: "EC2Client", instance: str, **how: Any) -> Any:
    """The task when all is over."""
    made = ec2.create_replace_root_volume_task(InstanceId=instance, **how)
    aws.clock.advance(60)
    return task(ec2, made["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"])


def task(ec2: "EC2Client", task_id: str) -> Any:
    answer = ec2.describe_replace_root_volume_tasks(ReplaceRootVolumeTaskIds=[task_id])
    return answer["ReplaceRootVolumeTasks"][0]


def key_of(aws: Sandbox) -> str:
    return str(aws.client("kms").create_key()["KeyMetadata"]["Arn"])


class TestOverTime:
    """The states that a task goes through."""

    def test_a_task_is_pending_in_progress_succeeded(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        old = root_of(ec2, instance)
        answer = ec2.create_replace_root_volume_task(
            InstanceId=instance,
            TagSpecifications=[
                {
                    "ResourceType": "replace-root-volume-task",
                    "Tags": [{"Key": "why", "Value": "rollback"}],
                }
            ],
        )["ReplaceRootVolumeTask"]
        task_id = answer["ReplaceRootVolumeTaskId"]
        assert task_id.startswith("replacevol-")
        assert (answer["TaskState"], answer["InstanceId"]) == ("pending", instance)
        assert answer["StartTime"] == "2026-11-23T12:01:00Z"
        assert root_of(ec2, instance)["Status"] == "attached"

        aws.clock.advance(4)
        assert task(ec2, task_id)["TaskState"] == "in-progress"
        assert root_of(ec2, instance)["Status"] == "detaching"
        aws.clock.advance(2)
        assert task(ec2, task_id)["TaskState"] == "in-progress"
        assert root_of(ec2, instance)["VolumeId"] != old["VolumeId"]
        aws.clock.advance(1)

        done = task(ec2, task_id)
        assert (done["TaskState"], done["CompleteTime"]) == ("succeeded", "2026-11-23T12:01:07Z")
        assert done["Tags"] == [{"Key": "why", "Value": "rollback"}]
        new = root_of(ec2, instance)
        assert (new["Status"], new["DeleteOnTermination"]) == ("attached", True)
        assert new["AttachTime"] > old["AttachTime"]
        assert describe(ec2, instance)["State"]["Name"] == "running"
        [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == "initializing"
        aws.clock.advance(30)
        [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == "ok"
        assert volume(ec2, old["VolumeId"])["State"] == "available"

    def test_the_replaced_root_is_deleted_only_when_that_is_asked(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        first = root_of(ec2, instance)["VolumeId"]
        ec2.create_tags(Resources=[first], Tags=[{"Key": "Name", "Value": "root"}])
        assert replaced(aws, ec2, instance)["DeleteReplacedRootVolume"] is False
        assert volume(ec2, first)["Tags"] == [{"Key": "Name", "Value": "root"}]
        second = root_of(ec2, instance)["VolumeId"]

        done = replaced(aws, ec2, instance, DeleteReplacedRootVolume=True)

        assert done["DeleteReplacedRootVolume"] is True
        assert code(ec2.describe_volumes, VolumeIds=[second]) == "InvalidVolume.NotFound"
        assert root_of(ec2, instance)["VolumeId"] not in {first, second}

    def test_a_failed_task_leaves_the_original_root_attached(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        old = root_of(ec2, instance)
        aws.health.set(instance=instance, root="failed")
        made = ec2.create_replace_root_volume_task(InstanceId=instance)["ReplaceRootVolumeTask"]
        states = []
        for seconds in (4, 2, 3):
            aws.clock.advance(seconds)
            states.append(task(ec2, made["ReplaceRootVolumeTaskId"])["TaskState"])

        assert states == ["in-progress", "failing", "failed"]
        assert root_of(ec2, instance) == old
        [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
        assert status["SystemStatus"]["Status"] == "initializing"
        aws.health.set(instance=instance, root=None)
        assert replaced(aws, ec2, instance)["TaskState"] == "succeeded"

    def test_a_key_that_cannot_be_used_fails_the_task_later(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        key = key_of(aws)
        ebs = {"Encrypted": True, "KmsKeyId": key}
        made = launch(ec2, BlockDeviceMappings=[{"DeviceName": ROOT, "Ebs": ebs}])["InstanceId"]
        aws.clock.advance(60)
        aws.client("kms").disable_key(KeyId=key.rpartition("/")[2])

        assert replaced(aws, ec2, made)["TaskState"] == "failed"

        assert root_of(ec2, made)["Status"] == "attached"

    def test_an_instance_that_is_stopped_meanwhile_fails_the_task(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        old = root_of(ec2, instance)["VolumeId"]
        made = ec2.create_replace_root_volume_task(InstanceId=instance)["ReplaceRootVolumeTask"]
        aws.clock.advance(4)
        ec2.stop_instances(InstanceIds=[instance])
        aws.clock.advance(60)

        assert task(ec2, made["ReplaceRootVolumeTaskId"])["TaskState"] == "failed"
        assert root_of(ec2, instance)["VolumeId"] == old
        ec2.start_instances(InstanceIds=[instance])

    def test_recovery_from_failed_detached_is_stop_attach_start(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        old = root_of(ec2, instance)["VolumeId"]
        aws.health.set(image=LINUX, root="failed-detached")
        made = ec2.create_replace_root_volume_task(InstanceId=instance)["ReplaceRootVolumeTask"]
        task_id = made["ReplaceRootVolumeTaskId"]
        aws.clock.advance(6)
        assert task(ec2, task_id)["TaskState"] == "failing-detached"
        aws.clock.advance(30)
        assert task(ec2, task_id)["TaskState"] == "failed-detached"
        assert root_of(ec2, instance) == {}
        assert volume(ec2, old)["State"] == "available"
        [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == "impaired"
        assert code(ec2.create_replace_root_volume_task, InstanceId=instance) == (
            "IncorrectInstanceState"
        )
        attach: dict[str, Any] = {"VolumeId": old, "InstanceId": instance, "Device": ROOT}
        assert code(ec2.attach_volume, **attach) == "IncorrectState"

        ec2.stop_instances(InstanceIds=[instance])
        aws.clock.advance(10)
        with pytest.raises(ClientError, match="volume attached at root"):
            ec2.start_instances(InstanceIds=[instance])
        ec2.attach_volume(**attach)
        aws.clock.advance(10)
        ec2.start_instances(InstanceIds=[instance])
        aws.clock.advance(60)

        assert describe(ec2, instance)["State"]["Name"] == "running"
        assert aws.disks.read(instance)["holds"] == "Monday"
        [status] = ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == "ok"


class TestSources:
    """Where the new root comes from."""

    def test_without_a_source_it_is_the_launch_state(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        old = volume(ec2, root_of(ec2, instance)["VolumeId"])

        done = replaced(aws, ec2, instance, VolumeInitializationRate=200)

        new = volume(ec2, root_of(ec2, instance)["VolumeId"])
        assert done["SnapshotId"] == old["SnapshotId"] == new["SnapshotId"]
        assert "ImageId" not in done
        for name in ("Size", "VolumeType", "Iops", "Throughput"):
            assert new[name] == old[name]
        assert new["VolumeInitializationRate"] == 200
        assert aws.disks.read(instance)["holds"] is None

    def test_a_snapshot_of_the_current_or_a_former_root_will_do(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        root = root_of(ec2, instance)["VolumeId"]
        monday = snapshot_of(aws, ec2, root)
        aws.disks.write(root, "Tuesday")
        tuesday = snapshot_of(aws, ec2, root)

        assert replaced(aws, ec2, instance, SnapshotId=monday)["SnapshotId"] == monday
        assert aws.disks.read(instance)["holds"] == "Monday"
        assert replaced(aws, ec2, instance, SnapshotId=tuesday)["TaskState"] == "succeeded"
        assert aws.disks.read(instance)["holds"] == "Tuesday"
        assert describe(ec2, instance)["ImageId"] == LINUX

    def test_a_snapshot_of_anything_else_is_refused(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        own = snapshot_of(aws, ec2, root_of(ec2, instance)["VolumeId"])
        copy = ec2.copy_snapshot(SourceSnapshotId=own, SourceRegion="us-east-1")["SnapshotId"]
        restored = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=own)["VolumeId"]
        aws.clock.advance(90)
        other = snapshot_of(aws, ec2, restored)
        pending = ec2.create_snapshot(VolumeId=root_of(ec2, instance)["VolumeId"])["SnapshotId"]

        def refusal(snapshot: str) -> str:
            return code(
                ec2.create_replace_root_volume_task, InstanceId=instance, SnapshotId=snapshot
            )

        assert refusal(copy) == refusal(other) == "InvalidParameterValue"
        assert refusal(pending) == "IncorrectState"
        assert refusal("snap-0123456789abcdef0") == "InvalidSnapshot.NotFound"
        assert refusal("nonsense") == "InvalidSnapshotID.Malformed"

    def test_an_image_changes_the_image_id_and_keeps_type_and_flag(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        ec2.modify_instance_attribute(
            InstanceId=instance,
            BlockDeviceMappings=[{"DeviceName": ROOT, "Ebs": {"DeleteOnTermination": False}}],
        )
        data = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        aws.clock.advance(5)
        ec2.attach_volume(VolumeId=data, InstanceId=instance, Device="/dev/sdf")
        image = image_of(aws, ec2, instance)
        root = root_of(ec2, instance)["VolumeId"]
        aws.disks.write(root, "Tuesday")
        ec2.modify_volume(VolumeId=root, Size=20, VolumeType="gp2")
        aws.clock.advance(100)

        done = replaced(aws, ec2, instance, ImageId=image)

        assert done["ImageId"] == image
        new = volume(ec2, root_of(ec2, instance)["VolumeId"])
        assert (new["Size"], new["VolumeType"]) == (20, "gp2")
        assert root_of(ec2, instance)["DeleteOnTermination"] is False
        assert describe(ec2, instance)["ImageId"] == image
        assert aws.disks.read(instance)["holds"] == "Monday"
        assert root_of(ec2, instance, "/dev/sdf")["VolumeId"] == data

    def test_an_image_with_a_larger_root_makes_it_larger(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        larger = {"DeviceName": ROOT, "Ebs": {"VolumeSize": 30}}
        other = launch(ec2, BlockDeviceMappings=[larger])["InstanceId"]
        aws.clock.advance(60)
        image = image_of(aws, ec2, other)

        replaced(aws, ec2, instance, ImageId=image)

        assert volume(ec2, root_of(ec2, instance)["VolumeId"])["Size"] == 30

    @pytest.mark.parametrize("image", [ARM, WINDOWS, "tpm", "legacy", "codes"])
    def test_an_image_that_is_not_like_the_instance_is_refused(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, image: str
    ) -> None:
        if image == "tpm":
            made = ec2.register_image(
                Name="tpm",
                RootDeviceName=ROOT,
                Architecture="x86_64",
                BootMode="uefi",
                TpmSupport="v2.0",
                EnaSupport=True,
                VirtualizationType="hvm",
                BlockDeviceMappings=[
                    {"DeviceName": ROOT, "Ebs": {"SnapshotId": _root_snapshot(aws, ec2, instance)}}
                ],
            )["ImageId"]
            instance = str(launch(ec2, ImageId=made)["InstanceId"])
            aws.clock.advance(60)
            image = LINUX
        elif image not in {ARM, WINDOWS}:
            image = _odd_image(aws, ec2, instance, image)

        refused = code(ec2.create_replace_root_volume_task, InstanceId=instance, ImageId=image)

        assert refused == "InvalidParameterValue"

    def test_a_prepared_volume_becomes_the_root_just_as_it_is(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        snapshot = snapshot_of(aws, ec2, root_of(ec2, instance)["VolumeId"])
        prepared = ec2.create_volume(
            AvailabilityZone=ZONE, SnapshotId=snapshot, Size=50, VolumeType="io2", Iops=500
        )["VolumeId"]
        aws.clock.advance(5)

        done = replaced(aws, ec2, instance, VolumeId=prepared, VolumeInitializationRate=7)

        assert done["TaskState"] == "succeeded"
        assert not {"SnapshotId", "ImageId"} & done.keys()
        root = root_of(ec2, instance)
        assert (root["VolumeId"], root["DeleteOnTermination"]) == (prepared, False)
        assert volume(ec2, prepared)["Iops"] == 500

    def test_a_volume_that_cannot_be_the_root_is_refused(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        def made(**more: Any) -> str:
            zone = more.pop("zone", ZONE)
            return str(ec2.create_volume(AvailabilityZone=zone, **more)["VolumeId"])

        far, attached, cold = (
            made(zone="us-east-1b", Size=8),
            made(Size=8),
            made(Size=125, VolumeType="sc1"),
        )
        shared = made(Size=8, VolumeType="io2", Iops=100, MultiAttachEnabled=True)
        aws.clock.advance(5)
        ec2.attach_volume(VolumeId=attached, InstanceId=instance, Device="/dev/sdf")
        creating = made(Size=8)
        windows = launch(ec2, ImageId=WINDOWS)["InstanceId"]
        aws.clock.advance(2)
        busy = made(Size=8)

        refusals = {
            far: "InvalidVolume.ZoneMismatch",
            attached: "VolumeInUse",
            busy: "IncorrectState",
            cold: "InvalidParameterValue",
            shared: "InvalidParameterValue",
            "vol-0123456789abcdef0": "InvalidVolume.NotFound",
        }
        for each, expected in refusals.items():
            refused = code(ec2.create_replace_root_volume_task, InstanceId=instance, VolumeId=each)
            assert refused == expected
        aws.clock.advance(30)
        refused = code(ec2.create_replace_root_volume_task, InstanceId=windows, VolumeId=creating)
        assert refused in {"InvalidParameterValue", "InvalidVolume.ZoneMismatch"}
        assert ec2.describe_replace_root_volume_tasks()["ReplaceRootVolumeTasks"] == []

    def test_a_volume_taken_by_somebody_else_meanwhile_fails_the_task(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        prepared = ec2.create_volume(AvailabilityZone=ZONE, Size=8)["VolumeId"]
        other = launch(ec2, Placement={"AvailabilityZone": ZONE})["InstanceId"]
        aws.clock.advance(10)
        made = ec2.create_replace_root_volume_task(InstanceId=instance, VolumeId=prepared)
        ec2.attach_volume(VolumeId=prepared, InstanceId=other, Device="/dev/sdf")
        aws.clock.advance(60)

        found = task(ec2, made["ReplaceRootVolumeTask"]["ReplaceRootVolumeTaskId"])
        assert found["TaskState"] == "failed"


class TestEncryption:
    """The guide's table of encryption outcomes."""

    @pytest.fixture
    def sealed(self, aws: Sandbox, ec2: "EC2Client") -> tuple[str, str]:
        """An instance with an encrypted root, and the key."""
        key = key_of(aws)
        ebs = {"Encrypted": True, "KmsKeyId": key}
        made = launch(
            ec2,
            Placement={"AvailabilityZone": ZONE},
            BlockDeviceMappings=[{"DeviceName": ROOT, "Ebs": ebs}],
        )["InstanceId"]
        aws.clock.advance(60)
        return str(made), key

    def test_an_encrypted_root_stays_encrypted_under_its_key(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, sealed: tuple[str, str]
    ) -> None:
        machine, key = sealed
        plain_image = image_of(aws, ec2, instance)
        own = snapshot_of(aws, ec2, root_of(ec2, machine)["VolumeId"])
        for how in ({}, {"SnapshotId": own}, {"ImageId": plain_image}):
            assert replaced(aws, ec2, machine, **how)["TaskState"] == "succeeded"
            new = volume(ec2, root_of(ec2, machine)["VolumeId"])
            assert (new["Encrypted"], new["KmsKeyId"]) == (True, key)

    def test_an_encrypted_root_is_not_replaced_by_an_unencrypted_volume(
        self, aws: Sandbox, ec2: "EC2Client", sealed: tuple[str, str], instance: str
    ) -> None:
        plain = ec2.create_volume(AvailabilityZone=ZONE, Size=8)["VolumeId"]
        other_key = key_of(aws)
        secret = ec2.create_volume(
            AvailabilityZone=ZONE, Size=8, Encrypted=True, KmsKeyId=other_key
        )["VolumeId"]
        aws.clock.advance(5)

        refused = code(ec2.create_replace_root_volume_task, InstanceId=sealed[0], VolumeId=plain)
        assert refused == "InvalidParameterValue"
        assert replaced(aws, ec2, sealed[0], VolumeId=secret)["TaskState"] == "succeeded"
        assert volume(ec2, secret)["KmsKeyId"] == other_key
        assert replaced(aws, ec2, instance, VolumeId=plain)["TaskState"] == "succeeded"

    def test_an_unencrypted_root_follows_its_source_or_the_accounts_default(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, sealed: tuple[str, str]
    ) -> None:
        machine, key = sealed
        own_image = image_of(aws, ec2, machine)
        replaced(aws, ec2, instance)
        assert volume(ec2, root_of(ec2, instance)["VolumeId"])["Encrypted"] is False
        replaced(aws, ec2, instance, ImageId=own_image)
        assert volume(ec2, root_of(ec2, instance)["VolumeId"])["KmsKeyId"] == key
        other = launch(ec2, Placement={"AvailabilityZone": ZONE})["InstanceId"]
        aws.clock.advance(60)
        default = key_of(aws)
        ec2.enable_ebs_encryption_by_default()
        ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
        replaced(aws, ec2, other)
        assert volume(ec2, root_of(ec2, other)["VolumeId"])["KmsKeyId"] == default

    def test_an_image_shared_from_elsewhere_gets_this_accounts_key(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, sealed: tuple[str, str]
    ) -> None:
        image = image_of(aws, ec2, sealed[0])
        ec2.modify_image_attribute(
            ImageId=image, LaunchPermission={"Add": [{"UserId": "222233334444"}]}
        )
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
        aws.client("kms").put_key_policy(KeyId=sealed[1], PolicyName="default", Policy=policy)
        there: EC2Client = aws.client("ec2", account="222233334444")
        made = launch(there)["InstanceId"]
        aws.clock.advance(60)

        assert replaced(aws, there, made, ImageId=image)["TaskState"] == "succeeded"

        new = volume(there, root_of(there, made)["VolumeId"])
        assert ":222233334444:" in new["KmsKeyId"]
        assert new["KmsKeyId"] != sealed[1]


class TestRequests:
    """What may be asked, and how it is answered."""

    def test_the_instance_must_run(self, aws: Sandbox, ec2: "EC2Client", instance: str) -> None:
        ec2.stop_instances(InstanceIds=[instance])
        for _ in range(2):
            assert code(ec2.create_replace_root_volume_task, InstanceId=instance) == (
                "IncorrectInstanceState"
            )
            aws.clock.advance(60)
        unknown = "i-0123456789abcdef0"
        assert code(ec2.create_replace_root_volume_task, InstanceId=unknown) == (
            "InvalidInstanceID.NotFound"
        )

    def test_F79_termination_protection_does_not_keep_a_root_from_being_replaced(  # noqa: N802
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        for name in ("DisableApiTermination", "DisableApiStop"):
            change: Any = {name: {"Value": True}}
            ec2.modify_instance_attribute(InstanceId=instance, **change)

        assert replaced(aws, ec2, instance)["TaskState"] == "succeeded"

    def test_one_task_at_a_time(self, aws: Sandbox, ec2: "EC2Client", instance: str) -> None:
        ec2.create_replace_root_volume_task(InstanceId=instance)

        assert code(ec2.create_replace_root_volume_task, InstanceId=instance) == (
            "IncorrectInstanceState"
        )
        aws.clock.advance(60)
        assert replaced(aws, ec2, instance)["TaskState"] == "succeeded"

    def test_a_client_token_stands_for_one_task(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        ask = ec2.create_replace_root_volume_task
        first = ask(InstanceId=instance, ClientToken="t")["ReplaceRootVolumeTask"]
        aws.clock.advance(60)

        again = ask(InstanceId=instance, ClientToken="t")["ReplaceRootVolumeTask"]

        assert again["ReplaceRootVolumeTaskId"] == first["ReplaceRootVolumeTaskId"]
        assert again["TaskState"] == "succeeded"
        assert (
            code(ask, InstanceId=instance, ClientToken="t", DeleteReplacedRootVolume=True)
            == "IdempotentParameterMismatch"
        )
        assert code(ask, InstanceId=instance, ClientToken="x" * 65) == "InvalidParameterValue"

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"SnapshotId": "s", "ImageId": "i"}, "InvalidParameterCombination"),
            ({"VolumeInitializationRate": 301}, "InvalidParameterValue"),
            ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
            ({"DryRun": True}, "DryRunOperation"),
            (
                {"TagSpecifications": [{"ResourceType": "volume", "Tags": []}]},
                "InvalidParameterValue",
            ),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, ec2: "EC2Client", instance: str, asked: Any, expected: str
    ) -> None:
        assert code(ec2.create_replace_root_volume_task, InstanceId=instance, **asked) == expected

    def test_an_instance_with_an_instance_store_root_cannot(self, aws: Sandbox) -> None:
        machine = {
            "InstanceId": "i-0aaaaaaaaaaaaaaaa",
            "InstanceType": "m1.small",
            "RootDeviceType": "instance-store",
            "RootDeviceName": "/dev/sda1",
            "BlockDeviceMappings": [],
            "Placement": {"AvailabilityZone": ZONE},
            "State": {"Name": "running"},
        }
        aws.load_fleet({"Reservations": [{"Instances": [machine]}]})
        ec2: EC2Client = aws.client("ec2")

        assert code(ec2.create_replace_root_volume_task, InstanceId="i-0aaaaaaaaaaaaaaaa") == (
            "UnsupportedOperation"
        )

    def test_tasks_are_found_by_instance_and_in_pages(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        other = str(launch(ec2)["InstanceId"])
        aws.clock.advance(60)
        made = [
            replaced(aws, ec2, each)["ReplaceRootVolumeTaskId"]
            for each in (instance, other, instance)
        ]
        ask = ec2.describe_replace_root_volume_tasks

        mine = ask(Filters=[{"Name": "instance-id", "Values": [instance]}])
        first = ask(MaxResults=2)
        rest = ask(MaxResults=2, NextToken=first["NextToken"])

        found = [
            [each["ReplaceRootVolumeTaskId"] for each in answer["ReplaceRootVolumeTasks"]]
            for answer in (mine, first, rest)
        ]
        assert found == [[made[0], made[2]], made[:2], made[2:]]
        assert code(ask, MaxResults=51) == "InvalidParameterValue"
        assert code(ask, Filters=[{"Name": "task-state", "Values": ["x"]}]) == (
            "InvalidParameterValue"
        )
        assert code(ask, ReplaceRootVolumeTaskIds=["replacevol-0123456789abcdef0"]) == (
            "InvalidReplaceRootVolumeTaskId.NotFound"
        )
        assert code(ask, ReplaceRootVolumeTaskIds=["x"]) == (
            "InvalidReplaceRootVolumeTaskId.Malformed"
        )
        assert code(ask, DryRun=True) == "DryRunOperation"

    def test_tasks_can_be_tagged_like_anything(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        task_id = replaced(aws, ec2, instance)["ReplaceRootVolumeTaskId"]

        ec2.create_tags(Resources=[task_id], Tags=[{"Key": "a", "Value": "b"}])

        assert task(ec2, task_id)["Tags"] == [{"Key": "a", "Value": "b"}]
        [tag] = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [task_id]}])["Tags"]
        assert tag["ResourceType"] == "replace-root-volume-task"
        unknown = "replacevol-0123456789abcdef0"
        assert code(ec2.create_tags, Resources=[unknown], Tags=[{"Key": "a", "Value": "b"}]) == (
            "InvalidReplaceRootVolumeTaskId.NotFound"
        )


def _root_snapshot(aws: Sandbox, ec2: "EC2Client", instance: str) -> str:
    return snapshot_of(aws, ec2, root_of(ec2, instance)["VolumeId"])


def _odd_image(aws: Sandbox, ec2: "EC2Client", instance: str, what: str) -> str:
    """An image that differs from the instance in one thing."""
    from dataclasses import replace  # noqa: PLC0415

    from moto.ec2.models import ec2_backends  # noqa: PLC0415

    made = image_of(aws, ec2, instance)
    image: Any = ec2_backends["123456789012"]["us-east-1"].amis[made]
    changes: dict[str, Any] = {
        "legacy": {"ena_support": False},
        "codes": {"product_codes": ("abc",)},
    }
    image.traits = replace(image.traits, **changes[what])
    return made
