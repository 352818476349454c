"""Whether AWS has the machines that a launch or a start asks for.

There is always room, unless a fault of kind ``capacity`` says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.fault_rules import Rule
from sandbox.masking import Json
from sandbox.replies import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """So many machines of one type in one zone, asked for by one call."""

    action: str
    account: str
    region: str
    type: str
    zone: str
    parameters: Mapping[str, Json]
    service: str = "ec2"


class Shortages:
    """The shortages in force, for every caller alike."""

    def __init__(self) -> None:
        self._rules: tuple[Rule, ...] = ()

    def set(self, rules: tuple[Rule, ...]) -> None:
        """Let these be the shortages."""
        self._rules = rules

    def take(self, wish: Wish, *, least: int, most: int) -> int:
        """How many of *most* there are; they are used up.

        Less than *least* is refused, and nothing used up. Source: EC2 API error codes,
        InsufficientInstanceCapacity, a server error; EC2 API, RunInstances, MinCount.
        """
        short = [
            rule
            for rule in self._rules
            if rule.matches(wish) and rule.is_due(f"{wish.account}:{wish.region}:{wish.action}")
        ]
        room = min([most, *(rule.left for rule in short)])
        if room < least:
            raise Refusal("InsufficientInstanceCapacity", _sentence(wish), 500)
        for rule in short:
            rule.left -= room
        return room


shortages = Shortages()
"""One per process, like moto's backends."""


def _sentence(wish: Wish) -> str:
    if wish.action == "StartInstances":
        return "Insufficient capacity."
    return (
        f"We currently do not have sufficient {wish.type} capacity in the Availability Zone you "
        f"requested ({wish.zone}). Our system will be working on provisioning additional capacity. "
        f"You can currently get {wish.type} capacity by not specifying an Availability Zone in "
        "your request or choosing another one."
    )
