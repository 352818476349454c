"""Triggers. Each handler reads its event, runs one job and returns its report."""

import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Chalice, CloudWatchEvent, ConvertToMiddleware, Rate

from chalicelib import answers, payloads, wiring
from chalicelib.domain.errors import SnapbackError
from chalicelib.domain.instants import parse_instant
from chalicelib.domain.report import RunReport
from chalicelib.jobs import expire as expire_job
from chalicelib.jobs import tick as tick_job
from chalicelib.jobs.rollback import commands as rollbacks

app = Chalice(app_name="snapback", configure_logs=False)
logger = Logger(service="snapback")
metrics = Metrics(namespace="Snapback", service="snapback")
app.register_middleware(ConvertToMiddleware(logger.inject_lambda_context(clear_state=True)))
app.register_middleware(ConvertToMiddleware(metrics.log_metrics(raise_on_empty_metrics=False)))
# A run in which nothing was due has no metrics, and that is no reason to warn.
warnings.filterwarnings("ignore", message="No application metrics to publish")


Payload = dict[str, Any]


class RunFailedError(Exception):
    """Some outcomes of a run failed. Raised after everything else was done."""


@app.schedule(Rate(5, unit=Rate.MINUTES))
def tick(event: CloudWatchEvent) -> Payload:
    """Back up what is due and settle what is pending."""
    wired = wiring.deployed()
    go_on = _time_left(event.context)
    return _ended("tick", tick_job.run(wired.sites, wired.schedules, _at(event), keep_going=go_on))


@app.schedule(Rate(1, unit=Rate.MINUTES))
def resume(event: CloudWatchEvent) -> Payload:
    """Carry on open rollbacks."""
    return _ended("resume", rollbacks.resume_all(wiring.deployed().desk, _at(event)))


@app.schedule(Rate(1, unit=Rate.HOURS))
def expire(event: CloudWatchEvent) -> Payload:
    """Enforce retention."""
    wired = wiring.deployed()
    go_on = _time_left(event.context)
    terms = wired.terms(apply=True)
    return _ended("expire", expire_job.run(wired.sites, terms, _at(event), keep_going=go_on))


@app.lambda_function()
def backup(event: Payload, context: object) -> Payload:
    """Take recovery points now: {"instances": ["i-..."], "reboot": false}."""
    del context
    return _asked(payloads.backup, event)


@app.lambda_function()
def points(event: Payload, context: object) -> Payload:
    """List recovery points: {"instance": "i-..."} or {}."""
    del context
    return _asked(payloads.points, event)


@app.lambda_function()
def rollback(event: Payload, context: object) -> Payload:
    """Plan, apply, follow, undo or accept: {"action": "plan", "instance": "i-...", ...}."""
    del context
    return _asked(payloads.rollback, event)


def _at(event: CloudWatchEvent) -> datetime:
    """The event's own time, so that an event delivered again decides the same."""
    return parse_instant(event.to_dict()["time"], what="the event's time")


def _time_left(context: Any) -> Callable[[], bool]:  # noqa: ANN401 (Lambda's context has no type)
    """Whether there is time for another item: the last thirty seconds are for reporting."""
    return lambda: bool(context.get_remaining_time_in_millis() > 30_000)


def _ended(job: str, report: RunReport) -> Payload:
    """Log and count every outcome; raise if any failed, so that the run turns red."""
    for outcome in report.outcomes:
        logger.info(outcome.action, extra={"job": job, "outcome": outcome.as_json()})
    for result, count in report.counts().items():
        metrics.add_metric(name=f"{job}.{result}", unit=MetricUnit.Count, value=count)
    if not report.ok:
        failed = [f"{o.subject}: {o.reason}" for o in report.failures()]
        raise RunFailedError(f"{job}: {len(failed)} failed: " + "; ".join(failed[:10]))
    return {"ok": True, "counts": report.counts()}


def _asked(
    handler: Callable[[wiring.Wiring, Mapping[str, object], datetime], answers.Answer],
    event: Payload,
) -> Payload:
    """Answer one request; one that can not be carried out changes nothing and says why."""
    try:
        answer = handler(wiring.deployed(), payloads.checked(event), _now())
    except SnapbackError as err:
        answer = answers.of_error(err)
    logger.info(handler.__name__, extra={"code": answer.code})
    return dict(answer.payload)


def _now() -> datetime:
    """A direct request bears no time of its own: Lambda's clock it is."""
    return datetime.now(UTC)  # noqa: TID251
