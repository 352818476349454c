"""What goes wrong inside the sandbox: AWS's words for the client, ours for the operator.

Code of our own that raises anything but an AWS error is a bug: the client hears
``InternalError``, the operator gets the traceback. moto's own actions raise plain Python
errors for requests that they did not expect; those are taken for the request's fault.
"""

import sys
import traceback
from pathlib import Path
from types import CodeType

from moto.core.exceptions import ServiceException

from sandbox import request_checks
from sandbox.calls import Call
from sandbox.replies import Refusal, from_exception, internal_error

HERE = Path(__file__).parent
CODES = {"ec2": "InvalidParameterValue", **request_checks.CODES}
PASSED_THROUGH = frozenset(
    {
        "gate.py _answer",
        "gate.py _serve",
        "inside.py through_the_gate.<locals>.work",
        "server.py Handler._aws.<locals>.work",
        "autoscaling/calls.py AutoScalingCalls.call_action",
        "ec2/plain_actions.py PlainActions.call_action",
        "ec2/plain_actions.py PlainActions.serialized",
        "ec2/timeline.py TimelineActions.call_action",
    }
)
"""Functions of ours that every call passes on its way to moto and back; no others are."""


class Told:
    """What the operator has been told already: each thing once."""

    def __init__(self) -> None:
        self._lines: set[str] = set()

    def tell(self, line: str) -> None:
        """Write *line* on stderr, the first time."""
        if line not in self._lines:
            self._lines.add(line)
            sys.stderr.write(f"sandbox: {line}\n")

    def reset(self) -> None:
        """Begin anew."""
        self._lines.clear()


told = Told()


def refusal_for(call: Call, error: Exception) -> Refusal:
    """What the client hears of *error*; the operator is told what the client is not."""
    name = f"{call.service} {call.action}"
    said = from_exception(call.protocol, call.action, error)
    if isinstance(error, NotImplementedError):
        told.tell(f"{name} is not here, or not all of it: answered {said.code} ({error})")
    if said.status < 500 or isinstance(error, Refusal | ServiceException):
        return said
    if call.protocol in CODES and _is_of_moto(error):
        told.tell(f"{name}: moto's own code failed on the request: {_last(error)}")
        return _taken_for_the_request(call, error)
    return internal(call, error)


def internal(call: Call, error: Exception) -> Refusal:
    """A bug of ours: the operator gets the traceback, the client no more than that it is one."""
    sys.stderr.write(f"sandbox: {call.service} {call.action} failed inside:\n")
    traceback.print_exception(error, file=sys.stderr)
    return internal_error(call.protocol)


def _is_of_moto(error: BaseException | None) -> bool:
    """Whether nothing of ours but what every call passes had a part in it.

    Nor in what it was raised in answer to; and it did not happen in what the calls pass.
    """
    if error is None:
        return True
    names = [_name(frame.f_code) for frame, _ in traceback.walk_tb(error.__traceback__)]
    if not names or names[-1]:
        return False
    ours = {name for name in names if name}
    return ours <= PASSED_THROUGH and _is_of_moto(error.__cause__ or error.__context__)


def _name(code: CodeType) -> str:
    """What a function of ours is called, with its module; empty if it is not ours."""
    path = Path(code.co_filename)
    if not path.is_relative_to(HERE):
        return ""
    return f"{path.relative_to(HERE).as_posix()} {code.co_qualname}"


def _taken_for_the_request(call: Call, error: Exception) -> Refusal:
    """A parameter's fault, naming the one that moto stumbled over, if it shows."""
    code = CODES[call.protocol]
    stumbled = str(error.args[0]) if error.args else ""
    for name, value in call.parameters.items():
        if stumbled in (name, value):
            return Refusal(code, f"Value ({value}) for parameter {name} is invalid.")
    sent = ", ".join(call.parameters) or "none"
    return Refusal(code, f"A parameter value is invalid (sent: {sent}).")


def _last(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
