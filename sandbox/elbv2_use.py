"""Load balancers in use: their scheme, and since when each target group has traffic to take.

Sources: Elastic Load Balancing API Reference, CreateLoadBalancer (``Scheme``: "The default is
an Internet-facing load balancer"); User Guide for Application Load Balancers, "Health checks
for your target groups" (a target of a group that nothing uses is not checked, so its initial
checks begin when a listener or rule first forwards to the group).
"""

from datetime import datetime
from typing import Any

from moto.elbv2.models import (
    ELBv2Backend,
    FakeListener,
    FakeListenerRule,
    FakeLoadBalancer,
    FakeRule,
)
from typing_extensions import override

from sandbox.clock import clock


class TargetGroupUse(ELBv2Backend):
    """moto's listeners and rules, which note when they begin to forward to a group."""

    @property
    def used_since(self) -> dict[str, datetime]:
        """When each target group that is in use came into use, by ARN."""
        found: dict[str, datetime] = self.__dict__.setdefault("_used_since", {})
        return found

    @override
    def create_load_balancer(self, *args: Any, **kwargs: Any) -> FakeLoadBalancer:
        """``internet-facing`` unless ``internal`` is asked for."""
        kwargs["scheme"] = kwargs.get("scheme") or "internet-facing"
        return super().create_load_balancer(*args, **kwargs)

    @override
    def create_listener(self, *args: Any, **kwargs: Any) -> FakeListener:
        """As moto; its groups are in use."""
        made = super().create_listener(*args, **kwargs)
        self._note_use()
        return made

    @override
    def create_rule(self, *args: Any, **kwargs: Any) -> FakeListenerRule:
        """As moto; its groups are in use."""
        made = super().create_rule(*args, **kwargs)
        self._note_use()
        return made

    @override
    def modify_listener(self, *args: Any, **kwargs: Any) -> FakeListener:
        """As moto; other groups may be in use."""
        changed = super().modify_listener(*args, **kwargs)
        self._note_use()
        return changed

    @override
    def modify_rule(self, *args: Any, **kwargs: Any) -> FakeRule:
        """As moto; other groups may be in use."""
        changed = super().modify_rule(*args, **kwargs)
        self._note_use()
        return changed

    @override
    def delete_listener(self, listener_arn: str) -> FakeListener:
        """As moto; its groups may be in use no more."""
        gone = super().delete_listener(listener_arn)
        self._note_use()
        return gone

    def forwards(self, balancer: FakeLoadBalancer, arn: str) -> bool:
        """Whether a rule of the load balancer forwards to the target group."""
        return any(
            arn in self._get_target_group_arns_from(action_data=action.data)
            for listener in balancer.listeners.values()
            for rule in listener.rules.values()
            for action in rule.actions
        )

    def _note_use(self) -> None:
        for arn in self.target_groups:
            if any(self.forwards(each, arn) for each in self.load_balancers.values()):
                self.used_since.setdefault(arn, clock.now())
            else:
                self.used_since.pop(arn, None)
