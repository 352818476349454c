"""What deleting snapshots frees, from the blocks that differ between neighbours.

EBS stores a block once and lets every later snapshot of the volume refer to it until it
changes. So a version of a block is freed when all the snapshots that hold it go, and
kept as soon as one of them stays (EBS User Guide, "How EBS snapshots work"; the
procedure is the one of "Guidelines and best practices for archiving EBS snapshots").
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import groupby

BLOCK_BYTES = 524_288
"""The EBS direct APIs count in blocks of 512 KiB (ListSnapshotBlocks, ``BlockSize``)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Which blocks of a snapshot are not those of the one before, by index."""

    written: frozenset[int]
    """New or changed here."""
    dropped: frozenset[int] = frozenset()
    """In the one before, no longer here."""

    @property
    def ended(self) -> frozenset[int]:
        """The blocks whose older version is not in this snapshot any more."""
        return self.written | self.dropped


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring snapshots of one volume that all go, and the ones that stay around them."""

    going: tuple[str, ...]
    """Oldest first."""
    before: str | None = None
    after: str | None = None


def runs(chain: Sequence[str], going: Set[str]) -> tuple[Run, ...]:
    """The stretches of *chain* (all snapshots of one volume, oldest first) that go."""
    found: list[Run] = []
    at = 0
    for goes, group in groupby(chain, key=going.__contains__):
        members = tuple(group)
        end = at + len(members)
        if goes:
            before = chain[at - 1] if at else None
            found.append(Run(members, before, chain[end] if end < len(chain) else None))
        at = end
    return tuple(found)


def freed_bytes(into: Sequence[Difference], after: Difference | None) -> int:
    """How many bytes go with a run.

    *into* has what each of its snapshots differs in from its predecessor (the first of
    the volume: everything it holds); *after* what the snapshot that stays behind the run
    differs in from the last of it, ``None`` when nothing stays behind it.
    """
    freed = 0
    alive: set[int] = set()
    for difference in into:
        overwritten = alive & difference.ended
        freed += len(overwritten)
        alive -= overwritten
        alive |= difference.written
    freed += len(alive) if after is None else len(alive & after.ended)
    return freed * BLOCK_BYTES
