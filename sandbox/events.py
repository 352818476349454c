"""EventBridge events of EC2, in AWS's shapes, at the moment AWS would send them.

Who takes the calls tells ``observe`` of each that was served; what it started ends by
the clock, and its event is there as soon as somebody reads after that.
Sources: EC2 User Guide, "Monitor AMI events using Amazon EventBridge" and "Automate
Amazon EC2 using EventBridge"; EBS User Guide, "EventBridge events for Amazon EBS".
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

from moto.ec2.models import ec2_backends

from sandbox.calls import Call, Json
from sandbox.clock import clock
from sandbox.ec2.image_model import Image
from sandbox.ec2.snapshot_model import COPIED_VOLUME, EbsSnapshot
from sandbox.replies import Reply

MAKE_IMAGES = frozenset({"CreateImage", "CopyImage", "RegisterImage"})
CHANGE_IMAGES = {
    "DeregisterImage": "deregistered",
    "DisableImage": "disabled",
    "EnableImage": "available",
}
MAKE_SNAPSHOTS = frozenset({"CreateSnapshot", "CreateSnapshots", "CopySnapshot"})
_IMAGE = re.compile(rb"<imageId>(ami-[^<]+)</imageId>")
_SNAPSHOT = re.compile(rb"<snapshotId>(snap-[^<]+)</snapshotId>")
_REQUEST = re.compile(rb"<requestId>([^<]+)</requestId>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens, and in which request."""

    account: str
    region: str
    request_id: str


@dataclass(slots=True)
class Outcome:
    """An end that is certain, and the event it will be."""

    at: datetime
    tell: Callable[[], None]


