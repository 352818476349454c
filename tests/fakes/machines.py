"""Instances by EC2's rules: reading them, launching and changing them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.configuration import Attributes, Configuration, Disk, Interface
from chalicelib.domain.health import InstanceHealth
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.launch import LaunchRequest
from tests.fakes.place import GOING, FakeMachine, Place
from tests.fakes.wire import Wire, port, refusal


@dataclass(frozen=True, slots=True)
class FakeInstances:
    """``ports.Instances`` over one place."""

    place: Place
    wire: Wire

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("instances.tagged")
    def tagged(self, key: str) -> tuple[Instance, ...]:
        """Every instance with the tag, in any state."""
        return self._shown(lambda m: key in m.configuration.tags)

    @port("instances.resembling")
    def resembling(self, key: str) -> tuple[Instance, ...]:
        """Instances whose key differs in case, or lacks or has one letter at its end."""

        def near(machine: FakeMachine) -> bool:
            keys = set(machine.configuration.tags)
            slips = {key.upper(), key.title(), key.capitalize(), key[:-1]}
            return bool(keys & slips) or any(k[:-1] == key for k in keys)

        return self._shown(near)

    @port("instances.find")
    def find(self, instance_ids: Sequence[str]) -> tuple[Instance, ...]:
        """Those that are known by now."""
        return self._shown(lambda m: m.id in instance_ids)

    @port("instances.launched_with")
    def launched_with(self, token: str) -> Instance | None:
        """The instance of this token, once it is visible."""
        return next(iter(self._shown(lambda m: m.token == token)), None)

    @port("instances.using_images")
    def using_images(self, image_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The instances launched from each image."""
        wanted = set(image_ids)
        users: dict[str, tuple[str, ...]] = {}
        for machine in self.place.seen_machines():
            image = machine.configuration.image_id
            if image in wanted and machine.state is not InstanceState.TERMINATED:
                users[image] = (*users.get(image, ()), machine.id)
        return users

    def _shown(self, wanted: Callable[[FakeMachine], bool]) -> tuple[Instance, ...]:
        return tuple(self.place.shown(m) for m in self.place.seen_machines() if wanted(m))


