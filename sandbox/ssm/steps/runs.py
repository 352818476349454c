"""``aws:runCommand`` and ``aws:executeAutomation``: steps that start something and wait for it.

Source: Systems Manager User Guide, the pages of these two actions.
"""

from typing import Any

from moto.ssm.exceptions import SSMException

from sandbox.ssm.arguments import as_list
from sandbox.ssm.automation_model import Execution, StepFailed
from sandbox.ssm.command_model import Command, status_of
from sandbox.ssm.steps.task import Task, Work, next_look


def run_command(task: Task) -> Work:
    """SendCommand, and the result of the whole command; a step given up takes it back."""
    inputs = dict(task.inputs)
    inputs["Parameters"] = {
        name: as_list(value) for name, value in (inputs.get("Parameters") or {}).items()
    }
    if "TimeoutSeconds" in inputs:
        inputs["TimeoutSeconds"] = int(inputs["TimeoutSeconds"])
    sent = task.call("ssm", "send_command", **inputs)["Command"]
    command: Command = task.backend.command(sent["CommandId"])
    try:
        while command.details in ("Pending", "InProgress"):
            yield next_look(task.begun)
    finally:
        if command.details in ("Pending", "InProgress"):
            task.backend.cancel(command.id, [])
    outputs = _outputs(command)
    if command.details != "Success":
        task.step.outputs.update(outputs)
        raise StepFailed(
            f"Command {command.id} finished with status {command.details}: {outputs['Output']}"
        )
    return outputs


def execute_automation(task: Task) -> Work:
    """Another runbook, as the same account; a step given up cancels it."""
    request: dict[str, Any] = {"DocumentName": task.text("DocumentName")}
    if task.inputs.get("DocumentVersion"):
        request["DocumentVersion"] = task.text("DocumentVersion")
    given = task.inputs.get("RuntimeParameters") or {}
    if given:
        request["Parameters"] = {name: as_list(value) for name, value in given.items()}
    try:
        child: Execution = task.backend.start(request, parent=task.execution.id)
    except SSMException as error:
        raise StepFailed(f"{error.code}: {error.message}") from error
    try:
        while not child.is_over:
            yield next_look(task.begun)
    finally:
        if not child.is_over:
            task.backend.stop(child.id, "Cancel")
    outputs = {
        "ExecutionId": child.id,
        "Status": child.status,
        "Output": [each for values in child.outputs.values() for each in values],
    }
    if child.status != "Success":
        task.step.outputs.update(outputs)
        raise StepFailed(f"The execution {child.id} finished with {child.status}: {child.failure}")
    return outputs


def _outputs(command: Command) -> dict[str, Any]:
    plugins = [plugin for each in command.invocations for plugin in each.plugins]
    texts = [text for each in plugins for text in (each.output, each.error) if text]
    return {
        "CommandId": command.id,
        "Status": status_of(command.details),
        "ResponseCode": next((each.code for each in plugins if each.code), 0),
        "Output": "\n".join(texts),
    }
