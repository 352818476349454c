"""What EC2 and AWS Health send to EventBridge, at the moment AWS would send it.

Who takes the calls tells ``observe`` of each that was served; what it started ends by
the clock, and its event is there as soon as somebody looks after that.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from moto.ec2.models import ec2_backends
from typing_extensions import override

from sandbox import image_events, keeping_events, snapshot_events, volume_events
from sandbox.agenda import agenda
from sandbox.bus import Bus
from sandbox.calls import Call
from sandbox.clock import clock
from sandbox.health import Maintenance, health
from sandbox.place import Place
from sandbox.replies import Reply

_REQUEST = re.compile(rb"<requestId>([^<]+)</requestId>", re.IGNORECASE)

HEALTH_CODES = {
    "instance-retirement": "AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED",
    "instance-stop": "AWS_EC2_INSTANCE_STOP_SCHEDULED",
    "instance-reboot": "AWS_EC2_INSTANCE_REBOOT_MAINTENANCE_SCHEDULED",
    "system-reboot": "AWS_EC2_SYSTEM_REBOOT_MAINTENANCE_SCHEDULED",
    "system-maintenance": "AWS_EC2_INSTANCE_NETWORK_MAINTENANCE_SCHEDULED",
}
"""The AWS Health event type of each scheduled event [NV]: no page pairs the two lists."""


class Events(Bus):
    """One bus for every account and region, fed by what EC2 is asked for and does."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = agenda.lock
        self._read: dict[tuple[str, str], int] = {}

    @override
    def reset(self) -> None:
        """Forget what was, what was to come and who wanted to hear of it."""
        super().reset()
        self._read.clear()

    def observe(self, call: Call, reply: Reply) -> None:
        """Note what a served *call* has begun, or send what it has done."""
        if call.service != "ec2":
            return
        request = _REQUEST.search(reply.body)
        place = Place(call.account, call.region, request[1].decode() if request else call.id)
        backend: Any = ec2_backends[call.account][call.region]
        for source in (image_events, snapshot_events, keeping_events, volume_events):
            source.observe(self, place, backend, call, reply)

    @override
    def gather(self) -> None:
        """What instances have been through since the last look, and what was planned for them.

        And whatever else has gone on by itself: commands and automations send events, too.
        """
        agenda.settle()
        for account, region, backend in _backends():
            backend.settle()
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
        for planned in health.take_planned():
            self._plan(planned)

    def _plan(self, planned: Maintenance) -> None:
        """Tell the owner of a scheduled change (AWS Health User Guide, EventBridge schema)."""
        for account, region, backend in _backends():
            if planned.instance in getattr(backend, "machines", {}):
                self.emit(
                    "AWS Health Event",
                    account=account,
                    region=region,
                    at=planned.noticed,
                    resources=[planned.instance],
                    detail=_health_detail(planned, account, region),
                    source="aws.health",
                )


events = Events()
"""One bus, as moto has one set of backends."""


def _backends() -> Iterator[tuple[str, str, Any]]:
    for account, regions in list(ec2_backends.items()):
        for region, backend in list(dict.items(regions)):
            yield account, region, backend


def _health_detail(planned: Maintenance, account: str, region: str) -> dict[str, Any]:
    code = HEALTH_CODES[planned.code]
    name = hashlib.sha256(f"{planned.id}:{planned.noticed}".encode()).hexdigest()
    return {
        "eventArn": f"arn:aws:health:{region}::event/EC2/{code}/{code}_{name[:32]}",
        "service": "EC2",
        "eventTypeCode": code,
        "eventTypeCategory": "scheduledChange",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "communicationId": f"{name[:40]}-1",
        "startTime": _gmt(planned.not_before),
        "lastUpdatedTime": _gmt(planned.noticed),
        "statusCode": "upcoming" if planned.not_before > clock.now() else "open",
        "eventRegion": region,
        "eventDescription": [{"language": "en_US", "latestDescription": planned.description}],
        "affectedEntities": [
            {
                "entityValue": planned.instance,
                "lastUpdatedTime": _gmt(planned.noticed),
                "status": "PENDING",
            }
        ],
        "affectedAccount": account,
        "page": "1",
        "totalPages": "1",
        "backupEvent": "false",
        "personas": ["OPERATIONS"],
        "actionability": "ACTION_REQUIRED",
    }


def _gmt(moment: datetime) -> str:
    return f"{moment:%a, %d %b %Y %H:%M:%S} GMT"
