"""Faults on demand: which calls go wrong, how and when, repeatable by seed.

A rule says what it strikes (globs of action, region, account and service), when
(``nth``, ``every``, ``p``, at most ``times``) and how (``kind``). The first rule that
strikes decides; every rule counts the calls that match it, struck or not.
"""

import re
from collections.abc import Mapping
from uuid import uuid4

from moto.ec2.models import ec2_backends

from sandbox.buckets import Buckets
from sandbox.calls import Call
from sandbox.clock import clock
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import INTERNAL_ERROR
from sandbox.events import events
from sandbox.fault_documents import FaultError, read
from sandbox.fault_rules import Kind, Rule, Strike, place_of
from sandbox.fault_words import throttled
from sandbox.masking import Json
from sandbox.pages import Pages, truncated
from sandbox.past import past
from sandbox.replies import Refusal, Reply
from sandbox.shortages import shortages

__all__ = ["FaultError", "Faults", "faults"]

_IMAGE = re.compile(rb"<imageId>(ami-[0-9a-f]+)</imageId>")


class Faults:
    """The faults in force, for every caller alike."""

    def __init__(self) -> None:
        self.document: dict[str, Json] = {}
        self.latency = 0.0
        self._rules: list[Rule] = []
        self._buckets: Buckets | None = None
        self._pages: Pages | None = None

    def set(self, document: Mapping[str, Json]) -> None:
        """Put *document* (DESIGN section 8) in force in place of what was.

        Raises ``FaultError``, having changed nothing, when a part of it makes no sense.
        """
        wanted = read(document)
        self.document = dict(document)
        self.latency = wanted.latency
        self._rules = [rule for rule in wanted.rules if rule.kind is not Kind.CAPACITY]
        self._buckets = Buckets() if wanted.buckets else None
        self._pages = Pages() if any(rule.page for rule in self._rules) else None
        shortages.set(tuple(rule for rule in wanted.rules if rule.kind is Kind.CAPACITY))
        stale = [rule.seconds for rule in self._rules if rule.kind is Kind.STALE]
        past.remember(max(stale, default=0))
        events.chaos = wanted.chaos

    def clear(self) -> None:
        """Nothing goes wrong from here on."""
        self.set({})

    def strike(self, call: Call) -> Strike:
        """What the rules and buckets do to *call*; counts it."""
        page = self._pages.of(call) if self._pages is not None else 1
        place = place_of(call)
        due = [rule for rule in self._rules if rule.matches(call, page) and rule.is_due(place)]
        if due:
            return due[0].strike(call)
        if self._buckets is not None and not self._buckets.admit(call, clock.now()):
            return Strike(refusal=throttled(call))
        return Strike()

    def refuse_inside(
        self, *, account: str, region: str, action: str, parameters: dict[str, Json]
    ) -> Refusal | None:
        """How the rules refuse a call of EC2's that AWS makes itself while it serves another.

        Rules count it like any call; no record and no bucket does.
        """
        call = Call(
            id=str(uuid4()),
            account=account,
            region=region,
            service="ec2",
            action=action,
            protocol="ec2",
            operation=None,
            parameters=parameters,
        )
        place = place_of(call)
        due = [rule for rule in self._rules if rule.matches(call) and rule.is_due(place)]
        return due[0].strike(call).refusal if due else None

    def after(self, call: Call, reply: Reply, strike: Strike) -> Reply:
        """The answer to a *call* that was served well, as the fault leaves it."""
        if self._pages is not None:
            self._pages.note(call, reply)
        if strike.failure is not None:
            _fail_image(call, reply, strike.failure)
        return reply if strike.keep is None else truncated(reply, strike.keep)


faults = Faults()
"""The process has one set of faults because moto has one set of backends."""


def _fail_image(call: Call, reply: Reply, asked: tuple[str, str]) -> None:
    """The image that *call* has just begun to make will end as ``failed``."""
    found = _IMAGE.search(reply.body)
    image = found and ec2_backends[call.account][call.region].amis.get(found[1].decode())
    if isinstance(image, Image):
        code, message = asked
        image.failure = (code or INTERNAL_ERROR[0], message or INTERNAL_ERROR[1])
