"""Run Command on the wire.

Source: SSM API, SendCommand, ListCommands, ListCommandInvocations, GetCommandInvocation, and
botocore's model, CommandFilter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.exceptions import SSMException
from typing_extensions import override

from sandbox.ssm.command_documents import command_document, invocation_document, result_document
from sandbox.ssm.command_model import Command, Invocation, status_of
from sandbox.ssm.moments import moment_of
from sandbox.ssm.pages import page
from sandbox.ssm.wire import AskedActions

USUAL_PAGE = 50


class CommandActions(AskedActions):
    """SendCommand and what one asks afterwards."""

    @override
    def send_command(self) -> ActionResult:
        """The command as it is taken: nobody has it yet, and targets are not counted."""
        backend: Any = self.ssm_backend
        document = command_document(backend.send(self.asked))
        if self.asked.get("Targets"):
            document |= {"TargetCount": 0, "Status": "Pending", "StatusDetails": "Pending"}
        return ActionResult({"Command": document})

    def cancel_command(self) -> ActionResult:
        """CancelCommand."""
        backend: Any = self.ssm_backend
        backend.cancel(self.asked["CommandId"], self.asked.get("InstanceIds") or [])
        return EmptyResult()

    @override
    def list_commands(self) -> ActionResult:
        """The newest first, in pages of up to 50."""
        backend: Any = self.ssm_backend
        asked = self.asked
        found = _chosen(backend, asked)
        filters = asked.get("Filters") or []
        shown, token = page(
            "ListCommands",
            [each for each in found if _fits(each, each.details, each.invocations, filters)],
            asked.get("MaxResults"),
            asked.get("NextToken"),
            usual=USUAL_PAGE,
        )
        return ActionResult(
            {"Commands": [command_document(each) for each in shown], "NextToken": token}
        )

    def list_command_invocations(self) -> ActionResult:
        """One row a node; with ``Details`` the steps, too."""
        backend: Any = self.ssm_backend
        asked = self.asked
        filters = asked.get("Filters") or []
        if any(each["key"] == "ExecutionStage" for each in filters):
            raise SSMException("InvalidFilterKey", "ExecutionStage is for ListCommands only.")
        rows = [
            (command, each)
            for command in _chosen(backend, asked)
            for each in command.invocations
            if asked.get("InstanceId") in (None, each.instance_id)
            and _fits(command, each.details, [each], filters)
        ]
        shown, token = page(
            "ListCommandInvocations",
            rows,
            asked.get("MaxResults"),
            asked.get("NextToken"),
            usual=USUAL_PAGE,
        )
        details, region = bool(asked.get("Details")), self.region
        return ActionResult(
            {
                "CommandInvocations": [
                    invocation_document(command, one, region, details=details)
                    for command, one in shown
                ],
                "NextToken": token,
            }
        )

    @override
    def get_command_invocation(self) -> ActionResult:
        """One step on one node; a document of several steps needs ``PluginName``."""
        backend: Any = self.ssm_backend
        asked = self.asked
        command, one = backend.invocation(asked["CommandId"], asked["InstanceId"])
        named = asked.get("PluginName")
        found = [each for each in one.plugins if named in (None, each.name)]
        if len(found) != 1:
            raise SSMException(
                "InvalidPluginName",
                "The plugin name isn't valid: the steps are "
                f"{', '.join(each.name for each in one.plugins)}.",
            )
        return ActionResult(result_document(command, one, found[0], self.region))


def _chosen(backend: Any, asked: Mapping[str, Any]) -> list[Command]:  # noqa: ANN401 - a mixin
    if asked.get("CommandId"):
        return [backend.command(asked["CommandId"])]
    newest_first: list[Command] = list(reversed(backend.commands.values()))
    wanted = asked.get("InstanceId")
    return [
        command
        for command in newest_first
        if not wanted or any(each.instance_id == wanted for each in command.invocations)
    ]


def _fits(
    command: Command,
    details: str,
    invocations: Iterable[Invocation],
    filters: Sequence[Mapping[str, str]],
) -> bool:
    live = any(each.is_live for each in invocations)
    tests: dict[str, Callable[[str], bool]] = {
        "InvokedAfter": lambda value: command.requested > _moment(value),
        "InvokedBefore": lambda value: command.requested < _moment(value),
        "Status": lambda value: value in (details, status_of(details)),
        "ExecutionStage": lambda value: value == ("Executing" if live else "Complete"),
        "DocumentName": lambda value: value == command.document.name,
    }
    return all(tests[each["key"]](each["value"]) for each in filters)


def _moment(text: str) -> datetime:
    return moment_of(text, "InvalidFilterKey")
