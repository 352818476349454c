"""The event bus: what was sent, who wants to hear of it, and handing it over.

Source: EventBridge User Guide, "Event structure reference" and "Event patterns".
"""

import json
from bisect import insort
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, TypeAlias
from uuid import uuid4

from moto.events.models import EventPattern

from sandbox import event_rules
from sandbox.clock import clock, stamp
from sandbox.delivery import Chaos, Outbox
from sandbox.event_rules import Envelope, Target
from sandbox.masking import Json

KEPT = 250_000
"""How many events are remembered, the newest; about 1 KB each. Older ones are forgotten."""
RETRIED_AFTER = (timedelta(minutes=1), timedelta(minutes=2))
"""Lambda Developer Guide, "Asynchronous invocation": a function error is tried again twice."""

Handler: TypeAlias = Callable[[dict[str, Any]], object]


@dataclass(slots=True, kw_only=True, eq=False)
class Event:
    """One event; *bus* is whose name it was sent to."""

    at: datetime
    serial: int = 0
    """Its number on this bus, once it is sent."""
    id: str
    detail_type: str
    source: str
    account: str
    region: str
    resources: tuple[str, ...]
    detail: Mapping[str, Json]
    bus: str

    def document(self) -> Envelope:
        """The envelope that a target gets."""
        return {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": stamp(self.at),
            "region": self.region,
            "resources": [*self.resources],
            "detail": dict(self.detail),
        }


@dataclass(frozen=True, slots=True)
class Subscription:
    """A function that wants the events that its pattern matches."""

    number: int
    pattern: EventPattern
    handler: Handler


@dataclass(frozen=True, slots=True)
class Handover:
    """An event on its way to a function, for the so-manieth time."""

    event: Event
    subscription: Subscription
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call of a subscribed function, and what it raised."""

    event: Envelope
    at: datetime
    attempt: int
    error: Exception | None = None


class Bus:
    """The events sent so far, and those that are due at a time."""

    def __init__(self) -> None:
        self.chaos = Chaos()
        self._events: list[Event] = []
        self._sent = 0
        self._fresh: list[Event] = []
        self._due: Outbox[Callable[[], None]] = Outbox()
        self._subscriptions: list[Subscription] = []
        self._handed: Outbox[Handover] = Outbox()
        self._posted: Outbox[tuple[Event, Target]] = Outbox()
        self._settling = False
        self._lock = RLock()

    def all(self) -> list[dict[str, Json]]:
        """Every event until now, by time; of more than ``KEPT`` the newest."""
        with self._lock:
            self.settle()
            return [event.document() for event in self._events]

    def forget(self) -> None:
        """Forget what was sent until now; what is still to come will come."""
        with self._lock:
            self.settle()
            self._events.clear()

    def reset(self) -> None:
        """Forget what was, what was to come and who wanted to hear of it."""
        with self._lock:
            for outbox in (self._due, self._handed, self._posted):
                outbox.clear()
            self._events.clear()
            self._fresh.clear()
            self._subscriptions.clear()
            self._sent = 0
            self.chaos = Chaos()

    def emit(
        self,
        detail_type: str,
        *,
        account: str,
        region: str,
        at: datetime,
        resources: Iterable[str],
        detail: Mapping[str, Json],
        source: str = "aws.ec2",
        bus: str = "default",
        id_: str = "",
    ) -> None:
        """Send one event."""
        event = Event(
            at=at,
            id=id_ or str(uuid4()),
            detail_type=detail_type,
            source=source,
            account=account,
            region=region,
            resources=tuple(resources),
            detail=detail,
            bus=bus,
        )
        with self._lock:
            self._fresh.append(event)

    def later(self, at: datetime, tell: Callable[[], None]) -> None:
        """Do *tell*, which sends an event, once it is *at*."""
        with self._lock:
            self._due.put(at, tell)

    def subscribe(self, pattern: Mapping[str, Any] | None, handler: Handler) -> None:
        """Let ``deliver`` call *handler* with each event from now on that *pattern* matches.

        The pattern is EventBridge's, ``None`` matches everything. Raises moto's
        ``InvalidEventPatternException`` when it is none.
        """
        wanted = EventPattern.load(json.dumps(pattern) if pattern is not None else None)
        with self._lock:
            self.settle()
            number = len(self._subscriptions) + 1
            self._subscriptions.append(Subscription(number, wanted, handler))

    def deliver(self) -> list[Delivery]:
        """Hand over what is due by the clock, and say how each call went.

        A function that raises gets the event again one minute later, and once more two
        minutes after that, as Lambda does.
        """
        self.settle()
        done = []
        for handed in self._handed.take(clock.now()):
            done.append(self._hand(handed))
            self.settle()
        return done

    def settle(self) -> None:
        """Send what has happened by now, and post what is due to queues."""
        with self._lock:
            if self._settling:
                return
            self._settling = True
            try:
                now = clock.now()
                self.gather()
                for tell in self._due.take(now):
                    tell()
                self._send()
                for event, target in self._posted.take(now):
                    event_rules.post(target, event.document())
            finally:
                self._settling = False

    def gather(self) -> None:
        """Look whether something has happened that is to be told of."""

    def _send(self) -> None:
        fresh = sorted(self._fresh, key=_time_of)
        self._fresh.clear()
        for event in fresh:
            self._sent += 1
            event.serial = self._sent
            if self._events and event.at < self._events[-1].at:
                insort(self._events, event, key=_time_of)
            else:
                self._events.append(event)
            self._route(event)
        if len(self._events) > KEPT * 1.1:
            del self._events[:-KEPT]

    def _route(self, event: Event) -> None:
        """Work out who gets *event* and when; a time in the future does not hold it back."""
        sent = min(event.at, clock.now())
        document = event.document() if self._subscriptions else None
        for each in self._subscriptions:
            if each.pattern.matches_event(document):  # type: ignore[arg-type]
                for due in self.chaos.times(sent, event.serial, f"handler {each.number}"):
                    self._handed.put(due, Handover(event, each))
        for target in event_rules.targets(event.account, event.region, event.bus, event.document):
            for due in self.chaos.times(sent, event.serial, target.name):
                self._posted.put(due, (event, target))

    def _hand(self, handed: Handover) -> Delivery:
        document, now = handed.event.document(), clock.now()
        try:
            handed.subscription.handler(document)
        except Exception as error:  # noqa: BLE001 - whatever a function raises, it has failed
            if handed.attempt <= len(RETRIED_AFTER):
                again = replace(handed, attempt=handed.attempt + 1)
                self._handed.put(now + RETRIED_AFTER[handed.attempt - 1], again)
            return Delivery(document, now, handed.attempt, error)
        return Delivery(document, now, handed.attempt)


def _time_of(event: Event) -> datetime:
    return event.at
