"""What happened to each thing a run touched: one schema for logs, metrics, mail and terminal."""

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


class Result(enum.Enum):
    """How one action ended."""

    DONE = "done"
    ALREADY = "already"
    SKIPPED = "skipped"
    FAILED = "failed"
    REFUSED = "refused"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One line of a run's report."""

    subject: str
    action: str
    result: Result
    reason: str
    details: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The line as it appears in every log, payload and table."""
        fixed = {
            "subject": self.subject,
            "action": self.action,
            "result": self.result.value,
            "reason": self.reason,
        }
        return {**self.details, **fixed}


@dataclass(frozen=True, slots=True)
class RunReport:
    """Every outcome of a run, in the order in which they happened."""

    outcomes: tuple[Outcome, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing failed; a refusal is an answer, not a failure."""
        return not any(True for _ in self.failures())

    def failures(self) -> Iterator[Outcome]:
        """The outcomes that somebody must look at."""
        return (o for o in self.outcomes if o.result is Result.FAILED)

    def counts(self) -> dict[str, int]:
        """How many outcomes ended in each result, results without any left out."""
        totals = {result.value: 0 for result in Result}
        for outcome in self.outcomes:
            totals[outcome.result.value] += 1
        return {result: count for result, count in totals.items() if count}

    def plus(self, outcomes: Iterable[Outcome]) -> "RunReport":
        """This report with more outcomes behind its own."""
        return RunReport((*self.outcomes, *outcomes))

    def as_json(self) -> dict[str, object]:
        """The payload of DESIGN section 5."""
        return {
            "ok": self.ok,
            "counts": self.counts(),
            "outcomes": [outcome.as_json() for outcome in self.outcomes],
        }
