"""DescribeVolumeStatus: ``ok`` unless the sandbox's health says otherwise of the volume.

Source: EC2 API pages DescribeVolumeStatus, DescribeVolumeAttribute, ModifyVolumeAttribute.
"""

from collections.abc import Iterable
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.filters import Reader, matching
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult
from sandbox.health import health


class VolumeStatusActions(EC2Response):
    """What EC2's checks say of volumes."""

    @property
    def _volumes(self) -> VolumeRules:
        return cast("VolumeRules", self.ec2_backend)

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
            return DocumentResult({"VolumeId": volume.id, "ProductCodes": []})
        raise EC2ClientError(
            "InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid."
        )

    @override
    def modify_volume_attribute(self) -> ActionResult:  # type: ignore[override] # moto: not done
        """ModifyVolumeAttribute: autoEnableIO."""
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        volume.auto_enable_io = bool(self._get_param("AutoEnableIO", {}).get("Value"))
        return EmptyResult()


def _status(volume: EbsVolume) -> dict[str, Any]:
    says = health.of("status", volume.id) or "ok"
    enabled = "passed" if says != "impaired" else "failed"
    return {
        "VolumeId": volume.id,
        "AvailabilityZone": volume.zone.name,
        "VolumeStatus": {
            "Status": says,
            "Details": [
                {"Name": "io-enabled", "Status": enabled},
                {"Name": "io-performance", "Status": "not-applicable"},
            ],
        },
        "Actions": [],
        "Events": [],
    }


def _details(member: str) -> Reader[dict[str, Any]]:
    def values(row: dict[str, Any]) -> Iterable[str | None]:
        return [detail[member] for detail in row["VolumeStatus"]["Details"]]

    return values


def _nothing(_: dict[str, Any]) -> Iterable[str | None]:
    """Filters about events and actions, of which there are none."""
    return ()


_FILTERS: dict[str, Reader[dict[str, Any]]] = {
    "availability-zone": lambda row: [row["AvailabilityZone"]],
    "volume-status.status": lambda row: [row["VolumeStatus"]["Status"]],
    "volume-status.details-name": _details("Name"),
    "volume-status.details-status": _details("Status"),
    **dict.fromkeys(
        (
            "action.code",
            "action.description",
            "action.event-id",
            "event.description",
            "event.event-id",
            "event.event-type",
            "event.not-after",
            "event.not-before",
        ),
        _nothing,
    ),
}
"""Source: botocore's model, DescribeVolumeStatusRequest.Filters."""
