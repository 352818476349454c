"""Which member is unhealthy, and why: what a group asks EC2 and the load balancers.

Source: Auto Scaling User Guide, "About the health checks for your Auto Scaling group" (any
state but ``running`` at once; an impaired status check after "a few minutes", never
``insufficient-data``; ELB and EBS only where turned on) and "Set the health check grace
period" (one that does not run is replaced within it, too).
"""

from datetime import timedelta

from sandbox.autoscaling.members import MemberRules
from sandbox.autoscaling.model import Group, Member
from sandbox.clock import clock
from sandbox.ec2.status import check, disks_check
from sandbox.health import Aspect

PATIENCE = timedelta(minutes=2)
"""How long a status check may fail before it counts [NV: "a few minutes"]."""
CHECKS: tuple[Aspect, ...] = ("system", "instance_status", "application")
PASSED = frozenset({"ok", "insufficient-data", "None"})
"""``None``: there are no application status checks."""
GONE = "EC2 health check indicating it has been terminated or stopped."
IMPAIRED = "EC2 instance status checks failure."
UNREACHABLE = "ELB system health check failure."
DISKS = "EBS volume health check failure."
TOLD = "user health-check."


class HealthRules(MemberRules):
    """Health checks of members."""

    def check_health(self, group: Group) -> dict[str, str]:
        """Mark who is unhealthy; answers why, by instance, for all that are."""
        self.note_healthy(group)
        found = {}
        for member in group.members.values():
            if member.state != "InService":
                continue
            cause = self._cause(group, member) if group.does("HealthCheck") else None
            if cause is not None:
                member.healthy = False
            if not member.healthy:
                found[member.id] = cause or TOLD
        return found

    def _cause(self, group: Group, member: Member) -> str | None:
        if member.instance.name_of_state != "running":
            return GONE
        kinds = group.facts["HealthCheckType"].split(",")
        impaired = any(check(member.instance, each) == "impaired" for each in CHECKS)
        if "EBS" in kinds and disks_check(member.instance) == "impaired":
            return self._patiently(group, member, DISKS)
        if impaired:
            return self._patiently(group, member, IMPAIRED)
        member.impaired_since = None
        if "ELB" in kinds and not self.is_in_grace(group, member):
            states = {self.verdict(arn, member.id) for arn, seen in group.targets.items() if seen}
            return UNREACHABLE if "unhealthy" in states else None
        return None

    def _patiently(self, group: Group, member: Member, cause: str) -> str | None:
        member.impaired_since = member.impaired_since or clock.now()
        ends = member.impaired_since + PATIENCE
        if ends > clock.now():
            self.wake(group, ends)
            return None
        return None if self.is_in_grace(group, member) else cause

    def passes(self, group: Group, member: Member) -> bool:
        """Whether it passes its initial health check: what a refresh waits for."""
        if any(check(member.instance, each) not in PASSED for each in CHECKS):
            return False
        if "ELB" not in group.facts["HealthCheckType"].split(","):
            return True
        states = {self.verdict(arn, member.id) for arn in group.targets}
        return not states & {"initial", "unhealthy"}

    def is_in_grace(self, group: Group, member: Member) -> bool:
        """Whether it has come into service only just now."""
        since = member.since or clock.now()
        return clock.now() < since + group.seconds("HealthCheckGracePeriod")
