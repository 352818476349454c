"""Start, stop, reboot, terminate: which states allow them, and what they take along.

Sources: EC2 User Guide "ec2-instance-lifecycle", "how-ec2-instance-stop-start-works",
"ec2-stop-protection", "Using_ChangingDisableAPITermination"; EC2 API Reference,
StopInstances, StartInstances, TerminateInstances; EC2 API error codes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance, InstanceState
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.capacity import CapacityRules
from sandbox.ec2.capacity_model import Slot
from sandbox.ec2.encryption import why_unusable
from sandbox.ec2.instance_model import PENDING_REASON, STATE_CODES, SandboxInstance
from sandbox.ec2.instances import REMEMBERED
from sandbox.ec2.network_interface import seconds_only

PENDING = timedelta(seconds=3)
STOPPING = timedelta(seconds=3)
SHUTTING_DOWN = timedelta(seconds=3)

USER_SHUTDOWN = {
    "Code": "Client.UserInitiatedShutdown",
    "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
}
USER_HIBERNATE = {
    "Code": "Client.UserInitiatedHibernate",
    "Message": "Client.UserInitiatedHibernate: User initiated hibernate",
}
DIES_OF = "Client.InternalError"


@dataclass(frozen=True, slots=True)
class StateChange:
    """One instance entered one state: what an event tells about it."""

    at: datetime
    instance_id: str
    state: str


class LifecycleRules(CapacityRules):
    """How instances move from state to state."""

    @property
    def state_changes(self) -> list[StateChange]:
        """Every state that any instance has entered so far, oldest first."""
        self.settle()
        found: list[StateChange] = self.__dict__.setdefault("_state_changes", [])
        return found

    def enter(
        self,
        instance: SandboxInstance,
        state: str,
        at: datetime,
        *,
        transition: str = "",
        reason: dict[str, str] | None = None,
    ) -> None:
        """*instance* is in *state* since *at*."""
        instance.enter(state, transition=transition, reason=reason)
        if state in {"stopped", "terminated"}:
            self.leave_seat(instance)
        self.__dict__.setdefault("_state_changes", []).append(StateChange(at, instance.id, state))
        if instance.watcher is not None:
            instance.watcher(state, at)

    def boot(self, instance: SandboxInstance, *, dies_of: str | None = None) -> None:
        """``pending`` now; then ``running``, or ``terminated`` when something is wrong with it."""
        now = clock.now()
        self.enter(instance, "pending", now, reason=dict(PENDING_REASON))
        self.take_seat(instance)
        if dies_of:
            self._later(instance, now + PENDING, lambda at: self._die(instance, dies_of, at))
        else:
            self._later(instance, now + PENDING, lambda at: self._run(instance, at))

    def _later(
        self, instance: SandboxInstance, when: datetime, act: Callable[[datetime], None]
    ) -> None:
        """Do *act* at *when*, unless the instance has gone another way by then."""
        serial = instance.transition = instance.transition + 1

        def settle(at: datetime) -> None:
            if instance.transition == serial:
                act(at)

        self.timeline.at(when, settle)

    def _run(self, instance: SandboxInstance, at: datetime) -> None:
        self.enter(instance, "running", at)
        instance.checked_from = at

    def _die(self, instance: SandboxInstance, code: str, at: datetime) -> None:
        message = "Client error on launch" if code == DIES_OF else "the launch failed"
        reason = {"Code": code, "Message": f"{code}: {message}"}
        self._bury(instance, at, code, reason)

    @override
    def start_instances(self, instance_ids: list[str]) -> list[tuple[Instance, InstanceState]]:
        """``stopped`` to ``pending`` to ``running``; nothing happens to a running one.

        The root volume must be there, and capacity for all of them. A new public address is
        lent, where EC2 does that. One whose volumes' key does not work is ``pending`` and
        then ``stopped`` again (KMS Developer Guide, "How unusable KMS keys affect data keys";
        that it is ``Client.InternalError`` is [NV]).
        """
        instances = self.instances_by_id(instance_ids)
        for instance in instances:
            _check_startable(instance)
        self._require_room([each for each in instances if each.state == "stopped"])
        return [(each, self._start(each)) for each in instances]

    def _require_room(self, instances: Sequence[SandboxInstance]) -> None:
        """Refuse to start *instances* unless there is capacity for every kind of them."""
        kinds: dict[object, list[SandboxInstance]] = {}
        for instance in instances:
            wish = instance.facts.get("CapacityReservationSpecification")
            kinds.setdefault((Slot.of(instance.facts), repr(wish)), []).append(instance)
        asked: dict[str, Any] = {"InstanceIds": [each.id for each in instances]}
        for alike in kinds.values():
            count = len(alike)
            self.capacity_for(alike[0].facts, count, count, action="StartInstances", asked=asked)

    def _start(self, instance: SandboxInstance) -> InstanceState:
        before = _state_of(instance)
        if before.name == "stopped":
            instance.launch_time = seconds_only(clock.now())
            self.boot(instance)
            if self._has_locked_disks(instance):
                self._later(instance, clock.now() + PENDING, partial(self._fall_back, instance))
            self.lend(instance)
        return before

    def _has_locked_disks(self, instance: SandboxInstance) -> bool:
        volumes = [
            self.volumes.get(block.volume_id) for _, block in instance.get_block_device_mapping
        ]
        keys = [str(each.kms_key_id) for each in volumes if each is not None and each.encrypted]
        return any(why_unusable(self, key) for key in keys)

    def _fall_back(self, instance: SandboxInstance, at: datetime) -> None:
        """``stopped`` again, because a start came to nothing."""
        for interface in instance.nics.values():
            interface.auto_public_ip = None
        reason = {"Code": DIES_OF, "Message": f"{DIES_OF}: Client error on launch"}
        self.enter(instance, "stopped", at, transition=DIES_OF, reason=reason)

    @override
    def stop_instances(
        self, instance_ids: list[str], *, hibernate: bool = False
    ) -> list[tuple[Instance, InstanceState]]:
        """``running`` to ``stopping`` to ``stopped``; the lent public address goes at once."""
        instances = self.instances_by_id(instance_ids)
        for instance in instances:
            _check_stoppable(instance, hibernate=hibernate)
        return [(each, self._stop(each, hibernate=hibernate)) for each in instances]

    def _stop(self, instance: SandboxInstance, *, hibernate: bool) -> InstanceState:
        before = _state_of(instance)
        if before.name != "running":
            return before
        now = clock.now()
        reasons: dict[str, Any] = {
            "transition": _by_user(now),
            "reason": USER_HIBERNATE if hibernate else USER_SHUTDOWN,
        }
        for interface in instance.nics.values():
            interface.auto_public_ip = None
        self.enter(instance, "stopping", now, **reasons)
        self._later(
            instance, now + STOPPING, lambda at: self.enter(instance, "stopped", at, **reasons)
        )
        return before

    @override
    def reboot_instances(self, instance_ids: list[str]) -> list[Instance]:
        """A running instance stays ``running``; its checks begin again."""
        instances = self.instances_by_id(instance_ids)
        for instance in instances:
            if instance.state != "running":
                raise _wrong_state(instance, "rebooted")
        for instance in instances:
            instance.checked_from = clock.now()
        return list(instances)

    @override
    def terminate_instances(self, instance_ids: list[str]) -> list[tuple[Instance, InstanceState]]:
        """``shutting-down``, then ``terminated`` and everything it held is let go.

        A protected instance makes the call fail, and saves the others of its zone only:
        those in other zones are terminated (EC2 API Reference, TerminateInstances).
        """
        if not instance_ids:
            raise EC2ClientError("InvalidParameterCombination", "No instances specified")
        instances = self.instances_by_id(instance_ids)
        protected = [each for each in instances if _is_protected(each)]
        saved = {each.availability_zone for each in protected}
        done = [
            (each, self._terminate(each))
            for each in instances
            if each.availability_zone not in saved
        ]
        if protected:
            raise _protected(protected[0])
        return list(done)

    def _terminate(self, instance: SandboxInstance) -> InstanceState:
        before = _state_of(instance)
        if before.name in {"shutting-down", "terminated"}:
            return before
        now = clock.now()
        said = _by_user(now)
        for interface in instance.nics.values():
            interface.auto_public_ip = None
        self.enter(instance, "shutting-down", now, transition=said, reason=USER_SHUTDOWN)
        self._later(
            instance,
            now + SHUTTING_DOWN,
            lambda at: self._bury(instance, at, said, USER_SHUTDOWN),
        )
        return before

    def _bury(
        self, instance: SandboxInstance, at: datetime, transition: str, reason: dict[str, str]
    ) -> None:
        """``terminated``: interfaces and volumes are deleted or let go as their flags say."""
        for interface in list(instance.nics.values()):
            if interface.delete_on_termination:
                self.drop_interface(interface)
            else:
                interface.detach()
        for device, block in instance.get_block_device_mapping:
            if block.volume_id in self.volumes:
                self.detach_volume(block.volume_id, instance.id, device)
                if block.delete_on_termination and not self.volumes[block.volume_id].attachment:
                    self.delete_volume(block.volume_id)
        association = self.iam_instance_profile_associations.pop(instance.id, None)
        if association is not None:
            instance.facts.pop("IamInstanceProfile", None)
        instance.terminated_at = at
        self.enter(instance, "terminated", at, transition=transition, reason=reason)
        self.timeline.at(at + REMEMBERED, lambda _: self.forget_instance(instance))


def _state_of(instance: SandboxInstance) -> InstanceState:
    name = instance.state
    return InstanceState(name, STATE_CODES[name])


def _by_user(now: datetime) -> str:
    return f"User initiated ({now:%Y-%m-%d %H:%M:%S} GMT)"


def _wrong_state(instance: SandboxInstance, done: str) -> EC2ClientError:
    return EC2ClientError(
        "IncorrectInstanceState",
        f"The instance '{instance.id}' is not in a state from which it can be {done}.",
    )


def _check_startable(instance: SandboxInstance) -> None:
    state = instance.state
    if state in {"stopping", "shutting-down", "terminated"}:
        raise _wrong_state(instance, "started")
    root = instance.root_device_name
    if state == "stopped" and not instance.has_root:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Invalid value '{instance.id}' for instanceId. Instance does not have a volume "
            f"attached at root ({root})",
        )


def _check_stoppable(instance: SandboxInstance, *, hibernate: bool) -> None:
    if instance.disable_api_stop:
        raise EC2ClientError(
            "OperationNotPermitted",
            f"The instance '{instance.id}' may not be stopped. Modify its 'disableApiStop' "
            "instance attribute and try again.",
        )
    if instance.root_device_type == "instance-store":
        raise EC2ClientError(
            "UnsupportedOperation",
            f"The instance '{instance.id}' does not have an 'ebs' root device type and cannot "
            "be stopped.",
        )
    if instance.lifecycle == "spot" and instance.spot_type != "persistent":
        raise EC2ClientError(
            "UnsupportedOperation",
            f"You can't stop the Spot Instance '{instance.id}' because it is associated with a "
            "one-time Spot Instance request. You can only stop Spot Instances associated with "
            "persistent Spot Instance requests.",
        )
    if instance.state in {"pending", "shutting-down", "terminated"}:
        raise _wrong_state(instance, "stopped")
    configured = (instance.facts.get("HibernationOptions") or {}).get("Configured")
    if hibernate and not configured:
        raise EC2ClientError(
            "UnsupportedHibernationConfiguration",
            f"The instance '{instance.id}' is not configured for hibernation.",
        )


def _is_protected(instance: SandboxInstance) -> bool:
    """Stop protection guards against termination, too (EC2 User Guide, ec2-stop-protection)."""
    return bool(
        (instance.disable_api_termination or instance.disable_api_stop) and not instance.is_gone
    )


def _protected(instance: SandboxInstance) -> EC2ClientError:
    name = "disableApiTermination" if instance.disable_api_termination else "disableApiStop"
    return EC2ClientError(
        "OperationNotPermitted",
        f"The instance '{instance.id}' may not be terminated. Modify its '{name}' instance "
        "attribute and try again.",
    )
