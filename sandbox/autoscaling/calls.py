"""What every call of Auto Scaling passes: its constraints, then the world up to the clock."""

from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.common_types import TYPE_RESPONSE
from moto.core.utils import get_service_model
from typing_extensions import override

from sandbox.autoscaling.constraints import check
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
        """Settle what is due, refuse what the model does not allow, do what was asked."""
        self.rules.settle()
        model = get_service_model("autoscaling")
        action = self._get_action()
        if action in model.operation_names:
            check(model.operation_model(action).input_shape, self.asked)
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
