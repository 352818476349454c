"""The sandbox's own HTTP paths, outside AWS's.

Clock, faults, calls, commands, disks, health, events.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import uuid4

from sandbox import accounts, gate
from sandbox.accounts import ACCOUNT_ID, DEFAULT_REGION
from sandbox.calls import calls
from sandbox.clock import clock
from sandbox.commands import CommandError, commands
from sandbox.disks import disks
from sandbox.events import events
from sandbox.faults import FaultError, faults
from sandbox.health import ASPECTS, health
from sandbox.masking import Json
from sandbox.quotas import quotas
from sandbox.replies import Reply

PREFIX = "/sandbox/"
LARGEST_BODY = 1024 * 1024
IDS = {
    "instance": re.compile(r"i-[0-9a-f]+"),
    "image": re.compile(r"ami-[0-9a-f]+"),
    "volume": re.compile(r"vol-[0-9a-f]+"),
}
"""What health can be about."""

Query: TypeAlias = Mapping[str, str]
Document: TypeAlias = "dict[str, Json]"


class ControlError(Exception):
    """The caller's mistake: an HTTP *status*, a *code* and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def answer(method: str, path: str, query: Query, body: bytes) -> Reply:
    """Do what one control call asks (DESIGN section 8); errors are JSON, too."""
    try:
        verbs = ROUTES.get(f"{path}/".removeprefix(PREFIX).strip("/"))
        if verbs is None:
            known = ", ".join(f"{PREFIX}{name}" for name in ROUTES)
            raise ControlError(404, "NotFound", f"{path} is not a control path; there are {known}")  # noqa: TRY301
        act = verbs.get(method)
        if act is None:
            raise ControlError(  # noqa: TRY301
                405, "MethodNotAllowed", f"{path} takes {' or '.join(verbs)}, not {method}"
            )
        with gate.lock:
            events.settle()
            done = act(query, _document(method, body))
            events.settle()
            return _reply(200, done)
    except ControlError as error:
        return _reply(error.status, {"error": {"code": error.code, "message": error.message}})


def too_large(largest: int) -> Reply:
    """The answer to a body of more than *largest* bytes, which nobody has read."""
    sentence = f"a body may have {largest} bytes here"
    return _reply(413, {"error": {"code": "TooLarge", "message": sentence}})


def _reply(status: int, document: Document) -> Reply:
    body = json.dumps(document, ensure_ascii=False).encode(errors="backslashreplace")
    return Reply(status, {"Content-Type": "application/json"}, body)


