"""What ``{{ ... }}`` stands for in a runbook that runs.

Source: Systems Manager User Guide, "Automation system variables" (formats), "Working with
inputs and outputs".
"""

from typing import Any

from sandbox.clock import clock
from sandbox.ssm.arguments import ArgumentError
from sandbox.ssm.automation_model import Execution, StepFailed

UNRESOLVED = (
    "Step fails when it is validating and resolving the step inputs. Failed to resolve input: "
    "{} is not defined in the Automation Document."
)


def value_of(execution: Execution, name: str) -> Any:  # noqa: ANN401 - of any type
    """A system variable, a parameter, an earlier step's output or a stored value.

    Raises ``StepFailed`` for what has no value, such as an output of a step that did not run.
    """
    if name in execution.arguments:
        return execution.arguments[name]
    space, colon, rest = name.partition(":")
    if colon:
        return _variable(execution, space, rest, name)
    step, _, output = name.partition(".")
    for each in execution.steps:
        if each.name == step and output in each.outputs:
            return each.outputs[output]
    raise StepFailed(UNRESOLVED.format(name))


def _variable(execution: Execution, space: str, rest: str, name: str) -> Any:  # noqa: ANN401
    now = clock.now()
    known = {
        "global:ACCOUNT_ID": execution.account,
        "global:DATE": f"{now:%Y-%m-%d}",
        "global:DATE_TIME": f"{now:%Y-%m-%d_%H.%M.%S}",
        "global:REGION": execution.region,
        "global:AWS_PARTITION": "aws",
        "automation:EXECUTION_ID": execution.id,
    }
    if name in known:
        return known[name]
    if space == "ssm" and rest:
        try:
            return execution.stored(name)
        except ArgumentError as error:
            raise StepFailed(str(error)) from error
    raise StepFailed(UNRESOLVED.format(name))
