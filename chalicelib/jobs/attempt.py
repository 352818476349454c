"""Trying one thing so that its failure is a line in the report and stops nothing else."""

from collections.abc import Callable, Sequence

from chalicelib.domain.errors import SnapbackError
from chalicelib.domain.report import Outcome, Result


def attempt(subject: str, action: str, act: Callable[[], Sequence[Outcome]]) -> Sequence[Outcome]:
    """What *act* did, or the reason why it failed: one thing never stops the next."""
    try:
        return act()
    except SnapbackError as err:
        failed = Outcome(subject=subject, action=action, result=Result.FAILED, reason=err.message)
        return (failed,)
