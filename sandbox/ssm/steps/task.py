"""What an action of a runbook has in hand while it works."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from moto.ssm.models import ssm_backends

from sandbox import inside
from sandbox.clock import clock
from sandbox.ssm.automation_model import Execution, StepFailed, StepRun

Work: TypeAlias = Generator[timedelta, None, dict[str, Any]]
"""What an action is: it yields its waits and returns its outputs, or raises ``StepFailed``."""

CALL_TAKES = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One attempt at one step."""

    execution: Execution
    step: StepRun
    inputs: Mapping[str, Any]
    begun: datetime
    on_wait: Callable[[], None]
    """Told when the step begins to wait for somebody."""

    @property
    def backend(self) -> Any:  # noqa: ANN401 - moto's class, with our mixins
        """Systems Manager of the execution's account and region."""
        return ssm_backends[self.execution.account][self.execution.region]

    def call(self, service: str, method: str, **parameters: Any) -> Any:  # noqa: ANN401
        """One call as the execution's account, through the gate; ``StepFailed`` if refused."""
        client = inside.client(service, self.execution.account, self.execution.region)
        try:
            return getattr(client, method)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise StepFailed(f"Step fails when it is Execute/Cancelling action. {error}") from error

    def methods(self, service: str) -> frozenset[str]:
        """What ``call`` can call; an unknown service is botocore's ``UnknownServiceError``."""
        client = inside.client(service, self.execution.account, self.execution.region)
        return frozenset(client.meta.method_to_api_mapping)

    def text(self, name: str, default: str = "") -> str:
        """An input that is a text."""
        value = self.inputs.get(name, default)
        if not isinstance(value, str):
            raise StepFailed(f"The input {name} must be a String.")
        return value

    def texts(self, name: str) -> list[str]:
        """An input that is a list of texts; one text is a list of one."""
        value = self.inputs.get(name) or []
        found = [value] if isinstance(value, str) else value
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise StepFailed(f"The input {name} must be a StringList.")
        return found

    def flag(self, name: str) -> bool:
        """An input that is a boolean, false unless given."""
        return self.inputs.get(name) in (True, "true", "True")

    def given(self, **members: str) -> dict[str, Any]:
        """The inputs that are given, by the names that a call has for them."""
        return {
            member: self.inputs[name]
            for member, name in members.items()
            if self.inputs.get(name) not in (None, "")
        }


def next_look(begun: datetime) -> timedelta:
    """How long until the next look: a second at first, a minute in the end [NV]."""
    return timedelta(seconds=min(60, 1 + (clock.now() - begun).total_seconds() // 20))


def next_poll(begun: datetime) -> timedelta:
    """How long until a call is made again: 5 seconds at first, a minute in the end [NV]."""
    return max(next_look(begun), timedelta(seconds=5))
