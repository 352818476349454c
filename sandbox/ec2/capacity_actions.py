"""Capacity reservations on the wire: made, listed, changed, cancelled, and aimed at.

Source: EC2 API pages and botocore's model of the six actions. Codes that neither names are
[NV]. Future-dated reservations and capacity blocks are not there.
"""

from datetime import datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.utils import random_resource_id

from sandbox.clock import clock
from sandbox.ec2.capacity import CapacityRules
from sandbox.ec2.capacity_model import PLATFORMS, RESERVATION_FILTERS, Reservation, Slot
from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.filters import select
from sandbox.ec2.launch_checks import check_token, invalid
from sandbox.ec2.launch_options import capacity_reservation
from sandbox.ec2.launch_templates import plain
from sandbox.ec2.tags import TagActions
from sandbox.ec2.wire import DocumentResult, aware
from sandbox.shortages import shortages

RESOURCE = "capacity-reservation"
MOST_INSTANCES = 1000
PAGE_SIZES = (1, 1000)
"""Source: botocore's model, DescribeCapacityReservationsMaxResults."""
CHOICES = {"InstanceMatchCriteria": ("open", "targeted"), "Tenancy": ("default", "dedicated")}
FUTURE = ("StartDate", "CommitmentDuration", "DeliveryPreference")


