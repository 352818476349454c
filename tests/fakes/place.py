"""One region of the fake cloud: what exists there, and how it changes as its clock moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain.configuration import Attributes, Configuration, ElasticAddress
from chalicelib.domain.image import DeleteCode
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.recovery_point import Snapshot

VPC = "vpc-0000000000000001"
GOING = (InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED)


@dataclass(slots=True)
class Clock:
    """The time of the whole cloud. It stands still until it is moved."""

    now: datetime

    def advance(self, span: timedelta) -> datetime:
        """Move on and say what time it is."""
        self.now += span
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things take."""

    image: timedelta = timedelta(minutes=4)
    boot: timedelta = timedelta(seconds=30)
    checks: timedelta = timedelta(minutes=2)
    stop: timedelta = timedelta(minutes=1)
    end: timedelta = timedelta(minutes=1)
    """From shutting-down to terminated."""
    healthy: timedelta = timedelta(seconds=30)
    drain: timedelta = timedelta(minutes=5)
    visible: timedelta = timedelta(0)
    """How long a new image or instance stays out of every listing (eventual consistency)."""
    mapped: timedelta = timedelta(0)
    """How long the mapping of a new image names no snapshots (F02)."""


@dataclass(slots=True, kw_only=True)
class FakeSnapshot:
    """One EBS snapshot."""

    snapshot_id: str
    complete_at: datetime
    broken: bool = False
    started_at: datetime | None = None
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    volume_id: str = ""
    size_gib: int = 0
    blocks: dict[int, str] = field(default_factory=dict)
    """What it holds, by the block's index."""


@dataclass(slots=True, kw_only=True)
class FakeImage:
    """One registered image. A deregistered one is forgotten."""

    image_id: str
    name: str
    created_at: datetime
    ready_at: datetime
    source_instance: str
    root_device: str
    snapshots: tuple[Snapshot, ...]
    tags: dict[str, str] = field(default_factory=dict)
    owned: bool = True
    """Whether this account owns it; others' images are never listed (``Owners=self``)."""
    breaks: bool = False
    """It becomes ``failed`` instead of ``available``."""
    disabled: bool = False
    protection: str = "disabled"
    public: bool = False
    alias: str = ""

    def state(self, now: datetime) -> str:
        """EC2's word for how it stands."""
        if now < self.ready_at:
            return "pending"
        if self.breaks:
            return "failed"
        return "disabled" if self.disabled else "available"


@dataclass(slots=True, kw_only=True)
class FakeMachine:
    """One instance: its configuration, and the state that it entered last."""

    configuration: Configuration
    state: InstanceState
    since: datetime
    launched_at: datetime
    visible_at: datetime
    attributes: Attributes = field(default_factory=Attributes)
    user_data: str = ""
    token: str = ""
    fingerprint: object = None
    """What the token was used for."""
    state_reason: str = ""
    doom: str = ""
    """The reason for which it dies while booting."""
    health: str = "ok"
    """What its status checks come to say."""
    managed_by: str = ""
    scaling_group: str = ""

    @property
    def id(self) -> str:
        """Its instance id."""
        return self.configuration.instance_id

    @property
    def is_protected(self) -> bool:
        """Stop protection guards against termination, too (User Guide, stop protection)."""
        return self.attributes.api_termination_disabled or self.attributes.api_stop_disabled


@dataclass(slots=True, kw_only=True)
class FakeGroup:
    """One target group."""

    arn: str
    by_address: bool = False
    in_use: bool = True
    """Whether a load balancer sends it traffic."""
    sick: set[str] = field(default_factory=set)
    """Targets that fail their health checks."""


