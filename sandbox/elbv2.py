"""Load balancer targets: their health follows the instance, the operator and the clock.

Sources: Elastic Load Balancing API Reference, RegisterTargets, DeregisterTargets,
DescribeTargetHealth (``TargetHealth.State`` and ``Reason``), ``TargetDescription``; User Guide
for Application Load Balancers, "target group attributes" (deregistration delay, default 300
seconds) and "Register targets" (which addresses, and when one that drains may come back).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network
from types import ModuleType
from typing import Any

from moto.elbv2 import urls
from moto.elbv2.exceptions import ELBClientError, TargetGroupNotFoundError
from moto.elbv2.models import FakeTargetGroup, elbv2_backends
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.network_interface import SandboxInterface
from sandbox.elbv2_targets import Target, Verdict, checked
from sandbox.elbv2_use import TargetGroupUse

MOST_TARGETS = 1000
FORGOTTEN_AFTER = timedelta(minutes=1)
"""How long a terminated instance stays a target [NV: how long]."""
DELAY = "deregistration_delay.timeout_seconds"
DEFAULT_DELAY = 300
OUTSIDE = tuple(
    ip_network(each) for each in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
)
"""Where addresses of other networks may lie (RFC 1918, RFC 6598)."""


class SandboxELBv2Backend(TargetGroupUse):
    """moto's load balancers with targets that have a life of their own."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls

    def registrations(self, arn: str) -> dict[tuple[str, int | None], Target]:
        """The targets of one group, those that still drain included; EC2 is up to the clock."""
        self.ec2_backend.settle()  # type: ignore[attr-defined]
        if arn not in self.target_groups:
            raise TargetGroupNotFoundError
        everywhere: dict[str, dict[tuple[str, int | None], Target]] = self.__dict__.setdefault(
            "_registrations", {}
        )
        found = everywhere.setdefault(arn, {})
        delay = timedelta(seconds=self.delay(arn))
        for key, target in list(found.items()):
            drained = target.leaving is not None and clock.now() >= target.leaving + delay
            if drained or self._is_forgotten(arn, target):
                del found[key]
        return found

    def _is_forgotten(self, arn: str, target: Target) -> bool:
        """A terminated instance does not stay registered."""
        if self.target_groups[arn].target_type != "instance":
            return False
        instance = self._instance(target.id)
        if instance is None:
            return True
        ended = instance.terminated_at
        return ended is not None and clock.now() >= ended + FORGOTTEN_AFTER

    @override
    def register_targets(self, target_group_arn: str, instances: list[Any]) -> None:
        """All targets or none. One that is in stays; an instance that drains starts over.

        ``InvalidTarget`` for an instance that does not run, or an address outside the group's
        networks; an address that drains must wait until it is out [NV: its code].
        """
        found = self.registrations(target_group_arn)
        group = self.target_groups[target_group_arn]
        for each in instances:
            self._check(group, each)
            known = found.get(_key(group, each))
            if group.target_type == "ip" and known is not None and known.leaving is not None:
                raise _invalid_target(f"The target '{known.id}' is still being deregistered.")
        if len({*found, *(_key(group, each) for each in instances)}) > MOST_TARGETS:
            raise ELBClientError(
                "TooManyTargets", f"A target group has at most {MOST_TARGETS} targets."
            )
        for each in instances:
            key = _key(group, each)
            known = found.get(key)
            if known is not None and known.leaving is None:
                continue
            found[key] = Target(
                id=key[0],
                port=key[1],
                zone=each.get("AvailabilityZone") or self._zone_of(group, key[0]),
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
            if wanted.get("AvailabilityZone"):
                raise ELBClientError(
                    "ValidationError",
                    "You cannot specify an Availability Zone for a target of type instance",
                )
        if group.target_type == "ip":
            self._check_address(group, wanted)

    def _check_address(self, group: FakeTargetGroup, wanted: Mapping[str, Any]) -> None:
        """In the VPC, or private and with a zone (``TargetDescription.AvailabilityZone``)."""
        try:
            address = ip_address(wanted["Id"])
        except ValueError as error:
            raise ELBClientError(
                "ValidationError", f"The IP address '{wanted['Id']}' is not valid"
            ) from error
        vpc = self.ec2_backend.vpcs.get(str(group.vpc_id))
        if vpc is not None and address in ip_network(vpc.cidr_block):
            return
        if not any(address in network for network in OUTSIDE):
            raise ELBClientError(
                "ValidationError",
                f"The IP address '{address}' is not within a subnet of the VPC '{group.vpc_id}' "
                "and not a private address",
            )
        if not wanted.get("AvailabilityZone"):
            raise ELBClientError(
                "ValidationError",
                f"You must specify an Availability Zone for the IP address '{address}', which is "
                f"outside the VPC '{group.vpc_id}'",
            )

    def _zone_of(self, group: FakeTargetGroup, target_id: str) -> str | None:
        """The zone of an address of the group's VPC, which is detected."""
        if group.target_type != "ip":
            return None
        for by_id in self.ec2_backend.subnets.values():
            for subnet in by_id.values():
                inside = ip_address(target_id) in ip_network(subnet.cidr_block)
                if subnet.vpc_id == group.vpc_id and inside:
                    return str(subnet.availability_zone)
        return None

    @override
    def deregister_targets(self, target_group_arn: str, instances: list[dict[str, Any]]) -> None:
        """Draining from now on; a target in no use, or one not there, goes at once.

        One that was registered under a port of its own is named with it (DeregisterTargets).
        """
        found = self.registrations(target_group_arn)
        group = self.target_groups[target_group_arn]
        for each in instances:
            target = found.get(_key(group, each))
            if target is None:
                continue
            if not self._is_serving(group, target):
                del found[_key(group, each)]
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
        if not self._reaches(group, target):
            return Verdict(state="unused", reason="Target.NotInUse")
        instance = self._behind(group, target)
        if group.target_type == "instance" and (instance is None or instance.state != "running"):
            return Verdict(state="unused", reason="Target.InvalidState")
        if not group.health_check_enabled:
            return Verdict(state="unavailable", reason="Target.HealthCheckDisabled")
        return checked(target, instance, self.used_since.get(group.arn))

    def _reaches(self, group: FakeTargetGroup, target: Target) -> bool:
        """Whether a load balancer uses the group and is enabled in the target's zone."""
        instance = self._instance(target.id) if group.target_type == "instance" else None
        zone = instance.availability_zone if instance is not None else target.zone
        balancers = [
            each for each in self.load_balancers.values() if self.forwards(each, group.arn)
        ]
        if zone in (None, "all"):
            return bool(balancers)
        return any(
            zone == subnet.availability_zone for each in balancers for subnet in each.subnets
        )

    def _is_serving(self, group: FakeTargetGroup, target: Target) -> bool:
        """Whether connections may be open to it, so that it has to drain."""
        instance = self._behind(group, target)
        running = instance is None or instance.state == "running"
        known = instance is not None or group.target_type != "instance"
        return known and running and self._reaches(group, target)

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


def _invalid_target(message: str) -> ELBClientError:
    return ELBClientError("InvalidTarget", message)
