"""What is on one disk, as blocks: a base that never changes, and the writes on top of it.

A content is immutable and knows only its newest write, which knows the one before: however
many snapshots hold it, each is one reference, and its blocks are worked out when somebody
asks. Two contents of one lineage differ in the blocks of the writes that only one of them
has (EBS User Guide, "How Amazon EBS snapshots work").
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

GIB = 2**30
BLOCK = 512 * 1024
"""Bytes of a block (EBS User Guide, "Use EBS direct APIs": 512 KiB)."""

WRITTEN_TENTHS = 4
"""How much of a new disk is taken to be written: a file system and what is in it."""

TOUCHED = 8
"""How many blocks that exist already a write changes; it also adds one."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Write:
    """One text written at one moment, the *number*-th (from 1) on its disk."""

    text: str
    since: datetime
    lineage: str
    base: int
    number: int
    before: "Write | None"

    @property
    def added(self) -> int:
        """The index of the block that was not there before."""
        return self.base + self.number - 1

    def touched(self) -> frozenset[int]:
        """The indexes of all blocks that it wrote; the same for the same write."""
        seed = f"{self.lineage}/{self.number}/{self.since.isoformat()}/{self.text}"
        digest = sha256(seed.encode()).digest()
        spots = (int.from_bytes(digest[at : at + 4]) for at in range(0, 4 * TOUCHED, 4))
        return frozenset({spot % self.base for spot in spots} | {self.added})


@dataclass(frozen=True, slots=True)
class Content:
    """A disk's whole content. *lineage* is the disk that it began on, *base* in blocks."""

    lineage: str
    base: int
    newest: Write | None = None

    @classmethod
    def new(cls, disk_id: str, size: int) -> "Content":
        """That of a new disk of *size* GiB."""
        return cls(disk_id, size * (GIB // BLOCK) * WRITTEN_TENTHS // 10)

    def written(self, text: str, now: datetime) -> "Content":
        """It with one more write."""
        write = Write(
            text=text,
            since=now,
            lineage=self.lineage,
            base=self.base,
            number=self._number + 1,
            before=self.newest,
        )
        return replace(self, newest=write)

    def count(self, size: int) -> int:
        """How many blocks of a disk of *size* GiB are written."""
        return min(self.base + self._number, size * (GIB // BLOCK))

    def tokens(self, indexes: Iterable[int]) -> Iterator[str]:
        """Says what the blocks at *indexes* hold: equal tokens are equal blocks."""
        last = self._last_writes()
        for index in indexes:
            write = last.get(index)
            how = f"{write.number}/{write.since.isoformat()}/{write.text}" if write else "0"
            yield sha256(f"{self.lineage}/{index}/{how}".encode()).hexdigest()

    def changed_since(self, other: "Content") -> list[int]:
        """The indexes at which it differs from *other*, which is of the same lineage."""
        mine, its = self._last_writes(), other._last_writes()
        return sorted(
            index for index in mine.keys() | its.keys() if mine.get(index) is not its.get(index)
        )

    def _last_writes(self) -> dict[int, Write]:
        """By index of a block, the newest write to it."""
        found: dict[int, Write] = {}
        write = self.newest
        while write is not None:
            for index in write.touched():
                found.setdefault(index, write)
            write = write.before
        return found

    @property
    def _number(self) -> int:
        return self.newest.number if self.newest is not None else 0
