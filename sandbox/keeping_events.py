"""``EBS Snapshot Notification`` of snapshots that are locked, archived or brought back.

Source: EBS User Guide, "Monitor Amazon EBS snapshot lock" and "Monitor Amazon EBS snapshot
archiving using CloudWatch Events"; each page has ARNs and spellings of its own.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sandbox.bus import Bus
from sandbox.calls import Call
from sandbox.clock import stamp
from sandbox.ec2.snapshot_locks import Lock
from sandbox.ec2.snapshot_model import EbsSnapshot, Operation, Tiering
from sandbox.masking import Json
from sandbox.place import Place, ebs_arn, text
from sandbox.replies import Reply

_TIER_EVENTS = {
    Operation.ARCHIVAL: "archiveSnapshot",
    Operation.TEMPORARY: "temporaryRestoreSnapshot",
    Operation.PERMANENT: "permanentRestoreSnapshot",
}


def observe(bus: Bus, place: Place, backend: Any, call: Call, reply: Reply) -> None:  # noqa: ANN401, ARG001 - as every source of events
    """Note what *call* did to a snapshot that will be told of now or later."""
    snapshot: EbsSnapshot | None = backend.snapshots.get(text(call.parameters.get("SnapshotId")))
    if snapshot is None:
        return
    if call.action == "LockSnapshot":
        _await_lock(bus, place, snapshot, backend.locks[snapshot.id])
    elif call.action in {"ModifySnapshotTier", "RestoreSnapshotTier"} and snapshot.tiering:
        _await_tier(bus, place, snapshot, snapshot.tiering)


def _await_tier(bus: Bus, place: Place, snapshot: EbsSnapshot, tiering: Tiering) -> None:
    """Tell of the change when it is done, and of the end of a restore for some days."""

    def tell(event: str, at: datetime, **more: str) -> None:
        if snapshot.tiering is not tiering or not _is_there(snapshot):
            return
        arn = f"arn:aws:ec2:{place.region}::snapshot/{snapshot.id}"
        times = {"startTime": stamp(tiering.started), "endTime": stamp(at)}
        detail = {"event": event, "cause": "", "request-id": "", **times, **more}
        _tell(bus, place, arn, at, detail)

    event = _TIER_EVENTS[tiering.operation]
    if tiering.operation is not Operation.TEMPORARY:
        bus.later(tiering.ends, lambda: tell(event, tiering.ends))
        return
    expires = tiering.ends + timedelta(days=tiering.days or 0)
    more = {"restoreExpiryTime": stamp(expires)}
    bus.later(tiering.ends, lambda: tell(event, tiering.ends, **more))
    bus.later(expires, lambda: tell("restoreExpiry", expires))


def _await_lock(bus: Bus, place: Place, snapshot: EbsSnapshot, lock: Lock) -> None:
    """Tell of the lock, of the end of its cooling-off period, and of its own end.

    That the lock of a pending snapshot is told of when its duration starts is [NV].
    """
    arn = ebs_arn(place.region, f"snapshot/{snapshot.id}")
    locks: Mapping[str, Lock] = snapshot.ec2_backend.locks

    def tell(event: str, at: datetime, state: str, **more: Json) -> None:
        if _is_there(snapshot) and (snapshot.error or locks.get(snapshot.id) is lock):
            _tell(bus, place, arn, at, {"event": event, "lockState": state, **more, **_of(lock)})

    begins = max(lock.created, lock.started)
    if snapshot.error:
        why: dict[str, Json] = {"result": "failed", "cause": "snapshot failed"}
        bus.later(begins, lambda: tell("lockSnapshot", begins, f"pending-{lock.mode}", **why))
        return
    state = "compliance-cooloff" if lock.cool_off_ends else lock.mode
    bus.later(begins, lambda: tell("lockSnapshot", begins, state, source=place.account))
    if cooled := lock.cool_off_ends:
        bus.later(cooled, lambda: tell("cooloffperiodExpiry", cooled, lock.mode))
    bus.later(lock.expires, lambda: tell("lockDurationExpiry", lock.expires, "expired"))


def _of(lock: Lock) -> dict[str, Json]:
    """The lock as the page spells it, cooling-off period included."""
    known: dict[str, Json] = {
        "lockCreatedOn": stamp(lock.created),
        "lockExpiresOn": stamp(lock.expires),
        "lockDuration": lock.days,
        "lockStartDurationTime": stamp(lock.started),
    }
    if lock.cool_off_ends is None:
        return known
    return known | {
        "cooOffPeriod": lock.cool_off_hours,
        "coolOffPeriodExpiresOn": stamp(lock.cool_off_ends),
    }


def _is_there(snapshot: EbsSnapshot) -> bool:
    return snapshot.id in snapshot.ec2_backend.snapshots


def _tell(bus: Bus, place: Place, arn: str, at: datetime, detail: Mapping[str, Json]) -> None:
    bus.emit(
        "EBS Snapshot Notification",
        **place.where(),
        at=at,
        resources=[arn],
        detail={"result": "succeeded", "snapshot_id": arn, **detail},
    )
