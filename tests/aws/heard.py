"""Listening to botocore: which calls the product makes, and with which parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from chalicelib.aws.session import Session


@dataclass(slots=True)
class Heard:
    """Every call since the listening began, in order: ``("ec2", "CreateImage", {...})``."""

    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    @classmethod
    @contextmanager
    def now(cls) -> Iterator[Self]:
        """Listen to every session that ``listen`` was told of; forget it all at the end."""
        listening = cls()
        _current.append(listening)
        try:
            yield listening
        finally:
            _current.remove(listening)

    def parameters(self, action: str) -> list[dict[str, Any]]:
        """What each call of *action* was given."""
        return [given for _, name, given in self.calls if name == action]

    def actions(self) -> set[str]:
        """``service:Action`` of every call."""
        return {f"{service}:{name}" for service, name, _ in self.calls}


_current: list[Heard] = []


def listen(session: Session) -> Session:
    """Hear *session*'s clients. They copy its handlers when they are made: do it before."""
    session._session.events.register("before-parameter-build", _hear)
    return session


def _hear(*, model: Any, params: dict[str, Any], **rest: object) -> None:  # noqa: ANN401 (botocore's)
    service = model.service_model.service_name
    for listening in _current:
        listening.calls.append((service, model.name, dict(params)))
