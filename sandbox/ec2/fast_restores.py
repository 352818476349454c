"""Fast snapshot restore: which snapshots are kept ready in which zones.

Source: EC2 API pages Enable-, Disable- and DescribeFastSnapshotRestores; EBS User Guide,
"Amazon EBS fast snapshot restore" and "Quotas for Amazon EBS".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.availability_zones_and_regions import Zone
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.document_filters import path_readers
from sandbox.ec2.filters import select
from sandbox.ec2.sharing import neighbours
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.snapshots import SnapshotRules, snapshot_not_found
from sandbox.ec2.wire import DocumentResult

MOST_SNAPSHOTS = 5
ENABLING = timedelta(seconds=30)
DISABLING = timedelta(seconds=30)
"""How long either takes is not documented [NV]."""
OPTIMIZING_A_TIB = timedelta(minutes=60)
LARGEST_PAGE = 200

_FILTERS = path_readers(
    {
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "owner-id": "OwnerId",
        "snapshot-id": "SnapshotId",
        "state": "State",
    }
)
"""Source: botocore's model, DescribeFastSnapshotRestoresRequest.Filters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FastRestore:
    """One snapshot in one zone; its state follows the clock."""

    snapshot_id: str
    zone: str
    zone_id: str
    owner: str
    size: int
    enabling: datetime
    disabling: datetime | None = None

    @property
    def times(self) -> list[tuple[str, datetime]]:
        """When it enters, or entered, each of its states, in their order."""
        optimizing = self.enabling + ENABLING
        steps = [
            ("enabling", self.enabling),
            ("optimizing", optimizing),
            ("enabled", optimizing + OPTIMIZING_A_TIB * (self.size / 1024)),
        ]
        if self.disabling is None:
            return steps
        before = [step for step in steps if step[1] <= self.disabling]
        ends = self.disabling + DISABLING
        return [*before, ("disabling", self.disabling), ("disabled", ends)]

    @property
    def passed(self) -> list[tuple[str, datetime]]:
        """The states entered so far; the last is the present one."""
        return [step for step in self.times if step[1] <= clock.now()]

    @property
    def state(self) -> str:
        """``enabling``, ``optimizing``, ``enabled``, ``disabling`` or ``disabled``."""
        return self.passed[-1][0]

    def described(self) -> dict[str, Any]:
        """It as all three operations answer."""
        by_user = "Client.UserInitiated"
        asked = self.state in {"enabling", "disabling"}
        return {
            "SnapshotId": self.snapshot_id,
            "AvailabilityZone": self.zone,
            "AvailabilityZoneId": self.zone_id,
            "State": self.state,
            "StateTransitionReason": by_user
            if asked
            else f"{by_user} - Lifecycle state transition",
            "OwnerId": self.owner,
            **{f"{name.capitalize()}Time": at for name, at in self.passed},
        }


class FastRestoreRules(SnapshotRules):
    """The fast snapshot restores of one account and region, of its own and shared snapshots."""

    @property
    def fast_restores(self) -> dict[tuple[str, str], FastRestore]:
        """By snapshot and zone; a disabled one stays listed."""
        return cast(
            "dict[tuple[str, str], FastRestore]", self.__dict__.setdefault("_fast_restores", {})
        )

    def enable_fast_restore(self, snapshot_id: str, zone: Zone) -> FastRestore:
        """Enable it, if the snapshot is there and ready, not enabled yet, and within quota."""
        snapshot = self.get_snapshot(snapshot_id)
        if snapshot.status != "completed" or not snapshot.is_standard:
            raise EC2ClientError(
                "IncorrectState", f"The snapshot '{snapshot_id}' is not completed and standard."
            )
        on = {each.snapshot_id for each in self.fast_restores.values() if each.disabling is None}
        held = self.fast_restores.get((snapshot_id, zone.name))
        if held is not None and held.state != "disabled":
            raise EC2ClientError(
                "InvalidParameterValue", f"Fast snapshot restore is {held.state} in {zone.name}."
            )
        if len(on | {snapshot_id}) > MOST_SNAPSHOTS:
            raise EC2ClientError(
                "FastSnapshotRestoreLimitExceeded",
                f"At most {MOST_SNAPSHOTS} snapshots can have fast snapshot restore in a Region.",
            )
        made = FastRestore(
            snapshot_id=snapshot_id,
            zone=zone.name,
            zone_id=zone.zone_id,
            owner=self.account_id,
            size=snapshot.volume.size,
            enabling=clock.now(),
        )
        self.fast_restores[snapshot_id, zone.name] = made
        return made

    def disable_fast_restore(self, snapshot_id: str, zone: Zone) -> FastRestore:
        """Disable what is, or is becoming, enabled."""
        held = self.fast_restores.get((snapshot_id, zone.name))
        if held is None and self.find_snapshot(snapshot_id) is None:
            raise snapshot_not_found(snapshot_id)
        if held is None or held.disabling is not None:
            raise EC2ClientError(
                "InvalidParameterValue", f"Fast snapshot restore is not enabled in {zone.name}."
            )
        changed = replace(held, disabling=clock.now())
        self.fast_restores[snapshot_id, zone.name] = changed
        return changed

    @override
    def delete_snapshot(self, snapshot_id: str) -> EbsSnapshot:
        """As ever; its fast restores are disabled, also where the Recycle Bin keeps it."""
        snapshot = super().delete_snapshot(snapshot_id)
        self._disable_all(snapshot_id)
        return snapshot

    @override
    def modify_snapshot_tier(self, snapshot_id: str, storage_tier: str) -> Any:
        """As ever; archiving disables its fast restores."""
        snapshot = super().modify_snapshot_tier(snapshot_id, storage_tier)
        self._disable_all(snapshot_id)
        return snapshot

    def _disable_all(self, snapshot_id: str) -> None:
        """Disable them in every account that has enabled them (EBS User Guide)."""
        for backend in (self, *neighbours(self)):
            held = cast("FastRestoreRules", backend).fast_restores
            for key, each in list(held.items()):
                if each.snapshot_id == snapshot_id and each.disabling is None:
                    held[key] = replace(each, disabling=clock.now())


