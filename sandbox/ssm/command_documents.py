"""Commands and invocations as the model shapes them."""

from datetime import datetime
from typing import Any

from sandbox.clock import clock
from sandbox.ssm.command_model import Command, Invocation, Plugin, status_of

MOST_OUTPUT = 2500
MOST_STDOUT = 24000
MOST_STDERR = 8000
NO_NOTIFICATION = {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""}
NO_LOGS = {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": False}


def command_document(command: Command) -> dict[str, Any]:
    """``Command`` of the model."""
    request = command.request
    return {
        "CommandId": command.id,
        "DocumentName": command.document.name,
        "DocumentVersion": command.version or "$DEFAULT",
        "Comment": request.get("Comment", ""),
        "ExpiresAfter": command.expires,
        "Parameters": request.get("Parameters") or {},
        "InstanceIds": request.get("InstanceIds") or [],
        "Targets": request.get("Targets") or [],
        "RequestedDateTime": command.requested,
        "Status": status_of(command.details),
        "StatusDetails": command.details,
        "OutputS3Region": request.get("OutputS3Region"),
        "OutputS3BucketName": request.get("OutputS3BucketName", ""),
        "OutputS3KeyPrefix": request.get("OutputS3KeyPrefix", ""),
        "MaxConcurrency": request.get("MaxConcurrency", "50"),
        "MaxErrors": request.get("MaxErrors", "0"),
        "TargetCount": len(command.invocations),
        "CompletedCount": sum(not each.is_live for each in command.invocations),
        "ErrorCount": command.count("Failed", "ExecutionTimedOut"),
        "DeliveryTimedOutCount": command.count("DeliveryTimedOut"),
        "ServiceRole": request.get("ServiceRoleArn", ""),
        "NotificationConfig": request.get("NotificationConfig") or NO_NOTIFICATION,
        "CloudWatchOutputConfig": request.get("CloudWatchOutputConfig") or NO_LOGS,
        "TimeoutSeconds": command.timeout,
    }


def invocation_document(
    command: Command, one: Invocation, region: str, *, details: bool
) -> dict[str, Any]:
    """``CommandInvocation`` of the model; with *details*, its steps."""
    request = command.request
    only = one.plugins[0] if len(one.plugins) == 1 else None
    shown: dict[str, Any] = {
        "CommandId": command.id,
        "InstanceId": one.instance_id,
        "InstanceName": "",
        "Comment": request.get("Comment", ""),
        "DocumentName": command.document.name,
        "DocumentVersion": command.version or "$DEFAULT",
        "RequestedDateTime": command.requested,
        "Status": status_of(one.details),
        "StatusDetails": one.details,
        "StandardOutputUrl": _url(command, one, only, region, "stdout") if only else "",
        "StandardErrorUrl": _url(command, one, only, region, "stderr") if only else "",
        "CommandPlugins": [],
        "ServiceRole": request.get("ServiceRoleArn", ""),
        "NotificationConfig": request.get("NotificationConfig") or NO_NOTIFICATION,
        "CloudWatchOutputConfig": request.get("CloudWatchOutputConfig") or NO_LOGS,
    }
    if details:
        shown["CommandPlugins"] = [
            _plugin(command, one, each, region) for each in one.plugins if one.details != "Pending"
        ]
    return shown


def result_document(
    command: Command, one: Invocation, plugin: Plugin, region: str
) -> dict[str, Any]:
    """GetCommandInvocation's answer about one step."""
    details = plugin.details if plugin.details != "Pending" else one.details
    return {
        "CommandId": command.id,
        "InstanceId": one.instance_id,
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.document.name,
        "DocumentVersion": command.version or "$DEFAULT",
        "PluginName": plugin.name,
        "ResponseCode": plugin.code,
        "ExecutionStartDateTime": _iso(plugin.started),
        "ExecutionElapsedTime": _elapsed(plugin),
        "ExecutionEndDateTime": _iso(plugin.ended),
        "Status": status_of(details),
        "StatusDetails": details,
        "StandardOutputContent": plugin.output[:MOST_STDOUT],
        "StandardOutputUrl": _url(command, one, plugin, region, "stdout"),
        "StandardErrorContent": plugin.error[:MOST_STDERR],
        "StandardErrorUrl": _url(command, one, plugin, region, "stderr"),
        "CloudWatchOutputConfig": command.request.get("CloudWatchOutputConfig") or NO_LOGS,
    }


def _plugin(command: Command, one: Invocation, plugin: Plugin, region: str) -> dict[str, Any]:
    error = f"\n----------ERROR-------\n{plugin.error}" if plugin.error else ""
    details = plugin.details if one.is_live or plugin.details != "Pending" else one.details
    return {
        "Name": plugin.name,
        "Status": status_of(details),
        "StatusDetails": details,
        "ResponseCode": plugin.code,
        "ResponseStartDateTime": plugin.started,
        "ResponseFinishDateTime": plugin.ended,
        "Output": f"{plugin.output}{error}"[:MOST_OUTPUT],
        "StandardOutputUrl": _url(command, one, plugin, region, "stdout"),
        "StandardErrorUrl": _url(command, one, plugin, region, "stderr"),
        "OutputS3Region": region,
        "OutputS3BucketName": command.request.get("OutputS3BucketName", ""),
        "OutputS3KeyPrefix": command.request.get("OutputS3KeyPrefix", ""),
    }


def _url(command: Command, one: Invocation, plugin: Plugin, region: str, stream: str) -> str:
    bucket = command.request.get("OutputS3BucketName")
    if not bucket:
        return ""
    prefix = command.request.get("OutputS3KeyPrefix")
    path = "/".join(filter(None, (prefix, command.id, one.instance_id, plugin.name, stream)))
    return f"https://s3.{region}.amazonaws.com/{bucket}/{path}"


def _iso(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z" if moment else ""


def _elapsed(plugin: Plugin) -> str:
    """How long the step has taken, as an ISO 8601 duration."""
    if plugin.started is None:
        return ""
    span = ((plugin.ended or clock.now()) - plugin.started).total_seconds()
    return f"PT{span:g}S"
