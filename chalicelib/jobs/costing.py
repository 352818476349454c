"""What a plan of expiry frees when its points are gone: bounds, and a measurement when asked.

Nothing here can fail a plan: what can not be found out is said to be unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import TypeVar

from chalicelib.domain.blocks import Run, freed_bytes, runs
from chalicelib.domain.cost import Estimate, Measured, SnapshotSize, estimate
from chalicelib.domain.errors import AwsError
from chalicelib.domain.expire_plan import ExpirePlan, Verdict
from chalicelib.domain.prices import Price, how_to_price
from chalicelib.jobs.ports import Region
from chalicelib.jobs.ports_storage import Blocks

Found = TypeVar("Found")

_GOING = (Verdict.QUARANTINE, Verdict.WAIT, Verdict.DELETE)
COPIES = "vol-ffffffff"
"""The volume that every copied snapshot names (EC2 API, CopySnapshot): no chain of blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costing:
    """What one region's points that are to go take up."""

    region: str
    estimate: Estimate
    shared: int = 0
    """Snapshots of theirs that stay, because other images are built on them."""
    unknown: tuple[str, ...] = ()
    """What could not be found out, each as a sentence."""

    def as_json(self) -> dict[str, object]:
        """The figures as `snapback expire` prints them."""
        return {
            **self.estimate.as_json(),
            "sentence": self.estimate.sentence(),
            "shared_snapshots": self.shared,
            "unknown": list(self.unknown),
            "price_hint": "" if self.estimate.price else how_to_price(self.region),
        }


def cost_of(
    region: Region, plan: ExpirePlan, price: Price | None, *, measure: bool, now: datetime
) -> Costing:
    """What is freed when the points of *plan* that are to go, and no guard stops, are gone.

    A snapshot that another image uses as well stays and is not counted. With *measure*,
    the EBS direct APIs are asked, which AWS charges for.
    """
    unknown: list[str] = []
    going = tuple(plan.acts(*_GOING))
    images = {line.point.image_id for line in going}
    snapshots = {s.snapshot_id for line in going for s in line.point.snapshots}
    users = _asked(unknown, lambda: region.images.images_using(sorted(snapshots)))
    shared = {s for s, by in (users or {}).items() if not images.issuperset(by)}
    freed = sorted(snapshots - shared)
    sizes = _asked(unknown, lambda: region.snapshots.sizes(freed))
    measured: Measured | None = None
    if measure and users is not None and sizes is not None:
        size = _asked(unknown, partial(_measure, region, freed, sizes, unknown))
        measured = Measured(size, now) if size is not None else None
    if measure and measured is None:
        unknown.append("so what they alone hold is not measured")
    return Costing(
        region=plan.region,
        estimate=estimate(freed, sizes or {}, measured=measured, price=price),
        shared=len(shared),
        unknown=tuple(unknown),
    )


def _asked(unknown: list[str], ask: Callable[[], Found]) -> Found | None:
    """The answer, or nothing and a sentence on why."""
    try:
        return ask()
    except AwsError as err:
        unknown.append(err.message)
        return None


def _measure(
    region: Region, freed: list[str], sizes: Mapping[str, SnapshotSize], unknown: list[str]
) -> int | None:
    """The bytes that only these snapshots hold.

    Blocks that snapshots of one volume share with those of another (a machine that was
    launched from a point) are counted as if they were not shared: EBS does not tell.
    """
    volumes = sorted({size.volume_id for size in sizes.values()} - {COPIES})
    chains = region.snapshots.chains(volumes)
    readable = {snapshot for chain in chains.values() for snapshot in chain}
    if odd := [snapshot for snapshot in freed if snapshot not in readable]:
        unknown.append(
            f"{', '.join(odd[:3])}{' and others' if len(odd) > 3 else ''}: gone, unfinished, "
            "archived or a copy, so there is no chain of blocks to compare"
        )
        return None
    found = (run for chain in chains.values() for run in runs(chain, frozenset(freed)))
    return sum(_freed(region.blocks, run) for run in found)


def _freed(blocks: Blocks, run: Run) -> int:
    first, *_ = run.going
    into = [blocks.changed(run.before, first) if run.before else blocks.held(first)]
    into += [blocks.changed(one, other) for one, other in pairwise(run.going)]
    after = blocks.changed(run.going[-1], run.after) if run.after else None
    return freed_bytes(into, after)
