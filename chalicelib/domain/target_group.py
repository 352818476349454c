"""Load-balancer target groups and how a registered target fares."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """One target group, by the little that matters here."""

    arn: str
    vpc_id: str


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """A target's state and its reason code, in elbv2's words (model: TargetHealth)."""

    state: str
    reason: str = ""

    @property
    def serves(self) -> bool:
        """Whether traffic reaches it, or would if the group had a load balancer."""
        return self.state == "healthy" or (
            self.state == "unused" and self.reason == "Target.NotInUse"
        )
