"""The events that Systems Manager sends about commands and automations.

Source: Systems Manager User Guide, "Amazon EventBridge event examples for Systems Manager".
"""

from datetime import datetime

from sandbox.clock import clock
from sandbox.events import events
from sandbox.masking import Json
from sandbox.ssm.command_model import Command, Invocation, status_of


def invocation_changed(account: str, region: str, command: Command, one: Invocation) -> None:
    """``EC2 Command Invocation Status-change Notification``."""
    events.emit(
        "EC2 Command Invocation Status-change Notification",
        account=account,
        region=region,
        at=clock.now(),
        resources=[f"arn:aws:ec2:{region}:{account}:instance/{one.instance_id}"],
        detail={
            "command-id": command.id,
            "document-name": command.document.name,
            "instance-id": one.instance_id,
            "requested-date-time": _milliseconds(command.requested),
            "status": status_of(one.details),
        },
        source="aws.ssm",
    )


def command_changed(account: str, region: str, command: Command) -> None:
    """``EC2 Command Status-change Notification``, if its status has changed at all."""
    if command.told == command.details:
        return
    command.told = command.details
    sent: dict[str, Json] = {
        name: list(values) for name, values in (command.request.get("Parameters") or {}).items()
    }
    events.emit(
        "EC2 Command Status-change Notification",
        account=account,
        region=region,
        at=clock.now(),
        resources=[
            f"arn:aws:ec2:{region}:{account}:instance/{each.instance_id}"
            for each in command.invocations
        ],
        detail={
            "command-id": command.id,
            "document-name": command.document.name,
            "expire-after": _milliseconds(command.expires),
            "parameters": sent,
            "requested-date-time": _milliseconds(command.requested),
            "status": status_of(command.details),
        },
        source="aws.ssm",
    )


def automation_changed(
    account: str,
    region: str,
    detail_type: str,
    detail: dict[str, Json],
    *,
    started: datetime,
    ended: datetime | None,
) -> None:
    """``EC2 Automation Execution`` or ``Step Status-change Notification``.

    *detail* has ``ExecutionId``, ``Definition``, ``Status`` and what is particular.
    """
    version = detail.get("DefinitionVersion")
    prefix = f"arn:aws:ssm:{region}:{account}"
    end = ended or clock.now()
    events.emit(
        detail_type,
        account=account,
        region=region,
        at=clock.now(),
        resources=[
            f"{prefix}:automation-execution/{detail['ExecutionId']}",
            f"{prefix}:automation-definition/{detail['Definition']}:{version}",
        ],
        detail={
            **detail,
            "DefinitionVersion": float(str(version)),
            "StartTime": _spoken(started),
            **({"EndTime": _spoken(end)} if ended else {}),
            "Time": (end - started).total_seconds() * 1000,
        },
        source="aws.ssm",
    )


def _milliseconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _spoken(moment: datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment:%Y} {moment:%I:%M:%S %p}".replace(" 0", " ")
