"""``EBS Snapshot Notification`` and its relatives: taken, copied, shared.

Source: EBS User Guide, "EventBridge events for Amazon EBS", snapshot events. Its ARNs
have the region in the account's place.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sandbox.bus import Bus
from sandbox.calls import Call
from sandbox.clock import clock, stamp
from sandbox.ec2.snapshot_model import COPIED_VOLUME, EbsSnapshot
from sandbox.masking import Json
from sandbox.place import Place, ebs_arn, text
from sandbox.replies import Reply

MAKE_SNAPSHOTS = frozenset({"CreateSnapshot", "CreateSnapshots", "CopySnapshot"})
MAKE_IMAGES_OF_THEM = frozenset({"CreateImage", "CopyImage"})
_SNAPSHOT = re.compile(rb"<snapshotId>(snap-[^<]+)</snapshotId>")
_IMAGE = re.compile(rb"<imageId>(ami-[^<]+)</imageId>")


def observe(bus: Bus, place: Place, backend: Any, call: Call, reply: Reply) -> None:  # noqa: ANN401
    """Note the snapshots that *call* begins to make, or tell whom it shares one with."""
    if call.action == "ModifySnapshotAttribute":
        _share(bus, place, backend, call)
        return
    ids: Sequence[str] = ()
    if call.action in MAKE_SNAPSHOTS:
        ids = [each.decode() for each in _SNAPSHOT.findall(reply.body)]
    elif call.action in MAKE_IMAGES_OF_THEM and (found := _IMAGE.search(reply.body)):
        image = backend.amis.get(found[1].decode())
        ids = image.snapshot_ids() if image is not None else ()
    made = [backend.snapshots[each] for each in ids if each in backend.snapshots]
    for snapshot in made:
        _await(bus, place, call, snapshot)
    if call.action == "CreateSnapshots" and made:
        at = max(each.completes_at for each in made)
        bus.later(at, lambda: _tell_of_set(bus, place, at, made))


def _await(bus: Bus, place: Place, call: Call, snapshot: EbsSnapshot) -> None:
    bus.later(snapshot.completes_at, lambda: _end(bus, place, call, snapshot))


def _end(bus: Bus, place: Place, call: Call, snapshot: EbsSnapshot) -> None:
    """Send that a snapshot is done, unless it was deleted before."""
    if snapshot.id not in snapshot.ec2_backend.snapshots:
        return
    is_copy = snapshot.volume.id == COPIED_VOLUME
    detail = _detail(
        "copySnapshot" if is_copy else "createSnapshot",
        place.region,
        snapshot.id,
        source=_source(place, call, snapshot),
        start=snapshot.start_time,
        end=snapshot.completes_at,
        cause=snapshot.error or "",
    )
    if is_copy and not snapshot.error:
        detail |= _of_copy(snapshot)
    _tell(bus, place, snapshot.id, snapshot.completes_at, detail)


def _of_copy(snapshot: EbsSnapshot) -> dict[str, Json]:
    """What the event of a copy that went well says besides.

    Which copies are incremental depends on a lineage that nobody keeps here: none is [NV].
    """
    kind = snapshot.transfer_type or "standard"
    started = {"completionDurationStartTime": f"{snapshot.start_time:%Y-%m-%dT%H:%M:%S}.000Z"}
    return {
        "incremental": "false",
        **(started if kind == "time-based" else {}),
        "transferType": kind,
    }


def _tell_of_set(bus: Bus, place: Place, at: datetime, snapshots: Sequence[EbsSnapshot]) -> None:
    arns = [ebs_arn(place.region, f"snapshot/{each.id}") for each in snapshots]
    failed = [each for each in snapshots if each.error]
    bus.emit(
        "EBS Multi-Volume Snapshots Completion Status",
        **place.where(),
        at=at,
        resources=arns,
        detail={
            "event": "createSnapshots",
            "result": "failed" if failed else "succeeded",
            "cause": f"Snapshot {failed[0].id} is in status error" if failed else "",
            "request-id": "",
            "startTime": stamp(min(each.start_time for each in snapshots)),
            "endTime": stamp(at),
            "snapshots": [
                {
                    "snapshot_id": arn,
                    "source": ebs_arn(place.region, f"volume/{each.volume.id}"),
                    "status": "error" if each.error else "completed",
                }
                for arn, each in zip(arns, snapshots, strict=True)
            ],
        },
    )


def _share(bus: Bus, place: Place, backend: Any, call: Call) -> None:  # noqa: ANN401
    """Tell each account that a private snapshot was shared with it, on its own bus."""
    snapshot = backend.snapshots.get(text(call.parameters.get("SnapshotId")))
    if snapshot is None or "all" in snapshot.create_volume_permission_groups:
        return
    now = clock.now()
    for account in _added(call):
        detail = _detail(
            "shareSnapshot", place.region, snapshot.id, source=place.account, start=now, end=now
        )
        _tell(bus, Place(account, place.region, place.request_id), snapshot.id, now, detail)


def _added(call: Call) -> list[str]:
    """The accounts that *call* lets use the snapshot, in either form of the request."""
    asked = call.parameters
    users = asked.get("UserIds") if asked.get("OperationType") == "add" else None
    added = list(users) if isinstance(users, list) else []
    changes = asked.get("CreateVolumePermission")
    listed = changes.get("Add") if isinstance(changes, dict) else None
    for each in listed if isinstance(listed, list) else ():
        added.append(each.get("UserId") if isinstance(each, dict) else None)
    return [each for each in added if isinstance(each, str)]


def _detail(
    event: str,
    region: str,
    snapshot_id: str,
    *,
    source: str,
    start: datetime,
    end: datetime,
    cause: str = "",
) -> dict[str, Json]:
    return {
        "event": event,
        "result": "failed" if cause else "succeeded",
        "cause": cause,
        "request-id": "",
        "snapshot_id": ebs_arn(region, f"snapshot/{snapshot_id}"),
        "source": source,
        "startTime": stamp(start),
        "endTime": stamp(end),
    }


def _tell(bus: Bus, place: Place, snapshot_id: str, at: datetime, detail: dict[str, Json]) -> None:
    bus.emit(
        "EBS Snapshot Notification",
        **place.where(),
        at=at,
        resources=[ebs_arn(place.region, f"snapshot/{snapshot_id}")],
        detail=detail,
    )


def _source(place: Place, call: Call, snapshot: EbsSnapshot) -> str:
    """The volume, or for a copy the snapshot it was made of."""
    if snapshot.volume.id != COPIED_VOLUME:
        return ebs_arn(place.region, f"volume/{snapshot.volume.id}")
    region = text(call.parameters.get("SourceRegion")) or place.region
    return ebs_arn(region, f"snapshot/{text(call.parameters.get('SourceSnapshotId'))}")
