"""Automation on the wire.

Source: botocore's model, ``AutomationExecution``, ``AutomationExecutionMetadata``,
``StepExecution`` and the filters of both lists.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.exceptions import SSMException

from sandbox.ssm.arguments import as_list, as_text
from sandbox.ssm.automation_model import Execution, StepRun
from sandbox.ssm.moments import moment_of
from sandbox.ssm.pages import page
from sandbox.ssm.wire import AskedActions

USUAL_PAGE = 50


class AutomationActions(AskedActions):
    """StartAutomationExecution and what one asks afterwards."""

    def start_automation_execution(self) -> ActionResult:
        """The id, at once."""
        backend: Any = self.ssm_backend
        return ActionResult({"AutomationExecutionId": backend.start(self.asked).id})

    def stop_automation_execution(self) -> ActionResult:
        """Cancel unless told to complete."""
        backend: Any = self.ssm_backend
        backend.stop(self.asked["AutomationExecutionId"], self.asked.get("Type", "Cancel"))
        return EmptyResult()

    def send_automation_signal(self) -> ActionResult:
        """Approve, Reject, Resume."""
        backend: Any = self.ssm_backend
        backend.signal(self.asked)
        return EmptyResult()

    def get_automation_execution(self) -> ActionResult:
        """One execution with all of its steps."""
        backend: Any = self.ssm_backend
        execution = backend.execution(self.asked["AutomationExecutionId"])
        document = {
            **_execution(execution),
            "StepExecutions": [_step(each) for each in execution.steps],
            "StepExecutionsTruncated": False,
            "Parameters": {name: as_list(value) for name, value in execution.arguments.items()},
        }
        document["AutomationExecutionStatus"] = execution.status
        return ActionResult({"AutomationExecution": document})

    def describe_automation_executions(self) -> ActionResult:
        """The newest first, in pages of up to 50."""
        backend: Any = self.ssm_backend
        asked = self.asked
        filters = asked.get("Filters") or []
        newest_first = reversed(list(backend.executions.values()))
        shown, token = page(
            "DescribeAutomationExecutions",
            [each for each in newest_first if _fits(_execution_tests(each), filters)],
            asked.get("MaxResults"),
            asked.get("NextToken"),
            usual=USUAL_PAGE,
        )
        rows = [
            {
                **_execution(each),
                "AutomationExecutionStatus": each.status,
                "AutomationType": "Local",
                "LogFile": "",
            }
            for each in shown
        ]
        return ActionResult({"AutomationExecutionMetadataList": rows, "NextToken": token})

    def describe_automation_step_executions(self) -> ActionResult:
        """The steps of one execution, in their order or the other way round."""
        backend: Any = self.ssm_backend
        asked = self.asked
        execution = backend.execution(asked["AutomationExecutionId"])
        filters = asked.get("Filters") or []
        found = [each for each in execution.steps if _fits(_step_tests(each), filters)]
        if asked.get("ReverseOrder"):
            found.reverse()
        shown, token = page(
            "DescribeAutomationStepExecutions",
            found,
            asked.get("MaxResults"),
            asked.get("NextToken"),
            usual=USUAL_PAGE,
        )
        return ActionResult({"StepExecutions": [_step(each) for each in shown], "NextToken": token})


def _execution(execution: Execution) -> dict[str, Any]:
    """What both the execution and its line in the list have."""
    current = execution.current if not execution.is_over else None
    return {
        "AutomationExecutionId": execution.id,
        "DocumentName": execution.document.name,
        "DocumentVersion": execution.document.document_version,
        "ExecutionStartTime": execution.started,
        "ExecutionEndTime": execution.ended,
        "Outputs": execution.outputs or None,
        "FailureMessage": execution.failure or None,
        "Mode": "Auto",
        "ParentAutomationExecutionId": execution.parent,
        "ExecutedBy": f"arn:aws:iam::{execution.account}:root",
        "CurrentStepName": current.name if current else None,
        "CurrentAction": current.action if current else None,
        "Targets": [],
        "ResolvedTargets": {"ParameterValues": [], "Truncated": False},
    }


def _step(step: StepRun) -> dict[str, Any]:
    """``StepExecution`` of the model; a step that has not run is ``Pending``."""
    definition = step.definition
    outputs = {name: as_list(value) for name, value in step.outputs.items()}
    over = step.ended is not None
    failed: dict[str, Any] = {
        "FailureStage": "Invocation",
        "FailureType": "Timeout" if step.status == "TimedOut" else "Action",
        "Details": {},
    }
    return {
        "StepName": step.name,
        "Action": step.action,
        "TimeoutSeconds": _whole(definition.get("timeoutSeconds")),
        "OnFailure": step.on_failure,
        "MaxAttempts": _whole(definition.get("maxAttempts")) or 1,
        "ExecutionStartTime": step.started,
        "ExecutionEndTime": step.ended,
        "StepStatus": step.status,
        "ResponseCode": ("0" if step.status == "Success" else "1") if over else None,
        "Inputs": {
            name: value if isinstance(value, str) else as_text(value)
            for name, value in step.inputs.items()
        },
        "Outputs": outputs or None,
        "FailureMessage": step.failure or None,
        "FailureDetails": failed if over and step.failure else None,
        "StepExecutionId": step.id,
        "OverriddenParameters": {},
        "IsEnd": step.is_end,
        "NextStep": definition.get("nextStep"),
        "IsCritical": step.is_critical,
        "ValidNextSteps": list(step.valid_next),
    }


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else None


Tests = Mapping[str, Callable[[str], bool]]


def _execution_tests(execution: Execution) -> Tests:
    tags = [tag["Key"] for tag in execution.request.get("Tags") or []]
    current = execution.current.action if execution.current else ""
    return {
        "DocumentNamePrefix": execution.document.name.startswith,
        "ExecutionStatus": lambda value: value == execution.status,
        "ExecutionId": lambda value: value == execution.id,
        "ParentExecutionId": lambda value: value == execution.parent,
        "CurrentAction": lambda value: value == current,
        "StartTimeBefore": lambda value: execution.started < _moment(value),
        "StartTimeAfter": lambda value: execution.started > _moment(value),
        "AutomationType": lambda value: value == "Local",
        "TagKey": lambda value: value in tags,
    }


def _step_tests(step: StepRun) -> Tests:
    started = step.started
    return {
        "StepName": lambda value: value == step.name,
        "Action": lambda value: value == step.action,
        "StepExecutionStatus": lambda value: value == step.status,
        "StepExecutionId": lambda value: value == step.id,
        "StartTimeBefore": lambda value: started is not None and started < _moment(value),
        "StartTimeAfter": lambda value: started is not None and started > _moment(value),
    }


def _fits(tests: Tests, filters: Sequence[Mapping[str, Any]]) -> bool:
    """All filters must fit, each with any of its values; some are not supported here."""
    for each in filters:
        test = tests.get(each["Key"])
        if test is None:
            raise SSMException("InvalidFilterKey", f"The key {each['Key']} isn't valid here.")
        if not any(test(value) for value in each["Values"]):
            return False
    return True


def _moment(text: str) -> Any:  # noqa: ANN401 - a time
    return moment_of(text, "InvalidFilterValue")