def _document(method: str, body: bytes) -> Document:
    if method != "POST":
        return {}
    try:
        document = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ControlError(400, "MalformedJson", f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ControlError(400, "MalformedJson", "the body must be a JSON object")
    return document


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is not a number in JSON")


def _known_only(document: Document, *names: str) -> None:
    unknown = sorted(set(document) - set(names))
    if unknown:
        raise ControlError(
            400, "UnknownField", f"unknown field {unknown[0]!r}; known are {', '.join(names)}"
        )


def _text(document: Document, name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError(400, "InvalidValue", f"{name} must be a text, not {json.dumps(value)}")
    return value


def parse_time(text: str) -> datetime:
    """An ISO 8601 time; without a zone it is UTC. Raises ``ValueError``."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _clock_now(_query: Query, _document: Document) -> Document:
    return {"now": clock.now().isoformat()}


def _move_clock(_query: Query, document: Document) -> Document:
    _known_only(document, "now", "advance_seconds")
    if len(document) != 1:
        raise ControlError(400, "InvalidValue", "give either now or advance_seconds")
    try:
        if "now" in document:
            clock.move_to(parse_time(_text(document, "now")))
        else:
            clock.advance(_seconds(document["advance_seconds"]))
    except (ValueError, OverflowError) as error:
        raise ControlError(
            400, "InvalidValue", f"{json.dumps(document)} is not a time: {error}"
        ) from error
    return {"now": clock.now().isoformat()}


def _seconds(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ControlError(
            400, "InvalidValue", f"advance_seconds must be a number, not {json.dumps(value)}"
        )
    return float(value)


def _faults_now(_query: Query, _document: Document) -> Document:
    return faults.document


def _set_faults(_query: Query, document: Document) -> Document:
    try:
        faults.set(document)
    except FaultError as error:
        raise ControlError(400, "InvalidFault", str(error)) from error
    return faults.document


def _clear_faults(_query: Query, _document: Document) -> Document:
    faults.clear()
    return faults.document


def _all_calls(_query: Query, _document: Document) -> Document:
    return {"calls": [*calls.all()]}


def _clear_calls(_query: Query, _document: Document) -> Document:
    calls.clear()
    return {"calls": []}


def _read_disk(query: Query, _document: Document) -> Document:
    wanted = query.get("id")
    if not wanted:
        raise ControlError(400, "InvalidValue", "say which disk: /sandbox/disks?id=vol-...")
    try:
        return disks.read(wanted)
    except KeyError as error:
        raise ControlError(
            404, "NotFound", f"there is no volume, snapshot, image or instance {wanted}"
        ) from error


def _write_disk(_query: Query, document: Document) -> Document:
    _known_only(document, "volume", "write")
    volume, text = _text(document, "volume"), document.get("write")
    if not isinstance(text, str):
        raise ControlError(400, "InvalidValue", f"write must be a text, not {json.dumps(text)}")
    try:
        disks.write(volume, text)
        return disks.read(volume)
    except KeyError as error:
        raise ControlError(404, "NotFound", f"there is no volume {volume}") from error


def _set_health(_query: Query, document: Document) -> Document:
    for name, pattern in IDS.items():
        named = document.get(name)
        if named is not None and not (isinstance(named, str) and pattern.fullmatch(named)):
            raise ControlError(400, "InvalidValue", f"{name} {json.dumps(named)} is not an id")
    if not set(document) - set(IDS):
        raise ControlError(400, "InvalidValue", f"say how things are: {', '.join(ASPECTS)}")
    try:
        health.set(**{name: _wish(value) for name, value in document.items()})
    except TypeError as error:
        raise ControlError(400, "UnknownField", str(error)) from error
    except ValueError as error:
        raise ControlError(400, "InvalidValue", str(error)) from error
    return {"ok": True}


def _wish(value: Json) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ControlError(400, "InvalidValue", f"{json.dumps(value)} must be a text or null")
    return value


def _command_log(query: Query, _document: Document) -> Document:
    """``?instance=i-...``: the steps that commands ran on the machines, with their times."""
    return {"commands": [*commands.log(query.get("instance"))]}


def _set_command(_query: Query, document: Document) -> Document:
    """Say what a kind of command does: the fields of ``sandbox.commands.Commands.set``.

    ``instance``, ``image``, ``document``, ``contains`` choose; ``outcome`` (success, fail,
    hang), ``output``, ``error``, ``exit_code``, ``seconds`` and ``times`` say what happens.
    """
    try:
        commands.set(**document)
    except CommandError as error:
        raise ControlError(400, "InvalidValue", str(error)) from error
    return {"ok": True}


def _clear_commands(_query: Query, _document: Document) -> Document:
    """Forget the wishes; the log stays."""
    commands.forget_wishes()
    return {"ok": True}


def _all_events(_query: Query, _document: Document) -> Document:
    return {"events": [*events.all()]}


def _send_event(_query: Query, document: Document) -> Document:
    """An event of anybody's making, sent as if AWS had: PutEvents refuses ``aws.`` sources."""
    _known_only(document, "source", "detail-type", "detail", "resources", "account", "region")
    detail, resources = document.get("detail"), document.get("resources", [])
    if not isinstance(detail, dict):
        raise ControlError(
            400, "InvalidValue", f"detail must be an object, not {json.dumps(detail)}"
        )
    if not isinstance(resources, list) or not all(isinstance(each, str) for each in resources):
        raise ControlError(
            400, "InvalidValue", f"resources must be a list of texts, not {json.dumps(resources)}"
        )
    where = {"account": accounts.home.account, "region": DEFAULT_REGION, **document}
    if not ACCOUNT_ID.fullmatch(_text(where, "account")):
        raise ControlError(400, "InvalidValue", "account must be twelve digits")
    id_ = str(uuid4())
    events.emit(
        _text(document, "detail-type"),
        account=_text(where, "account"),
        region=_text(where, "region"),
        at=clock.now(),
        resources=[str(each) for each in resources],
        detail=detail,
        source=_text(document, "source"),
        id_=id_,
    )
    return {"id": id_}


def _forget_events(_query: Query, _document: Document) -> Document:
    events.forget()
    return {"events": []}


def _quotas_now(_query: Query, _document: Document) -> Document:
    return quotas.document


def _set_quotas(_query: Query, document: Document) -> Document:
    try:
        quotas.set(document)
    except ValueError as error:
        raise ControlError(400, "InvalidValue", str(error)) from error
    return quotas.document


def _default_quotas(_query: Query, _document: Document) -> Document:
    quotas.reset()
    return quotas.document


ROUTES: dict[str, dict[str, Callable[[Query, Document], Document]]] = {
    "clock": {"GET": _clock_now, "POST": _move_clock},
    "faults": {"GET": _faults_now, "POST": _set_faults, "DELETE": _clear_faults},
    "calls": {"GET": _all_calls, "DELETE": _clear_calls},
    "commands": {"GET": _command_log, "POST": _set_command, "DELETE": _clear_commands},
    "disks": {"GET": _read_disk, "POST": _write_disk},
    "health": {"POST": _set_health},
    "quotas": {"GET": _quotas_now, "POST": _set_quotas, "DELETE": _default_quotas},
    "events": {"GET": _all_events, "POST": _send_event, "DELETE": _forget_events},
}
