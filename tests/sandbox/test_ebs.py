"""EBS direct APIs: the blocks of snapshots, and what changed between two of a lineage."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, D103

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox import gate
from sandbox.clock import clock
from sandbox.process import Sandbox
from sandbox.server import Server

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client

ZONE = "us-east-1a"
BLOCK = 512 * 1024


@pytest.fixture
def ebs(aws: Sandbox) -> "EBSClient":
    """EBS direct APIs in us-east-1."""
    client: EBSClient = aws.client("ebs")
    return client


@pytest.fixture
def volume(aws: Sandbox, ec2: "EC2Client") -> str:
    made = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    aws.clock.advance(5)
    return made


def taken(aws: Sandbox, ec2: "EC2Client", volume: str) -> str:
    """A completed snapshot of the volume."""
    made = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    aws.clock.advance(60)
    return made


def full_size(ec2: "EC2Client", snapshot: str) -> int:
    [found] = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"]
    return int(found["FullSnapshotSizeInBytes"])


def listed(ebs: "EBSClient", snapshot: str, size: int = 10_000) -> list[Any]:
    found: list[Any] = []
    asked: dict[str, Any] = {"SnapshotId": snapshot, "MaxResults": size}
    while True:
        page = ebs.list_snapshot_blocks(**asked)
        found += page["Blocks"]
        if not page.get("NextToken"):
            return found
        asked["NextToken"] = page["NextToken"]


def changed(ebs: "EBSClient", first: str, second: str, **more: Any) -> list[Any]:
    answer = ebs.list_changed_blocks(FirstSnapshotId=first, SecondSnapshotId=second, **more)
    return list(answer["ChangedBlocks"])


def refused(call: Any, /, **asked: Any) -> tuple[str, str]:
    """Code and reason of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    return str(caught.value.response["Error"]["Code"]), str(caught.value.response.get("Reason"))


def test_the_blocks_of_a_snapshot_are_its_full_size(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    aws.disks.write(volume, "Monday")
    snapshot = taken(aws, ec2, volume)

    answer = ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=10_000)

    assert (answer["BlockSize"], answer["VolumeSize"]) == (BLOCK, 1)
    assert answer["ExpiryTime"] > aws.clock.now()
    assert len(answer["Blocks"]) * BLOCK == full_size(ec2, snapshot)
    assert full_size(ec2, snapshot) < 2**30


