"""``aws:changeInstanceState``.

Source: Systems Manager User Guide, "aws:changeInstanceState": ``running`` waits for the status
checks, too; ``CheckStateOnly`` changes nothing.
"""

from typing import Any

from sandbox.ssm.automation_model import StepFailed
from sandbox.ssm.steps.task import CALL_TAKES, Task, Work, next_poll

METHODS = {
    "running": "start_instances",
    "stopped": "stop_instances",
    "terminated": "terminate_instances",
}


def change_state(task: Task) -> Work:
    """Ask for the state unless only told to check, then wait until all instances have it."""
    ids, wanted = task.texts("InstanceIds"), task.text("DesiredState")
    if wanted not in METHODS:
        raise StepFailed(f"DesiredState must be one of {', '.join(METHODS)}, not {wanted}.")
    if not task.flag("CheckStateOnly"):
        force = {"Force": True} if wanted == "stopped" and task.flag("Force") else {}
        task.call("ec2", METHODS[wanted], InstanceIds=ids, **force)
    while not _is_reached(task, ids, wanted):
        yield next_poll(task.begun)
    yield CALL_TAKES
    return {"InstanceStates": [wanted for _ in ids]}


def _is_reached(task: Task, ids: list[str], wanted: str) -> bool:
    answer = task.call("ec2", "describe_instance_status", InstanceIds=ids, IncludeAllInstances=True)
    found: list[dict[str, Any]] = answer["InstanceStatuses"]
    if any(each["InstanceState"]["Name"] == "terminated" != wanted for each in found):
        raise StepFailed(f"An instance was terminated and cannot be {wanted} any more.")
    return all(
        each["InstanceState"]["Name"] == wanted and (wanted != "running" or _is_well(each))
        for each in found
    )


def _is_well(status: dict[str, Any]) -> bool:
    checks = (status["InstanceStatus"]["Status"], status["SystemStatus"]["Status"])
    return checks == ("ok", "ok")
