"""Sizes and chains of snapshots, read in pages and in chunks of a filter's values."""

import pytest

from chalicelib.aws import snapshots as module
from chalicelib.aws.session import Session
from chalicelib.aws.snapshots import SnapshotReader
from chalicelib.domain.prices import GIB
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import REGION, Machine, later


@pytest.fixture
def reader(session: Session) -> SnapshotReader:
    """Snapshots of us-east-1."""
    return SnapshotReader(session.ec2(REGION), REGION)


def take(sandbox: Sandbox, volume: str) -> str:
    """One snapshot of a volume that any tool may have made; a minute passes."""
    made = sandbox.client("ec2").create_snapshot(VolumeId=volume)
    later(sandbox, minutes=1)
    return str(made["SnapshotId"])


def test_a_snapshot_is_as_large_as_its_volume_at_most(
    sandbox: Sandbox, web: Machine, reader: SnapshotReader
) -> None:
    """Both figures are EC2's; one that does not exist has none."""
    root, data = take(sandbox, web.root), take(sandbox, web.data)
    sizes = reader.sizes([root, data, "snap-0ffffffffffffffff"])

    assert set(sizes) == {root, data}
    assert (sizes[root].volume_id, sizes[root].volume_bytes) == (web.root, 8 * GIB)
    assert sizes[data].volume_bytes == 20 * GIB
    assert 0 < (sizes[data].full_bytes or 0) <= 20 * GIB


def test_a_chain_has_every_complete_snapshot_of_the_volume_oldest_first(
    sandbox: Sandbox, web: Machine, reader: SnapshotReader
) -> None:
    """Whoever made them; one that is still pending has no blocks to compare yet."""
    chain = [take(sandbox, web.root) for _ in range(3)]
    sandbox.client("ec2").create_snapshot(VolumeId=web.root)

    assert reader.chains([web.root, web.data]) == {web.root: tuple(chain)}


def test_many_snapshots_are_asked_for_in_chunks_of_a_filter(
    sandbox: Sandbox,
    web: Machine,
    reader: SnapshotReader,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A filter takes 200 values; nothing to ask for is no call at all."""
    monkeypatch.setattr(module, "_CHUNK", 1)
    pair = [take(sandbox, web.root), take(sandbox, web.data)]

    assert set(reader.sizes(pair)) == set(pair)
    assert len(heard.parameters("DescribeSnapshots")) == 2
    assert reader.sizes([]) == {}
    assert len(heard.parameters("DescribeSnapshots")) == 2
