"""Initialization: how far a restored or copied volume has the blocks that it was made of.

Source: EBS User Guide, "Initialize Amazon EBS volumes" (by the size of the snapshot's data and
the rate; a rate goes before fast snapshot restore; with the latter it is complete at once) and
"Monitor the status of Amazon EBS volume initialization"; botocore's model,
``InitializationStatusDetails``. Without a rate the pace "fluctuates": ours is [NV] and slow.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.clock import clock

MIB = 1024 * 1024
DEFAULT_RATE = 10
"""MiB/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Initialization:
    """One volume's: of which type, since when and for how many seconds."""

    kind: str
    begun: datetime
    seconds: float

    @property
    def progress(self) -> int:
        """Percent."""
        elapsed = max(0.0, (clock.now() - self.begun).total_seconds())
        return 100 if elapsed >= self.seconds else int(100 * elapsed / self.seconds)

    @property
    def state(self) -> str:
        """``initializing`` or ``completed``."""
        return "completed" if self.progress == 100 else "initializing"

    def document(self) -> dict[str, Any]:
        """``InitializationStatusDetails``: the time that is left only of a given rate."""
        said: dict[str, Any] = {"InitializationType": self.kind, "Progress": self.progress}
        if self.kind == "provisioned-rate":
            gone = (clock.now() - self.begun).total_seconds()
            said["EstimatedTimeToCompleteInSeconds"] = max(0, round(self.seconds - gone))
        return said


def restored(size: int, rate: int | None, begun: datetime, *, fast: bool) -> Initialization:
    """Of a volume from a snapshot with *size* bytes of data, at *rate* MiB/s."""
    if rate is not None:
        return Initialization(kind="provisioned-rate", begun=begun, seconds=size / (rate * MIB))
    seconds = 0 if fast else size / (DEFAULT_RATE * MIB)
    return Initialization(kind="default", begun=begun, seconds=seconds)


def copied(size: int, begun: datetime) -> Initialization:
    """Of a volume copy with *size* bytes to write."""
    return Initialization(kind="volume-copy", begun=begun, seconds=size / (DEFAULT_RATE * MIB))
