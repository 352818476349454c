"""How a member comes, serves and goes: its lifecycle states over time.

Source: Auto Scaling User Guide, "Amazon EC2 Auto Scaling instance lifecycle", "How lifecycle
hooks work", "Temporarily remove instances" and "Detach or attach instances". How long a move
without hooks or draining takes is the sandbox's own.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from moto.autoscaling.models import ASG_NAME_TAG
from moto.core.exceptions import ServiceException
from typing_extensions import override

from sandbox.autoscaling.activities import DETACH, LAUNCH, TERMINATE, where
from sandbox.autoscaling.hooks import HookRules
from sandbox.autoscaling.model import LAUNCHING, TERMINATING, Group, Member, Wait
from sandbox.calls import Call
from sandbox.clock import clock
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.faults import faults
from sandbox.replies import Refusal

MOVE = timedelta(seconds=1)
NOTICED_AFTER = timedelta(seconds=2)
"""How soon a group knows that a member does not run any more."""
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=1)
ELSEWHERE = frozenset({"InsufficientInstanceCapacity", "Unsupported"})
"""What another zone may not say."""
REQUESTER = "940372691376"
"""``Reservation.RequesterId`` of what Auto Scaling launches [NV: the number]."""


class MemberRules(HookRules):
    """The way of one member through its group."""

    def launch(self, group: Group, cause: str) -> bool:
        """Launch one member where the group has fewest; answers whether EC2 took it."""
        for zone, subnet in self._places(group):
            refused = self._launch(group, cause, zone, subnet)
            if refused is None:
                return True
            if refused not in ELSEWHERE:
                break
        self.failed(group, self.activities[-1].message)
        return False

    def _launch(self, group: Group, cause: str, zone: str, subnet: str | None) -> str | None:
        activity = self.begin(
            group,
            "Launching a new EC2 instance",
            cause,
            status="PreInService",
            progress=30,
        )
        activity.details = where(subnet, zone)
        try:
            source, request = self.next_source(group)
            self._let_faults_strike()
            full = self.complete_request(request, group, subnet, zone)
            [instance] = self.ec2.launch(full, {ASG_NAME_TAG: group.name})
        except (ServiceException, Refusal) as error:
            said = f"{error.message} Launching EC2 instance failed."
            self.end(activity, "Failed", said, tell=LAUNCH)
            return error.code
        instance.requester_id = REQUESTER
        member = Member(
            instance=instance,
            source=source,
            protected=bool(group.facts.get("NewInstancesProtectedFromScaleIn")),
            activity=activity,
        )
        activity.description += f": {instance.id}"
        activity.instance_id = str(instance.id)
        activity.details = where(instance.subnet_id, instance.availability_zone)
        self.take_in(group, member)
        return None

    def take_in(self, group: Group, member: Member) -> None:
        """Make it a member, and see what becomes of its instance."""
        group.members[member.id] = member
        member.instance.watcher = partial(self._noticed, group, member)

    def _places(self, group: Group) -> list[tuple[str, str | None]]:
        """Zones and subnets, the emptiest first."""
        counted = [each.instance for each in group.members.values() if each.is_counted]

        def crowd(place: tuple[str, str | None]) -> tuple[int, int]:
            zone, subnet = place
            here = [each for each in counted if each.availability_zone == zone]
            return len(here), len([each for each in here if subnet in (None, each.subnet_id)])

        return sorted(self.places(group), key=crowd)

    def places(self, group: Group) -> list[tuple[str, str | None]]:
        """Every zone of the group with its subnet, in the order they were given."""
        if not group.subnets:
            return [(zone, None) for zone in group.zones]
        known: dict[str, Any] = {
            subnet_id: subnet
            for by_id in self.ec2.subnets.values()
            for subnet_id, subnet in by_id.items()
        }
        return [(known[each].availability_zone, each) for each in group.subnets if each in known]

    def _let_faults_strike(self) -> None:
        """What makes RunInstances fail for a caller makes it fail for a group, too."""
        strike = faults.strike(
            Call(
                id=str(uuid4()),
                account=self.account_id,
                region=self.region_name,
                service="ec2",
                action="RunInstances",
                protocol="ec2",
                operation=None,
                parameters={},
            )
        )
        if strike.refusal is not None:
            raise strike.refusal

    def failed(self, group: Group, why: str) -> None:
        """A launch came to nothing: the next try waits twice as long [NV: how long]."""
        group.failures += 1
        wait = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(group.failures - 1, 10))
        group.retry_at = clock.now() + wait
        self.wake(group, group.retry_at)
        if group.refresh is not None:
            group.refresh.stick(clock.now(), f"launching EC2 instances failed. {why}".strip())

    def _noticed(self, group: Group, member: Member, state: str, at: datetime) -> None:
        """The instance entered *state*: act on it as soon as that is done."""
        late = NOTICED_AFTER if state in {"stopping", "shutting-down"} else timedelta(0)
        self.ec2.timeline.at(at + late, lambda _: self._heed(group, member))

    def _heed(self, group: Group, member: Member) -> None:
        if group.members.get(member.id) is not member:
            return
        state = member.instance.name_of_state
        if member.state == "Pending" and member.since is None and state == "running":
            if not self.pause(group, member, LAUNCHING):
                self.enter_service(group, member)
        elif member.state.startswith("Pending") and state == "terminated":
            self._lose(group, member)
        elif member.state.startswith("Terminating") and state == "terminated":
            self._bury(group, member)
        elif member.state == "InService" and state != "running":
            self.soon(group)

    def enter_service(self, group: Group, member: Member) -> None:
        """Registered with the target groups, then ``InService``; its grace period begins."""
        is_new = member.activity is not None and member.activity.description.startswith("Launch")
        member.state = "InService"
        member.since = clock.now()
        member.impaired_since = None
        self.register(group, member)
        self.end(member.activity, tell=LAUNCH if is_new else None)
        member.activity = None
        group.failures, group.retry_at = 0, None
        self.soon(group)

    def _lose(self, group: Group, member: Member) -> None:
        """The instance died before it came into service."""
        reason = (member.instance.state_reason_document or {}).get("Message", "")
        said = (
            "Instance became unhealthy while waiting for instance to be in InService state. "
            f"Termination Reason: {reason}"
        )
        self.end(member.activity, "Cancelled", said, tell=LAUNCH)
        self._forget(group, member)
        self.failed(group, said)
        self.soon(group)

    def leave(self, group: Group, member: Member, state: str, then: Callable[[], None]) -> None:
        """Out of the load balancers and drained first, *then* the rest."""
        member.state = state
        member.step += 1
        member.waits.clear()
        drained = self.deregister(group, member)
        if drained is not None and member.activity is not None:
            member.activity.status = "WaitingForELBConnectionDraining"
        self.later(member, drained or clock.now() + MOVE, then)

    def later(self, member: Member, when: datetime, then: Callable[[], None]) -> None:
        """Do *then* at *when*, unless the member has gone another way by then."""
        step = member.step

        def look(_: object) -> None:
            if member.step == step:
                then()

        self.ec2.timeline.at(when, look)

    def terminate(self, group: Group, member: Member, cause: str, *, hooks: bool = True) -> None:
        """Drain, wait for the hooks, end the instance: it does not count from now on."""
        self.end(member.activity, "Cancelled", "The instance is being terminated.")
        self.begin(group, f"Terminating EC2 instance: {member.id}", cause, member)

        def drained() -> None:
            if not (hooks and self.pause(group, member, TERMINATING)):
                self._kill(group, member)

        self.leave(group, member, "Terminating", drained)

    def _kill(self, group: Group, member: Member) -> None:
        """Termination protection does not hold against the group (User Guide, scale-in)."""
        if member.activity is not None:
            member.activity.status = "InProgress"
        self.ec2._terminate(member.instance)
        if member.instance.name_of_state == "terminated":
            self._bury(group, member)

    def _bury(self, group: Group, member: Member) -> None:
        self.end(member.activity, tell=TERMINATE)
        self._forget(group, member)
        self.soon(group)

    def _forget(self, group: Group, member: Member) -> None:
        group.members.pop(member.id, None)
        member.step += 1
        member.instance.watcher = None
        refresh = group.refresh
        if refresh is not None and member.id in refresh.targets:
            refresh.targets.remove(member.id)

    @override
    def waited(self, group: Group, member: Member, wait: Wait, *, abandoned: bool) -> None:
        """An abandoned launch ends the instance; a termination goes on either way."""
        if member.state == "Terminating:Wait":
            member.state = "Terminating:Proceed"
            self._kill(group, member)
        elif abandoned:
            said = (
                "Instance failed to complete user's Lifecycle Action: Lifecycle Action with "
                f"token {wait.token} was abandoned: Lifecycle Action Completed with ABANDON Result"
            )
            self.end(member.activity, "Failed", said, tell=LAUNCH)
            self.failed(group, said)
            cause = f"an instance was taken out of service: {said}"
            self.terminate(group, member, cause, hooks=False)
            self.soon(group)
        else:
            member.state = "Pending:Proceed"
            self.enter_service(group, member)

    def stand_by(self, group: Group, member: Member, cause: str) -> None:
        """``EnteringStandby``, drained, then ``Standby``: nobody checks its health there."""
        activity = self.begin(
            group, f"Moving EC2 instance to Standby: {member.id}", cause, member, progress=50
        )

        def drained() -> None:
            member.state = "Standby"
            self.end(activity)
            member.activity = None
            self.soon(group)

        self.leave(group, member, "EnteringStandby", drained)

    def come_back(self, group: Group, member: Member, description: str, cause: str) -> None:
        """``Pending``, then in service again, whatever the instance's state is.

        Source: Auto Scaling User Guide, "Temporarily remove instances": a terminated instance
        may leave standby, and its health check then replaces it.
        """
        self.begin(group, description, cause, member, status="PreInService", progress=30)
        member.state = "Pending"
        member.step += 1
        self.later(member, clock.now() + MOVE, lambda: self.enter_service(group, member))

    def let_go(self, group: Group, member: Member, cause: str) -> None:
        """``Detaching``, drained, then an instance like any other."""
        activity = self.begin(
            group, f"Detaching EC2 instance: {member.id}", cause, member, progress=50
        )

        def drained() -> None:
            self._forget(group, member)
            self.ec2.tags[member.id].pop(ASG_NAME_TAG, None)
            self.end(activity, tell=DETACH)
            self.soon(group)

        self.leave(group, member, "Detaching", drained)

    def instance(self, instance_id: str) -> SandboxInstance | None:
        """An instance of this account and region."""
        return self.ec2.get_instance_by_id(instance_id)

    def soon(self, group: Group) -> None:
        """Look after the group once what goes on now is done."""
        self.wake(group, clock.now())

    def wake(self, group: Group, when: datetime) -> None:
        """Look after the group at *when*."""
        if when in group.wakes:
            return
        group.wakes.add(when)

        def look(_: object) -> None:
            group.wakes.discard(when)
            self.tend(group)

        self.ec2.timeline.at(when, look)

    def tend(self, group: Group) -> None:
        """Do what the group has to do now."""
        raise NotImplementedError
