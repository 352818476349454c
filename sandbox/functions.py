"""Python callables that stand for Lambda functions; there is no Lambda in the sandbox."""

from collections.abc import Callable
from typing import Any, TypeAlias

Function: TypeAlias = Callable[[Any], Any]


class Functions:
    """The callables, by the name or ARN that a runbook calls them by."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}

    def register(self, name: str, function: Function) -> None:
        """Let *function* answer for *name*: it takes the decoded payload, answers JSON."""
        self._functions[name] = function

    def find(self, name: str) -> Function | None:
        """The callable behind a name or a function's ARN."""
        return self._functions.get(name) or self._functions.get(name.rpartition(":function:")[2])

    def reset(self) -> None:
        """Forget them all."""
        self._functions.clear()


functions = Functions()
"""One set for the process."""
