"""Systems Manager: commands on managed nodes, and automation runbooks."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import NOBODY, refused

pytestmark = pytest.mark.sandbox_only("a managed node needs a role, which the ledger makes not")

SHELL = "AWS-RunShellScript"
ENDED = frozenset({"Success", "Failed", "TimedOut", "Cancelled"})


def test_a_command_goes_to_managed_nodes_only(place: Place) -> None:
    """Systems Manager API, SendCommand: InvalidInstanceId."""
    send = place.client("ssm").send_command
    call: dict[str, Any] = {"DocumentName": SHELL, "Parameters": {"commands": ["true"]}}

    code = refused(send, InstanceIds=[f"i-{NOBODY}"], **call)
    assert code == "InvalidInstanceId"
    stopped = scenes.machine(place)
    scenes.stopped(place, stopped)
    assert refused(send, InstanceIds=[stopped], **call) == "InvalidInstanceId"


def test_an_unknown_document_is_refused(place: Place) -> None:
    """Systems Manager API, SendCommand: InvalidDocument."""
    one = scenes.machine(place)

    code = refused(
        place.client("ssm").send_command, InstanceIds=[one], DocumentName="Contract-Nothing"
    )
    assert code == "InvalidDocument"


def test_an_unknown_invocation_is_refused(place: Place) -> None:
    """Systems Manager API, GetCommandInvocation: InvocationDoesNotExist."""
    call = {"CommandId": "00000000-0000-0000-0000-000000000000", "InstanceId": f"i-{NOBODY}"}

    code = refused(place.client("ssm").get_command_invocation, **call)
    assert code == "InvocationDoesNotExist"


def test_an_unknown_runbook_is_refused(place: Place) -> None:
    """Systems Manager API, StartAutomationExecution: AutomationDefinitionNotFoundException."""
    start = place.client("ssm").start_automation_execution

    code = refused(start, DocumentName="Contract-Nothing")
    assert code == "AutomationDefinitionNotFoundException"


def test_an_unknown_execution_is_refused(place: Place) -> None:
    """Systems Manager API, GetAutomationExecution: AutomationExecutionNotFoundException."""
    look = place.client("ssm").get_automation_execution

    code = refused(look, AutomationExecutionId="00000000-0000-0000-0000-000000000000")
    assert code == "AutomationExecutionNotFoundException"