@dataclass(frozen=True, slots=True)
class FakeMachines:
    """``ports.Machines`` over one place."""

    place: Place
    wire: Wire

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("machines.launch", changes=True)
    def launch(self, request: LaunchRequest, user_data: str) -> str:
        """One instance a token; another request with the same token is refused."""
        doing = f"launch a replacement from {request.image_id}"
        asked = (request, user_data)
        for machine in self.place.machines.values():
            if machine.token == request.token:
                if machine.fingerprint != asked:
                    raise refusal(doing, "IdempotentParameterMismatch")
                return machine.id
        image = self.place.images.get(request.image_id)
        if image is None or image.state(self.place.now) != "available":
            raise refusal(doing, "InvalidAMIID.Unavailable")
        machine = FakeMachine(
            configuration=self._launched(request),
            state=InstanceState.PENDING,
            since=self.place.now,
            launched_at=self.place.now,
            visible_at=self.place.now + self.place.pace.visible,
            attributes=Attributes(
                shutdown_behavior=request.configuration.attributes.shutdown_behavior
            ),
            user_data=user_data,
            token=request.token,
            fingerprint=asked,
            doom=self.place.dooms.get(request.image_id, ""),
            health=self.place.sick_images.get(request.image_id, "ok"),
        )
        self.place.machines[machine.id] = machine
        return machine.id

    @port("machines.health")
    def health(self, instance_id: str) -> InstanceHealth:
        """Status checks begin when it runs."""
        self.place.settle()
        machine = self.place.machines.get(instance_id)
        if machine is None or machine.visible_at > self.place.now:
            return InstanceHealth()
        if machine.state is not InstanceState.RUNNING:
            return InstanceHealth(system="not-applicable", instance="not-applicable")
        if self.place.now - machine.since < self.place.pace.checks:
            return InstanceHealth(system="initializing", instance="initializing")
        return InstanceHealth(system="ok", instance=machine.health)

    @port("machines.stop", changes=True)
    def stop(self, instance_id: str) -> None:
        """Running ones only; a stopped one stays as it is."""
        machine = self._known(instance_id, f"stop {instance_id}")
        if machine.attributes.api_stop_disabled:
            raise refusal(f"stop {instance_id}", "OperationNotPermitted")
        if machine.state in (InstanceState.PENDING, *GOING):
            raise refusal(f"stop {instance_id}", "IncorrectInstanceState", machine.state.value)
        if machine.state is InstanceState.RUNNING:
            self._enter(machine, InstanceState.STOPPING)

    @port("machines.start", changes=True)
    def start(self, instance_id: str) -> None:
        """Stopped ones only; a running one stays as it is."""
        machine = self._known(instance_id, f"start {instance_id}")
        if machine.state in (InstanceState.STOPPING, *GOING):
            raise refusal(f"start {instance_id}", "IncorrectInstanceState", machine.state.value)
        if machine.state is InstanceState.STOPPED:
            machine.launched_at = self.place.now
            self._enter(machine, InstanceState.PENDING)

    @port("machines.terminate", changes=True)
    def terminate(self, instance_id: str) -> bool:
        """Any state but protected."""
        self.place.settle()
        machine = self.place.machines.get(instance_id)
        if machine is None:
            return False
        if machine.is_protected and machine.state not in GOING:
            raise refusal(f"terminate {instance_id}", "OperationNotPermitted")
        if machine.state not in GOING:
            self._enter(machine, InstanceState.SHUTTING_DOWN)
        return True

    @port("machines.protect", changes=True)
    def protect(self, instance_id: str, *, stop: bool, terminate: bool) -> None:
        """Set both protections."""
        machine = self._living(instance_id, f"set the protections of {instance_id}")
        machine.attributes = replace(
            machine.attributes, api_stop_disabled=stop, api_termination_disabled=terminate
        )

    @port("machines.allow_stop", changes=True)
    def allow_stop(self, instance_id: str, *, allowed: bool) -> None:
        """Set the stop protection."""
        machine = self._living(instance_id, f"change the stop protection of {instance_id}")
        machine.attributes = replace(machine.attributes, api_stop_disabled=not allowed)

    @port("machines.set_source_dest_check", changes=True)
    def set_source_dest_check(self, interface_id: str, *, checked: bool) -> None:
        """Set it on the interface, which must exist."""
        for machine in self.place.machines.values():
            held = machine.configuration.interfaces
            if interface_id in [i.interface_id for i in held]:
                changed = tuple(
                    replace(i, source_dest_check=checked) if i.interface_id == interface_id else i
                    for i in held
                )
                machine.configuration = replace(machine.configuration, interfaces=changed)
                return
        raise refusal(f"change {interface_id}", "InvalidNetworkInterfaceID.NotFound")

    @port("machines.set_maintenance", changes=True)
    def set_maintenance(self, instance_id: str, *, reboot_migration: str) -> None:
        """Set RebootMigration."""
        machine = self._living(instance_id, f"set the maintenance options of {instance_id}")
        machine.configuration = replace(machine.configuration, reboot_migration=reboot_migration)

    @port("machines.delete_volumes_at_termination", changes=True)
    def delete_volumes_at_termination(self, instance_id: str, devices: Sequence[str]) -> None:
        """Let these volumes go with it."""
        machine = self._living(instance_id, f"change the volumes of {instance_id}")
        disks = tuple(
            replace(d, delete_on_termination=True) if d.device in devices else d
            for d in machine.configuration.disks
        )
        machine.configuration = replace(machine.configuration, disks=disks)

    @port("machines.tag", changes=True)
    def tag(self, resource_ids: Sequence[str], tags: Mapping[str, str]) -> None:
        """Tag instances and volumes; one id that is gone spoils the call."""
        known = {m.id for m in self.place.machines.values()}
        known |= {d.volume_id for m in self.place.machines.values() for d in m.configuration.disks}
        if lost := sorted(set(resource_ids) - known):
            raise refusal(f"tag {lost[0]}", "InvalidVolume.NotFound")
        for machine in self.place.machines.values():
            machine.configuration = _tagged(machine.configuration, resource_ids, tags)

    def _enter(self, machine: FakeMachine, state: InstanceState) -> None:
        machine.state, machine.since = state, self.place.now

    def _known(self, instance_id: str, doing: str) -> FakeMachine:
        self.place.settle()
        machine = self.place.machines.get(instance_id)
        if machine is None:
            raise refusal(doing, "InvalidInstanceID.NotFound")
        return machine

    def _living(self, instance_id: str, doing: str) -> FakeMachine:
        machine = self._known(instance_id, doing)
        if machine.state is InstanceState.TERMINATED:
            raise refusal(doing, "IncorrectInstanceState", "it is terminated")
        return machine

    def _launched(self, request: LaunchRequest) -> Configuration:
        """What comes of a request: new ids and addresses; what has no parameter is default."""
        return replace(
            request.configuration,
            instance_id=self.place.new_id("i"),
            image_id=request.image_id,
            tags=dict(request.tags),
            reboot_migration="default" if request.configuration.reboot_migration else "",
            disks=tuple(
                self._disk(d) for d in request.configuration.disks if d.device in request.devices
            ),
            interfaces=tuple(self._interface(i) for i in request.configuration.interfaces),
            addresses=(),
            targets=(),
            attributes=Attributes(),
            unreadable=(),
        )

    def _disk(self, disk: Disk) -> Disk:
        return replace(disk, volume_id=self.place.new_id("vol"), tags={})

    def _interface(self, interface: Interface) -> Interface:
        return replace(
            interface,
            interface_id=self.place.new_id("eni"),
            private_ips=tuple(self.place.new_address() for _ in interface.private_ips),
            source_dest_check=True,
        )


def _tagged(
    configuration: Configuration, resource_ids: Sequence[str], tags: Mapping[str, str]
) -> Configuration:
    disks = tuple(
        replace(d, tags={**d.tags, **tags}) if d.volume_id in resource_ids else d
        for d in configuration.disks
    )
    own = configuration.tags
    if configuration.instance_id in resource_ids:
        own = {**own, **tags}
    return replace(configuration, disks=disks, tags=own)
