"""Capacity: who gets a place to run, from a reservation or from what the zone has.

Sources: EC2 User Guide, "Reserve compute capacity with EC2 On-Demand Capacity Reservations";
botocore's model, CapacityReservationSpecification; EC2 API error codes
(ReservationCapacityExceeded). A zone runs out of capacity when a fault says so
(``sandbox.shortages``).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from moto.ec2.exceptions import EC2ClientError

from sandbox.ec2.capacity_model import Reservation, Slot
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.instances import InstanceRules
from sandbox.shortages import Wish, shortages

ONLY_RESERVED = "capacity-reservations-only"
HOLDS_A_SEAT = frozenset({"pending", "running"})


class CapacityRules(InstanceRules):
    """The reservations of one account and region, and who runs in them."""

    @property
    def capacity_reservations(self) -> dict[str, Reservation]:
        """All reservations so far, by id, also those that are over."""
        found: dict[str, Reservation] = self.__dict__.setdefault("_capacity_reservations", {})
        return found

    def add_reservation(self, reservation: Reservation) -> None:
        """Let it exist: matching open instances that run already move in at once."""
        self.capacity_reservations[reservation.id] = reservation
        self.absorb(reservation)
        self.end_reservation_later(reservation)

    def absorb(self, reservation: Reservation) -> None:
        """Seat running instances in it, where both are open and match."""
        if reservation.criteria != "open" or reservation.state != "active":
            return
        for instance in self.machines.values():
            if instance.name_of_state in HOLDS_A_SEAT and not self._seat_of(instance):
                self.take_seat(instance, (reservation,))

    def end_reservation_later(self, reservation: Reservation) -> None:
        """``expired`` at its end date, if that still is its end date then."""
        ends = reservation.ends
        if ends is None:
            return

        def expire(_: datetime) -> None:
            if reservation.state == "active" and reservation.ends == ends:
                self.end_reservation(reservation, "expired")

        self.timeline.at(ends, expire)

    def end_reservation(self, reservation: Reservation, state: str) -> None:
        """The capacity is let go; what runs in it runs on."""
        reservation.state = state
        for instance_id in list(reservation.seats):
            self.leave_seat(self.machines[instance_id])

    def take_seat(
        self, instance: SandboxInstance, among: Iterable[Reservation] | None = None
    ) -> None:
        """Run in the reservation that is targeted, else in the first open one with room."""
        choice = self.capacity_reservations.values() if among is None else among
        for reservation in choice:
            if reservation.free > 0 and _may_use(reservation, instance.facts):
                reservation.seats.add(instance.id)
                instance.facts["CapacityReservationId"] = reservation.id
                return

    def leave_seat(self, instance: SandboxInstance) -> None:
        """Run in no reservation any more."""
        reservation = self._seat_of(instance)
        if reservation is not None:
            reservation.seats.discard(instance.id)
        instance.facts.pop("CapacityReservationId", None)

    def capacity_for(
        self,
        facts: Mapping[str, Any],
        least: int,
        most: int,
        *,
        action: str,
        asked: Mapping[str, Any],
    ) -> int:
        """How many instances with these *facts* can run now, at least *least* or a refusal.

        Places that are reserved come first; what AWS has besides is used up by them.
        """
        slot, (preference, target) = Slot.of(facts), _wish(facts)
        usable = [each for each in self.capacity_reservations.values() if _may_use(each, facts)]
        reserved = sum(each.free for each in usable)
        if target:
            self._require_target(target, slot)
        if target or preference == ONLY_RESERVED:
            if reserved < least:
                raise _exceeded(target)
            return min(most, reserved)
        seated = min(most, reserved)
        if seated == most:
            return seated
        wish = self.wish_for(slot, action, asked)
        return seated + shortages.take(wish, least=max(0, least - seated), most=most - seated)

    def wish_for(self, slot: Slot, action: str, asked: Mapping[str, Any]) -> Wish:
        """What *action* wants of AWS's capacity."""
        return Wish(
            action=action,
            account=self.account_id,
            region=self.region_name,
            type=slot.type,
            zone=slot.zone,
            parameters=asked,
        )

    def _seat_of(self, instance: SandboxInstance) -> Reservation | None:
        id_ = instance.facts.get("CapacityReservationId")
        found = self.capacity_reservations.get(id_) if id_ else None
        return found if found is not None and instance.id in found.seats else None

    def _require_target(self, target: str, slot: Slot) -> None:
        """It exists and is for such an instance; the code of the latter is [NV]."""
        reservation = self.reservation_by_id(target)
        if reservation.slot != slot:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"The attributes of the instance do not match those of the Capacity Reservation "
                f"'{target}'.",
            )

    def reservation_by_id(self, id_: str) -> Reservation:
        """The reservation, or ``InvalidCapacityReservationId.NotFound`` or ``.Malformed``."""
        if id_ not in self.capacity_reservations:
            known_form = id_.startswith("cr-") and id_[3:].isalnum()
            code = "NotFound" if known_form else "Malformed"
            raise EC2ClientError(
                f"InvalidCapacityReservationId.{code}",
                f"The capacity reservation ID '{id_}' "
                + ("does not exist" if known_form else "is malformed"),
            )
        return self.capacity_reservations[id_]


def _wish(facts: Mapping[str, Any]) -> tuple[str, str | None]:
    """What the instance says of reservations: a preference, and the one that it targets."""
    said = facts.get("CapacityReservationSpecification") or {}
    target = (said.get("CapacityReservationTarget") or {}).get("CapacityReservationId")
    return said.get("CapacityReservationPreference") or "open", target


def _may_use(reservation: Reservation, facts: Mapping[str, Any]) -> bool:
    """Whether it is for such an instance: targeted by it, or both are open; never for Spot."""
    preference, target = _wish(facts)
    if reservation.slot != Slot.of(facts) or facts.get("InstanceLifecycle"):
        return False
    if target:
        return target == reservation.id
    return reservation.criteria == "open" and preference != "none"


def _exceeded(target: str | None) -> EC2ClientError:
    """Without a target the code is [NV]."""
    what = f"The requested Capacity Reservation '{target}'" if target else "No open reservation"
    return EC2ClientError(
        "ReservationCapacityExceeded",
        f"{what} does not have sufficient compatible and available capacity for this request.",
    )
