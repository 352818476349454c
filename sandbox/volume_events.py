"""``EBS Volume Notification``: made, deleted, attached, modified; and what detaching says.

Source: EBS User Guide, "EventBridge events for Amazon EBS", volume events and volume
modification events. The page shows no attachment that went well: its result is [NV].
What a launch makes and a termination deletes tells nothing here [NV].
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sandbox.bus import Bus
from sandbox.calls import Call
from sandbox.clock import clock, stamp
from sandbox.ec2.attachment_model import ATTACHING
from sandbox.ec2.encryption import why_unusable
from sandbox.ec2.volume_changes import MODIFYING, OPTIMIZING
from sandbox.ec2.volume_model import CREATING, EbsVolume
from sandbox.masking import Json
from sandbox.place import Place, text
from sandbox.replies import Reply

_VOLUME = re.compile(rb"<volumeId>(vol-[^<]+)</volumeId>")
_INSTANCE = re.compile(rb"<instanceId>(i-[^<]+)</instanceId>")


def observe(bus: Bus, place: Place, backend: Any, call: Call, reply: Reply) -> None:  # noqa: ANN401
    """Note what *call* begins to do to volumes, or send what it has done."""
    act = _ACTS.get(call.action)
    if act is not None:
        act(bus, place, backend, call, reply)


def _created(bus: Bus, place: Place, backend: Any, _: Call, reply: Reply) -> None:  # noqa: ANN401
    found = _VOLUME.search(reply.body)
    volume = found and backend.volumes.get(found[1].decode())
    if volume:
        _await_creation(bus, place, backend, volume)


def _await_creation(bus: Bus, place: Place, backend: Any, volume: EbsVolume) -> None:  # noqa: ANN401
    at = volume.create_time + CREATING
    cause = ""
    if volume.is_broken:
        cause = why_unusable(backend, str(volume.kms_key_id)) or f"{volume.kms_key_id} is invalid."
    result = "failed" if cause else "available"

    def tell() -> None:
        if volume.id in backend.volumes:
            _tell(bus, place, volume.id, event="createVolume", result=result, at=at, cause=cause)

    bus.later(at, tell)


def _deleted(bus: Bus, place: Place, _: Any, call: Call, __: Reply) -> None:  # noqa: ANN401
    _tell(
        bus,
        place,
        text(call.parameters.get("VolumeId")),
        event="deleteVolume",
        result="deleted",
        at=clock.now(),
    )


def _attached(bus: Bus, place: Place, backend: Any, call: Call, _: Reply) -> None:  # noqa: ANN401
    volume = backend.volumes.get(text(call.parameters.get("VolumeId")))
    if volume is not None:
        _await_attachment(bus, place, backend, volume, "attachVolume")


def _started(bus: Bus, place: Place, backend: Any, _: Call, reply: Reply) -> None:  # noqa: ANN401
    """Only a volume that cannot be attached again is told of [NV]."""
    for volume in _volumes_of(backend, reply):
        if _cause(backend, volume):
            _await_attachment(bus, place, backend, volume, "reattachVolume")


def _await_attachment(
    bus: Bus,
    place: Place,
    backend: Any,  # noqa: ANN401
    volume: EbsVolume,
    event: str,
) -> None:
    at = clock.now() + ATTACHING
    cause = _cause(backend, volume)
    result = "failed" if cause else "attached"

    def tell() -> None:
        key = str(volume.kms_key_id) if cause else ""
        _tell(bus, place, volume.id, event=event, result=result, at=at, cause=cause, key=key)

    bus.later(at, tell)


def _cause(backend: Any, volume: EbsVolume) -> str:  # noqa: ANN401
    return (volume.encrypted and why_unusable(backend, str(volume.kms_key_id))) or ""


def _modified(bus: Bus, place: Place, backend: Any, call: Call, _: Reply) -> None:  # noqa: ANN401
    changes = backend.volume_changes.get(text(call.parameters.get("VolumeId")))
    if not changes:
        return
    change = changes[-1]
    for result, at in (
        ("optimizing", change.started + MODIFYING),
        ("completed", change.started + MODIFYING + OPTIMIZING),
    ):
        _later(bus, place, change.volume_id, result, at)


def _later(bus: Bus, place: Place, volume_id: str, result: str, at: datetime) -> None:
    bus.later(at, lambda: _tell(bus, place, volume_id, event="modifyVolume", result=result, at=at))


def _detached(bus: Bus, place: Place, _: Any, call: Call, reply: Reply) -> None:  # noqa: ANN401
    """The page shows the CloudTrail record of the call, and no notification of EBS's own."""
    at = clock.now()
    bus.emit(
        "AWS API Call via CloudTrail",
        **place.where(),
        at=at,
        resources=[],
        detail=_record(place, call, at, _answer(reply)),
    )


def _record(place: Place, call: Call, at: datetime, answered: dict[str, Json]) -> dict[str, Json]:
    asked = {
        f"{name[0].lower()}{name[1:]}": value
        for name, value in call.parameters.items()
        if name != "DryRun"
    }
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{place.account}:user/sandbox",
            "accountId": place.account,
            "accessKeyId": place.account,
            "userName": "sandbox",
        },
        "eventTime": stamp(at),
        "eventSource": "ec2.amazonaws.com",
        "eventName": call.action,
        "awsRegion": place.region,
        "requestParameters": {"force": False, **asked},
        "responseElements": {"requestId": place.request_id, **answered},
        "requestID": place.request_id,
        "eventID": call.id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": place.account,
        "eventCategory": "Management",
    }


def _answer(reply: Reply) -> dict[str, Json]:
    found = re.findall(rb"<(volumeId|instanceId|device|status)>([^<]+)</\1>", reply.body)
    return {name.decode(): value.decode() for name, value in found}


def _volumes_of(backend: Any, reply: Reply) -> Iterable[EbsVolume]:  # noqa: ANN401
    """The volumes of the instances that *reply* speaks of."""
    for found in dict.fromkeys(_INSTANCE.findall(reply.body)):
        machine = backend.machines.get(found.decode())
        if machine is not None:
            yield from (volume for _, volume in backend.volumes_of(machine))


def _tell(
    bus: Bus,
    place: Place,
    volume_id: str,
    *,
    event: str,
    result: str,
    at: datetime,
    cause: str = "",
    key: str = "",
) -> None:
    """Send one notification; those of attachments name no request, but a bad key."""
    is_attachment = event in ("attachVolume", "reattachVolume")
    bus.emit(
        "EBS Volume Notification",
        **place.where(),
        at=at,
        resources=[place.arn(f"volume/{volume_id}"), *([key] if key else [])],
        detail={
            "result": result,
            "cause": cause,
            "event": event,
            "request-id": "" if is_attachment else place.request_id,
        },
    )


_ACTS = {
    "CreateVolume": _created,
    "DeleteVolume": _deleted,
    "AttachVolume": _attached,
    "StartInstances": _started,
    "DetachVolume": _detached,
    "ModifyVolume": _modified,
}
