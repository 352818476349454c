"""Triggers. Each handler reads its event, runs one job and returns its report."""

import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from chalice.app import Chalice, CloudWatchEvent, ConvertToMiddleware, Rate

from chalicelib import payloads, wiring
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


class RunFailedError(Exception):
    """Some outcomes of a run failed. Raised after everything else was done."""


@app.schedule(Rate(5, unit=Rate.MINUTES))
def tick(event: CloudWatchEvent) -> dict[str, Any]:
    """Back up what is due and settle what is pending."""
    return _scheduled("tick", event, tick_job.run)


@app.schedule(Rate(1, unit=Rate.MINUTES))
def resume(event: CloudWatchEvent) -> dict[str, Any]:
    """Carry on open rollbacks."""
    return _scheduled("resume", event, lambda w, now: rollbacks.resume_all(w.desk, now))


@app.schedule(Rate(1, unit=Rate.HOURS))
def expire(event: CloudWatchEvent) -> dict[str, Any]:
    """Enforce retention."""
    return _scheduled("expire", event, expire_job.run)


@app.lambda_function()
def backup(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take recovery points now: {"instances": [...], "reboot": false}."""
    return _asked(event, payloads.backup)


@app.lambda_function()
def points(event: dict[str, Any], context: object) -> dict[str, Any]:
    """List recovery points: {"instance": "i-..."} or {}."""
    return _asked(event, payloads.points)


@app.lambda_function()
def rollback(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Plan, apply, follow, undo or accept: {"action": "plan", "instance": "i-...", ...}."""
    return _asked(event, payloads.rollback)
