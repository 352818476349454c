"""One schema for what happened to each thing that a run touched."""

# A test's name is its sentence.
# ruff: noqa: D103

from collections.abc import Mapping
from types import MappingProxyType

import pytest

from chalicelib.domain.report import Outcome, Result, RunReport


def outcome(
    result: Result, subject: str = "ami-1", details: Mapping[str, str] = MappingProxyType({})
) -> Outcome:
    """One line of a report."""
    return Outcome(
        subject=subject, action="expire", result=result, reason="it was time", details=details
    )


def test_an_outcome_is_told_with_the_words_of_the_design() -> None:
    assert outcome(Result.DONE, details={"region": "eu-west-1"}).as_json() == {
        "subject": "ami-1",
        "action": "expire",
        "result": "done",
        "reason": "it was time",
        "region": "eu-west-1",
    }


def test_details_can_not_overwrite_what_happened() -> None:
    lies = {"result": "done", "reason": "all is well"}
    told = outcome(Result.FAILED, details=lies).as_json()

    assert (told["result"], told["reason"]) == ("failed", "it was time")


@pytest.mark.parametrize("result", Result)
def test_only_a_failure_makes_a_run_red(result: Result) -> None:
    report = RunReport((outcome(Result.DONE), outcome(result)))

    assert report.ok is (result is not Result.FAILED)
    assert [o.result for o in report.failures()] == [Result.FAILED] * (not report.ok)


def test_a_report_counts_and_keeps_its_order() -> None:
    first = RunReport((outcome(Result.DONE, "a"),))
    report = first.plus([outcome(Result.FAILED, "b"), outcome(Result.DONE, "c")])

    assert [o.subject for o in report.outcomes] == ["a", "b", "c"]
    assert report.counts() == {"done": 2, "failed": 1}
    assert report.as_json() == {
        "ok": False,
        "counts": {"done": 2, "failed": 1},
        "outcomes": [o.as_json() for o in report.outcomes],
    }
    assert len(first.outcomes) == 1


def test_a_run_that_touched_nothing_is_fine() -> None:
    assert RunReport().as_json() == {"ok": True, "counts": {}, "outcomes": []}
