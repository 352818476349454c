"""Run Command: what SendCommand takes, and every command so far.

Source: SSM API, SendCommand, CancelCommand, ListCommands, ListCommandInvocations,
GetCommandInvocation and their errors.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from moto.s3.models import s3_backends
from moto.ssm.exceptions import InvalidDocument, SSMException
from moto.ssm.models import Document

from sandbox.clock import clock
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ssm.arguments import ArgumentError, bind
from sandbox.ssm.command_model import Command, Invocation, Plugin
from sandbox.ssm.delivery import Delivery
from sandbox.ssm.documents import DocumentRules
from sandbox.ssm.plans import PlannedStep, planned
from sandbox.ssm.running import Node
from sandbox.ssm.stored_values import StoredValues
from sandbox.ssm.targets import TargetRules


class CommandRules(TargetRules, StoredValues, DocumentRules):
    """The commands of one account and region."""

    @property
    def commands(self) -> dict[str, Command]:
        """Every command, by id, oldest first."""
        found: dict[str, Command] = self.__dict__.setdefault("_sent_commands", {})
        return found

    @property
    def _deliveries(self) -> dict[str, list[Delivery]]:
        found: dict[str, list[Delivery]] = self.__dict__.setdefault("_command_deliveries", {})
        return found

    def send(self, request: Mapping[str, Any]) -> Command:
        """Take a command for its nodes; they get it by the clock.

        ``InvalidDocument``, ``InvalidDocumentVersion``, ``InvalidParameters``,
        ``InvalidOutputFolder``, ``InvalidNotificationConfig`` and those of ``nodes_for``. What
        is refused first is [NV].
        """
        document = self._command_document(request)
        arguments = self._arguments(document, request.get("Parameters") or {})
        self._check_outputs(request)
        nodes = self.nodes_for(request, document.platform_types)
        steps = planned(document.content_json, arguments)
        command = Command(
            id=str(uuid4()),
            document=document,
            version=request.get("DocumentVersion") or "",
            request=request,
            arguments=arguments,
            requested=clock.now(),
            execution_timeout=max(int(step.timeout.total_seconds()) for step in steps),
        )
        self.commands[command.id] = command
        self._deliver(command, nodes, tuple(steps))
        return command

    def cancel(self, command_id: str, instance_ids: Sequence[str]) -> None:
        """Cancel it everywhere, or on the nodes named; what has ended stays as it is."""
        command = self.command(command_id)
        if len(set(instance_ids)) < len(instance_ids):
            raise SSMException("DuplicateInstanceId", "An instance id is given twice.")
        known = {each.instance_id for each in command.invocations}
        if not set(instance_ids) <= known:
            raise SSMException("InvalidInstanceId", "The command was not for all of these nodes.")
        for delivery in self._deliveries[command_id]:
            if not instance_ids or delivery.invocation.instance_id in instance_ids:
                delivery.cancel()

    def command(self, command_id: str) -> Command:
        """One of them, or ``InvalidCommandId``."""
        if command_id not in self.commands:
            raise SSMException("InvalidCommandId", "The specified command ID isn't valid.")
        return self.commands[command_id]

    def invocation(self, command_id: str, instance_id: str) -> tuple[Command, Invocation]:
        """One invocation, or ``InvocationDoesNotExist``."""
        command = self.commands.get(command_id)
        for each in command.invocations if command else ():
            if command is not None and each.instance_id == instance_id:
                return command, each
        raise SSMException(
            "InvocationDoesNotExist",
            "The command ID and managed node ID you specified didn't match any invocations.",
        )

    def _command_document(self, request: Mapping[str, Any]) -> Document:
        documents = self.usable_document(request["DocumentName"])
        document = self.version_of(documents, request.get("DocumentVersion"), None)
        if document.document_type != "Command":
            raise InvalidDocument(
                f"Document {document.name} is of type {document.document_type}, not Command."
            )
        is_sha256 = request.get("DocumentHashType", "Sha256") == "Sha256"
        if is_sha256 and request.get("DocumentHash") not in (None, "", document.hash):
            raise InvalidDocument("The document's hash is another one.")
        return document

    def _arguments(self, document: Document, given: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return bind(document.content_json.get("parameters") or {}, given, self.stored_value)
        except ArgumentError as error:
            raise SSMException("InvalidParameters", str(error)) from error

    def _check_outputs(self, request: Mapping[str, Any]) -> None:
        bucket = request.get("OutputS3BucketName")
        if bucket and bucket not in s3_backends[self.account_id][self.partition].buckets:
            raise SSMException("InvalidOutputFolder", f"The S3 bucket {bucket} doesn't exist.")
        topic = (request.get("NotificationConfig") or {}).get("NotificationArn")
        if topic and not topic.startswith("arn:"):
            raise SSMException("InvalidNotificationConfig", f"{topic} is not a topic's ARN.")

    def _deliver(
        self, command: Command, nodes: Sequence[SandboxInstance], steps: tuple[PlannedStep, ...]
    ) -> None:
        deliveries: list[Delivery] = []

        def on_end() -> None:
            if command.has_failed:
                for each in deliveries:
                    each.terminate()

        for instance in nodes:
            plugins = [Plugin(name=step.name) for step in steps]
            invocation = Invocation(instance=instance, plugins=plugins)
            command.invocations.append(invocation)
            node = Node(
                account=self.account_id,
                region=self.region_name,
                command=command.id,
                instance=instance,
                find=self._plan_of,
            )
            deliveries.append(
                Delivery(
                    account=self.account_id,
                    region=self.region_name,
                    command=command,
                    invocation=invocation,
                    node=node,
                    steps=steps,
                    on_end=on_end,
                )
            )
        self._deliveries[command.id] = deliveries
        for delivery in deliveries:
            delivery.begin()

    def _plan_of(self, name: str, given: Mapping[str, Any]) -> tuple[str, list[PlannedStep]]:
        """The steps of a document that a step of another one runs (aws:runDocument)."""
        try:
            document = self._command_document({"DocumentName": name})
        except SSMException as error:
            raise ArgumentError(error.message) from error
        declared = document.content_json.get("parameters") or {}
        return document.name, planned(
            document.content_json, bind(declared, given, self.stored_value)
        )
