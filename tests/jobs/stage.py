"""A machine with an address, a target group and a usable point: where rollbacks are played."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.configuration import Attributes
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.rollback.journal import Journal
from chalicelib.jobs.rollback import commands
from tests.fakes.cloud import Cloud
from tests.fakes.place import FakeMachine, Pace
from tests.jobs.scenes import DAILY, TICK, desk, follow, images_of, request, settled

PROTECTED = Attributes(api_stop_disabled=True, api_termination_disabled=True)


class Stage:
    """The play's things: the original, its address, its group, its point."""

    def __init__(
        self,
        *,
        state: InstanceState = InstanceState.RUNNING,
        attributes: Attributes | None = None,
        by_address: bool = False,
        plain: bool = False,
    ) -> None:
        """*plain*: neither address nor target group."""
        self.cloud = Cloud()
        self.web = self.cloud.add_machine(
            DAILY, user_data="#!/bin/sh", attributes=attributes, state=state, addresses=2
        )
        self.allocation = "" if plain else self.cloud.add_address(self.web, order=1)
        self.target = None if plain else self.cloud.add_group(self.web, by_address=by_address)
        settled(self.cloud)
        [self.image] = images_of(self.cloud)
        self.home = self.cloud.home

    def apply(self, to: str = "latest", *, digest: str | None = None) -> Journal:
        """Plan and apply, or apply what was reviewed."""
        return commands.apply(desk(self.cloud), request(self.web, to), digest, self.cloud.now)

    def undo(self, rollback: str) -> Journal:
        """Turn it back."""
        return commands.undo(desk(self.cloud), rollback, self.cloud.now)

    def follow(self, rollback: str, *, ticks: int = 10, step: timedelta = TICK) -> Journal:
        """Resume until it is finished."""
        return follow(self.cloud, rollback, ticks=ticks, step=step)

    def finished(self) -> Journal:
        """A rollback from beginning to end."""
        return self.follow(self.apply().id)

    def replacement(self, journal: Journal) -> FakeMachine:
        """The machine that it launched."""
        return self.home.machines[journal.replacement_id]

    def launched(self) -> list[FakeMachine]:
        """Every machine but the original."""
        return [m for m in self.home.machines.values() if m.id != self.web.id]

    def holder(self) -> str:
        """The instance on which the address stands, or empty."""
        self.home.settle()
        address = self.home.addresses[self.allocation]
        for machine in self.home.machines.values():
            for interface in machine.configuration.interfaces:
                if interface.interface_id == address.interface_id:
                    return machine.id
        return ""

    def members(self) -> set[str]:
        """The instances in the target group that do not drain."""
        assert self.target is not None
        group = self.home.groups[self.target.group_arn]
        found = set()
        for (_, target, _), held in self.home.registrations.items():
            machine = self.home.behind(group, target)
            if machine is not None and held.draining_since is None:
                found.add(machine.id)
        return found

    def state(self, machine: FakeMachine) -> InstanceState:
        """How a machine stands now."""
        self.home.settle()
        return machine.state

    def pace(self, **spans: timedelta) -> None:
        """Let some things take longer or shorter."""
        self.home.pace = replace(self.home.pace, **spans)


QUICK = Pace(
    image=timedelta(0),
    boot=timedelta(0),
    checks=timedelta(0),
    stop=timedelta(0),
    end=timedelta(0),
    healthy=timedelta(0),
    drain=timedelta(0),
)
"""Everything happens at once."""
