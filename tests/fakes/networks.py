"""Elastic IPs and target groups by their rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.configuration import ElasticAddress, Target
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.target_group import TargetHealth
from tests.fakes.place import FakeGroup, FakeMachine, Place, Registration, free
from tests.fakes.wire import Wire, port, refusal


@dataclass(frozen=True, slots=True)
class FakeAddresses:
    """``ports.Addresses`` over one place."""

    place: Place
    wire: Wire

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("addresses.find")
    def find(self, allocation_id: str) -> ElasticAddress | None:
        """Where it stands."""
        self.place.settle()
        return self.place.addresses.get(allocation_id)

    @port("addresses.associate", changes=True)
    def associate(self, allocation_id: str, interface_id: str, private_ip: str) -> str:
        """A free address only: reassociation is never allowed."""
        doing = f"associate {allocation_id} with {interface_id}"
        self.place.settle()
        address = self.place.addresses.get(allocation_id)
        if address is None:
            raise refusal(doing, "InvalidAllocationID.NotFound")
        if not self._is_place(interface_id, private_ip):
            raise refusal(doing, "InvalidNetworkInterfaceID.NotFound")
        here = (address.interface_id, address.private_ip) == (interface_id, private_ip)
        if address.association_id and not here:
            raise refusal(doing, "Resource.AlreadyAssociated")
        if not here:
            address = replace(
                address,
                association_id=self.place.new_id("eipassoc"),
                interface_id=interface_id,
                private_ip=private_ip,
            )
            self.place.addresses[allocation_id] = address
        return address.association_id

    @port("addresses.disassociate", changes=True)
    def disassociate(self, association_id: str) -> bool:
        """Take it off by its association, which is gone once it moved."""
        self.place.settle()
        for allocation, address in self.place.addresses.items():
            if address.association_id == association_id:
                self.place.addresses[allocation] = free(address)
                return True
        return False

    def _is_place(self, interface_id: str, private_ip: str) -> bool:
        return any(
            i.interface_id == interface_id and private_ip in i.private_ips
            for m in self.place.machines.values()
            for i in m.configuration.interfaces
        )


@dataclass(frozen=True, slots=True)
class FakeTargets:
    """``ports.TargetGroups`` over one place."""

    place: Place
    wire: Wire

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("targets.health")
    def health(self, targets: Sequence[Target]) -> dict[Target, TargetHealth]:
        """How the registered ones fare; in a group that is gone there are none."""
        found = {}
        for target in targets:
            group = self.place.groups.get(target.group_arn)
            registration = self.registration(target)
            if group is not None and registration is not None:
                found[target] = self._verdict(group, target, registration)
        return found

    @port("targets.register", changes=True)
    def register(self, target: Target) -> None:
        """One that drains starts over; one that is in stays."""
        group = self._group(target)
        machine = self.place.behind(group, target.target_id)
        running = machine is not None and machine.state is InstanceState.RUNNING
        if not group.by_address and not running:
            raise refusal(f"register {target.target_id}", "InvalidTarget")
        known = self.registration(target)
        if known is None or known.draining_since is not None:
            self.place.registrations[_key(target)] = Registration(since=self.place.now)

    @port("targets.deregister", changes=True)
    def deregister(self, target: Target) -> bool:
        """It drains if it may have connections, else it goes at once."""
        group = self.place.groups.get(target.group_arn)
        if group is None:
            return False
        known = self.registration(target)
        if known is None or known.draining_since is not None:
            return True
        machine = self.place.behind(group, target.target_id)
        running = machine is not None and machine.state is InstanceState.RUNNING
        if running and group.in_use:
            known.draining_since = self.place.now
        else:
            del self.place.registrations[_key(target)]
        return True

    def registration(self, target: Target) -> Registration | None:
        """The registration as it is by now; one that has drained is gone."""
        known = self.place.registrations.get(_key(target))
        if known is None or known.draining_since is None:
            return known
        if self.place.now - known.draining_since < self.place.pace.drain:
            return known
        del self.place.registrations[_key(target)]
        return None

    def _group(self, target: Target) -> FakeGroup:
        group = self.place.groups.get(target.group_arn)
        if group is None:
            raise refusal(f"look at {target.group_arn}", "TargetGroupNotFound")
        return group

    def _verdict(
        self, group: FakeGroup, target: Target, registration: Registration
    ) -> TargetHealth:
        if registration.draining_since is not None:
            return TargetHealth("draining", "Target.DeregistrationInProgress")
        if not group.in_use:
            return TargetHealth("unused", "Target.NotInUse")
        machine = self.place.behind(group, target.target_id)
        if machine is None or machine.state is not InstanceState.RUNNING:
            dead = TargetHealth("unused", "Target.InvalidState")
            return TargetHealth("unhealthy", "Target.Timeout") if group.by_address else dead
        return self._checked(group, target, registration, machine)

    def _checked(
        self, group: FakeGroup, target: Target, registration: Registration, machine: FakeMachine
    ) -> TargetHealth:
        if self.place.now - max(registration.since, machine.since) < self.place.pace.healthy:
            return TargetHealth("initial", "Elb.RegistrationInProgress")
        sick = machine.configuration.image_id in self.place.sick_targets
        if sick or target.target_id in group.sick:
            return TargetHealth("unhealthy", "Target.FailedHealthChecks")
        return TargetHealth("healthy")


def _key(target: Target) -> tuple[str, str, int]:
    return target.group_arn, target.target_id, target.port
