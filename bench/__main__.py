"""``python -m bench MEASUREMENT``: run it, print its table, write the figures down."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import figures, retention, sandbox

MEASUREMENTS = {"sandbox": sandbox, "retention": retention}
MISSED = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one measurement; 1 when a figure is over its limit."""
    given = _parser().parse_args(argv)
    report = MEASUREMENTS[given.measurement].run(given)
    where = figures.whereabouts()
    sys.stdout.write(figures.table(report))
    for path, text in (
        (given.json, figures.document(report, where)),
        (given.markdown, figures.markdown(report, where)),
    ):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return MISSED if report.misses else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="measurement", required=True)
    for name, module in MEASUREMENTS.items():
        command = commands.add_parser(name, description=module.__doc__)
        module.arguments(command)
        command.add_argument("--json", type=Path, help="write the figures there as JSON")
        command.add_argument("--markdown", type=Path, help="write them there as a page")
    return parser


if __name__ == "__main__":
    sys.exit(main())