def test_pages_are_in_order_and_start_where_they_are_told_to(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    """EBS FAQ: fewer than 100 asked for are 100; StartingBlockIndex yields to NextToken."""
    snapshot = taken(aws, ec2, volume)
    whole = [each["BlockIndex"] for each in listed(ebs, snapshot)]

    assert [each["BlockIndex"] for each in listed(ebs, snapshot, 150)] == whole == sorted(whole)
    page = ebs.list_snapshot_blocks(SnapshotId=snapshot, StartingBlockIndex=700, MaxResults=100)
    assert [each["BlockIndex"] for each in page["Blocks"]] == whole[700:800]
    following = ebs.list_snapshot_blocks(
        SnapshotId=snapshot, NextToken=page["NextToken"], StartingBlockIndex=5
    )
    assert [each["BlockIndex"] for each in following["Blocks"]] == whole[800:]
    past = ebs.list_snapshot_blocks(SnapshotId=snapshot, StartingBlockIndex=5_000)
    assert past["Blocks"] == []


def test_what_changed_between_two_snapshots_is_what_was_written(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    aws.disks.write(volume, "Monday")
    first = taken(aws, ec2, volume)
    same = taken(aws, ec2, volume)
    aws.disks.write(volume, "Tuesday")
    second = taken(aws, ec2, volume)

    assert changed(ebs, first, same) == []
    found = changed(ebs, first, second)

    assert 1 < len(found) < 20
    new = [each for each in found if "FirstBlockToken" not in each]
    assert len(new) * BLOCK == full_size(ec2, second) - full_size(ec2, first) > 0
    tokens = {each["BlockIndex"]: each["BlockToken"] for each in listed(ebs, second)}
    assert all(each["SecondBlockToken"] == tokens[each["BlockIndex"]] for each in found)
    back = changed(ebs, second, first)
    assert [each["BlockIndex"] for each in back] == [each["BlockIndex"] for each in found]
    assert [each for each in back if "SecondBlockToken" not in each] != []
    late = changed(ebs, first, second, StartingBlockIndex=found[1]["BlockIndex"])
    assert late == found[1:]


def test_many_changes_come_in_pages(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    first = taken(aws, ec2, volume)
    for each in range(30):
        aws.disks.write(volume, str(each))
    second = taken(aws, ec2, volume)
    whole = changed(ebs, first, second)

    pages = [
        ebs.list_changed_blocks(FirstSnapshotId=first, SecondSnapshotId=second, MaxResults=100)
    ]
    while "NextToken" in pages[-1]:
        pages.append(
            ebs.list_changed_blocks(
                FirstSnapshotId=first,
                SecondSnapshotId=second,
                MaxResults=100,
                NextToken=pages[-1]["NextToken"],
            )
        )

    assert len(pages) > 1
    assert [each for page in pages for each in page["ChangedBlocks"]] == whole


def test_a_restored_volume_continues_the_lineage(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    first = taken(aws, ec2, volume)
    restored = ec2.create_volume(AvailabilityZone=ZONE, SnapshotId=first)["VolumeId"]
    aws.disks.write(restored, "branch")
    aws.disks.write(volume, "trunk")
    branch, trunk = taken(aws, ec2, restored), taken(aws, ec2, volume)

    assert 0 < len(changed(ebs, first, branch)) < len(changed(ebs, branch, trunk))


def test_snapshots_of_other_lineages_cannot_be_compared(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    first = taken(aws, ec2, volume)
    other = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    copy = ec2.copy_snapshot(SourceSnapshotId=first, SourceRegion="us-east-1")["SnapshotId"]
    unrelated = taken(aws, ec2, other)

    for second in (unrelated, copy):
        assert refused(ebs.list_changed_blocks, FirstSnapshotId=first, SecondSnapshotId=second) == (
            "ValidationException",
            "UNRELATED_SNAPSHOTS",
        )


def test_a_block_can_be_read_with_its_token(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    snapshot = taken(aws, ec2, volume)
    block = listed(ebs, snapshot)[3]

    got = ebs.get_snapshot_block(SnapshotId=snapshot, **block)

    assert got["DataLength"] == BLOCK == len(got["BlockData"].read())
    assert got["ChecksumAlgorithm"] == "SHA256"
    for wrong, reason in (
        ({"BlockIndex": 4}, "INVALID_BLOCK_TOKEN"),
        ({"BlockIndex": 2_000}, "INVALID_BLOCK"),
    ):
        assert refused(ebs.get_snapshot_block, SnapshotId=snapshot, **{**block, **wrong}) == (
            "ValidationException",
            reason,
        )


def test_what_cannot_be_read_is_refused(
    aws: Sandbox, ec2: "EC2Client", ebs: "EBSClient", volume: str
) -> None:
    snapshot = taken(aws, ec2, volume)
    archived = taken(aws, ec2, volume)
    ec2.modify_snapshot_tier(SnapshotId=archived, StorageTier="archive")
    pending = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    reads = ebs.list_snapshot_blocks

    assert refused(reads, SnapshotId="snap-0123456789abcdef0") == (
        "ResourceNotFoundException",
        "SNAPSHOT_NOT_FOUND",
    )
    for each in (pending, archived, "bogus", "snap-xyz"):
        assert refused(reads, SnapshotId=each) == ("ValidationException", "INVALID_SNAPSHOT_ID")
    for token in ("bm9uc2Vuc2U=", "abc"):
        assert refused(reads, SnapshotId=snapshot, NextToken=token) == (
            "ValidationException",
            "INVALID_PAGE_TOKEN",
        )
    parameter = ("ValidationException", "INVALID_PARAMETER_VALUE")
    assert refused(reads, SnapshotId=snapshot, MaxResults=10_001) == parameter
    assert refused(ebs.list_changed_blocks, SecondSnapshotId=snapshot) == parameter


def test_another_account_reads_only_what_is_shared_with_it(
    aws: Sandbox, ec2: "EC2Client", volume: str
) -> None:
    snapshot = taken(aws, ec2, volume)
    other: EBSClient = aws.client("ebs", account="222233334444")
    assert refused(other.list_snapshot_blocks, SnapshotId=snapshot)[0] == (
        "ResourceNotFoundException"
    )

    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, OperationType="add", UserIds=["222233334444"]
    )

    assert other.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]


def test_snapshots_written_with_the_api_are_read_back(ebs: "EBSClient") -> None:
    snapshots = []
    for data in (b"one", b"two"):
        snapshot = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
        ebs.put_snapshot_block(
            SnapshotId=snapshot,
            BlockIndex=0,
            BlockData=data,
            DataLength=len(data),
            Checksum="x",
            ChecksumAlgorithm="SHA256",
        )
        snapshots.append(snapshot)

    [block] = ebs.list_snapshot_blocks(SnapshotId=snapshots[0])["Blocks"]

    got = ebs.get_snapshot_block(SnapshotId=snapshots[0], **block)
    assert got["BlockData"].read() == b"one"
    assert len(changed(ebs, *snapshots)) == 1


def test_it_is_served_over_http(server: Server) -> None:
    where: Any = {
        "endpoint_url": server.url,
        "region_name": "us-east-1",
        "aws_access_key_id": "123456789012",
        "aws_secret_access_key": "x",
    }
    ec2, ebs = boto3.client("ec2", **where), boto3.client("ebs", **where)
    volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    with gate.lock:
        clock.advance(60)

    assert len(ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=10_000)["Blocks"]) == 819
    assert refused(ebs.list_snapshot_blocks, SnapshotId="snap-00") == (
        "ResourceNotFoundException",
        "SNAPSHOT_NOT_FOUND",
    )