class FastRestoreActions(EC2Response):
    """The same on the wire. Which codes stand under ``Unsuccessful`` is [NV]."""

    @property
    def _restores(self) -> FastRestoreRules:
        return cast("FastRestoreRules", self.ec2_backend)

    def enable_fast_snapshot_restores(self) -> ActionResult:
        """EnableFastSnapshotRestores: each pair of snapshot and zone by itself."""
        self.error_on_dryrun()
        return self._each(self._restores.enable_fast_restore)

    def disable_fast_snapshot_restores(self) -> ActionResult:
        """DisableFastSnapshotRestores, likewise."""
        self.error_on_dryrun()
        return self._each(self._restores.disable_fast_restore)

    def describe_fast_snapshot_restores(self) -> ActionResult:
        """DescribeFastSnapshotRestores: by filter, up to 200 a page."""
        self.error_on_dryrun()
        backend = self._restores
        filters: list[dict[str, Any]] = self._get_param("Filters", [])

        def find() -> list[dict[str, Any]]:
            rows = [each.described() for each in backend.fast_restores.values()]
            return select(rows, filters, _FILTERS, lambda _: {})

        rows, token = backend.listings.page(
            "DescribeFastSnapshotRestores",
            self._get_param("MaxResults") or None,
            self._get_param("NextToken"),
            find,
            sizes=(1, LARGEST_PAGE),
        )
        return DocumentResult({"FastSnapshotRestores": rows, "NextToken": token})

    def _each(self, change: Any) -> ActionResult:  # noqa: ANN401 - a bound rule
        zones = self._zones()
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for snapshot_id in self._get_param("SourceSnapshotIds", []):
            errors = []
            for zone in zones:
                try:
                    done.append(change(snapshot_id, zone).described())
                except EC2ClientError as error:
                    errors.append(_failure(zone, error))
            if errors:
                failed.append({"SnapshotId": snapshot_id, "FastSnapshotRestoreStateErrors": errors})
        return DocumentResult({"Successful": done, "Unsuccessful": failed})

    def _zones(self) -> Sequence[Zone]:
        """The zones by name or by id, exactly one of the two."""
        names: list[str] = self._get_param("AvailabilityZones", [])
        ids: list[str] = self._get_param("AvailabilityZoneIds", [])
        if bool(names) == bool(ids):
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify either AvailabilityZones or AvailabilityZoneIds.",
            )
        known = self._restores.describe_availability_zones()
        by_name = {zone.name: zone for zone in known} | {zone.zone_id: zone for zone in known}
        for each in names or ids:
            if each not in by_name:
                raise EC2ClientError("InvalidZone.NotFound", f"The zone '{each}' does not exist.")
        return [by_name[each] for each in names or ids]


def _failure(zone: Zone, error: EC2ClientError) -> dict[str, Any]:
    return {
        "AvailabilityZone": zone.name,
        "AvailabilityZoneId": zone.zone_id,
        "Error": {"Code": error.code, "Message": error.message},
    }
