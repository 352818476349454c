"""What every call of Auto Scaling passes: the world up to the clock."""

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.common_types import TYPE_RESPONSE
from typing_extensions import override

from sandbox.autoscaling.groups import GroupRules
from sandbox.autoscaling.model import Document
from sandbox.autoscaling.refresh_requests import RefreshRequestRules
from sandbox.ec2.launch_templates import plain


class Rules(GroupRules, RefreshRequestRules):
    """Everything that a call may ask of Auto Scaling."""


class AutoScalingCalls(AutoScalingResponse):
    """The base of the actions: what was asked, and whom to ask."""

    @override
    def call_action(self) -> TYPE_RESPONSE:
        """Settle what is due, then do what was asked."""
        self.rules.settle()
        answer: TYPE_RESPONSE = super().call_action()
        return answer

    @property
    def asked(self) -> Document:
        """The parameters as ordinary dictionaries, lists and texts."""
        found: Document = plain(self.params)
        return found

    @property
    def rules(self) -> Rules:
        """The rules of this account and region."""
        backend: Any = self.autoscaling_backend
        found: Rules = backend
        return found
