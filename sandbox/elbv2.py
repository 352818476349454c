"""Load balancer targets: their health follows the instance, the operator and the clock.

Sources: Elastic Load Balancing API Reference, RegisterTargets, DeregisterTargets,
DescribeTargetHealth (``TargetHealth.State`` and ``Reason``); User Guide for Application
Load Balancers, "target group attributes" (deregistration delay, default 300 seconds).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from types import ModuleType
from typing import Any

from moto.elbv2 import urls
from moto.elbv2.exceptions import ELBClientError, TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeTargetGroup, elbv2_backends
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.health import health

BECOMES_HEALTHY_AFTER = timedelta(seconds=5)
DELAY = "deregistration_delay.timeout_seconds"
DEFAULT_DELAY = 300

DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.InvalidState": "Target is in the stopped state",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
}


@dataclass(slots=True, kw_only=True)
class Target:
    """One registration of one target under one port."""

    id: str
    port: int | None
    zone: str | None
    since: datetime
    leaving: datetime | None = None
    """When its draining began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``TargetHealth`` of the model."""

    state: str
    reason: str | None = None

    def document(self) -> dict[str, str]:
        """It on the wire; a healthy target has neither reason nor description."""
        if self.reason is None:
            return {"State": self.state}
        return {
            "State": self.state,
            "Reason": self.reason,
            "Description": DESCRIPTIONS.get(self.reason, self.reason),
        }


class SandboxELBv2Backend(ELBv2Backend):
    """moto's load balancers with targets that have a life of their own."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls

    def registrations(self, arn: str) -> dict[tuple[str, int | None], Target]:
        """The targets of one group, those that still drain included."""
        if arn not in self.target_groups:
            raise TargetGroupNotFoundError
        everywhere: dict[str, dict[tuple[str, int | None], Target]] = self.__dict__.setdefault(
            "_registrations", {}
        )
        found = everywhere.setdefault(arn, {})
        delay = timedelta(seconds=self.delay(arn))
        for key, target in list(found.items()):
            if target.leaving is not None and clock.now() >= target.leaving + delay:
                del found[key]
        return found

    @override
    def register_targets(self, target_group_arn: str, instances: list[Any]) -> None:
        """All targets or none. One that is draining starts over; one that is in stays.

        ``InvalidTarget`` for an instance that is unknown or not running, or an address
        outside the group's networks (RegisterTargets) [NV: which states are refused].
        """
        found = self.registrations(target_group_arn)
        group = self.target_groups[target_group_arn]
        for each in instances:
            self._check(group, each)
        for each in instances:
            key = _key(group, each)
            known = found.get(key)
            if known is not None and known.leaving is None:
                continue
            found[key] = Target(
                id=key[0],
                port=key[1],
                zone=each.get("AvailabilityZone"),
                since=clock.now(),
            )

    def _check(self, group: FakeTargetGroup, wanted: Mapping[str, Any]) -> None:
        if group.target_type == "instance":
            instance = self._instance(wanted["Id"])
            if instance is None or instance.vpc_id != group.vpc_id:
                known = instance is not None and instance.is_gone
                if not known:
                    raise _invalid_target(
                        f"The following targets are not valid instances: '{wanted['Id']}'"
                    )
            if instance is None or instance.state != "running":
                raise _invalid_target(
                    "The following targets are not in a running state and cannot be "
                    f"registered: '{wanted['Id']}'"
                )
        if group.target_type == "ip":
            try:
                ip_address(wanted["Id"])
            except ValueError as error:
                raise ELBClientError(
                    "ValidationError", f"The IP address '{wanted['Id']}' is not valid"
                ) from error

    @override
    def deregister_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        """Draining from now on; a target in no use, or one not there, goes at once."""
        found = self.registrations(target_group_arn)
        group = self.target_groups[target_group_arn]
        for each in instances:
            port = each.get("Port")
            keys = [key for key in found if key[0] == each["Id"] and port in (None, key[1])]
            if not keys:
                if group.target_type == "instance" and self._instance(each["Id"]) is None:
                    raise _invalid_target(
                        f"The following targets are not valid instances: '{each['Id']}'"
                    )
                continue
            for key in keys:
                target = found[key]
                if not self._is_serving(group, target):
                    del found[key]
                elif target.leaving is None:
                    target.leaving = clock.now()

    def target_health(self, arn: str, wanted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """``TargetHealthDescription`` of the model, for the *wanted* targets or for all."""
        found = self.registrations(arn)
        group = self.target_groups[arn]
        if not wanted:
            return [self._described(group, target) for target in found.values()]
        rows = []
        for each in wanted:
            keys = [
                key for key in found if key[0] == each["Id"] and each.get("Port") in (None, key[1])
            ]
            rows += [self._described(group, found[key]) for key in keys]
            if not keys:
                rows.append(
                    {
                        "Target": {"Id": each["Id"], "Port": each.get("Port") or _port(group)},
                        "HealthCheckPort": str(group.health_check_port),
                        "TargetHealth": Verdict(
                            state="unused", reason="Target.NotRegistered"
                        ).document(),
                    }
                )
        return rows

    @override
    def describe_target_health(  # type: ignore[override]
        self, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """As moto's callers know it."""
        return self.target_health(target_group_arn, targets)

    @override
    def notify_terminate_instances(self, instance_ids: list[str]) -> None:
        """Nothing to do: the health of a target is looked up when it is asked for."""

    @override
    def delete_target_group(self, target_group_arn: str) -> FakeTargetGroup:
        """The registrations go with the group."""
        gone = super().delete_target_group(target_group_arn)
        self.__dict__.get("_registrations", {}).pop(target_group_arn, None)
        return gone

    def _described(self, group: FakeTargetGroup, target: Target) -> dict[str, Any]:
        shown: dict[str, Any] = {"Id": target.id, "Port": target.port}
        if target.zone:
            shown["AvailabilityZone"] = target.zone
        traffic_port = group.health_check_port in (None, "traffic-port")
        return {
            "Target": shown,
            "HealthCheckPort": str(target.port if traffic_port else group.health_check_port),
            "TargetHealth": self._verdict(group, target).document(),
        }

    def _verdict(self, group: FakeTargetGroup, target: Target) -> Verdict:
        if target.leaving is not None:
            return Verdict(state="draining", reason="Target.DeregistrationInProgress")
        if not self._any_listener_using(group.arn):
            return Verdict(state="unused", reason="Target.NotInUse")
        instance = self._behind(group, target)
        if group.target_type == "instance" and (instance is None or instance.state != "running"):
            return Verdict(state="unused", reason="Target.InvalidState")
        return _checked(target, instance)

    def _is_serving(self, group: FakeTargetGroup, target: Target) -> bool:
        """Whether connections may be open to it, so that it has to drain."""
        instance = self._behind(group, target)
        running = instance is None or instance.state == "running"
        known = instance is not None or group.target_type != "instance"
        return known and running and self._any_listener_using(group.arn)

    def _behind(self, group: FakeTargetGroup, target: Target) -> SandboxInstance | None:
        """The instance that answers for the target."""
        if group.target_type == "instance":
            return self._instance(target.id)
        for interface in self._interfaces():
            if interface.vpc_id == group.vpc_id and target.id in interface.all_addresses:
                owner = interface.instance
                return owner if isinstance(owner, SandboxInstance) else None
        return None

    def _instance(self, instance_id: str) -> SandboxInstance | None:
        found = self.ec2_backend.get_instance_by_id(instance_id)
        return found if isinstance(found, SandboxInstance) else None

    def _interfaces(self) -> Iterator[SandboxInterface]:
        for each in self.ec2_backend.enis.values():
            if isinstance(each, SandboxInterface):
                yield each

    def delay(self, arn: str) -> int:
        """The deregistration delay of one target group, in seconds."""
        attributes: dict[str, Any] = self.target_groups[arn].attributes
        return int(attributes.get(DELAY, DEFAULT_DELAY))


def install() -> None:
    """Put the corrected targets in moto's place for this whole process (idempotent)."""
    elbv2_backends.backend = SandboxELBv2Backend


def _key(group: FakeTargetGroup, wanted: Mapping[str, Any]) -> tuple[str, int | None]:
    port = wanted.get("Port")
    return wanted["Id"], int(port) if port is not None else _port(group)


def _port(group: FakeTargetGroup) -> int | None:
    return int(group.port) if group.port else None


def _checked(target: Target, instance: SandboxInstance | None) -> Verdict:
    """What health checks say, once there has been time for some."""
    begun = max(target.since, instance.checked_from) if instance else target.since
    if clock.now() < begun + BECOMES_HEALTHY_AFTER:
        return Verdict(state="initial", reason="Elb.RegistrationInProgress")
    if instance is not None and not (instance.state == "running" and _is_well(instance)):
        return Verdict(state="unhealthy", reason="Target.FailedHealthChecks")
    return Verdict(state="healthy")


def _is_well(instance: SandboxInstance) -> bool:
    """Whether the target answers: the operator's word, else the instance's own checks."""
    wish = health.of("target", instance.id, instance.image_id)
    reachable = health.of("instance_status", instance.id, instance.image_id)
    system = health.of("system", instance.id, instance.image_id)
    return wish == "healthy" and "impaired" not in {reachable, system}


def _invalid_target(message: str) -> ELBClientError:
    return ELBClientError("InvalidTarget", message)
