"""The EBS direct APIs: blocks in pages, differences both ways, and a whole plan measured."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from chalicelib.aws import blocks as module
from chalicelib.aws.blocks import BlockGateway
from chalicelib.aws.session import Session
from chalicelib.domain.blocks import BLOCK_BYTES
from chalicelib.domain.errors import AwsError, MissingError
from sandbox.disks import disks
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import REGION, Machine, images, later, tags
from tests.conftest import Terminal

MANY = 60
"""Writes between two points: enough for some to hit what the ones before them wrote."""
SIZES = {"/dev/xvda": 8, "/dev/sdf": 20}
PLANS = """
[guards]
lineage_percent = 100

[prices.us-east-1]
snapshot = 0.05
source = "a test"
"""


@pytest.fixture
def gateway(session: Session) -> BlockGateway:
    """The blocks of us-east-1."""
    return BlockGateway(lambda: session.ebs(REGION))


def take(sandbox: Sandbox, volume: str, text: str) -> str:
    """Write on a volume and take a snapshot of it."""
    sandbox.disks.write(volume, text)
    made = sandbox.client("ec2").create_snapshot(VolumeId=volume)
    later(sandbox, minutes=1)
    return str(made["SnapshotId"])


def held(snapshot: str, size: int) -> set[tuple[int, str]]:
    """Every version of a block that a snapshot holds, from the sandbox's own disks.

    Left out are those of an untouched disk: all snapshots of the volume hold them.
    """
    content = disks.content(snapshot, size)
    indexes = content.changed_since(replace(content, newest=None))
    return set(zip(indexes, content.tokens(indexes), strict=True))


def test_a_snapshot_holds_all_its_blocks_however_many_pages_they_are(
    sandbox: Sandbox,
    web: Machine,
    gateway: BlockGateway,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sandbox, like EBS, gives no page with fewer than 100 of many."""
    snapshot = take(sandbox, web.root, "Monday")
    whole = disks.content(snapshot, 8).count(8)
    monkeypatch.setattr(module, "_PAGE", whole // 3 + 1)

    assert len(gateway.held(snapshot).written) == whole
    assert len(heard.parameters("ListSnapshotBlocks")) == 3
    assert gateway.held(snapshot).dropped == frozenset()


def test_what_changed_between_two_snapshots_is_what_was_written_between_them(
    sandbox: Sandbox, web: Machine, gateway: BlockGateway
) -> None:
    """From the newer one back to the older one, a block that it has not is dropped."""
    one, other = (take(sandbox, web.root, text) for text in ("Monday", "Tuesday"))
    before, after = held(one, 8), held(other, 8)

    forth, back = gateway.changed(one, other), gateway.changed(other, one)

    assert forth.written == {index for index, _ in after - before}
    added = disks.content(one, 8).count(8)
    assert back.dropped == {added}
    assert back.ended == forth.ended


def test_snapshots_that_can_not_be_compared_are_an_error_in_words(
    sandbox: Sandbox, web: Machine, gateway: BlockGateway
) -> None:
    """Two volumes' are of no one lineage; one may be gone."""
    root, data = take(sandbox, web.root, "Monday"), take(sandbox, web.data, "Monday")

    with pytest.raises(AwsError, match=f"compare {root} with {data}"):
        gateway.changed(root, data)
    with pytest.raises(MissingError, match="list the blocks of snap-0ffffffffffffffff"):
        gateway.held("snap-0ffffffffffffffff")


def _written(sandbox: Sandbox, snapback: Terminal, web: Machine) -> list[str]:
    """Five hourly points with writes before each of them, oldest first; the oldest is held.

    Another tool's snapshot of the root volume stands between the second and the third.
    """
    hourly = {"snapback:schedule": "hourly@:00", "snapback:retain": "last=1 min=1"}
    ec2 = sandbox.client("ec2")
    ec2.create_tags(Resources=[web.id], Tags=tags(**hourly))
    for hour in range(5):
        for volume in (web.root, *([web.data] if hour % 2 else [])):
            for write in range(MANY):
                sandbox.disks.write(volume, f"hour {hour}, write {write}")
        snapback.tick(hours=1)
        later(sandbox, minutes=10)
        if hour == 1:
            take(sandbox, web.root, "another tool was here")
    snapback.tick(minutes=5)
    points = [str(p["image"]) for p in reversed(snapback.json("points", web.id)["points"])]
    snapback.json("hold", points[0])
    return points


def _versions(sandbox: Sandbox, wanted: Iterable[str]) -> set[tuple[str, int, str]]:
    """Every version of a block that the snapshots of some images hold."""
    return {
        (mapping["DeviceName"], *version)
        for image in images(sandbox)
        if image["ImageId"] in wanted
        for mapping in image["BlockDeviceMappings"]
        for version in held(mapping["Ebs"]["SnapshotId"], SIZES[mapping["DeviceName"]])
    }


def test_a_plan_is_measured_to_the_block_or_says_why_not(
    sandbox: Sandbox,
    snapback: Terminal,
    web: Machine,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What only the points that go hold: neither the others nor another tool's snapshot.

    Somebody without the right to read blocks reads the same plan.
    """
    monkeypatch.setenv("SNAPBACK_PLANS", PLANS)
    points = _written(sandbox, snapback, web)
    stay = _versions(sandbox, {points[0], *points[3:]})
    found = sandbox.client("ec2").describe_snapshots(
        OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": [web.root]}]
    )["Snapshots"]
    others = [s["SnapshotId"] for s in found if not s.get("Tags")]
    stay |= {("/dev/xvda", *version) for each in others for version in held(each, 8)}
    unasked = snapback.json("expire")["plans"][0]["cost"]
    quiet = heard.parameters("ListChangedBlocks") + heard.parameters("ListSnapshotBlocks")

    [plan] = snapback.json("expire", "--measure")["plans"]

    going = [p["image"] for m in plan["machines"] for p in m["points"] if p["verdict"] != "keep"]
    assert sorted(going) == sorted(points[1:3])
    only = _versions(sandbox, going) - stay
    assert len(others) == 1
    assert plan["cost"]["measured_bytes"] == len(only) * BLOCK_BYTES > 0
    assert plan["cost"]["measured_at"] == f"{sandbox.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert plan["cost"]["price"] == "0.05 USD per GiB and month in us-east-1 (a test)"
    assert (unasked["measured_bytes"], unasked["snapshots"], quiet) == (None, 4, [])

    sandbox.faults.set({"rules": [{"action": "ListChangedBlocks", "kind": "deny"}]})
    shown = snapback("expire", "--measure")
    assert shown.code == 0
    assert "unknown: could not compare snap-" in shown.out
    assert "so what they alone hold is not measured" in shown.out
    assert "at most 56 GiB (the size of their volumes)" in shown.out
    assert "at most 2.80 USD a month, at 0.05 USD per GiB and month in us-east-1" in shown.out
