"""EventBridge's rules as callers made them (PutRule, PutTargets), and queues as targets.

moto keeps the rules; the sandbox's own bus decides what they match and when it arrives.
Only SQS queues receive anything: there is nothing here that could run a function.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeAlias

from moto.events import urls
from moto.events.models import EventsBackend, Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends
from typing_extensions import override

from sandbox.clock import clock
from sandbox.masking import Json

Envelope: TypeAlias = dict[str, Json]
RESERVED = "aws."


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A queue that a rule sends to; *name* tells it from all others of the account."""

    name: str
    account: str
    region: str
    queue: str
    spec: Mapping[str, Any]


def targets(
    account: str, region: str, bus: str, document: Callable[[], Envelope]
) -> Iterator[Target]:
    """The queues that get the event, by the rules that are enabled now."""
    if account not in events_backends or not dict.__contains__(events_backends[account], region):
        return
    backend: EventsBackend = events_backends[account][region]
    rules = backend.event_buses[bus].rules.values() if bus in backend.event_buses else ()
    for rule in rules:
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern() or not rule.targets:
            continue
        if rule.event_pattern.matches_event(document()):  # type: ignore[arg-type]
            yield from _queues(rule, bus)


def _queues(rule: Rule, bus: str) -> Iterator[Target]:
    for spec in rule.targets:
        parts = str(spec["Arn"]).split(":")
        if parts[2:3] == ["sqs"]:
            _, _, _, region, account, queue = parts
            yield Target(
                name=f"{bus}/{rule.name}/{spec['Id']}",
                account=account,
                region=region,
                queue=queue,
                spec=spec,
            )


def post(target: Target, event: Envelope) -> None:
    """Put *event* in the queue as the target wants it; a queue that is gone gets nothing."""
    group = target.spec.get("SqsParameters", {}).get("MessageGroupId")
    try:
        sqs_backends[target.account][target.region].send_message(
            queue_name=target.queue,
            message_body=_body(target.spec, event),
            group_id=group,
            deduplication_id=str(event["id"]) if group else None,
        )
    except QueueDoesNotExist:
        return


def _body(spec: Mapping[str, Any], event: Envelope) -> str:
    """The whole event, or what Input, InputPath or InputTransformer makes of it.

    Source: EventBridge API Reference, Target.
    """
    if "Input" in spec:
        return str(spec["Input"])
    if "InputTransformer" in spec:
        transformer = spec["InputTransformer"]
        made = EventTemplateParser.parse(
            input_template=transformer.get("InputTemplate"),
            input_paths_map=transformer.get("InputPathsMap", {}),
            event={**event, "ingestion-time": event["time"]},  # type: ignore[typeddict-item]
        )
        return json.dumps(made)
    found: Json = event
    for step in str(spec.get("InputPath", "$")).split(".")[1:]:
        found = found.get(step) if isinstance(found, dict) else None
    return json.dumps(found)


class SandboxEventsBackend(EventsBackend):
    """moto's EventBridge, with the sandbox's bus behind PutEvents."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls

    @override
    def put_events(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """As moto checks them; what is good goes to the bus.

        Source: EventBridge API Reference, PutEvents and PutEventsResultEntry: a source that
        begins with ``aws.`` is AWS's own.
        """
        if len(events) > 10:
            return super().put_events(events)
        return [self._put(each) for each in events]

    def _put(self, event: dict[str, Any]) -> dict[str, Any]:
        from sandbox.events import events as bus  # noqa: PLC0415 - it reads our rules

        if str(event.get("Source", "")).startswith(RESERVED):
            return {
                "ErrorCode": "NotAuthorizedForSourceException",
                "ErrorMessage": "Not authorized for the source.",
            }
        if not _is_object(event.get("Detail") or "{}"):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        [entry] = super().put_events([event])
        if "EventId" in entry:
            bus.emit(
                event["DetailType"],
                account=self.account_id,
                region=self.region_name,
                at=_moment(event.get("Time")),
                resources=event.get("Resources", []),
                detail=json.loads(event["Detail"]),
                source=event["Source"],
                bus=self._normalize_event_bus_arn(event.get("EventBusName")) or "default",
                id_=entry["EventId"],
            )
        return entry


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _moment(seconds: float | None) -> datetime:
    """The time that PutEvents gave (seconds since 1970), else now."""
    return clock.now() if seconds is None else datetime.fromtimestamp(seconds, UTC)


def install() -> None:
    """Put our EventBridge in moto's place for this whole process (idempotent)."""
    events_backends.backend = SandboxEventsBackend
    Rule.send_to_targets = _left_to_the_bus  # type: ignore[method-assign]


def _left_to_the_bus(self: Rule, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as moto's
    """Moto would deliver at once and by its own clock; the bus does it."""
