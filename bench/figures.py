"""Figures and where they stand: the rows of a measurement, as a table, JSON and Markdown."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

HEAD = ("what", "times", "median", "worst", "server cpu", "limit", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing that was measured, in one unit, and what it may be."""

    group: str
    what: str
    unit: str
    median: float
    worst: float
    times: int = 1
    spent: float | None = None
    """Processor time that the one who was asked spent on each, where that was measured."""
    limit: float | None = None
    """The most that ``spent``, else the median, may be; ``None`` when nothing was promised."""

    @property
    def holds(self) -> bool:
        """Whether it is within its limit."""
        counted = self.median if self.spent is None else self.spent
        return self.limit is None or counted <= self.limit

    def cells(self) -> tuple[str, ...]:
        """The row of the table that is written for people."""
        limit = "" if self.limit is None else f"{self.limit:g} {self.unit}"
        verdict = "" if self.limit is None else ("ok" if self.holds else "TOO MUCH")
        return (
            self.what,
            str(self.times),
            f"{self.median:,.1f} {self.unit}",
            f"{self.worst:,.1f} {self.unit}",
            "" if self.spent is None else f"{self.spent:,.1f} {self.unit}",
            limit,
            verdict,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of one run, with what one needs to know to compare them."""

    title: str
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]

    @property
    def misses(self) -> tuple[Figure, ...]:
        """What took more than it may."""
        return tuple(figure for figure in self.figures if not figure.holds)


def table(report: Report) -> str:
    """The figures for a terminal, in columns."""
    rows = [figure.cells() for figure in report.figures]
    widths = [max(len(row[at]) for row in (HEAD, *rows)) for at in range(len(HEAD))]
    lines = [report.title]
    for group, figures in _groups(report.figures):
        lines += ["", f"{group}:", _line(HEAD, widths)]
        lines += [_line(figure.cells(), widths) for figure in figures]
    return "\n".join(lines) + "\n"


def markdown(report: Report, where: dict[str, str]) -> str:
    """The figures as a page of documentation."""
    lines = [f"# {report.title}", ""]
    lines += [f"- {name}: {value}" for name, value in where.items()]
    lines += [f"- {note}" for note in report.notes]
    for group, figures in _groups(report.figures):
        lines += ["", f"## {group[0].upper()}{group[1:]}", ""]
        lines += [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
        lines += [f"| {' | '.join(figure.cells())} |" for figure in figures]
    return "\n".join(lines) + "\n"


def document(report: Report, where: dict[str, str]) -> str:
    """The figures as JSON."""
    figures = [asdict(figure) | {"holds": figure.holds} for figure in report.figures]
    whole = {"title": report.title, **where, "notes": report.notes, "figures": figures}
    return json.dumps(whole, indent=2) + "\n"


def whereabouts() -> dict[str, str]:
    """When, of which commit and on what machine."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
        "machine": f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load": f"{os.getloadavg()[1]:.1f} on average over the last 5 minutes",
    }


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return asked.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def _groups(figures: Iterable[Figure]) -> Iterable[tuple[str, list[Figure]]]:
    return [(group, list(each)) for group, each in groupby(figures, lambda figure: figure.group)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    text = "  ".join([f"{first[0]:<{first[1]}}", *(f"{each:>{width}}" for each, width in others)])
    return f"  {text.rstrip()}"