class Events:
    """The events emitted so far, and those that are due at a time."""

    def __init__(self) -> None:
        self._events: list[dict[str, Json]] = []
        self._due: list[Outcome] = []
        self._read: dict[tuple[str, str], int] = {}

    def all(self) -> list[dict[str, Json]]:
        """Every event until now, by time."""
        self._instances()
        now = clock.now()
        due = sorted((each for each in self._due if each.at <= now), key=_at)
        self._due = [each for each in self._due if each.at > now]
        for outcome in due:
            outcome.tell()
        return sorted(self._events, key=lambda event: str(event["time"]))

    def reset(self) -> None:
        """Forget what was, and what was to come."""
        self._events.clear()
        self._due.clear()
        self._read.clear()

    def emit(
        self,
        detail_type: str,
        *,
        account: str,
        region: str,
        at: datetime,
        resources: Iterable[str],
        detail: dict[str, Json],
        source: str = "aws.ec2",
    ) -> None:
        """Send one event (EventBridge User Guide, "Event structure reference")."""
        self._events.append(
            {
                "version": "0",
                "id": str(uuid4()),
                "detail-type": detail_type,
                "source": source,
                "account": account,
                "time": _time(at),
                "region": region,
                "resources": [*resources],
                "detail": detail,
            }
        )

    def observe(self, call: Call, reply: Reply) -> None:
        """Note what a served *call* has begun, or send what it has done."""
        if call.service != "ec2":
            return
        request = _REQUEST.search(reply.body)
        place = Place(call.account, call.region, request[1].decode() if request else call.id)
        backend: Any = ec2_backends[call.account][call.region]
        if call.action in MAKE_IMAGES:
            for found in _IMAGE.findall(reply.body)[:1]:
                self._begin_image(place, call, backend.amis.get(found.decode()))
        elif call.action in CHANGE_IMAGES:
            image_id = str(call.parameters.get("ImageId"))
            self._image(place, image_id, CHANGE_IMAGES[call.action], clock.now())
        elif call.action in MAKE_SNAPSHOTS:
            found = [backend.snapshots.get(each.decode()) for each in _SNAPSHOT.findall(reply.body)]
            self._begin_snapshots(place, call, [each for each in found if each is not None])

    def _begin_image(self, place: Place, call: Call, image: Image | None) -> None:
        if image is None:
            return

        def end() -> None:
            code, message = image.failure or ("", "")
            state = "failed" if code else "available"
            self._image(place, image.id, state, image.available_at, message)

        self._due.append(Outcome(image.available_at, end))
        made = [image.ec2_backend.snapshots.get(each) for each in image.snapshot_ids()]
        if call.action != "RegisterImage":
            self._begin_snapshots(
                place, call, [each for each in made if isinstance(each, EbsSnapshot)]
            )

    def _begin_snapshots(self, place: Place, call: Call, snapshots: list[EbsSnapshot]) -> None:
        for snapshot in snapshots:
            tell = partial(self._snapshot, place, call, snapshot)
            self._due.append(Outcome(snapshot.completes_at, tell))
        if call.action == "CreateSnapshots" and snapshots:
            at = max(each.completes_at for each in snapshots)
            self._due.append(Outcome(at, lambda: self._snapshot_set(place, at, snapshots)))

    def _image(
        self, place: Place, image_id: str, state: str, at: datetime, message: str = ""
    ) -> None:
        self.emit(
            "EC2 AMI State Change",
            account=place.account,
            region=place.region,
            at=at,
            resources=[f"arn:aws:ec2:{place.region}::image/{image_id}"],
            detail={
                "RequestId": place.request_id,
                "ImageId": image_id,
                "State": state,
                "ErrorMessage": message,
            },
        )

    def _snapshot(self, place: Place, call: Call, snapshot: EbsSnapshot) -> None:
        arn = _arn(place.region, f"snapshot/{snapshot.id}")
        self.emit(
            "EBS Snapshot Notification",
            account=place.account,
            region=place.region,
            at=snapshot.completes_at,
            resources=[arn],
            detail={
                "event": "copySnapshot"
                if snapshot.volume.id == COPIED_VOLUME
                else "createSnapshot",
                "result": "failed" if snapshot.error else "succeeded",
                "cause": snapshot.error or "",
                "request-id": "",
                "snapshot_id": arn,
                "source": _source(place, call, snapshot),
                "startTime": _time(snapshot.start_time),
                "endTime": _time(snapshot.completes_at),
            },
        )

    def _snapshot_set(self, place: Place, at: datetime, snapshots: list[EbsSnapshot]) -> None:
        arns = [_arn(place.region, f"snapshot/{each.id}") for each in snapshots]
        causes = [each.error for each in snapshots if each.error]
        self.emit(
            "EBS Multi-Volume Snapshots Completion Status",
            account=place.account,
            region=place.region,
            at=at,
            resources=arns,
            detail={
                "event": "createSnapshots",
                "result": "failed" if causes else "succeeded",
                "cause": "".join(causes[:1]),
                "request-id": "",
                "startTime": _time(min(each.start_time for each in snapshots)),
                "endTime": _time(at),
                "snapshots": [
                    {
                        "snapshot_id": arn,
                        "source": _arn(place.region, f"volume/{each.volume.id}"),
                        "status": "error" if each.error else "completed",
                    }
                    for arn, each in zip(arns, snapshots, strict=True)
                ],
            },
        )

    def _instances(self) -> None:
        """What instances have been through since the last look, as their backends noted it."""
        for account, regions in list(ec2_backends.items()):
            for region, backend in list(dict.items(regions)):
                changes: list[Any] = getattr(backend, "state_changes", [])
                seen = self._read.get((account, region), 0)
                self._read[account, region] = len(changes)
                for change in changes[seen:]:
                    arn = f"arn:aws:ec2:{region}:{account}:instance/{change.instance_id}"
                    self.emit(
                        "EC2 Instance State-change Notification",
                        account=account,
                        region=region,
                        at=change.at,
                        resources=[arn],
                        detail={"instance-id": change.instance_id, "state": change.state},
                    )


events = Events()
"""One bus, as moto has one set of backends."""


def _at(outcome: Outcome) -> datetime:
    return outcome.at


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _arn(region: str, what: str) -> str:
    """An ARN as EBS events spell it, the region in the account's place."""
    return f"arn:aws:ec2::{region}:{what}"


def _source(place: Place, call: Call, snapshot: EbsSnapshot) -> str:
    """The volume, or for a copy the snapshot it was made of."""
    if snapshot.volume.id != COPIED_VOLUME:
        return _arn(place.region, f"volume/{snapshot.volume.id}")
    region = str(call.parameters.get("SourceRegion") or place.region)
    return _arn(region, f"snapshot/{call.parameters.get('SourceSnapshotId', '')}")
