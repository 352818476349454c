"""KMS keys that cannot be used: what they open fails later, as EC2 does it."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.conftest import NOON
from tests.sandbox.scenes import LINUX, code, describe, launch, subnet_of

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ZONE = "us-east-1a"


@pytest.fixture
def key(aws: Sandbox) -> str:
    """The ARN of an enabled key."""
    return str(aws.client("kms").create_key()["KeyMetadata"]["Arn"])


def disable(aws: Sandbox, key: str) -> None:
    """DisableKey."""
    aws.client("kms").disable_key(KeyId=key)


def schedule_deletion(aws: Sandbox, key: str) -> None:
    """ScheduleKeyDeletion."""
    aws.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def deny(aws: Sandbox, key: str) -> None:
    """PutKeyPolicy with a Deny."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": ["kms:Decrypt*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)


def snapshot_of(aws: Sandbox, ec2: "EC2Client", key: str) -> str:
    """A completed snapshot under *key*."""
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=8, Encrypted=True, KmsKeyId=key)
    aws.clock.advance(60)
    snapshot = ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
    aws.clock.advance(600)
    return snapshot


def told(aws: Sandbox, event: str) -> dict[str, Any]:
    """The detail of the only event of that name."""
    [found] = [
        each
        for each in aws.events.all()
        if each["detail"].get("event") == event  # type: ignore[union-attr]
    ]
    return {**found["detail"], "resources": found["resources"]}  # type: ignore[dict-item]


def test_only_a_pair_of_keys_has_a_public_one(aws: Sandbox, key: str) -> None:
    """KMS API Reference, GetPublicKey: UnsupportedOperationException."""
    kms = aws.client("kms")
    pair = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"]

    assert kms.get_public_key(KeyId=pair)["PublicKey"]
    assert code(kms.get_public_key, KeyId=key) == "UnsupportedOperationException"


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (disable, "is disabled."),
        (schedule_deletion, "is pending deletion."),
        (deny, "is not accessible."),
    ],
)
def test_nothing_new_can_be_made_under_a_key_that_does_not_work(
    aws: Sandbox,
    ec2: "EC2Client",
    key: str,
    spoil: Callable[[Sandbox, str], None],
    cause: str,
) -> None:
    """Volumes, copies and launches are answered well and fail by themselves."""
    snapshot = snapshot_of(aws, ec2, key)
    image = ec2.register_image(
        Name="encrypted",
        Architecture="x86_64",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    )["ImageId"]
    aws.clock.advance(60)
    aws.events.forget()
    spoil(aws, key)

    volume = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"]
    other = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    copy = ec2.copy_snapshot(
        SourceSnapshotId=snapshot, SourceRegion="us-east-1", Encrypted=True, KmsKeyId=other
    )["SnapshotId"]
    machine = launch(ec2, ImageId=image)["InstanceId"]
    assert describe(ec2, machine)["State"]["Name"] == "pending"
    aws.clock.advance(600)

    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "error"
    assert told(aws, "createVolume")["result"] == "failed"
    assert told(aws, "createVolume")["cause"] == f"{key} {cause}"
    assert ec2.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]["State"] == "error"
    assert told(aws, "copySnapshot")["result"] == "failed"
    dead = describe(ec2, machine)
    assert dead["State"]["Name"] == "terminated"
    assert dead["StateReason"]["Code"] == "Client.InternalError"


OTHER = "222233334444"
THE_PAGES_POLICY = [
    ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
    ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
]


def let_in(aws: Sandbox, key: str, *actions: list[str]) -> None:
    """PutKeyPolicy with what lets OTHER use the key."""
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
            "Action": each,
            "Resource": "*",
        }
        for each in actions
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)


def grant(aws: Sandbox, key: str) -> None:
    """CreateGrant to OTHER of all that EBS needs."""
    aws.client("kms").create_grant(
        KeyId=key,
        GranteePrincipal=f"arn:aws:iam::{OTHER}:root",
        Operations=[
            "CreateGrant",
            "Decrypt",
            "DescribeKey",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        ],
    )


