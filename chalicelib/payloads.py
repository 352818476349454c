"""Direct Lambda payloads: strict JSON in, the job, JSON out.

A key that is not known, a value of the wrong kind or an unknown action is an error that
names it; nothing is changed then.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib import answers
from chalicelib.answers import Answer
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.names import instance_id
from chalicelib.domain.rollback.relaunch import Source
from chalicelib.domain.rollback.selection import parse_choice
from chalicelib.jobs import backup as backup_job
from chalicelib.jobs.rollback import commands as rollbacks
from chalicelib.jobs.rollback.planning import Request
from chalicelib.wiring import Wiring

Payload = Mapping[str, object]
_WANTED = ("instance", "to", "mode", "config")
_BY_ID = ("status", "resume", "undo", "accept")


def checked(event: object) -> Payload:
    """The event, if it is a JSON object at all."""
    if not isinstance(event, dict):
        raise InvalidInputError(f"the payload is a {type(event).__name__}", hint="send an object")
    return event


def backup(wiring: Wiring, payload: Payload, now: datetime) -> Answer:
    """``{"instances": ["i-..."], "reboot": false}``."""
    _only(payload, ("instances", "reboot"))
    instances = payload.get("instances")
    if not isinstance(instances, list) or not instances:
        raise InvalidInputError(
            f"instances is {instances!r}", hint='give a list: {"instances": ["i-..."]}'
        )
    reboot = payload.get("reboot", False)
    if not isinstance(reboot, bool):
        raise InvalidInputError(f"reboot is {reboot!r}", hint="give true or false")
    asked = answers.take_points(
        wiring, [_as_text("instances", i) for i in instances], now, reboot=reboot
    )
    outcomes = [backup_job.reached(a, backup_job.Wait.NONE) or a.taken.outcome for a in asked]
    return answers.of_points_taken(asked, outcomes)


def points(wiring: Wiring, payload: Payload, now: datetime) -> Answer:
    """``{"instance": "i-..."}``, or ``{}`` for all."""
    _only(payload, ("instance",))
    return answers.list_points(wiring, _text(payload, "instance", ""), now)


def rollback(wiring: Wiring, payload: Payload, now: datetime) -> Answer:
    """``{"action": "plan", "instance": "i-...", "to": "latest"}`` and the others.

    ``apply`` takes the digest of the plan that was read as well; ``status``, ``resume``,
    ``undo`` and ``accept`` take ``{"id": "rb-..."}``.
    """
    action = _text(payload, "action")
    if action == "plan":
        _only(payload, ("action", *_WANTED))
        return answers.plan_rollback(wiring, request_of(payload))
    if action == "apply":
        _only(payload, ("action", "digest", *_WANTED))
        digest = _text(payload, "digest")
        journal = rollbacks.apply(wiring.desk, request_of(payload), digest, now)
        return answers.of_rollback(wiring, journal)
    if action not in _BY_ID:
        raise InvalidInputError(
            f"action is {action!r}", hint=f"give plan, apply, {', '.join(_BY_ID)}"
        )
    _only(payload, ("action", "id"))
    return by_id(wiring, action, _text(payload, "id"), now)


def by_id(wiring: Wiring, action: str, rollback_id: str, now: datetime) -> Answer:
    """Follow, carry on, undo or accept one rollback."""
    desk = wiring.desk
    match action:
        case "resume":
            return answers.of_rollback(wiring, rollbacks.resume(desk, rollback_id, now))
        case "undo":
            return answers.of_rollback(wiring, rollbacks.undo(desk, rollback_id, now))
        case "accept":
            return answers.of_rollback(wiring, rollbacks.acknowledge(desk, rollback_id, now))
        case _:
            journal = rollbacks.status(desk, rollback_id)
            return answers.of_rollback(wiring, journal, following=False)


def request_of(payload: Payload) -> Request:
    """The rollback that ``instance``, ``to``, ``mode`` and ``config`` ask for."""
    mode = _text(payload, "mode", "auto")
    if mode not in ("auto", "relaunch"):
        raise InvalidInputError(
            f"mode is {mode!r}", hint="this version has relaunch; auto chooses it"
        )
    source = _text(payload, "config", Source.AS_OF_BACKUP.value)
    if source not in {s.value for s in Source}:
        raise InvalidInputError(f"config is {source!r}", hint="give current or as-of-backup")
    return Request(
        instance_id=instance_id(_text(payload, "instance")),
        choice=parse_choice(_text(payload, "to", "latest")),
        source=Source(source),
    )


def _only(payload: Payload, known: tuple[str, ...]) -> None:
    unknown = sorted(set(payload) - set(known))
    if unknown:
        raise InvalidInputError(
            f"the payload has unknown keys: {', '.join(unknown)}", hint=f"known: {', '.join(known)}"
        )


def _text(payload: Payload, key: str, default: str | None = None) -> str:
    value = payload.get(key, default)
    if value is None:
        raise InvalidInputError(f"the payload lacks {key!r}", hint="see the README for payloads")
    return _as_text(key, value)


def _as_text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{key} holds {value!r}, which is no text")
    return value
