"""A process that plans the retention of a large region, and says what that took.

``python -m bench.planner decision|decide INSTANCES POINTS-EACH`` prints one line of JSON. A
process of its own, so that its peak of memory is that of the planning and of nothing else.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from chalicelib.domain.configuration import Configuration, Placement
from chalicelib.domain.expiry import plan_retention
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.names import PointName, slot_key
from chalicelib.domain.plans import parse_plans
from chalicelib.domain.records import InstanceRecord, PointRecord, Stage
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, Snapshot, State
from chalicelib.domain.retention import parse_retention
from chalicelib.jobs.lineages import Terms, decide
from chalicelib.jobs.ports import Catalogue, Region, Site
from chalicelib.jobs.tick import Schedules

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
REGION = "us-east-1"
RETAIN = "daily=7 weekly=4 min=2"
DEVICES = ("/dev/xvda", "/dev/sdf")


@dataclass(frozen=True, slots=True)
class Listed:
    """A region and its catalogue that have been read already: every port answers at once."""

    fleet: tuple[Instance, ...]
    held: tuple[RecoveryPoint, ...]
    rows: Mapping[str, PointRecord]

    def points(self, *_: object) -> object:
        """The region's points; of the catalogue (which names the region), the rows."""
        return self.rows if _ else self.held

    def instances(self, region: str) -> dict[str, InstanceRecord]:
        """No machine was ever rolled back."""
        del region
        return {}

    def tagged(self, key: str) -> tuple[Instance, ...]:
        """The whole fleet."""
        del key
        return self.fleet

    def site(self) -> Site:
        """As what jobs know it."""
        region = replace(_NOWHERE, images=cast("Any", self), instances=cast("Any", self))
        return Site(region=region, catalogue=cast("Catalogue", self), deployment="default")


_NOTHING = cast("Any", None)
_NOWHERE = Region(
    name=REGION,
    instances=_NOTHING,
    images=_NOTHING,
    snapshots=_NOTHING,
    blocks=_NOTHING,
    launchers=_NOTHING,
    configurations=_NOTHING,
    machines=_NOTHING,
    addresses=_NOTHING,
    targets=_NOTHING,
)


def listed(instances: int, points_each: int) -> Listed:
    """That many machines with as many daily points: some kept by day, some by week, some not."""
    ids = [f"i-{number:017x}" for number in range(instances)]
    held = tuple(
        _point(i, number, day) for number, i in enumerate(ids) for day in range(points_each)
    )
    rows = {point.name: _row(point) for point in held}
    return Listed(tuple(map(_instance, ids)), held, rows)


def _point(instance_id: str, number: int, day: int) -> RecoveryPoint:
    at = NOW - timedelta(days=day + 1, minutes=number % 1440)
    unique = f"{number:08x}{day:08x}"
    return RecoveryPoint(
        image_id=f"ami-0{unique}",
        name=str(PointName(instance_id, Kind.SCHEDULED, slot_key(at))),
        region=REGION,
        lineage=instance_id,
        instance_id=instance_id,
        kind=Kind.SCHEDULED,
        at=at,
        created_at=at,
        state=State.USABLE,
        is_available=True,
        plans=("daily",),
        retain=RETAIN,
        manifest=f"{number:064x}",
        snapshots=tuple(
            Snapshot(snapshot_id=f"snap-{n}{unique}", device=device, size_gib=20)
            for n, device in enumerate(DEVICES)
        ),
    )


def _row(point: RecoveryPoint) -> PointRecord:
    row = PointRecord(
        name=point.name,
        region=point.region,
        lineage=point.lineage,
        instance_id=point.instance_id,
        kind=point.kind,
        at=point.at,
        retain=point.retain,
        stage=Stage.SETTLED,
        image_id=point.image_id,
        manifest=point.manifest,
        snapshots=point.snapshots,
        zone="UTC",
    )
    return replace(row, seal=row.seal_of(replace(point, zone="UTC")))


def _instance(instance_id: str) -> Instance:
    made = Configuration(
        instance_id=instance_id,
        image_id="ami-00000000000000bad",
        instance_type="t3.micro",
        placement=Placement(zone=f"{REGION}a"),
        tags={"Name": "web", "snapback:plan": "daily"},
    )
    return Instance(
        instance_id=instance_id,
        region=REGION,
        state=InstanceState.RUNNING,
        launched_at=NOW - timedelta(days=400),
        configuration=made,
    )


def _decision(world: Listed, instances: int) -> Callable[[], int]:
    """Only the pure decision: every machine's points against its rules."""
    size = len(world.held) // instances
    groups = [world.held[at : at + size] for at in range(0, len(world.held), size)]
    present = parse_retention(RETAIN)

    def act() -> int:
        plans = [plan_retention(g, present, now=NOW, zone="UTC", floor=2, caps={}) for g in groups]
        return sum(len(plan.expire) for plan in plans)

    return act


def _decide(world: Listed) -> Callable[[], int]:
    """All that a run does before it asks the guards: vouch, group, read tags, decide."""
    book = parse_plans("")
    terms = Terms(
        schedules=Schedules(book=book, plan_tag="snapback:plan"), quarantine=timedelta(hours=24)
    )
    site = world.site()
    return lambda: sum(len(m.plan.expire) for m in decide(site, terms, NOW).machines)


def main(argv: Sequence[str]) -> None:
    """Build the world, do it three times, print the seconds of CPU and the peak of memory."""
    what, instances, points_each = argv[0], int(argv[1]), int(argv[2])
    world = listed(instances, points_each)
    act = _decision(world, instances) if what == "decision" else _decide(world)
    before = _peak()
    spent: list[float] = []
    going = 0
    for _ in range(3):
        begun = time.process_time()
        going = act()
        spent.append(time.process_time() - begun)
    told = {"seconds": spent, "before": before, "peak": _peak(), "going": going}
    sys.stdout.write(json.dumps(told) + "\n")


def _peak() -> float:
    """The most memory that this program held, in MiB; ``ru_maxrss`` has its parent's in it."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
