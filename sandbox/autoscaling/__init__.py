"""Auto Scaling with its real rules: groups that launch, check and replace by the clock.

Members are instances of the sandbox's own EC2, launched by its own rules; whatever is to
come is on EC2's timeline, so looking at either service brings both up to the clock. Each
module holds ``<Family>Rules`` (on moto's backend) or ``<Family>Actions`` (on its responses).
"""

from types import ModuleType

from moto.autoscaling import urls
from moto.autoscaling.models import autoscaling_backends
from typing_extensions import override

from sandbox.autoscaling.calls import Rules
from sandbox.autoscaling.configurations import ConfigurationActions
from sandbox.autoscaling.group_actions import GroupActions
from sandbox.autoscaling.member_actions import HookActions, MemberActions, ProcessActions
from sandbox.autoscaling.tags import TagActions
from sandbox.autoscaling.target_actions import RefreshActions, TargetActions


class SandboxAutoScalingBackend(Rules):
    """moto's Auto Scaling for one account and region, with our groups in its place."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls


class SandboxAutoScalingResponse(
    GroupActions,
    MemberActions,
    HookActions,
    ProcessActions,
    TargetActions,
    RefreshActions,
    ConfigurationActions,
    TagActions,
):
    """moto's Auto Scaling wire format, corrected."""


def install() -> None:
    """Put the corrected Auto Scaling in moto's place for this whole process (idempotent)."""
    autoscaling_backends.backend = SandboxAutoScalingBackend
    urls.url_paths = {"{0}/$": SandboxAutoScalingResponse.dispatch}