@dataclass(slots=True, kw_only=True)
class Registration:
    """One target of one group."""

    since: datetime
    draining_since: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Place:
    """Everything in one region."""

    region: str
    clock: Clock
    pace: Pace = field(default_factory=Pace)
    images: dict[str, FakeImage] = field(default_factory=dict)
    snapshots: dict[str, FakeSnapshot] = field(default_factory=dict)
    disks: dict[str, dict[int, str]] = field(default_factory=dict)
    """What is written on volumes, by the block's index."""
    machines: dict[str, FakeMachine] = field(default_factory=dict)
    addresses: dict[str, ElasticAddress] = field(default_factory=dict)
    groups: dict[str, FakeGroup] = field(default_factory=dict)
    registrations: dict[tuple[str, str, int], Registration] = field(default_factory=dict)
    references: dict[str, tuple[str, ...]] = field(default_factory=dict)
    launchers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What Auto Scaling would launch from."""
    shares: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Who else may use an image or a snapshot."""
    locked: set[str] = field(default_factory=set)
    archived: set[str] = field(default_factory=set)
    gone_subnets: set[str] = field(default_factory=set)
    unreadable: tuple[str, ...] = ()
    """What single attribute calls cannot read."""
    breaking: int = 0
    """How many of the next images come to be ``failed``."""
    dooms: dict[str, str] = field(default_factory=dict)
    """Why instances launched from an image die while booting."""
    sick_images: dict[str, str] = field(default_factory=dict)
    """What the status checks of instances launched from an image come to say."""
    sick_targets: set[str] = field(default_factory=set)
    """Images whose instances fail the health checks of target groups."""
    codes: dict[str, DeleteCode | None] = field(default_factory=dict)
    """What DeregisterImage says of a snapshot instead; ``None``: nothing at all."""
    hidden: set[str] = field(default_factory=set)
    """Images that listings do not show for now."""
    blind: bool = False
    """Every listing of images is empty."""
    _count: int = 0

    @property
    def now(self) -> datetime:
        """The time."""
        return self.clock.now

    def new_id(self, prefix: str) -> str:
        """An id that nothing in this region has; each region has its own."""
        self._count += 1
        return f"{prefix}-{sum(map(ord, self.region)) % 251:03x}{self._count:014x}"

    def new_address(self) -> str:
        """A private address that nobody in the subnet has."""
        self._count += 1
        return f"10.0.{self._count // 250}.{self._count % 250 + 4}"

    # Instances.

    def settle(self) -> None:
        """Let every instance arrive where the time since its last change takes it."""
        for machine in list(self.machines.values()):
            self._settle(machine)

    def _settle(self, machine: FakeMachine) -> None:
        waits = {
            InstanceState.PENDING: self.pace.boot,
            InstanceState.STOPPING: self.pace.stop,
            InstanceState.SHUTTING_DOWN: self.pace.end,
        }
        if machine.state not in waits or self.now - machine.since < waits[machine.state]:
            return
        machine.since += waits[machine.state]
        if machine.state is InstanceState.STOPPING:
            machine.state = InstanceState.STOPPED
        elif machine.state is InstanceState.PENDING and not machine.doom:
            machine.state = InstanceState.RUNNING
        else:
            self.bury(machine, machine.doom or "Client.UserInitiatedShutdown: by the user")

    def bury(self, machine: FakeMachine, reason: str) -> None:
        """Terminated: its interfaces and most volumes go, addresses come off."""
        for interface in machine.configuration.interfaces:
            self.release_addresses(interface.interface_id)
        machine.state = InstanceState.TERMINATED
        machine.since = self.now
        machine.state_reason = reason
        kept = tuple(d for d in machine.configuration.disks if not d.delete_on_termination)
        machine.configuration = replace(machine.configuration, interfaces=(), disks=kept)

    def kill(self, instance_id: str, reason: str = "Client.InternalError: it died") -> None:
        """Somebody else (or EC2) terminates it, at once."""
        self.bury(self.machines[instance_id], reason)

    def release_addresses(self, interface_id: str) -> None:
        """Elastic IPs come off an interface that goes."""
        for allocation, address in self.addresses.items():
            if address.interface_id == interface_id:
                self.addresses[allocation] = free(address)

    def seen_machines(self) -> Iterator[FakeMachine]:
        """The instances that listings show by now."""
        self.settle()
        yield from (m for m in self.machines.values() if m.visible_at <= self.now)

    def shown(self, machine: FakeMachine) -> Instance:
        """As DescribeInstances tells it: volumes by id only, no protections, no targets."""
        bare = tuple(
            replace(
                d,
                size_gib=0,
                volume_type="",
                iops=None,
                throughput=None,
                encrypted=False,
                kms_key_id="",
                tags={},
            )
            for d in machine.configuration.disks
        )
        return Instance(
            instance_id=machine.id,
            region=self.region,
            state=machine.state,
            launched_at=machine.launched_at,
            state_reason=machine.state_reason,
            managed_by=machine.managed_by,
            scaling_group=machine.scaling_group,
            configuration=replace(machine.configuration, disks=bare),
        )

    def behind(self, group: FakeGroup, target_id: str) -> FakeMachine | None:
        """The instance that answers for a target."""
        self.settle()
        if not group.by_address:
            return self.machines.get(target_id)
        for machine in self.machines.values():
            for interface in machine.configuration.interfaces:
                if target_id in interface.private_ips:
                    return machine
        return None

    # Images.

    def seen_images(self) -> Iterator[FakeImage]:
        """This account's images, as far as listings show them."""
        if self.blind:
            return
        for image in self.images.values():
            fresh = self.now < image.created_at + self.pace.visible
            if image.owned and not fresh and image.image_id not in self.hidden:
                yield image

    def drop(self, image_id: str) -> None:
        """Somebody else deregisters it, and leaves its snapshots behind."""
        del self.images[image_id]

    def users_of(self, snapshot_id: str) -> tuple[str, ...]:
        """Every registered image of this account on the snapshot, shown or not."""
        return tuple(
            image.image_id
            for image in self.images.values()
            if image.owned and snapshot_id in [s.snapshot_id for s in image.snapshots]
        )

    def tags_of(self, resource_id: str) -> dict[str, str] | None:
        """The tags of an image or a snapshot, to be changed in place."""
        held = self.images.get(resource_id) or self.snapshots.get(resource_id)
        return None if held is None else held.tags


def free(address: ElasticAddress) -> ElasticAddress:
    """The address, standing nowhere."""
    return replace(address, association_id="", interface_id="", private_ip="")
