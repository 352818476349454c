"""The whole fake cloud: regions, one catalogue, one wire, one clock; and its builders."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.configuration import (
    Attributes,
    Configuration,
    Disk,
    ElasticAddress,
    Interface,
    Placement,
    Target,
)
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.recovery_point import Snapshot
from chalicelib.jobs.ports import Region, Site
from tests.fakes.blocks import FakeBlocks, FakeSnapshots
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.configurations import FakeConfigurations, FakeVault
from tests.fakes.images import FakeImages, FakeLaunchers
from tests.fakes.machines import FakeInstances, FakeMachines
from tests.fakes.networks import FakeAddresses, FakeTargets
from tests.fakes.place import (
    VPC,
    Clock,
    FakeGroup,
    FakeImage,
    FakeMachine,
    FakeSnapshot,
    Place,
    Registration,
)
from tests.fakes.wire import Wire

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOME, AWAY = "eu-west-1", "us-east-1"
DEPLOYMENT = "test"


@dataclass(slots=True)
class Cloud:
    """An account with some regions, at a moment that only tests move."""

    now_at: datetime = NOON
    names: tuple[str, ...] = (HOME,)
    wire: Wire = field(default_factory=Wire)
    clock: Clock = field(init=False)
    catalogue: FakeCatalogue = field(init=False)
    vault: FakeVault = field(init=False)
    places: dict[str, Place] = field(init=False)

    def __post_init__(self) -> None:
        """Make the regions."""
        self.clock = Clock(self.now_at)
        self.catalogue = FakeCatalogue(self.wire)
        self.vault = FakeVault(self.wire)
        self.places = {name: Place(region=name, clock=self.clock) for name in self.names}

    @property
    def now(self) -> datetime:
        """The time."""
        return self.clock.now

    @property
    def home(self) -> Place:
        """The first region, where most tests happen."""
        return self.places[self.names[0]]

    def advance(self, **span: float) -> datetime:
        """Move the clock, ``advance(hours=1)``, and say what time it is."""
        return self.clock.advance(timedelta(**span))

    def region(self, name: str = "") -> Region:
        """The ports of one region."""
        place = self.places[name or self.names[0]]
        return Region(
            name=place.region,
            instances=FakeInstances(place, self.wire),
            images=FakeImages(place, self.wire, DEPLOYMENT),
            snapshots=FakeSnapshots(place, self.wire),
            blocks=FakeBlocks(place, self.wire),
            launchers=FakeLaunchers(place, self.wire),
            configurations=FakeConfigurations(place, self.wire, self.vault),
            machines=FakeMachines(place, self.wire),
            addresses=FakeAddresses(place, self.wire),
            targets=FakeTargets(place, self.wire),
        )

    @property
    def regions(self) -> tuple[Region, ...]:
        """The ports of all regions."""
        return tuple(self.region(name) for name in self.names)

    @property
    def sites(self) -> tuple[Site, ...]:
        """What scheduled jobs work on."""
        return tuple(
            Site(region=region, catalogue=self.catalogue, deployment=DEPLOYMENT)
            for region in self.regions
        )

    @property
    def site(self) -> Site:
        """The first region's."""
        return self.sites[0]

    def add_machine(
        self,
        tags: Mapping[str, str] | None = None,
        *,
        region: str = "",
        state: InstanceState = InstanceState.RUNNING,
        user_data: str = "",
        attributes: Attributes | None = None,
        addresses: int = 1,
        **settings: object,
    ) -> FakeMachine:
        """A web server that has been in its *state* for a day: two disks, one interface."""
        place = self.places[region or self.names[0]]
        yesterday = self.now - timedelta(days=1)
        made = replace(web_server(place, tags or {}, addresses), **settings)  # type: ignore[arg-type]
        machine = FakeMachine(
            configuration=made,
            state=state,
            since=yesterday,
            launched_at=yesterday,
            visible_at=yesterday,
            attributes=attributes or Attributes(),
            user_data=b64encode(user_data.encode()).decode(),
        )
        place.machines[machine.id] = machine
        return machine

    def add_address(self, machine: FakeMachine, *, order: int = 0, region: str = "") -> str:
        """An Elastic IP on one of the machine's private addresses; its allocation id."""
        place = self.places[region or self.names[0]]
        allocation = place.new_id("eipalloc")
        interface = machine.configuration.interfaces[0]
        place.addresses[allocation] = ElasticAddress(
            allocation_id=allocation,
            association_id=place.new_id("eipassoc"),
            public_ip=f"198.51.100.{len(place.addresses) + 1}",
            interface_id=interface.interface_id,
            private_ip=interface.private_ips[order],
        )
        return allocation

    def add_group(
        self,
        machine: FakeMachine,
        name: str = "web",
        *,
        by_address: bool = False,
        in_use: bool = True,
        region: str = "",
    ) -> Target:
        """A target group with the machine in it since yesterday."""
        place = self.places[region or self.names[0]]
        arn = f"arn:aws:elasticloadbalancing:{place.region}:1:targetgroup/{name}/0001"
        place.groups[arn] = FakeGroup(arn=arn, by_address=by_address, in_use=in_use)
        address = machine.configuration.interfaces[0].private_ips[0]
        target = Target(group_arn=arn, target_id=address if by_address else machine.id, port=80)
        since = self.now - timedelta(days=1)
        place.registrations[(arn, target.target_id, 80)] = Registration(since=since)
        return target

    def add_image(
        self,
        name: str,
        tags: Mapping[str, str],
        *,
        snapshots: tuple[Snapshot, ...] | None = None,
        source_instance: str = "",
        owned: bool = True,
    ) -> FakeImage:
        """An available image that somebody else made, on new snapshots or on given ones."""
        place = self.home
        if snapshots is None:
            fresh = FakeSnapshot(snapshot_id=place.new_id("snap"), complete_at=self.now)
            place.snapshots[fresh.snapshot_id] = fresh
            snapshots = (Snapshot(snapshot_id=fresh.snapshot_id, device="/dev/xvda"),)
        image = FakeImage(
            image_id=place.new_id("ami"),
            name=name,
            created_at=self.now,
            ready_at=self.now,
            source_instance=source_instance,
            root_device="/dev/xvda",
            snapshots=snapshots,
            tags=dict(tags),
            owned=owned,
        )
        place.images[image.image_id] = image
        return image


def web_server(place: Place, tags: Mapping[str, str], addresses: int) -> Configuration:
    """The configuration of a new machine in *place*."""
    return Configuration(
        instance_id=place.new_id("i"),
        image_id="ami-0aaaaaaaaaaaaaaaa",
        instance_type="m5.large",
        placement=Placement(zone=f"{place.region}a"),
        vpc_id=VPC,
        root_device="/dev/xvda",
        tags={"Name": "web", **tags},
        disks=(
            Disk(
                device="/dev/xvda",
                volume_id=place.new_id("vol"),
                size_gib=8,
                volume_type="gp3",
                delete_on_termination=True,
                tags={"disk": "root"},
            ),
            Disk(
                device="/dev/sdf",
                volume_id=place.new_id("vol"),
                size_gib=100,
                volume_type="gp3",
                tags={"disk": "data", "aws:backup:x": "1"},
            ),
        ),
        interfaces=(
            Interface(
                interface_id=place.new_id("eni"),
                device_index=0,
                subnet_id="subnet-0000000000000001",
                private_ips=tuple(place.new_address() for _ in range(addresses)),
                groups=("sg-0000000000000001",),
            ),
        ),
    )
