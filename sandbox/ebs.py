"""EBS direct APIs, reading: which blocks a snapshot has, and which two of them differ in.

Sources: EBS API pages ListSnapshotBlocks, ListChangedBlocks, GetSnapshotBlock; EBS User
Guide, "Read Amazon EBS snapshots with EBS direct APIs" (not archived ones) and its FAQ (only
completed ones; indexes in numerical order; fewer than 100 results asked for are 100).
Snapshots that were written with the same APIs are moto's.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ebs import urls
from moto.ebs.responses import EBSResponse
from typing_extensions import override

from sandbox.blocks import BLOCK, Content
from sandbox.clock import clock
from sandbox.disks import disks
from sandbox.ec2.snapshot_model import COPIED_VOLUME, EbsSnapshot

_ID = re.compile(r"snap-[0-9a-f]{1,59}")
FEWEST = 100
MOST = 10_000
DEFAULT = 1_000
"""How many results are a page when nobody says [NV]."""

TOKENS_LAST = timedelta(days=7)
"""How long block tokens are good for [NV]; an old one is not refused here."""


class EbsError(ServiceException):
    """A refusal with its ``Reason`` (botocore's model, ``ValidationException`` and others)."""

    def __init__(self, code: str, reason: str, message: str) -> None:
        super().__init__(code, message)
        self.Reason = reason


class EbsReads(EBSResponse):
    """What can be read of snapshots that the sandbox's EC2 took."""

    @override
    def list_snapshot_blocks(self) -> ActionResult:
        """Every block that is written, in order, in pages."""
        snapshot_id = self._get_param("SnapshotId")
        if snapshot_id in self.ebs_backend.snapshots:
            return super().list_snapshot_blocks()
        snapshot = self._readable(snapshot_id)
        content = _content(snapshot)
        count = content.count(snapshot.volume.size)
        start, end, token = self._page(snapshot.id, count, self._from_index())
        blocks = [
            {"BlockIndex": start + at, "BlockToken": _block_token(snapshot, held)}
            for at, held in enumerate(content.tokens(range(start, end)))
        ]
        return ActionResult({"Blocks": blocks, **_facts(snapshot), "NextToken": token})

    @override
    def list_changed_blocks(self) -> ActionResult:
        """What differs between two snapshots of one lineage; a token only where a block is."""
        second_id = self._get_param("SecondSnapshotId")
        first_id = self._get_param("FirstSnapshotId")
        if first_id is None:
            raise _invalid("INVALID_PARAMETER_VALUE", "FirstSnapshotId must be specified")
        if {first_id, second_id} <= self.ebs_backend.snapshots.keys():
            return super().list_changed_blocks()
        first, second = self._readable(first_id), self._readable(second_id)
        _require_one_lineage(first, second)
        changed = _content(second).changed_since(_content(first))
        limit = max(_count(first), _count(second))
        skipped = self._from_index()
        found = [index for index in changed if index < limit and index >= skipped]
        start, end, token = self._page(f"{first.id}/{second.id}", len(found), 0)
        listed = _changed(found[start:end], first, second)
        return ActionResult({"ChangedBlocks": listed, **_facts(second), "NextToken": token})

    @override
    def get_snapshot_block(self) -> ActionResult:
        """The 512 KiB of one block, made up but always the same."""
        snapshot_id, index = self._get_param("SnapshotId"), int(self._get_param("BlockIndex"))
        if snapshot_id in self.ebs_backend.snapshots:
            return super().get_snapshot_block()
        snapshot = self._readable(snapshot_id)
        if index >= _count(snapshot):
            raise _invalid("INVALID_BLOCK", f"{snapshot.id} has no block {index}")
        [held] = _content(snapshot).tokens([index])
        if self._get_param("BlockToken") != _block_token(snapshot, held):
            raise _invalid("INVALID_BLOCK_TOKEN", "The block token is not of this block")
        data = bytes.fromhex(held) * (BLOCK // 32)
        return ActionResult(
            {
                "DataLength": len(data),
                "BlockData": data,
                "Checksum": b64encode(sha256(data).digest()).decode(),
                "ChecksumAlgorithm": "SHA256",
            }
        )

    def _readable(self, snapshot_id: str) -> EbsSnapshot:
        """One of this account's or shared with it, completed and not archived.

        Which error the latter two are is [NV]. An id that is none is a ``ValidationException``
        (EBS API, ListSnapshotBlocks and ListChangedBlocks: pattern ``^snap-[0-9a-f]+$``).
        """
        if not _ID.fullmatch(snapshot_id):
            raise _invalid("INVALID_SNAPSHOT_ID", f"'{snapshot_id}' is no snapshot ID")
        backend: Any = self.ebs_backend.ec2_backend
        snapshot: EbsSnapshot | None = backend.find_snapshot(snapshot_id)
        if snapshot is None or not snapshot.allows(self.current_account):
            raise EbsError(
                "ResourceNotFoundException",
                "SNAPSHOT_NOT_FOUND",
                f"The snapshot '{snapshot_id}' does not exist.",
            )
        if snapshot.status != "completed" or snapshot.is_away:
            state = "archived" if snapshot.is_away else snapshot.status
            raise _invalid("INVALID_SNAPSHOT_ID", f"The snapshot '{snapshot_id}' is {state}")
        return snapshot

    def _from_index(self) -> int:
        """StartingBlockIndex; "If you specify NextToken, then StartingBlockIndex is ignored"."""
        if self._get_param("NextToken"):
            return 0
        return int(self._get_param("StartingBlockIndex") or 0)

    def _page(self, listing: str, whole: int, start: int) -> tuple[int, int, str | None]:
        """From where to where this page goes, and the token of the next one."""
        size = int(self._get_param("MaxResults") or DEFAULT)
        if size > MOST:
            raise _invalid("INVALID_PARAMETER_VALUE", f"MaxResults can be at most {MOST}")
        token = self._get_param("NextToken")
        start = min(_start_of(listing, token) if token else start, whole)
        end = min(start + max(size, FEWEST), whole)
        return start, end, _next_token(listing, end) if end < whole else None


def install() -> None:
    """Put these reads in the place of moto's for this whole process (idempotent)."""
    urls.url_paths = dict.fromkeys(urls.url_paths, EbsReads.dispatch)


def _content(snapshot: EbsSnapshot) -> Content:
    return disks.content(snapshot.id, snapshot.volume.size)


def _count(snapshot: EbsSnapshot) -> int:
    return _content(snapshot).count(snapshot.volume.size)


def _facts(snapshot: EbsSnapshot) -> dict[str, Any]:
    return {
        "VolumeSize": snapshot.volume.size,
        "BlockSize": BLOCK,
        "ExpiryTime": clock.now() + TOKENS_LAST,
    }


def _require_one_lineage(first: EbsSnapshot, second: EbsSnapshot) -> None:
    """Begun on one disk, under one key, and either both copies or neither [NV: the copies]."""
    facts = [
        (_content(each).lineage, each.key, each.volume.id == COPIED_VOLUME)
        for each in (first, second)
    ]
    if facts[0] != facts[1]:
        raise _invalid(
            "UNRELATED_SNAPSHOTS", f"{first.id} and {second.id} are not of one snapshot lineage"
        )


def _changed(
    indexes: Sequence[int], first: EbsSnapshot, second: EbsSnapshot
) -> list[dict[str, Any]]:
    """``ChangedBlock``: the first token is absent where the first snapshot has no such block."""
    found: list[dict[str, Any]] = [{"BlockIndex": index} for index in indexes]
    for name, snapshot in (("FirstBlockToken", first), ("SecondBlockToken", second)):
        count = _count(snapshot)
        for block, held in zip(found, _content(snapshot).tokens(indexes), strict=True):
            if block["BlockIndex"] < count:
                block[name] = _block_token(snapshot, held)
    return found


def _block_token(snapshot: EbsSnapshot, held: str) -> str:
    return b64encode(sha256(f"{snapshot.id}/{held}".encode()).digest()).decode()


def _next_token(listing: str, start: int) -> str:
    return b64encode(f"{listing}:{start}".encode()).decode()


def _start_of(listing: str, token: str) -> int:
    try:
        name, _, start = b64decode(token, validate=True).decode().rpartition(":")
    except (NotBase64, UnicodeDecodeError):
        name, start = "", ""
    if name != listing or not start.isdecimal():
        raise _invalid("INVALID_PAGE_TOKEN", "The page token is not valid")
    return int(start)


def _invalid(reason: str, message: str) -> EbsError:
    return EbsError("ValidationException", reason, message)