class CapacityActions(TagActions):
    """What a caller may do with reserved capacity."""

    def create_capacity_reservation(self) -> ActionResult:
        """CreateCapacityReservation, once for each client token, for use at once."""
        self.error_on_dryrun()
        backend = self._capacity
        token = self._get_param("ClientToken")
        check_token(token)
        tags = self.tag_specifications(RESOURCE).get(RESOURCE, {})
        tokens = ClientTokens.of(backend, "CreateCapacityReservation")
        made = tokens.recall(token, self.params)
        if made is None:
            reservation = self._new_reservation()
            backend.add_reservation(reservation)
            backend.create_tags([reservation.id], tags)
            tokens.remember(token, self.params, reservation.id)
            made = reservation.id
        return DocumentResult({"CapacityReservation": self._reservation_document(made)})

    def describe_capacity_reservations(self) -> ActionResult:
        """DescribeCapacityReservations, those that are over included."""
        self.error_on_dryrun()
        backend = self._capacity
        ids: list[str] = self._get_param("CapacityReservationIds", [])
        filters: list[dict[str, Any]] = self._get_param("Filters", [])

        def find() -> list[Reservation]:
            chosen = [backend.reservation_by_id(each) for each in dict.fromkeys(ids)]
            everything = list(backend.capacity_reservations.values())
            return select(
                chosen if ids else everything,
                filters,
                RESERVATION_FILTERS,
                lambda each: backend.tags_of(each.id),
            )

        found, token = backend.listings.page(
            "DescribeCapacityReservations",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            find,
            sizes=PAGE_SIZES,
        )
        documents = [self._reservation_document(each.id) for each in found]
        return DocumentResult({"CapacityReservations": documents, "NextToken": token})

    def modify_capacity_reservation(self) -> ActionResult:
        """ModifyCapacityReservation: count, end and criteria of an active one."""
        self.error_on_dryrun()
        reservation = self._active_reservation()
        count = self._get_param("InstanceCount")
        criteria = self._get_param("InstanceMatchCriteria") or reservation.criteria
        if count is not None and not max(1, len(reservation.seats)) <= count:
            raise invalid(str(count), "instanceCount", " It is less than what is in use.")
        _check_choice("InstanceMatchCriteria", criteria)
        if criteria != reservation.criteria and reservation.seats:
            raise _wrong_state(reservation, "idle")
        if self._get_param("EndDateType") or self._get_param("EndDate"):
            reservation.ends = self._end_date()
            self._capacity.end_reservation_later(reservation)
        reservation.total, reservation.criteria = count or reservation.total, criteria
        self._capacity.absorb(reservation)
        return DocumentResult({"Return": True})

    def cancel_capacity_reservation(self) -> ActionResult:
        """CancelCapacityReservation: what runs in it runs on, on demand."""
        self.error_on_dryrun()
        self._capacity.end_reservation(self._active_reservation(), "cancelled")
        return DocumentResult({"Return": True})

    def get_capacity_reservation_usage(self) -> ActionResult:
        """GetCapacityReservationUsage: by the owner alone, since nothing is shared."""
        self.error_on_dryrun()
        each = self._capacity.reservation_by_id(self._get_param("CapacityReservationId"))
        usage = {"AccountId": each.owner, "UsedInstanceCount": len(each.seats)}
        return DocumentResult(
            {
                "CapacityReservationId": each.id,
                "InstanceType": each.slot.type,
                "TotalInstanceCount": each.total,
                "AvailableInstanceCount": each.free,
                "State": each.state,
                "InstanceUsages": [usage],
            }
        )

    def modify_instance_capacity_reservation_attributes(self) -> ActionResult:
        """What a stopped instance says of reservations; it counts when it starts again."""
        self.error_on_dryrun()
        instance = self._capacity.get_instance(self._get_param("InstanceId"))
        wanted = capacity_reservation(plain(self.params))
        if instance.state != "stopped":
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'stopped' state.",
            )
        target = wanted.get("CapacityReservationTarget") or {}
        if target.get("CapacityReservationId"):
            self._capacity.reservation_by_id(target["CapacityReservationId"])
        instance.facts["CapacityReservationSpecification"] = wanted
        return DocumentResult({"Return": True})

    def _new_reservation(self) -> Reservation:
        """What the request asks for, if it makes sense and the zone has room."""
        backend = self._capacity
        if any(self._get_param(name) for name in FUTURE):
            raise EC2ClientError(
                "UnsupportedOperation", "Future-dated Capacity Reservations are not supported."
            )
        zone = self._reserved_zone()
        type_, platform = self._get_param("InstanceType"), self._get_param("InstancePlatform")
        count = int(self._get_param("InstanceCount"))
        if type_ not in INSTANCE_TYPES:
            raise EC2ClientError(
                "InvalidParameterValue", f"Invalid value '{type_}' for InstanceType."
            )
        if platform not in PLATFORMS:
            raise invalid(str(platform), "instancePlatform")
        if not 1 <= count <= MOST_INSTANCES:
            raise invalid(str(count), "instanceCount")
        tenancy = self._get_param("Tenancy") or "default"
        criteria = self._get_param("InstanceMatchCriteria") or "open"
        _check_choice("Tenancy", tenancy)
        _check_choice("InstanceMatchCriteria", criteria)
        slot = Slot(type_, platform, zone.name, tenancy)
        ends = self._end_date()
        # Whether instances that run already would do where there is a shortage is not said [NV].
        asked = {"InstanceType": type_, "InstanceCount": count}
        wish = backend.wish_for(slot, "CreateCapacityReservation", asked)
        shortages.take(wish, least=count, most=count)
        id_ = f"cr-{random_resource_id(17)}"
        where = f"{backend.partition}:ec2:{backend.region_name}:{backend.account_id}"
        return Reservation(
            id=id_,
            arn=f"arn:{where}:capacity-reservation/{id_}",
            owner=backend.account_id,
            slot=slot,
            zone=zone,
            total=count,
            created=clock.now(),
            ebs_optimized=bool(self._get_param("EbsOptimized")),
            criteria=criteria,
            ends=ends,
        )

    def _reserved_zone(self) -> Any:  # noqa: ANN401 - moto's Zone
        """By name or by id, one of the two."""
        name, id_ = self._get_param("AvailabilityZone"), self._get_param("AvailabilityZoneId")
        if not (name or id_):
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter availabilityZone"
            )
        for zone in self._capacity.describe_availability_zones():
            if (name is None or zone.name == name) and (id_ is None or zone.zone_id == id_):
                return zone
        raise invalid(str(name or id_), "availabilityZone")

    def _end_date(self) -> datetime | None:
        """``limited`` with a date to come, ``unlimited`` without one."""
        kind, given = self._get_param("EndDateType") or "unlimited", self._get_param("EndDate")
        if kind not in {"limited", "unlimited"}:
            raise invalid(kind, "endDateType")
        if (kind == "limited") != bool(given):
            raise EC2ClientError(
                "InvalidParameterCombination",
                "EndDate must be specified if, and only if, EndDateType is 'limited'.",
            )
        if not given:
            return None
        ends = aware(given)
        if ends <= clock.now():
            raise invalid(ends.isoformat(), "endDate", " It must be in the future.")
        return ends

    def _active_reservation(self) -> Reservation:
        found = self._capacity.reservation_by_id(self._get_param("CapacityReservationId"))
        if found.state != "active":
            raise _wrong_state(found, "active")
        return found

    def _reservation_document(self, id_: str) -> dict[str, Any]:
        backend = self._capacity
        return backend.capacity_reservations[id_].as_described(backend.tag_set(id_))

    @property
    def _capacity(self) -> CapacityRules:
        backend: CapacityRules = self.ec2_backend
        return backend


def _check_choice(name: str, value: str) -> None:
    if value not in CHOICES[name]:
        raise invalid(value, name[0].lower() + name[1:])


def _wrong_state(reservation: Reservation, needed: str) -> EC2ClientError:
    return EC2ClientError(
        "IncorrectState",
        f"The Capacity Reservation '{reservation.id}' is not {needed}: it is {reservation.state} "
        f"with {len(reservation.seats)} instances.",
    )
