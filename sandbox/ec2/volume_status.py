"""DescribeVolumeStatus: ``ok`` unless the sandbox's health says otherwise of the volume.

Source: EC2 API pages DescribeVolumeStatus, DescribeVolumeAttribute, ModifyVolumeAttribute.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from typing_extensions import override

from sandbox.ec2.filters import Reader, matching, moment
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.volume_actions import VolumeActions
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.wire import DocumentResult
from sandbox.health import health


class VolumeStatusActions(VolumeActions):
    """What EC2's checks say of volumes."""

    @override
    def describe_volume_status(self) -> ActionResult:  # type: ignore[override] # moto: not done
        """DescribeVolumeStatus, in pages."""
        self.error_on_dryrun()
        ids: list[str] = self._get_param("VolumeIds", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "volumeIdsSet")
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        rows, token = self._volumes.listings.page(
            "DescribeVolumeStatus",
            size,
            self._get_param("NextToken"),
            lambda: matching(
                map(_status, self._volumes.list_volumes(ids, ())),
                filters,
                _FILTERS,
                lambda _: {},
            ),
        )
        return DocumentResult({"VolumeStatuses": rows, "NextToken": token})

    @override
    def describe_volume_attribute(self) -> ActionResult:  # type: ignore[override] # moto: not done
        """DescribeVolumeAttribute: autoEnableIO or productCodes."""
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        name = self._get_param("Attribute")
        if name == "autoEnableIO":
            return DocumentResult(
                {"VolumeId": volume.id, "AutoEnableIO": {"Value": volume.auto_enable_io}}
            )
        if name == "productCodes":
            return DocumentResult(
                {"VolumeId": volume.id, "ProductCodes": volume.licence.as_described()}
            )
        raise EC2ClientError(
            "InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid."
        )

    def enable_volume_io(self) -> ActionResult:  # type: ignore[override] # moto: not done
        """EnableVolumeIO: what was impaired is taken to be consistent and works again.

        Of a volume whose I/O is enabled it is refused; the code is [NV].
        """
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        if health.of("status", volume.id) != "impaired":
            raise EC2ClientError(
                "IncorrectState", f"The I/O of volume '{volume.id}' is enabled already."
            )
        health.set(volume=volume.id, status=None)
        return EmptyResult()

    @override
    def modify_volume_attribute(self) -> ActionResult:  # type: ignore[override] # moto: not done
        """ModifyVolumeAttribute: autoEnableIO."""
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        volume.auto_enable_io = bool(self._get_param("AutoEnableIO", {}).get("Value"))
        return EmptyResult()


def _status(volume: EbsVolume) -> dict[str, Any]:
    """One volume's status: an impaired one waits for its I/O to be enabled.

    Source: EBS User Guide, "Amazon EBS volume events"; EC2 API, DescribeVolumeStatus.
    """
    says = health.of("status", volume.id) or "ok"
    fills = volume.initialization
    enabled = "passed" if says != "impaired" else "failed"
    event = {
        "EventId": f"evol-{volume.id.removeprefix('vol-')}",
        "EventType": "potential-data-inconsistency",
    }
    return {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.zone.name,
        "AvailabilityZoneId": volume.zone.zone_id,
        "VolumeStatus": {
            "Status": says,
            "Details": [
                {"Name": "io-enabled", "Status": enabled},
                {"Name": "io-performance", "Status": "not-applicable"},
                *([{"Name": "initialization-state", "Status": fills.state}] if fills else []),
            ],
        },
        **({"InitializationStatusDetails": fills.document()} if fills else {}),
        "Actions": [
            {**event, "Code": "enable-volume-io", "Description": "Enable volume I/O"},
        ]
        if says == "impaired"
        else [],
        "Events": [
            {
                **event,
                "Description": "Awaiting Action: Enable IO",
                "NotBefore": health.since("status", volume.id),
            }
        ]
        if says == "impaired"
        else [],
    }


def _details(member: str) -> Reader[dict[str, Any]]:
    def values(row: dict[str, Any]) -> Iterable[str | None]:
        return [detail[member] for detail in row["VolumeStatus"]["Details"]]

    return values


def _listed(where: str, member: str) -> Reader[dict[str, Any]]:
    """A member of the actions or events that a volume has."""

    def values(row: dict[str, Any]) -> Iterable[str | None]:
        found = (each.get(member) for each in row[where])
        return [moment(each) if isinstance(each, datetime) else each for each in found]

    return values


_FILTERS: dict[str, Reader[dict[str, Any]]] = {
    "availability-zone": lambda row: [row["AvailabilityZone"]],
    "volume-status.status": lambda row: [row["VolumeStatus"]["Status"]],
    "volume-status.details-name": _details("Name"),
    "volume-status.details-status": _details("Status"),
    "action.code": _listed("Actions", "Code"),
    "action.description": _listed("Actions", "Description"),
    "action.event-id": _listed("Actions", "EventId"),
    "event.description": _listed("Events", "Description"),
    "event.event-id": _listed("Events", "EventId"),
    "event.event-type": _listed("Events", "EventType"),
    "event.not-after": _listed("Events", "NotAfter"),
    "event.not-before": _listed("Events", "NotBefore"),
}
"""Source: botocore's model, DescribeVolumeStatusRequest.Filters."""
