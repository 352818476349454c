"""What expiry asks of EC2: a small fleet on the sandbox, counted from the sandbox's own log.

Snapback's own jobs take the points hour by hour and expire them in two looks, through the
gateways that a deployment has. The log has every request, so a page is a line of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from bench.figures import Figure
from chalicelib.aws.session import Session
from chalicelib.jobs import expire, tick
from chalicelib.settings import Settings
from chalicelib.wiring import Wiring
from sandbox.process import Sandbox

REGION = "us-east-1"
LINUX = "ami-0abc0000000000001"
A_PAGE = 1000
FIRST, SECOND = "the first look: quarantine", "the second look: delete"
PLANS = """
[plans.brief]
schedule = "hourly@:00"
retain = "last=2 min=1"

[guards]
lineage_percent = 100
region_images = 100000
"""
"""Without the bounds that spread the work over several runs."""
_READS = ("Describe", "Get", "List")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of expiry: how many images there were, on how many it acted, what it called."""

    images: int
    acted: int
    calls: tuple[dict[str, Any], ...]

    def named(self, action: str) -> list[dict[str, Any]]:
        """The parameters of each call of one action."""
        return [call["parameters"] for call in self.calls if call["action"] == action]

    @property
    def others(self) -> int:
        """The calls that change something and are none of those that expiry is made of."""
        known = ("DisableImage", "DeregisterImage", "CreateTags")
        return sum(not c["action"].startswith((*_READS, *known)) for c in self.calls)


def count(machines: int, hours: int) -> tuple[Figure, ...]:
    """Take and expire the points of *machines*; what each look called."""
    with Sandbox(now=datetime(2026, 11, 23, 12, tzinfo=UTC), frozen=True) as sandbox:
        wired = Wiring(Settings(plans=PLANS), Session(region=REGION))
        wired.catalogue.ensure()
        _launch(sandbox, machines)
        for _ in range(hours):
            _pass(sandbox, wired, hours=1)
        for _ in range(3):
            _pass(sandbox, wired, minutes=10)
        first = _expire(sandbox, wired, "quarantine")
        sandbox.clock.advance(timedelta(hours=25).total_seconds())
        second = _expire(sandbox, wired, "deregister")
    return (*_figures(FIRST, first, "DisableImage"), *_figures(SECOND, second, "DeregisterImage"))


def _launch(sandbox: Sandbox, machines: int) -> None:
    tags = [{"Key": "snapback:plan", "Value": "brief"}]
    sandbox.client("ec2", region=REGION).run_instances(
        ImageId=LINUX,
        InstanceType="t3.micro",
        MinCount=machines,
        MaxCount=machines,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    sandbox.clock.advance(300)


def _pass(sandbox: Sandbox, wired: Wiring, **span: float) -> None:
    sandbox.clock.advance(timedelta(**span).total_seconds())
    tick.run(wired.sites, wired.schedules, sandbox.clock.now())


def _expire(sandbox: Sandbox, wired: Wiring, action: str) -> Run:
    ec2 = sandbox.client("ec2", region=REGION)
    pages = ec2.get_paginator("describe_images").paginate(Owners=["self"], IncludeDisabled=True)
    images = sum(len(page["Images"]) for page in pages)
    already = len(sandbox.calls.all())
    report = expire.run(wired.sites, wired.terms(apply=True), sandbox.clock.now())
    acted = sum(o.action == action and o.result.value == "done" for o in report.outcomes)
    calls = [c for c in sandbox.calls.all()[already:] if c["service"] == "ec2"]
    return Run(images=images, acted=acted, calls=tuple(calls))


def _figures(group: str, run: Run, act: str) -> Iterator[Figure]:
    listing = [p for p in run.named("DescribeImages") if "Owners" in p and _is_listing(p)]
    each = max(1, run.acted)
    whole = ceil(run.images / A_PAGE)
    yield _figure(group, f"images in the region, {run.acted:,} of them acted on", run.images)
    yield _figure(group, "DescribeImages of the listing, per 1,000 images", len(listing) / whole, 1)
    others = len(run.named("DescribeImages")) - len(listing)
    yield _figure(group, "DescribeImages for the guards, per 200 acted on",
                  others / ceil(each / 200))  # fmt: skip
    yield _figure(group, f"{act}, per point", len(run.named(act)) / each, 1)
    yield _figure(group, "CreateTags, per 100 acted on", len(run.named("CreateTags")) * 100 / each)
    yield _figure(group, "any other call that changes something", run.others, 0)


def _is_listing(parameters: dict[str, Any]) -> bool:
    """The listing looks for the deployment's mark; the guards look for ids and snapshots."""
    return any("tag:" in str(each.get("Name")) for each in parameters.get("Filters", ()))


def _figure(group: str, what: str, value: float, limit: float | None = None) -> Figure:
    unit = "images" if what.startswith("images") else "calls"
    return Figure(group=group, what=what, unit=unit, median=value, worst=value, limit=limit)
