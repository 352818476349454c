"""What recovery points take up, and what their going would free: bounds, and measurements.

Three figures that must not be mixed up. The *upper bound* is the size of the volumes:
a snapshot never holds more. The *full size* is what was ever written on them
(``FullSnapshotSizeInBytes``), which a snapshot holds only if no other one shares it. Only
the *measured* figure, counted block by block, is what the bill would go down by.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.instants import iso_second
from chalicelib.domain.prices import GIB, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotSize:
    """One snapshot's place in its volume's chain, and how much it can hold."""

    snapshot_id: str
    volume_id: str
    started: datetime
    volume_bytes: int
    full_bytes: int | None = None
    """``None`` when EC2 does not say."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes counted through the EBS direct API, and when: neighbours change what is shared."""

    size: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What some snapshots take up; whatever is not known is ``None``, never zero."""

    snapshots: int
    upper_bytes: int | None
    full_bytes: int | None
    measured: Measured | None = None
    price: Price | None = None

    def as_json(self) -> dict[str, object]:
        """Every figure under a name that says what it is."""
        measured = self.measured
        return {
            "snapshots": self.snapshots,
            "upper_bound_bytes": self.upper_bytes,
            "full_size_bytes": self.full_bytes,
            "measured_bytes": measured.size if measured else None,
            "measured_at": iso_second(measured.at) if measured else None,
            "price": str(self.price) if self.price else None,
            "upper_bound_monthly": self._monthly(self.upper_bytes),
            "measured_monthly": self._monthly(measured.size if measured else None),
        }

    def sentence(self) -> str:
        """The figures as one sentence for people."""
        told = [
            _told(self.upper_bytes, "at most", "the size of their volumes"),
            _told(self.full_bytes, "", "full size"),
        ]
        if self.measured is not None:
            told.append(f"measured {spell_size(self.measured.size)} that only they hold")
        said = "; ".join(filter(None, told)) or "of unknown size"
        return f"{self.snapshots} snapshot{'' if self.snapshots == 1 else 's'}: {said}"

    def _monthly(self, size: int | None) -> str | None:
        return None if self.price is None or size is None else self.price.monthly(size)


def estimate(
    snapshot_ids: Iterable[str],
    sizes: Mapping[str, SnapshotSize],
    *,
    measured: Measured | None = None,
    price: Price | None = None,
) -> Estimate:
    """Add up what is known of the snapshots; one unknown size makes a whole figure unknown."""
    wanted = tuple(dict.fromkeys(snapshot_ids))
    known = [sizes.get(each) for each in wanted]
    return Estimate(
        snapshots=len(wanted),
        upper_bytes=_total(each.volume_bytes if each else None for each in known),
        full_bytes=_total(each.full_bytes if each else None for each in known),
        measured=measured,
        price=price,
    )


def spell_size(size: int) -> str:
    """A size as a person says it: ``8 GiB``, ``1.5 GiB``, ``300 MiB``."""
    if size >= GIB or size == 0:
        return f"{size / GIB:.1f}".removesuffix(".0") + " GiB"
    return f"{max(size / (1 << 20), 0.1):.1f}".removesuffix(".0") + " MiB"


def _total(sizes: Iterable[int | None]) -> int | None:
    total = 0
    for size in sizes:
        if size is None:
            return None
        total += size
    return total


def _told(size: int | None, before: str, after: str) -> str:
    if size is None:
        return ""
    return f"{before} {spell_size(size)} ({after})".strip()
