"""Systems Manager with its real rules: moto's backend and responses, corrected by mixins.

As in ``sandbox.ec2``, ``<Family>Rules`` hold the state and the rules and ``<Family>Actions``
the wire format; listing one here puts it in force.
"""

from types import ModuleType

from moto.ssm import urls
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends
from moto.ssm.responses import SimpleSystemManagerResponse
from typing_extensions import override

from sandbox.ssm import parameter_rules
from sandbox.ssm.automation_actions import AutomationActions
from sandbox.ssm.automation_rules import AutomationRules
from sandbox.ssm.command_actions import CommandActions
from sandbox.ssm.command_rules import CommandRules
from sandbox.ssm.document_actions import DocumentActions
from sandbox.ssm.nodes import NodeActions
from sandbox.ssm.parameter_rules import ParameterRules


class SandboxSSMBackend(AutomationRules, CommandRules, ParameterRules, SimpleSystemManagerBackend):
    """moto's Systems Manager for one account and region, corrected."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls


class SandboxSSMResponse(
    AutomationActions, CommandActions, DocumentActions, NodeActions, SimpleSystemManagerResponse
):
    """moto's wire format of Systems Manager, corrected."""


def install() -> None:
    """Put the corrected Systems Manager in moto's place for this whole process (idempotent)."""
    parameter_rules.install()
    ssm_backends.backend = SandboxSSMBackend
    urls.url_paths = {"{0}/$": SandboxSSMResponse.dispatch}
