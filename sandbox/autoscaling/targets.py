"""A group and its load balancer target groups: who is registered when, and when it is out.

Sources: Auto Scaling User Guide, "How lifecycle hooks work" (registered before ``InService``,
deregistered and drained before anything else at the end), "About the health checks" (ELB's
word counts only once the target group is ``InService``); botocore's model,
``LoadBalancerTargetGroupState``, ``TrafficSourceState``.
"""

from datetime import datetime, timedelta
from typing import Any

from moto.core.exceptions import ServiceException

from sandbox.autoscaling.errors import invalid, too_many
from sandbox.autoscaling.model import Document, Group, Member
from sandbox.autoscaling.sources import SourceRules
from sandbox.clock import clock
from sandbox.elbv2 import SandboxELBv2Backend

MOST_TARGET_GROUPS = 50


class TargetRules(SourceRules):
    """How members come and go behind load balancers."""

    @property
    def balancers(self) -> SandboxELBv2Backend:
        """Load balancers of this account and region."""
        backend: Any = self.elbv2_backend
        found: SandboxELBv2Backend = backend
        return found

    def check_target_groups(self, arns: list[str]) -> None:
        """Refuse target groups that there are not."""
        for arn in arns:
            if arn not in self.balancers.target_groups:
                raise invalid(
                    "Provided Target Groups may not be valid. Please ensure they exist and try "
                    "again."
                )

    def add_targets(self, group: Group, arns: list[str]) -> None:
        """Attach target groups; members in service are registered."""
        self.check_target_groups(arns)
        fresh = [arn for arn in arns if arn not in group.targets]
        if len(group.targets) + len(fresh) > MOST_TARGET_GROUPS:
            raise too_many(f"A group has at most {MOST_TARGET_GROUPS} target groups.")
        for arn in fresh:
            group.targets[arn] = False
            for member in group.members.values():
                if member.state == "InService":
                    self._register(group, member, arn)

    def remove_targets(self, group: Group, arns: list[str]) -> None:
        """Detach target groups; members drain and go on running."""
        unknown = [arn for arn in arns if arn not in group.targets]
        if unknown:
            raise invalid(f"Target group {unknown[0]} is not attached to {group.name}.")
        for arn in arns:
            del group.targets[arn]
            for member in group.members.values():
                self._deregister(member, arn)

    def register(self, group: Group, member: Member) -> None:
        """Put a member behind every target group, unless AddToLoadBalancer is suspended."""
        for arn in group.targets:
            self._register(group, member, arn)

    def deregister(self, group: Group, member: Member) -> datetime | None:
        """Take it out everywhere; answers when the last connections are drained, if any are."""
        ends = [self._deregister(member, arn) for arn in group.targets]
        return max((each for each in ends if each is not None), default=None)

    def _register(self, group: Group, member: Member, arn: str) -> None:
        if not group.does("AddToLoadBalancer") or arn not in self.balancers.target_groups:
            return
        try:
            self.balancers.register_targets(arn, [{"Id": member.id}])
        except ServiceException:
            # one that does not run is not taken: its health check will tell
            return

    def _deregister(self, member: Member, arn: str) -> datetime | None:
        if arn not in self.balancers.target_groups:
            return None
        if not self._registered(arn, member.id):
            return None
        self.balancers.deregister_targets(arn, [{"Id": member.id}])
        if not self._registered(arn, member.id):
            return None
        return clock.now() + timedelta(seconds=self.balancers.delay(arn))

    def _registered(self, arn: str, instance_id: str) -> bool:
        return any(key[0] == instance_id for key in self.balancers.registrations(arn))

    def verdict(self, arn: str, instance_id: str) -> str | None:
        """The state of one member behind one target group, if both are there."""
        if arn not in self.balancers.target_groups:
            return None
        [found, *_] = self.balancers.target_health(arn, [{"Id": instance_id}])
        return str(found["TargetHealth"]["State"])

    def note_healthy(self, group: Group) -> None:
        """Remember which target groups a member has been healthy behind."""
        for arn, seen in group.targets.items():
            if not seen:
                group.targets[arn] = any(
                    self.verdict(arn, each.id) == "healthy"
                    for each in group.members.values()
                    if each.state == "InService"
                )

    def target_state(self, group: Group, arn: str) -> str:
        """``Adding``, ``Added`` or ``InService``."""
        self.note_healthy(group)
        if group.targets[arn]:
            return "InService"
        serving = [each for each in group.members.values() if each.state == "InService"]
        states = [self.verdict(arn, each.id) for each in serving]
        return "Adding" if "initial" in states else "Added"

    def target_states(self, group: Group) -> list[Document]:
        """``LoadBalancerTargetGroupState`` of every one."""
        return [
            {"LoadBalancerTargetGroupARN": arn, "State": self.target_state(group, arn)}
            for arn in group.targets
        ]
