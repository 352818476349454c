"""``aws:invokeLambdaFunction``, and what is refused because nothing is executed here.

Source: Systems Manager User Guide, "aws:invokeLambdaFunction" (types, outputs).
"""

import json
from typing import Any

from sandbox.functions import functions
from sandbox.ssm.automation_model import StepFailed
from sandbox.ssm.steps.api import selected
from sandbox.ssm.steps.task import CALL_TAKES, Task, Work

STATUS_CODES = {"RequestResponse": 200, "Event": 202, "DryRun": 204}


def invoke_function(task: Task) -> Work:
    """Call the Python callable that stands for the function; over HTTP there is none."""
    name, kind = task.text("FunctionName"), task.text("InvocationType", "RequestResponse")
    function = functions.find(name)
    if function is None:
        raise StepFailed(
            f"Function not found: {name}. There is no Lambda in the sandbox; in process, "
            "Sandbox.functions.register stands for one."
        )
    if kind not in STATUS_CODES:
        raise StepFailed(f"InvocationType must be one of {', '.join(STATUS_CODES)}, not {kind}.")
    outputs: dict[str, Any] = {"StatusCode": STATUS_CODES[kind]}
    if kind != "DryRun":
        try:
            answer = function(_payload(task))
        except Exception as error:
            raise StepFailed(f"Lambda function failed: Unhandled: {error}") from error
        if kind == "RequestResponse":
            outputs |= {"Payload": json.dumps(answer), **selected(task, {"Payload": answer})}
    yield CALL_TAKES
    return outputs


def nothing_runs_here(task: Task) -> Work:
    """Scripts, stacks, state machines, launches and loops: the step fails and says so."""
    yield CALL_TAKES
    raise StepFailed(f"The sandbox does not do {task.step.action}: it executes no code.")


def _payload(task: Task) -> Any:  # noqa: ANN401 - any JSON value
    given = task.inputs.get("Payload") or task.inputs.get("InputPayload") or {}
    try:
        return json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        raise StepFailed(f"The Payload is not JSON: {error}") from error
