"""One load balancer target: its registration, its verdict, and what health checks say.

Source: Elastic Load Balancing API Reference, ``TargetHealth`` (states and reasons).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.clock import clock
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.health import health

REGISTERED_AFTER = timedelta(seconds=2)
BECOMES_HEALTHY_AFTER = timedelta(seconds=5)

DESCRIPTIONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.HealthCheckDisabled": "Health checks are disabled for this target group",
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


def checked(
    target: Target, instance: SandboxInstance | None, used_since: datetime | None
) -> Verdict:
    """What health checks say, once there has been time for some since the group is in use."""
    begun = max(target.since, used_since or target.since)
    if instance is not None:
        begun = max(begun, instance.checked_from)
    if clock.now() < begun + REGISTERED_AFTER:
        return Verdict(state="initial", reason="Elb.RegistrationInProgress")
    if clock.now() < begun + BECOMES_HEALTHY_AFTER:
        return Verdict(state="initial", reason="Elb.InitialHealthChecking")
    if instance is not None and not (instance.state == "running" and _is_well(instance)):
        return Verdict(state="unhealthy", reason="Target.FailedHealthChecks")
    return Verdict(state="healthy")


def _is_well(instance: SandboxInstance) -> bool:
    """Whether the target answers: the operator's word, else the instance's own checks."""
    wish = health.of("target", instance.id, instance.image_id)
    reachable = health.of("instance_status", instance.id, instance.image_id)
    system = health.of("system", instance.id, instance.image_id)
    return wish == "healthy" and "impaired" not in {reachable, system}
