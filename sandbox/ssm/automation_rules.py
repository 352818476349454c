"""Automation: what StartAutomationExecution takes, and every execution so far.

Source: SSM API, StartAutomationExecution, StopAutomationExecution, SendAutomationSignal,
GetAutomationExecution and their errors. Rate control (``Targets`` and its like), several
accounts (``TargetLocations``) and the mode ``Interactive`` are refused: they are not built.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from moto.ssm.exceptions import InvalidDocument, InvalidDocumentVersion, SSMException
from moto.ssm.models import Document

from sandbox.agenda import Process
from sandbox.clock import clock
from sandbox.ssm import notices
from sandbox.ssm.arguments import ArgumentError, bind
from sandbox.ssm.automation_model import Execution, StepRun
from sandbox.ssm.automation_run import carry_out
from sandbox.ssm.documents import DocumentRules
from sandbox.ssm.schema_flow import next_steps
from sandbox.ssm.stored_values import StoredValues

NOT_BUILT = (
    "TargetParameterName",
    "Targets",
    "TargetMaps",
    "MaxConcurrency",
    "MaxErrors",
    "TargetLocations",
    "TargetLocationsURL",
)
SIGNALS = {"Approve": "aws:approve", "Reject": "aws:approve", "Resume": "aws:pause"}
"""Which action waits for which signal; the others are for the mode Interactive."""


class AutomationRules(StoredValues, DocumentRules):
    """The executions of one account and region."""

    @property
    def executions(self) -> dict[str, Execution]:
        """Every execution, by id, oldest first."""
        found: dict[str, Execution] = self.__dict__.setdefault("_executions", {})
        return found

    @property
    def _tokens(self) -> dict[str, tuple[str, str]]:
        found: dict[str, tuple[str, str]] = self.__dict__.setdefault("_automation_tokens", {})
        return found

    def start(self, request: Mapping[str, Any], parent: str | None = None) -> Execution:
        """Begin a runbook; it goes on by the clock.

        ``AutomationDefinitionNotFoundException``, ``...VersionNotFoundException``,
        ``InvalidAutomationExecutionParametersException``; a token that has been used before
        gives the same execution, or ``IdempotentParameterMismatch``.
        """
        token = str(request.get("ClientToken") or "").lower()
        asked = json.dumps({**request, "ClientToken": ""}, sort_keys=True)
        if token in self._tokens:
            known, before = self._tokens[token]
            if before != asked:
                raise SSMException(
                    "IdempotentParameterMismatch",
                    "The parameters don't match the original call with this token.",
                )
            return self.executions[known]
        execution = self._execution(request, parent)
        self.executions[execution.id] = execution
        if token:
            self._tokens[token] = (execution.id, asked)
        execution.process = Process(carry_out(execution, self._tell))
        return execution

    def execution(self, execution_id: str) -> Execution:
        """One of them, or ``AutomationExecutionNotFoundException``."""
        if execution_id not in self.executions:
            raise SSMException(
                "AutomationExecutionNotFoundException",
                "There is no automation execution information for the requested automation "
                f"execution ID {execution_id}.",
            )
        return self.executions[execution_id]

    def stop(self, execution_id: str, how: str) -> None:
        """``Cancel`` at once, or ``Complete`` after the step in hand [NV].

        What is over, or already being stopped, is ``InvalidAutomationStatusUpdateException``.
        """
        execution = self.execution(execution_id)
        if execution.is_over or execution.stopping:
            raise SSMException(
                "InvalidAutomationStatusUpdateException",
                f"The execution {execution_id} is {execution.status} and cannot be stopped.",
            )
        execution.stopping = how
        if how == "Cancel":
            execution.status = "Cancelling"
            self._tell(execution, None)
            if execution.process is not None:
                execution.process.wake()

    def signal(self, request: Mapping[str, Any]) -> None:
        """Approve, reject or resume the step that waits for it.

        ``InvalidAutomationSignalException`` when the present step waits for no such signal;
        ``AutomationStepNotFoundException`` for a step to resume that is not in the runbook.
        """
        execution = self.execution(request["AutomationExecutionId"])
        kind, payload = request["SignalType"], request.get("Payload") or {}
        named = payload.get("StepName") or []
        if kind == "Resume" and not {step.name for step in execution.steps} & set(named):
            raise SSMException(
                "AutomationStepNotFoundException",
                "The specified step name and execution ID don't exist.",
            )
        step = execution.current
        waits = step is not None and step.status == "Waiting"
        fits = step is not None and SIGNALS.get(kind) == step.action
        if not (waits and fits) or (named and step is not None and step.name not in named):
            raise SSMException(
                "InvalidAutomationSignalException",
                f"The signal {kind} isn't valid for the current Automation execution.",
            )
        execution.decisions.append(kind)
        if execution.process is not None:
            execution.process.wake()

    def _execution(self, request: Mapping[str, Any], parent: str | None) -> Execution:
        for name in NOT_BUILT:
            if request.get(name):
                raise _wrong(f"{name} is not supported in the sandbox.")
        if request.get("Mode", "Auto") != "Auto":
            raise _wrong("The mode Interactive is not supported in the sandbox.")
        document = self._runbook(request)
        declared = document.content_json.get("parameters") or {}
        try:
            arguments = bind(declared, request.get("Parameters") or {}, self.stored_value)
        except ArgumentError as error:
            raise _wrong(str(error)) from error
        steps = document.content_json["mainSteps"]
        return Execution(
            id=str(uuid4()),
            account=self.account_id,
            region=self.region_name,
            document=document,
            request=request,
            arguments=arguments,
            steps=[
                StepRun(definition=step, valid_next=tuple(next_steps(steps, number)))
                for number, step in enumerate(steps)
            ],
            started=clock.now(),
            parent=parent,
            stored=self.stored_value,
        )

    def _runbook(self, request: Mapping[str, Any]) -> Document:
        name, version = request["DocumentName"], request.get("DocumentVersion")
        try:
            document = self.version_of(self.usable_document(name), version, None)
        except InvalidDocumentVersion as error:
            raise SSMException(
                "AutomationDefinitionVersionNotFoundException",
                f"An Automation runbook with the name {name} and version {version} couldn't be "
                "found.",
            ) from error
        except InvalidDocument as error:
            raise _not_found(name) from error
        if document.document_type != "Automation":
            raise _not_found(name)
        return document

    def _tell(self, execution: Execution, step: StepRun | None) -> None:
        subject = step or execution
        particular = (
            {"StepName": step.name, "Action": step.action}
            if step is not None
            else {"ExecutedBy": f"arn:aws:iam::{self.account_id}:root"}
        )
        notices.automation_changed(
            self.account_id,
            self.region_name,
            "EC2 Automation Step Status-change Notification"
            if step is not None
            else "EC2 Automation Execution Status-change Notification",
            {
                "ExecutionId": execution.id,
                "Definition": execution.document.name,
                "DefinitionVersion": execution.document.document_version,
                "Status": subject.status,
                **particular,
            },
            started=subject.started or execution.started,
            ended=subject.ended,
        )


def _wrong(why: str) -> SSMException:
    return SSMException("InvalidAutomationExecutionParametersException", why)


def _not_found(name: str) -> SSMException:
    return SSMException(
        "AutomationDefinitionNotFoundException",
        f"An Automation runbook with the name {name} couldn't be found.",
    )
