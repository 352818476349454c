"""Builders with sensible defaults: a test names only what it is about.

The machine that most of them describe is a small web server: two disks, one network
interface, an Elastic IP, a place in a target group, user data and a few tags.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.configuration import (
    Attributes,
    Configuration,
    Disk,
    ElasticAddress,
    Interface,
    Placement,
    Target,
    UserData,
)
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.names import PointName, slot_key
from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, Snapshot, State
from chalicelib.domain.rollback.journal import Journal, RollbackState, StepRecord
from chalicelib.domain.rollback.relaunch import World

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 3, tzinfo=UTC)
"""The slot of the last daily point before noon."""
REGION = "eu-west-1"
WEB = "i-0123456789abcdef0"
IMAGE = "ami-0123456789abcdef0"
GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/0123456789abcdef"

ROOT = Disk(
    device="/dev/xvda",
    volume_id="vol-0000000000000000a",
    size_gib=8,
    volume_type="gp3",
    iops=3000,
    throughput=125,
    delete_on_termination=True,
)
DATA = Disk(device="/dev/sdf", volume_id="vol-0000000000000000b", size_gib=100, volume_type="gp2")
CARD = Interface(
    interface_id="eni-00000000000000001",
    device_index=0,
    subnet_id="subnet-00000000000000001",
    private_ips=("10.0.0.10",),
    groups=("sg-00000000000000001", "sg-00000000000000002"),
)
ADDRESS = ElasticAddress(
    allocation_id="eipalloc-00000000000000001",
    association_id="eipassoc-00000000000000001",
    public_ip="203.0.113.7",
    interface_id=CARD.interface_id,
    private_ip="10.0.0.10",
)
TARGET = Target(group_arn=GROUP, target_id=WEB, port=80)
SCRIPT = UserData(digest="5c" * 32, length=120)

SNAPSHOTS = (
    Snapshot(snapshot_id="snap-0000000000000000a", device=ROOT.device),
    Snapshot(snapshot_id="snap-0000000000000000b", device=DATA.device),
)


def utc(text: str) -> datetime:
    """The instant that *text* writes, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def configuration(**changes: object) -> Configuration:
    """The web server's whole configuration, with *changes*."""
    web = Configuration(
        instance_id=WEB,
        image_id="ami-00000000000000bad",
        instance_type="t3.micro",
        placement=Placement(zone="eu-west-1a"),
        vpc_id="vpc-00000000000000001",
        key_name="ops",
        profile_arn="arn:aws:iam::123456789012:instance-profile/web",
        root_device=ROOT.device,
        tags={"Name": "web", "snapback:plan": "daily", "team": "shop"},
        disks=(ROOT, DATA),
        interfaces=(CARD,),
        addresses=(ADDRESS,),
        targets=(TARGET,),
        attributes=Attributes(user_data=SCRIPT),
    )
    return replace(web, **changes)  # type: ignore[arg-type]


def instance(**changes: object) -> Instance:
    """The web server as it runs now, with *changes*."""
    web = Instance(
        instance_id=WEB,
        region=REGION,
        state=InstanceState.RUNNING,
        launched_at=datetime(2026, 1, 5, tzinfo=UTC),
        configuration=configuration(),
    )
    return replace(web, **changes)  # type: ignore[arg-type]


def recovery_point(**changes: object) -> RecoveryPoint:
    """The web server's point of this night, usable, with *changes*."""
    nightly = RecoveryPoint(
        image_id=IMAGE,
        name=str(PointName(WEB, Kind.SCHEDULED, slot_key(NIGHT))),
        region=REGION,
        lineage=WEB,
        instance_id=WEB,
        kind=Kind.SCHEDULED,
        at=NIGHT,
        created_at=NIGHT,
        state=State.USABLE,
        is_available=True,
        plans=("daily",),
        retain="daily=7 weekly=4",
        manifest=configuration().digest,
        snapshots=SNAPSHOTS,
    )
    return replace(nightly, **changes)  # type: ignore[arg-type]


def image_of(moment: datetime, kind: Kind = Kind.SCHEDULED) -> str:
    """An image id that differs whenever moment or kind do."""
    order = tuple(Kind).index(kind)
    return f"ami-{order:x}{int(moment.timestamp()):016x}"


def point_at(
    moment: datetime,
    *,
    kind: Kind = Kind.SCHEDULED,
    state: State = State.USABLE,
    retain: str = "last=1",
    attempt: int = 1,
) -> RecoveryPoint:
    """The web server's point of *moment*: what retention and schedules look at, no more."""
    return RecoveryPoint(
        image_id=image_of(moment, kind),
        name=str(PointName(WEB, kind, slot_key(moment, attempt))),
        region=REGION,
        lineage=WEB,
        instance_id=WEB,
        kind=kind,
        at=moment,
        created_at=moment,
        state=state,
        plans=("daily",) if kind is Kind.SCHEDULED else (),
        retain=retain,
    )


def point(
    days: float,
    *,
    kind: Kind = Kind.SCHEDULED,
    state: State = State.USABLE,
    retain: str = "last=1",
    **others: object,
) -> RecoveryPoint:
    """A recovery point of the web server taken *days* before noon."""
    made = point_at(NOON - timedelta(days=days), kind=kind, state=state, retain=retain)
    return replace(made, **others)  # type: ignore[arg-type]


def point_record(point: RecoveryPoint, **changes: object) -> PointRecord:
    """The catalogue's settled and sealed row of *point*, with *changes*."""
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
    )
    return replace(replace(row, seal=row.seal_of(point)), **changes)  # type: ignore[arg-type]


def world(**changes: object) -> World:
    """The web server, last night's point of it, and nothing in the way, with *changes*."""
    web = World(
        instance=instance(),
        lineage=WEB,
        current=configuration(),
        captured=configuration(),
        point=recovery_point(),
    )
    return replace(web, **changes)  # type: ignore[arg-type]


def step_record(name: str, facts: Mapping[str, str] | None = None) -> StepRecord:
    """A step that nobody has begun."""
    return StepRecord(
        name=name,
        action=f"ec2:{name}",
        about=f"do {name}",
        undo=f"undo {name}",
        facts=dict(facts or {}),
    )


def journal(*steps: str, **changes: object) -> Journal:
    """A rollback of the web server whose *steps* are all still to do, with *changes*."""
    fresh = Journal(
        id="rb-0123456789abcdef",
        region=REGION,
        lineage=WEB,
        instance_id=WEB,
        image_id=IMAGE,
        mode="relaunch",
        digest="0123456789ab",
        configuration=configuration(),
        user_data_from="instance",
        devices=(ROOT.device, DATA.device),
        state=RollbackState.RUNNING,
        steps=tuple(step_record(name) for name in steps),
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(fresh, **changes)  # type: ignore[arg-type]