@pytest.mark.parametrize(
    ("share", "state"),
    [
        (lambda _, __: None, "error"),
        (lambda aws, key: let_in(aws, key, THE_PAGES_POLICY[0]), "error"),
        (lambda aws, key: let_in(aws, key, *THE_PAGES_POLICY), "completed"),
        (grant, "completed"),
    ],
)
def test_a_shared_snapshot_is_of_no_use_without_its_key(
    aws: Sandbox,
    ec2: "EC2Client",
    key: str,
    share: Callable[[Sandbox, str], None],
    state: str,
) -> None:
    """EBS User Guide, "Share the KMS key used to encrypt a shared Amazon EBS snapshot"."""
    snapshot = snapshot_of(aws, ec2, key)
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OTHER}]}
    )
    share(aws, key)
    theirs: EC2Client = aws.client("ec2", account=OTHER)

    copy = theirs.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="us-east-1")["SnapshotId"]
    volume = theirs.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"]
    aws.clock.advance(600)

    [copied] = theirs.describe_snapshots(SnapshotIds=[copy])["Snapshots"]
    assert copied["State"] == state
    assert copied.get("StateMessage") == (
        "Given key ID is not accessible" if state == "error" else None
    )
    [made] = theirs.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert made["State"] == ("error" if state == "error" else "available")


def test_a_key_in_another_region_counts_for_what_is_copied_from_there(
    aws: Sandbox, ec2: "EC2Client", key: str
) -> None:
    """The copy gets a key of its own region, but the source has to be opened."""
    snapshot = snapshot_of(aws, ec2, key)
    disable(aws, key)
    away = aws.client("ec2", region="eu-west-1")
    copy = away.copy_snapshot(SourceSnapshotId=snapshot, SourceRegion="us-east-1", Encrypted=True)[
        "SnapshotId"
    ]
    aws.clock.advance(600)

    assert away.describe_snapshots(SnapshotIds=[copy])["Snapshots"][0]["State"] == "error"


def test_a_volume_under_a_disabled_key_is_not_attached(
    aws: Sandbox, ec2: "EC2Client", key: str
) -> None:
    """It is let go again, and EBS says why; what is attached stays as it is."""
    machine = launch(ec2, SubnetId=subnet_of(ec2))["InstanceId"]
    made = {"AvailabilityZone": ZONE, "Size": 8, "Encrypted": True, "KmsKeyId": key}
    before, after = (ec2.create_volume(**made)["VolumeId"] for _ in range(2))  # type: ignore[arg-type]
    aws.clock.advance(60)
    ec2.attach_volume(VolumeId=before, InstanceId=machine, Device="/dev/sdf")
    aws.clock.advance(60)
    aws.events.forget()
    disable(aws, key)

    answer = ec2.attach_volume(VolumeId=after, InstanceId=machine, Device="/dev/sdg")
    assert answer["State"] == "attaching"
    aws.clock.advance(10)

    states = [each["State"] for each in ec2.describe_volumes(VolumeIds=[before, after])["Volumes"]]
    assert states == ["in-use", "available"]
    assert [each["DeviceName"] for each in describe(ec2, machine)["BlockDeviceMappings"]] == [
        "/dev/xvda",
        "/dev/sdf",
    ]
    assert told(aws, "attachVolume") == {
        "event": "attachVolume",
        "result": "failed",
        "cause": f"{key} is disabled.",
        "request-id": "",
        "resources": [f"arn:aws:ec2:us-east-1:123456789012:volume/{after}", key],
    }


def test_a_machine_whose_disks_are_locked_falls_back_to_stopped(
    aws: Sandbox, ec2: "EC2Client", key: str
) -> None:
    """Until the key works again (KMS Developer Guide, unusable keys)."""
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "KmsKeyId": key}}
    machine = launch(ec2, ImageId=LINUX, BlockDeviceMappings=[disk])["InstanceId"]
    aws.clock.advance(60)
    disable(aws, key)
    assert describe(ec2, machine)["State"]["Name"] == "running", "no effect while it runs"
    ec2.stop_instances(InstanceIds=[machine])
    aws.clock.advance(60)

    ec2.start_instances(InstanceIds=[machine])
    assert describe(ec2, machine)["State"]["Name"] == "pending"
    aws.clock.advance(60)

    found = describe(ec2, machine)
    assert found["State"]["Name"] == "stopped"
    assert found["StateReason"]["Code"] == "Client.InternalError"
    assert told(aws, "reattachVolume")["result"] == "failed"
    aws.client("kms").enable_key(KeyId=key)
    ec2.start_instances(InstanceIds=[machine])
    aws.clock.advance(60)
    assert describe(ec2, machine)["State"]["Name"] == "running"


