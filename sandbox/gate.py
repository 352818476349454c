"""The one place that every AWS call passes, in process and over HTTP.

It names the call, lets the configured faults strike, has moto do the work, turns
whatever goes wrong inside into AWS's own words, and records what was answered.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache

from botocore.session import get_session
from moto.core.request import Request

from sandbox import base_images, dynamodb, faults, mishaps, parameters, rbin
from sandbox.agenda import agenda
from sandbox.calls import Call, Record, calls, read_call
from sandbox.clock import clock
from sandbox.events import events
from sandbox.fault_rules import Strike
from sandbox.past import past
from sandbox.replies import Refusal, Reply, code_of, refusal, unknown_action

lock = agenda.lock
"""moto is not thread safe: whoever touches its state holds this."""

OWN_SERVICES: dict[str, Callable[[Call], Reply]] = {"rbin": rbin.answer}
"""Services that moto lacks, served from the call as it was read."""

MOTOS_REQUEST_ID = b"<requestId>request-id</requestId>"
HTML = "text/html"


class Dropped(Exception):  # noqa: N818 - what the client sees, not a failure of ours
    """The connection goes away without an answer."""


class Late(Exception):  # noqa: N818 - what the client sees, not a failure of ours
    """The call was served, but its *reply* comes only after *seconds*."""

    def __init__(self, seconds: float, reply: Reply) -> None:
        super().__init__(f"{seconds} s")
        self.seconds = seconds
        self.reply = reply


def handle(
    request: Request, work: Callable[[], Reply], *, wait: Callable[[float], None] | None = None
) -> Reply:
    """Answer *request* with what *work* does, and record it.

    Raises ``Dropped`` or ``Late`` where a fault says so; the transport knows how to
    lose a connection or be slow. *wait* passes real time for configured latency.
    """
    call = read_call(request)
    asked = clock.now()
    if wait is not None and faults.faults.latency:
        wait(faults.faults.latency)
    with lock:
        try:
            strike, reply = _served(call, work, asked)
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the client
            return refusal(call.protocol, mishaps.internal(call, error))
    if reply is None or strike.loses:
        raise Dropped
    if strike.seconds:
        raise Late(strike.seconds, reply)
    return reply


def _served(call: Call, work: Callable[[], Reply], asked: datetime) -> tuple[Strike, Reply | None]:
    """The answer, and what is wrong with it, in a world that is up to the clock."""
    events.settle()
    strike = faults.faults.strike(call)
    reply = None if strike.drops else _answer(call, work, strike)
    outcome = strike.seen_as or (code_of(reply) if reply is not None else "")
    calls.add(Record(time=asked, call=call, outcome=outcome))
    if reply is not None and reply.status < 400:
        events.observe(call, reply)
        reply = faults.faults.after(call, reply, strike)
    return strike, reply


def _answer(call: Call, work: Callable[[], Reply], strike: Strike) -> Reply:
    if strike.refusal is not None:
        return refusal(call.protocol, strike.refusal)
    try:
        _check_region(call)
        parameters.check(call)
        dynamodb.prepare(call.account, call.region, call.service)
        base_images.prepare(call.account, call.region, call.service)
        reply = _serve(call, work, strike.stale_seconds)
    except Exception as error:  # noqa: BLE001 - nothing of ours may reach the client
        return refusal(call.protocol, mishaps.refusal_for(call, error))
    return _never_html(call, _with_request_id(call, reply))


def _serve(call: Call, work: Callable[[], Reply], stale_seconds: float) -> Reply:
    """Have moto do the work, over the past where a fault says so."""
    own = OWN_SERVICES.get(call.service)
    if not stale_seconds:
        past.note(call)
        return own(call) if own is not None else work()
    with past.as_of(call, stale_seconds):
        past.note(call)
        return own(call) if own is not None else work()


def _check_region(call: Call) -> None:
    """Refuse a region that AWS does not have: no endpoint would answer [NV]."""
    if call.region not in _regions():
        code = "AuthFailure" if call.protocol == "ec2" else "UnrecognizedClientException"
        raise Refusal(code, f"Credential should be scoped to a valid region, not {call.region!r}.")


@cache
def _regions() -> frozenset[str]:
    session = get_session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition)
    )


def _with_request_id(call: Call, reply: Reply) -> Reply:
    """Every EC2 answer has a request id of its own; moto's is the same always."""
    if MOTOS_REQUEST_ID not in reply.body:
        return reply
    headers = {
        name: value for name, value in reply.headers.items() if name.lower() != "content-length"
    }
    own = f"<requestId>{call.id}</requestId>".encode()
    return Reply(reply.status, headers, reply.body.replace(MOTOS_REQUEST_ID, own))


def _never_html(call: Call, reply: Reply) -> Reply:
    """Plain moto answers what it lacks with its own page or a bare sentence; AWS does not."""
    kinds = {name.lower(): value for name, value in reply.headers.items()}
    bare = reply.body in (b"Not yet implemented", b"The method is not implemented")
    if reply.status < 400 or not (bare or kinds.get("content-type", "").startswith(HTML)):
        return reply
    if reply.body.lstrip().startswith((b"<Response>", b"<ErrorResponse", b"<Error>", b"<?xml")):
        return reply
    return refusal(call.protocol, unknown_action(call.protocol, call.action))
