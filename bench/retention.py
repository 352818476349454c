"""Retention at scale: what planning takes, and how often expiry asks EC2.

Planning is measured in a process of its own: 10,000 instances with 100,000 points that have
been read already. The calls are counted in a small fleet on the sandbox.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench import expiry_calls
from bench.figures import Figure, Report

TITLE = "Retention at scale"
TAKES = 2.0
"""The goal is for planning; checking rows, seals and tags before it has none of its own."""
MOST_MEMORY = 300.0
PLANNED = {
    "decision": "the decision alone, of every machine's points",
    "decide": "all before the guards: rows checked, tags read, decided",
}


def arguments(parser: ArgumentParser) -> None:
    """How much is planned, and how much is expired."""
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--points-each", type=int, default=10)
    parser.add_argument("--machines", type=int, default=60, help="on the sandbox")
    parser.add_argument("--hours", type=int, default=20, help="points of each of them")


def run(given: Namespace) -> Report:
    """Plan, then expire."""
    planned = [f for what in PLANNED for f in _planning(what, given.instances, given.points_each)]
    counted = expiry_calls.count(given.machines, given.hours)
    return Report(title=TITLE, notes=_notes(given), figures=(*planned, *counted))


def _planning(what: str, instances: int, points_each: int) -> Iterator[Figure]:
    told = _planner(what, instances, points_each)
    group = f"planning {instances * points_each:,} points of {instances:,} instances"
    yield Figure(
        group=group,
        what=f"{PLANNED[what]}: CPU",
        unit="s",
        median=median(told["seconds"]),
        worst=max(told["seconds"]),
        times=len(told["seconds"]),
        limit=TAKES if what == "decision" else None,
    )
    for name, key, limit in (
        ("most memory, points and rows included", "peak", MOST_MEMORY),
        ("of it points and rows", "before", None),
    ):
        value = told[key]
        yield Figure(
            group=group,
            what=f"{PLANNED[what]}: {name}",
            unit="MiB",
            median=value,
            worst=value,
            limit=limit,
        )


def _planner(what: str, instances: int, points_each: int) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "bench.planner", what, str(instances), str(points_each)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _notes(given: Namespace) -> tuple[str, ...]:
    return (
        "planning: points and rows are in memory, as a listing and a query leave them; each "
        "machine keeps 7 days and 4 weeks, so some of its points go; CPU seconds of a process "
        "of its own, which a busy machine with shared cores makes longer",
        f"calls: {given.machines} machines with {given.hours} hourly points each, taken and "
        "expired by Snapback's own jobs on the sandbox, all in one run (bounds lifted), counted "
        "from the sandbox's log of requests",
    )