def test_a_key_goes_through_its_states_by_id_or_arn(aws: Sandbox, key: str) -> None:
    """KMS Developer Guide, "Key states of AWS KMS keys"."""
    kms = aws.client("kms")

    def state() -> str:
        return str(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])

    kms.disable_key(KeyId=key.rpartition("/")[2])
    assert state() == "Disabled"
    kms.enable_key(KeyId=key)
    assert state() == "Enabled"
    assert code(kms.cancel_key_deletion, KeyId=key) == "KMSInvalidStateException"
    ends = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)["DeletionDate"]
    assert (ends - aws.clock.now()).days == 7
    assert state() == "PendingDeletion"
    for again in (kms.enable_key, kms.disable_key, kms.schedule_key_deletion):
        assert code(again, KeyId=key) == "KMSInvalidStateException"
    kms.cancel_key_deletion(KeyId=key)
    assert state() == "Disabled"
    few = {"KeyId": key, "PendingWindowInDays": 3}
    assert code(kms.schedule_key_deletion, **few) == "ValidationException"


def test_scheduling_a_deletion_answers_with_the_keys_state(aws: Sandbox, key: str) -> None:
    """ScheduleKeyDeletion and CancelKeyDeletion, by key id or ARN: the ARN comes back."""
    kms = aws.client("kms")
    by_id = key.rpartition("/")[2]

    answer = kms.schedule_key_deletion(KeyId=by_id)

    assert (answer["KeyId"], answer["KeyState"]) == (key, "PendingDeletion")
    assert answer["PendingWindowInDays"] == 30
    assert answer["DeletionDate"] == aws.clock.now() + timedelta(days=30)
    assert kms.cancel_key_deletion(KeyId=by_id)["KeyId"] == key
    aws.clock.advance(31 * 86400)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["KeyState"] == "Disabled"
    assert metadata["CreationDate"] == NOON


def test_a_key_that_is_not_enabled_encrypts_nothing(aws: Sandbox, key: str) -> None:
    """DisabledException, and KMSInvalidStateException before its deletion."""
    kms = aws.client("kms")
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    uses: list[tuple[Any, dict[str, Any]]] = [
        (kms.encrypt, {"KeyId": key, "Plaintext": b"x"}),
        (kms.decrypt, {"CiphertextBlob": blob}),
        (kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
        (
            kms.create_grant,
            {
                "KeyId": key,
                "GranteePrincipal": "arn:aws:iam::123456789012:root",
                "Operations": ["Decrypt"],
            },
        ),
    ]
    for call, asked in uses:
        call(**asked)

    disable(aws, key)
    assert {code(call, **asked) for call, asked in uses} == {"DisabledException"}
    schedule_deletion(aws, key)
    assert {code(call, **asked) for call, asked in uses} == {"KMSInvalidStateException"}


def test_a_key_is_gone_after_its_waiting_period_and_so_is_what_it_opens(
    aws: Sandbox, ec2: "EC2Client", key: str
) -> None:
    """Its aliases go with it; what is encrypted under it stays closed for good."""
    kms = aws.client("kms")
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
    snapshot = snapshot_of(aws, ec2, key)
    schedule_deletion(aws, key)
    aws.clock.advance(7 * 86400)

    assert code(kms.describe_key, KeyId=key) == "NotFoundException"
    assert code(kms.describe_key, KeyId="alias/mine") == "NotFoundException"
    volume = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=snapshot)["VolumeId"]
    aws.clock.advance(60)
    assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "error"


@pytest.mark.parametrize("used", [True, False])
def test_the_key_of_ebs_itself_is_managed_by_aws(
    aws: Sandbox, ec2: "EC2Client", used: bool
) -> None:
    """Nobody disables it or deletes it; it is there as soon as it is asked for."""
    kms = aws.client("kms")
    if used:
        ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)
    metadata = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]

    assert metadata["KeyManager"] == "AWS"
    for call in (kms.disable_key, kms.enable_key, kms.schedule_key_deletion):
        assert code(call, KeyId=metadata["Arn"]) == "AccessDeniedException"
