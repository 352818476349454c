"""Snapshots: taken, finished, shared, copied, locked, and deleted when nothing needs them."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, ARG002, D102, D103, PLR0917

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

from sandbox.process import Sandbox
from sandbox.quotas import quotas

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LINUX = "ami-0abc0000000000001"
ZONE = "us-east-1a"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OTHER = "222233334444"


@pytest.fixture
def volume(aws: Sandbox, ec2: "EC2Client") -> str:
    """An available volume of 4 GiB."""
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=4)["VolumeId"]
    aws.clock.advance(5)
    return made


@pytest.fixture
def snapshot(aws: Sandbox, ec2: "EC2Client", volume: str) -> str:
    """A completed snapshot."""
    made = ec2.create_snapshot(VolumeId=volume, Description="first")["SnapshotId"]
    aws.clock.advance(60)
    return made


@pytest.fixture
def instance(aws: Sandbox, ec2: "EC2Client", volume: str) -> str:
    """A running instance with the volume on /dev/sdf."""
    made = ec2.run_instances(
        ImageId=LINUX,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        Placement={"AvailabilityZone": ZONE},
    )["Instances"][0]["InstanceId"]
    aws.clock.advance(60)
    ec2.attach_volume(VolumeId=volume, InstanceId=made, Device="/dev/sdf")
    return made


def described(ec2: "EC2Client", snapshot: str) -> Any:
    [found] = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    return found


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return refused.value.response["Error"]["Code"]


class TestCreateSnapshot:
    """CreateSnapshot."""

    def test_a_snapshot_is_pending_then_completed(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        made = ec2.create_snapshot(VolumeId=volume, Description="first")

        assert (made["State"], made["VolumeId"], made["VolumeSize"]) == ("pending", volume, 4)
        aws.clock.advance(10)
        half = described(ec2, made["SnapshotId"])
        assert (half["State"], half["Progress"]) == ("pending", "50%")
        assert "FullSnapshotSizeInBytes" not in half
        aws.clock.advance(30)
        whole = described(ec2, made["SnapshotId"])
        assert (whole["State"], whole["Progress"]) == ("completed", "100%")
        assert whole["StartTime"] == made["StartTime"]
        assert whole["Description"] == "first"
        assert whole["StorageTier"] == "standard"
        assert whole["OwnerId"] == "123456789012"
        assert 0 < whole["FullSnapshotSizeInBytes"] <= 4 * 2**30
        assert whole["FullSnapshotSizeInBytes"] % (512 * 1024) == 0

    def test_a_snapshot_keeps_the_size_its_volume_had(
        self, ec2: "EC2Client", volume: str, snapshot: str
    ) -> None:
        ec2.modify_volume(VolumeId=volume, Size=9)

        assert described(ec2, snapshot)["VolumeSize"] == 4

    def test_a_snapshot_outlives_its_volume(
        self, ec2: "EC2Client", volume: str, snapshot: str
    ) -> None:
        ec2.delete_volume(VolumeId=volume)

        assert described(ec2, snapshot)["VolumeId"] == volume

    def test_snapshots_of_a_volume_are_fifteen_seconds_apart(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        ec2.create_snapshot(VolumeId=volume)
        aws.clock.advance(14)
        with pytest.raises(ClientError, match="SnapshotCreationPerVolumeRateExceeded"):
            ec2.create_snapshot(VolumeId=volume)
        aws.clock.advance(1)

        assert ec2.create_snapshot(VolumeId=volume)["State"] == "pending"

    def test_a_region_has_so_many_snapshots(
        self, aws: Sandbox, ec2: "EC2Client", volume: str, snapshot: str
    ) -> None:
        quotas.set({"snapshots": 1})
        aws.clock.advance(15)

        with pytest.raises(ClientError, match="SnapshotLimitExceeded"):
            ec2.create_snapshot(VolumeId=volume)
        with pytest.raises(ClientError, match="SnapshotLimitExceeded"):
            ec2.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="us-east-1")

    @pytest.mark.parametrize("kind", ["st1", "sc1"])
    def test_an_hdd_has_one_pending_snapshot(
        self, aws: Sandbox, ec2: "EC2Client", kind: Any
    ) -> None:
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=125, VolumeType=kind)["VolumeId"]
        ec2.create_snapshot(VolumeId=volume)

        with pytest.raises(ClientError, match="ConcurrentSnapshotLimitExceeded"):
            ec2.create_snapshot(VolumeId=volume)

    def test_an_unknown_volume_is_not_found(self, ec2: "EC2Client") -> None:
        with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound"):
            ec2.create_snapshot(VolumeId="vol-0123456789abcdef0")


class TestCreateSnapshots:
    """CreateSnapshots."""

    def test_all_volumes_are_taken_at_one_moment(
        self, ec2: "EC2Client", instance: str, volume: str
    ) -> None:
        answer = ec2.create_snapshots(
            InstanceSpecification={"InstanceId": instance}, Description="both"
        )["Snapshots"]

        assert len(answer) == 2
        assert volume in {each["VolumeId"] for each in answer}
        assert {each["State"] for each in answer} == {"pending"}
        assert {each["Description"] for each in answer} == {"both"}
        assert len({each["StartTime"] for each in answer}) == 1

    @pytest.mark.parametrize("boot", [True, False])
    def test_the_boot_or_data_volumes_can_be_left_out(
        self, ec2: "EC2Client", instance: str, volume: str, boot: bool
    ) -> None:
        left_out: Any = {"ExcludeBootVolume": True} if boot else {"ExcludeDataVolumeIds": [volume]}
        spec: Any = {"InstanceId": instance, **left_out}

        answer = ec2.create_snapshots(InstanceSpecification=spec)["Snapshots"]

        assert [each["VolumeId"] == volume for each in answer] == [boot]

    def test_tags_come_from_the_request_and_from_the_volume(
        self, ec2: "EC2Client", instance: str, volume: str
    ) -> None:
        ec2.create_tags(
            Resources=[volume], Tags=[{"Key": "a", "Value": "v"}, {"Key": "b", "Value": "v"}]
        )
        answer = ec2.create_snapshots(
            InstanceSpecification={"InstanceId": instance, "ExcludeBootVolume": True},
            CopyTagsFromSource="volume",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "r"}]}],
        )["Snapshots"]

        assert {tag["Key"]: tag["Value"] for tag in answer[0]["Tags"]} == {"a": "r", "b": "v"}

    @pytest.mark.parametrize(
        "spec",
        [
            {"ExcludeDataVolumeIds": ["{root}"]},
            {"ExcludeDataVolumeIds": ["vol-0123456789abcdef0"]},
            {"ExcludeDataVolumeIds": ["{volume}"], "ExcludeBootVolume": True},
            {"ExcludeDataVolumeIds": ["vol-0123456789abcdef0"] * 41},
        ],
    )
    def test_what_cannot_be_left_out_is_refused(
        self, ec2: "EC2Client", instance: str, volume: str, spec: dict[str, Any]
    ) -> None:
        [reservation] = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
        root = reservation["Instances"][0]["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        named = [each.format(root=root, volume=volume) for each in spec["ExcludeDataVolumeIds"]]

        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.create_snapshots(
                InstanceSpecification={
                    "InstanceId": instance,
                    "ExcludeDataVolumeIds": named,
                    "ExcludeBootVolume": "ExcludeBootVolume" in spec,
                }
            )
        assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


class TestDescribeSnapshots:
    """DescribeSnapshots."""

    @pytest.mark.parametrize(
        ("name", "value", "found"),
        [
            ("description", "fir*", {"first"}),
            ("encrypted", "true", {"second"}),
            ("owner-alias", "*", set()),
            ("owner-id", "123456789012", {"first", "second"}),
            ("progress", "100%", {"first", "second"}),
            ("snapshot-id", "{first}", {"first"}),
            ("start-time", "2026-11-23T12:0*", {"first", "second"}),
            ("status", "pending", set()),
            ("storage-tier", "standard", {"first", "second"}),
            ("transfer-type", "standard", set()),
            ("volume-id", "{volume}", {"first"}),
            ("volume-size", "1", {"second"}),
            ("tag:Name", "two", {"second"}),
            ("tag-key", "N*", {"second"}),
        ],
    )
    def test_every_filter_filters(
        self,
        aws: Sandbox,
        ec2: "EC2Client",
        volume: str,
        snapshot: str,
        name: str,
        value: str,
        found: set[str],
    ) -> None:
        other = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)["VolumeId"]
        second = ec2.create_snapshot(
            VolumeId=other,
            TagSpecifications=[
                {"ResourceType": "snapshot", "Tags": [{"Key": "Name", "Value": "two"}]}
            ],
        )["SnapshotId"]
        aws.clock.advance(60)
        names = {snapshot: "first", second: "second"}

        answer = ec2.describe_snapshots(
            OwnerIds=["self"],
            Filters=[{"Name": name, "Values": [value.format(first=snapshot, volume=volume)]}],
        )["Snapshots"]

        assert {names[each["SnapshotId"]] for each in answer} == found

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"Filters": [{"Name": "bogus", "Values": ["x"]}]}, "InvalidParameterValue"),
            ({"SnapshotIds": ["snap-0123456789abcdef0"]}, "InvalidSnapshot.NotFound"),
            ({"SnapshotIds": ["nonsense"]}, "InvalidSnapshotID.Malformed"),
            ({"MaxResults": 4}, "InvalidParameterValue"),
            ({"MaxResults": 5, "SnapshotIds": ["snap-1"]}, "InvalidParameterCombination"),
        ],
    )
    def test_bad_requests_are_refused(
        self, ec2: "EC2Client", asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.describe_snapshots(**asked)

        assert code_of(refused) == code

    def test_pages_are_complete_and_leave_out_what_went(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        made = []
        for _ in range(7):
            volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
            made.append(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
        first = ec2.describe_snapshots(OwnerIds=["self"], MaxResults=5)
        ec2.delete_snapshot(SnapshotId=made[5])

        second = ec2.describe_snapshots(
            OwnerIds=["self"], MaxResults=5, NextToken=first["NextToken"]
        )

        assert [each["SnapshotId"] for each in first["Snapshots"]] == made[:5]
        assert [each["SnapshotId"] for each in second["Snapshots"]] == made[6:]

    def test_moto_itself_finds_snapshots_by_a_mapping_of_filters(
        self, ec2: "EC2Client", snapshot: str, volume: str
    ) -> None:
        backend = ec2_backends["123456789012"]["us-east-1"]
        second = backend.create_snapshot(volume, "second")

        def found(**filters: Any) -> set[str]:
            return {each.id for each in backend.describe_snapshots(**filters)}

        assert found(filters={"description": ["second"]}) == {second.id}
        assert found() == {snapshot, second.id}
        assert found(snapshot_ids=[snapshot]) == {snapshot}

    def test_owners_say_whose(self, aws: Sandbox, ec2: "EC2Client", snapshot: str) -> None:
        def found(*owners: str) -> set[str]:
            answer = ec2.describe_snapshots(OwnerIds=list(owners))["Snapshots"]
            return {each["SnapshotId"] for each in answer}

        assert found("self") == found("123456789012") == {snapshot}
        assert snapshot not in found("amazon")
        assert found("amazon")
        assert found("self", "amazon") == found("self") | found("amazon")


class TestSharing:
    """ModifySnapshotAttribute and what others see."""

    def test_a_snapshot_is_seen_by_those_it_is_shared_with(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        other: EC2Client = aws.client("ec2", account=OTHER)
        assert other.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"] == []

        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot,
            Attribute="createVolumePermission",
            OperationType="add",
            UserIds=[OTHER],
        )

        assert described(other, snapshot)["OwnerId"] == "123456789012"
        shared = other.describe_snapshots(RestorableByUserIds=["self"], OwnerIds=["123456789012"])
        assert [each["SnapshotId"] for each in shared["Snapshots"]] == [snapshot]
        other.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)
        answer = ec2.describe_snapshot_attribute(
            SnapshotId=snapshot, Attribute="createVolumePermission"
        )
        assert answer["CreateVolumePermissions"] == [{"UserId": OTHER}]

    def test_each_account_has_tags_of_its_own_on_a_shared_snapshot(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        """EC2 User Guide, tag restrictions: "no other AWS account will have access"."""
        other: EC2Client = aws.client("ec2", account=OTHER)
        theirs: Any = {"Resources": [snapshot], "Tags": [{"Key": "seen", "Value": "by them"}]}
        with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
            other.create_tags(**theirs)
        ec2.create_tags(Resources=[snapshot], Tags=[{"Key": "seen", "Value": "by us"}])
        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OTHER}]}
        )
        assert "Tags" not in described(other, snapshot)

        other.create_tags(**theirs)

        assert described(other, snapshot)["Tags"] == theirs["Tags"]
        assert described(ec2, snapshot)["Tags"] == [{"Key": "seen", "Value": "by us"}]
        found = {}
        for client in (ec2, other):
            listed = client.describe_snapshots(
                Filters=[{"Name": "tag:seen", "Values": ["by them"]}]
            )
            found[client] = [each["SnapshotId"] for each in listed["Snapshots"]]
        assert found == {ec2: [], other: [snapshot]}

    @pytest.mark.parametrize(
        ("permission", "code"),
        [
            ({}, "InvalidParameterValue"),
            (
                {"Add": [{"UserId": OTHER}], "Remove": [{"Group": "all"}]},
                "InvalidParameterCombination",
            ),
            ({"Add": [{"UserId": OTHER}] * 501}, "InvalidParameterValue"),
            ({"Add": [{"UserId": "me"}]}, "InvalidAMIAttributeItemValue"),
            ({"Add": [{"Group": "some"}]}, "InvalidAMIAttributeItemValue"),
        ],
    )
    def test_what_a_permission_cannot_be_is_refused(
        self, ec2: "EC2Client", snapshot: str, permission: Any, code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=permission)
        assert code_of(refused) == code

    def test_public_sharing_can_be_blocked_for_new_and_for_all(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        other = aws.client("ec2", account=OTHER)
        public: Any = {"SnapshotId": snapshot, "OperationType": "add", "GroupNames": ["all"]}

        def seen() -> int:
            found = other.describe_snapshots(RestorableByUserIds=["all"], OwnerIds=["123456789012"])
            return len(found["Snapshots"])

        assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"
        ec2.modify_snapshot_attribute(**public)
        assert seen() == 1
        ec2.enable_snapshot_block_public_access(State="block-new-sharing")
        assert seen() == 1
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.modify_snapshot_attribute(**public)
        ec2.enable_snapshot_block_public_access(State="block-all-sharing")
        assert seen() == 0
        assert ec2.get_snapshot_block_public_access_state() | {"ResponseMetadata": None} == {
            "State": "block-all-sharing",
            "ManagedBy": "account",
            "ResponseMetadata": None,
        }
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.enable_snapshot_block_public_access(State="unblocked")
        assert ec2.disable_snapshot_block_public_access()["State"] == "unblocked"
        assert seen() == 1

    def test_a_snapshot_is_made_private_at_once(self, ec2: "EC2Client", snapshot: str) -> None:
        permission: Any = {"Add": [{"UserId": OTHER}, {"Group": "all"}]}
        ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=permission)

        ec2.reset_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")

        answer = ec2.describe_snapshot_attribute(
            SnapshotId=snapshot, Attribute="createVolumePermission"
        )
        assert answer["CreateVolumePermissions"] == []
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            ec2.reset_snapshot_attribute(SnapshotId=snapshot, Attribute="productCodes")

    def test_users_must_be_accounts_or_aliases(self, ec2: "EC2Client") -> None:
        for asked in ({"OwnerIds": ["me"]}, {"RestorableByUserIds": ["1234"]}):
            with pytest.raises(ClientError, match=r"InvalidUserID\.Malformed"):
                ec2.describe_snapshots(**asked)  # type: ignore[arg-type]

    def test_a_permission_can_be_taken_back(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        permission: Any = {"Add": [{"UserId": OTHER}, {"Group": "all"}]}
        ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=permission)

        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot,
            CreateVolumePermission={"Remove": [{"UserId": OTHER}, {"Group": "all"}]},
        )
        ec2.modify_snapshot_attribute(
            SnapshotId=snapshot, OperationType="remove", GroupNames=["all"]
        )

        answer = ec2.describe_snapshot_attribute(
            SnapshotId=snapshot, Attribute="createVolumePermission"
        )
        assert answer["CreateVolumePermissions"] == []
        codes = ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="productCodes")
        assert codes["ProductCodes"] == []

    def test_another_account_can_neither_share_nor_delete_it(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        permission: Any = {"Add": [{"UserId": OTHER}]}
        ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=permission)
        other: EC2Client = aws.client("ec2", account=OTHER)

        with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
            other.delete_snapshot(SnapshotId=snapshot)
        with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
            other.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission=permission)

    def test_a_snapshot_under_the_aws_managed_key_cannot_be_shared(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        own_key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        made = []
        for key in ({}, {"KmsKeyId": own_key}):
            volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True, **key)
            made.append(ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"])
        permission: Any = {"Add": [{"UserId": OTHER}]}

        with pytest.raises(ClientError, match="InvalidParameter"):
            ec2.modify_snapshot_attribute(SnapshotId=made[0], CreateVolumePermission=permission)
        ec2.modify_snapshot_attribute(SnapshotId=made[1], CreateVolumePermission=permission)


class TestCopySnapshot:
    """CopySnapshot."""

    def copy(self, client: "EC2Client", snapshot: str, **more: Any) -> Any:
        answer = client.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="us-east-1", **more)
        return described(client, answer["SnapshotId"])

    def test_a_copy_is_pending_then_completed_in_its_region(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        there: EC2Client = aws.client("ec2", region="eu-west-1")
        tags: Any = [{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "1"}]}]

        copy = self.copy(there, snapshot, Description="copy", TagSpecifications=tags)

        assert (copy["State"], copy["VolumeId"]) == ("pending", "vol-ffffffff")
        assert (copy["VolumeSize"], copy["Description"]) == (4, "copy")
        assert copy["Tags"] == [{"Key": "a", "Value": "1"}]
        assert copy["TransferType"] == "standard"
        aws.clock.advance(120)
        assert described(there, copy["SnapshotId"])["State"] == "completed"

    def test_a_copy_is_never_less_encrypted_than_its_source(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        """Its own key stays within a region; in another one the default key takes over."""
        key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        there: EC2Client = aws.client("ec2", region="eu-west-1")
        encrypted = self.copy(ec2, snapshot, Encrypted=True, KmsKeyId=key)
        aws.clock.advance(120)

        assert (encrypted["Encrypted"], encrypted["KmsKeyId"]) == (True, key)
        assert self.copy(ec2, encrypted["SnapshotId"])["KmsKeyId"] == key
        elsewhere = self.copy(there, encrypted["SnapshotId"])
        assert elsewhere["Encrypted"] is True
        assert elsewhere["KmsKeyId"].startswith("arn:aws:kms:eu-west-1:")

    def test_a_key_that_cannot_be_used_fails_the_copy_later(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        copy = self.copy(ec2, snapshot, Encrypted=True, KmsKeyId="alias/nobody")
        aws.clock.advance(120)

        failed = described(ec2, copy["SnapshotId"])

        assert copy["State"] == "pending"
        assert (failed["State"], failed["StateMessage"]) == (
            "error",
            "Given key ID is not accessible",
        )

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"Encrypted": False}, "InvalidParameter"),
            ({"KmsKeyId": "alias/x"}, "InvalidParameterDependency"),
            ({"CompletionDurationMinutes": 20}, "InvalidParameterValue"),
            ({"CompletionDurationMinutes": 3000}, "InvalidParameterValue"),
            ({"SourceRegion": "eu-west-1"}, "InvalidSnapshot.NotFound"),
            ({"SourceRegion": "nowhere-1"}, "InvalidRegion"),
            ({"SourceSnapshotId": "nonsense"}, "InvalidSnapshotID.Malformed"),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, ec2: "EC2Client", snapshot: str, more: dict[str, Any], code: str
    ) -> None:
        asked: Any = {"SourceSnapshotId": snapshot, "SourceRegion": "us-east-1", **more}
        with pytest.raises(ClientError) as refused:
            ec2.copy_snapshot(**asked)

        assert code_of(refused) == code

    def test_a_pending_snapshot_cannot_be_copied(self, ec2: "EC2Client", volume: str) -> None:
        pending = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]

        with pytest.raises(ClientError, match="IncorrectState"):
            self.copy(ec2, pending)

    def test_twenty_copies_are_under_way_at_most(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        for _ in range(20):
            self.copy(ec2, snapshot)
        with pytest.raises(ClientError, match="ResourceLimitExceeded"):
            self.copy(ec2, snapshot)
        aws.clock.advance(120)

        timed = self.copy(ec2, snapshot, CompletionDurationMinutes=30)
        assert (timed["CompletionDurationMinutes"], timed["TransferType"]) == (
            30,
            "time-based",
        )


class TestLocks:
    """LockSnapshot, UnlockSnapshot, DescribeLockedSnapshots."""

    def state(self, ec2: "EC2Client", snapshot: str) -> str:
        [row] = ec2.describe_locked_snapshots(SnapshotIds=[snapshot])["Snapshots"]
        return row["LockState"]

    def test_a_locked_snapshot_cannot_be_deleted_until_it_is_unlocked(
        self, ec2: "EC2Client", snapshot: str
    ) -> None:
        lock = ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", LockDuration=2)

        assert (lock["LockState"], lock["LockDuration"]) == ("governance", 2)
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.delete_snapshot(SnapshotId=snapshot)
        ec2.unlock_snapshot(SnapshotId=snapshot)
        ec2.delete_snapshot(SnapshotId=snapshot)

    def test_a_lock_expires(self, aws: Sandbox, ec2: "EC2Client", snapshot: str) -> None:
        ec2.lock_snapshot(SnapshotId=snapshot, LockMode="compliance", LockDuration=1)
        assert self.state(ec2, snapshot) == "compliance"
        aws.clock.advance(24 * 3600)

        assert self.state(ec2, snapshot) == "expired"
        with pytest.raises(ClientError, match=r"SnapshotLock\.NotFound"):
            ec2.unlock_snapshot(SnapshotId=snapshot)
        ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", LockDuration=1)
        ec2.unlock_snapshot(SnapshotId=snapshot)
        ec2.delete_snapshot(SnapshotId=snapshot)

    def test_compliance_can_be_undone_only_while_it_cools_off(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        ec2.lock_snapshot(
            SnapshotId=snapshot, LockMode="compliance", LockDuration=10, CoolOffPeriod=2
        )
        assert self.state(ec2, snapshot) == "compliance-cooloff"
        ec2.unlock_snapshot(SnapshotId=snapshot)
        ec2.lock_snapshot(
            SnapshotId=snapshot, LockMode="compliance", LockDuration=10, CoolOffPeriod=2
        )
        aws.clock.advance(2 * 3600)

        assert self.state(ec2, snapshot) == "compliance"
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.unlock_snapshot(SnapshotId=snapshot)
        with pytest.raises(ClientError, match="only be extended"):
            ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", LockDuration=20)
        with pytest.raises(ClientError, match="only be extended"):
            ec2.lock_snapshot(SnapshotId=snapshot, LockMode="compliance", LockDuration=1)
        with pytest.raises(ClientError, match="CoolOffPeriod"):
            ec2.lock_snapshot(
                SnapshotId=snapshot, LockMode="compliance", LockDuration=20, CoolOffPeriod=2
            )
        ec2.lock_snapshot(SnapshotId=snapshot, LockMode="compliance", LockDuration=20)

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"LockMode": "governance"}, "InvalidParameterCombination"),
            (
                {"LockMode": "governance", "LockDuration": 1, "ExpirationDate": NOW},
                "InvalidParameterCombination",
            ),
            ({"LockMode": "governance", "LockDuration": 36_501}, "InvalidParameterValue"),
            ({"LockMode": "governance", "ExpirationDate": NOW}, "InvalidParameterValue"),
            ({"LockMode": "other", "LockDuration": 1}, "InvalidParameterValue"),
            (
                {"LockMode": "governance", "LockDuration": 1, "CoolOffPeriod": 1},
                "InvalidParameterCombination",
            ),
            (
                {"LockMode": "compliance", "LockDuration": 1, "CoolOffPeriod": 73},
                "InvalidParameterValue",
            ),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, ec2: "EC2Client", snapshot: str, asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError) as refused:
            ec2.lock_snapshot(SnapshotId=snapshot, **asked)

        assert code_of(refused) == code
        assert ec2.describe_locked_snapshots()["Snapshots"] == []

    def test_locks_are_listed_by_state(self, ec2: "EC2Client", snapshot: str, volume: str) -> None:
        expires = NOW + timedelta(days=3)
        ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", ExpirationDate=expires)

        def found(state: str) -> int:
            answer = ec2.describe_locked_snapshots(
                Filters=[{"Name": "lock-state", "Values": [state]}]
            )
            return len(answer["Snapshots"])

        assert (found("governance"), found("compliance")) == (1, 0)

    def test_the_lock_of_a_pending_snapshot_lasts_from_its_completion(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        taken = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        completed = aws.clock.now() + timedelta(seconds=20)

        lock = ec2.lock_snapshot(SnapshotId=taken, LockMode="governance", LockDuration=1)

        assert "LockDurationStartTime" not in lock
        assert lock["LockExpiresOn"] == completed + timedelta(days=1)
        with pytest.raises(ClientError, match="OperationNotPermitted"):
            ec2.delete_snapshot(SnapshotId=taken)
        aws.clock.advance(60)
        [row] = ec2.describe_locked_snapshots(SnapshotIds=[taken])["Snapshots"]
        assert row["LockDurationStartTime"] == completed

    def test_a_snapshot_that_fails_loses_its_lock(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        broken = ec2.copy_snapshot(
            SourceSnapshotId=snapshot,
            SourceRegion="us-east-1",
            Encrypted=True,
            KmsKeyId="alias/nothing",
        )["SnapshotId"]
        ec2.lock_snapshot(SnapshotId=broken, LockMode="compliance", LockDuration=1)
        aws.clock.advance(120)

        assert ec2.describe_locked_snapshots()["Snapshots"] == []
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.lock_snapshot(SnapshotId=broken, LockMode="governance", LockDuration=1)
        ec2.delete_snapshot(SnapshotId=broken)

    def test_only_a_locked_snapshot_can_be_unlocked(self, ec2: "EC2Client", snapshot: str) -> None:
        with pytest.raises(ClientError, match=r"SnapshotLock\.NotFound"):
            ec2.unlock_snapshot(SnapshotId=snapshot)


class TestTiers:
    """ModifySnapshotTier and RestoreSnapshotTier."""

    def usable(self, ec2: "EC2Client", snapshot: str) -> bool:
        try:
            ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)
        except ClientError:
            return False
        return True

    def test_an_archived_snapshot_must_be_restored_to_be_used(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        def status() -> Any:
            [found] = ec2.describe_snapshot_tier_status(
                Filters=[{"Name": "snapshot-id", "Values": [snapshot]}]
            )["SnapshotTierStatuses"]
            return found

        started = aws.clock.now()
        archiving = ec2.modify_snapshot_tier(SnapshotId=snapshot, StorageTier="archive")
        assert archiving["TieringStartTime"] == started
        assert described(ec2, snapshot)["StorageTier"] == "standard"
        assert not self.usable(ec2, snapshot)
        aws.clock.advance(1800)
        assert status()["LastTieringOperationStatus"] == "archival-in-progress"
        assert status()["LastTieringProgress"] == 50
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.restore_snapshot_tier(SnapshotId=snapshot, PermanentRestore=True)
        aws.clock.advance(1800)
        assert described(ec2, snapshot)["StorageTier"] == "archive"
        assert status()["ArchivalCompleteTime"] == started + timedelta(hours=1)

        answer = ec2.restore_snapshot_tier(SnapshotId=snapshot, TemporaryRestoreDays=2)
        assert (answer["RestoreDuration"], answer["IsPermanentRestore"]) == (2, False)
        assert not self.usable(ec2, snapshot)
        aws.clock.advance(72 * 3600)
        assert status()["LastTieringOperationStatus"] == "temporary-restore-completed"
        assert not self.usable(ec2, snapshot), "72 hours: it came back after 24, for two days"
        ec2.restore_snapshot_tier(SnapshotId=snapshot, TemporaryRestoreDays=1)
        aws.clock.advance(24 * 3600)
        assert self.usable(ec2, snapshot)
        assert status()["RestoreExpiryTime"] == aws.clock.now() + timedelta(days=1)
        ec2.restore_snapshot_tier(SnapshotId=snapshot, TemporaryRestoreDays=3)
        assert status()["RestoreExpiryTime"] == aws.clock.now() + timedelta(days=3)
        aws.clock.advance(3 * 24 * 3600)
        assert not self.usable(ec2, snapshot)

        ec2.restore_snapshot_tier(SnapshotId=snapshot, PermanentRestore=True)
        assert described(ec2, snapshot)["StorageTier"] == "archive"
        aws.clock.advance(72 * 3600)

        assert described(ec2, snapshot)["StorageTier"] == "standard"
        assert self.usable(ec2, snapshot)

    def test_a_snapshot_of_an_image_is_archived_only_once_that_is_disabled(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        image = ec2.create_image(InstanceId=instance, Name="point", NoReboot=True)["ImageId"]
        aws.clock.advance(60)
        [found] = ec2.describe_images(ImageIds=[image])["Images"]
        data = found["BlockDeviceMappings"][1]["Ebs"]["SnapshotId"]
        with pytest.raises(ClientError, match=r"InvalidSnapshot\.InUse"):
            ec2.modify_snapshot_tier(SnapshotId=data, StorageTier="archive")
        ec2.disable_image(ImageId=image)

        ec2.modify_snapshot_tier(SnapshotId=data, StorageTier="archive")

        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.modify_snapshot_tier(SnapshotId=data, StorageTier="archive")
        with pytest.raises(ClientError, match="archived"):
            ec2.enable_image(ImageId=image)
        aws.clock.advance(3600)
        ec2.restore_snapshot_tier(SnapshotId=data, TemporaryRestoreDays=9)
        aws.clock.advance(72 * 3600)
        with pytest.raises(ClientError, match="archived"):
            ec2.enable_image(ImageId=image)
        ec2.restore_snapshot_tier(SnapshotId=data, PermanentRestore=True)
        ec2.enable_image(ImageId=image)

    def test_an_archived_snapshot_is_shared_with_nobody(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str
    ) -> None:
        share: Any = {"SnapshotId": snapshot, "OperationType": "add", "UserIds": [OTHER]}
        ec2.modify_snapshot_attribute(**share)
        ec2.modify_snapshot_tier(SnapshotId=snapshot, StorageTier="archive")

        other = aws.client("ec2", account=OTHER)
        assert other.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"] == []
        with pytest.raises(ClientError, match="IncorrectState"):
            ec2.modify_snapshot_attribute(**share)

    def test_five_restores_are_in_progress_at_most(
        self, aws: Sandbox, ec2: "EC2Client", volume: str
    ) -> None:
        archived = []
        for _ in range(6):
            aws.clock.advance(60)
            archived.append(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
        aws.clock.advance(60)
        for each in archived:
            ec2.modify_snapshot_tier(SnapshotId=each, StorageTier="archive")
        aws.clock.advance(3600)
        for each in archived[:5]:
            ec2.restore_snapshot_tier(SnapshotId=each, PermanentRestore=True)

        with pytest.raises(ClientError, match="ResourceLimitExceeded"):
            ec2.restore_snapshot_tier(SnapshotId=archived[5], PermanentRestore=True)

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({}, "InvalidParameterCombination"),
            ({"TemporaryRestoreDays": 181}, "InvalidParameterValue"),
        ],
    )
    def test_a_restore_says_for_how_long(
        self, aws: Sandbox, ec2: "EC2Client", snapshot: str, asked: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ClientError, match="not archived"):
            ec2.restore_snapshot_tier(SnapshotId=snapshot, PermanentRestore=True)
        ec2.modify_snapshot_tier(SnapshotId=snapshot, StorageTier="archive")
        aws.clock.advance(3600)

        with pytest.raises(ClientError) as refused:
            ec2.restore_snapshot_tier(SnapshotId=snapshot, **asked)

        assert code_of(refused) == code


class TestDeleteSnapshot:
    """DeleteSnapshot."""

    def test_a_deleted_snapshot_is_not_found(self, ec2: "EC2Client", snapshot: str) -> None:
        ec2.delete_snapshot(SnapshotId=snapshot)

        with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
            ec2.describe_snapshots(SnapshotIds=[snapshot])
        with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
            ec2.delete_snapshot(SnapshotId=snapshot)

    @pytest.mark.parametrize("disabled", [False, True])
    def test_what_a_registered_image_is_made_of_stays(
        self, aws: Sandbox, ec2: "EC2Client", instance: str, disabled: bool
    ) -> None:
        image = ec2.create_image(InstanceId=instance, Name="point", NoReboot=True)["ImageId"]
        aws.clock.advance(60)
        [found] = ec2.describe_images(ImageIds=[image])["Images"]
        root, data = (each["Ebs"]["SnapshotId"] for each in found["BlockDeviceMappings"])
        if disabled:
            ec2.disable_image(ImageId=image)

        for each in (root, data):
            with pytest.raises(
                ClientError, match=f"The snapshot {each} is currently in use by {image}"
            ) as refused:
                ec2.delete_snapshot(SnapshotId=each)
            assert code_of(refused) == "InvalidSnapshot.InUse"

        ec2.deregister_image(ImageId=image)
        for each in (root, data):
            ec2.delete_snapshot(SnapshotId=each)

    def test_a_malformed_id_says_so(self, ec2: "EC2Client") -> None:
        with pytest.raises(ClientError, match=r"InvalidSnapshotID\.Malformed"):
            ec2.delete_snapshot(SnapshotId="nonsense")


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("create_snapshot", {"VolumeId": "v"}),
        ("create_snapshots", {"InstanceSpecification": {"InstanceId": "i"}}),
        ("copy_snapshot", {"SourceSnapshotId": "s", "SourceRegion": "us-east-1"}),
        ("describe_snapshots", {}),
        ("modify_snapshot_attribute", {"SnapshotId": "s"}),
        ("reset_snapshot_attribute", {"SnapshotId": "s", "Attribute": "createVolumePermission"}),
        ("describe_snapshot_attribute", {"SnapshotId": "s", "Attribute": "productCodes"}),
        ("get_snapshot_block_public_access_state", {}),
        ("enable_snapshot_block_public_access", {"State": "block-all-sharing"}),
        ("disable_snapshot_block_public_access", {}),
        ("modify_snapshot_tier", {"SnapshotId": "s"}),
        ("restore_snapshot_tier", {"SnapshotId": "s"}),
        ("describe_snapshot_tier_status", {}),
        ("delete_snapshot", {"SnapshotId": "s"}),
        ("lock_snapshot", {"SnapshotId": "s", "LockMode": "governance"}),
        ("unlock_snapshot", {"SnapshotId": "s"}),
        ("describe_locked_snapshots", {}),
    ],
)
def test_a_dry_run_only_checks_permission(
    ec2: "EC2Client", operation: str, asked: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="DryRunOperation"):
        getattr(ec2, operation)(DryRun=True, **asked)
