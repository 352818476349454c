"""The `snapback` command: the same jobs, in process, with the caller's credentials."""

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from chalicelib import answers, commands
from chalicelib.answers import Answer
from chalicelib.aws.session import Session
from chalicelib.domain.errors import InvalidInputError, SnapbackError
from chalicelib.domain.instants import parse_instant
from chalicelib.settings import Settings
from chalicelib.terminal.arguments import parser
from chalicelib.terminal.rendering import render
from chalicelib.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Clock:
    """The moment taken as now: given with ``--at``, else the machine's; it runs on."""

    start: datetime
    started: float

    @classmethod
    def begin(cls, at: str | None) -> "Clock":
        """Start at *at*, or at the machine's time."""
        now = parse_instant(at, what="--at") if at else datetime.now(UTC)
        return cls(now, time.monotonic())

    def now(self) -> datetime:
        """The start and what has passed since."""
        return self.start + timedelta(seconds=time.monotonic() - self.started)

    def sleep(self, seconds: float) -> None:
        """Wait; only the command ever does, a Lambda never."""
        time.sleep(seconds)

    def progress(self, text: str) -> None:
        """A line that overwrites itself on a terminal; nothing at all in a pipe."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None, *, session: Session | None = None) -> int:
    """Run one command, print its answer, return its exit code (DESIGN section 6).

    A program that runs many commands hands over its own *session*, whose clients are kept.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        args = parser().parse_args(given)
    except InvalidInputError as err:
        wants_json = "--output=json" in given or ("--output", "json") in pairwise(given)
        return _print(answers.of_error(err), "", as_json=wants_json)
    if args.verbose:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    as_json = args.output == "json"
    try:
        answer = _answer(args, session)
    except SnapbackError as err:
        answer = answers.of_error(err)
    except KeyboardInterrupt:
        print(
            "snapback: interrupted; what was begun is recorded and can be resumed", file=sys.stderr
        )
        return answers.UNFINISHED
    return _print(answer, commands.name_of(args), as_json=as_json, verbose=args.verbose)


def _answer(args: argparse.Namespace, session: Session | None) -> Answer:
    settings = Settings.from_env()
    if session is None:
        region = args.region or settings.client_region or None
        session = Session(profile=args.profile, region=region)
    if args.region:
        settings = settings.for_region(args.region)
    return commands.run(args, Wiring(settings, session), Clock.begin(args.at))


def _print(answer: Answer, command: str, *, as_json: bool, verbose: bool = False) -> int:
    stream = sys.stdout
    if as_json:
        text = json.dumps(answer.payload, indent=2, sort_keys=False)
    else:
        text = "\n".join(render(command, answer.payload, verbose=verbose))
        stream = sys.stderr if "error" in answer.payload else sys.stdout
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # Whoever read has heard enough (`| head`); the work is done and its code stands.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return answer.code


if __name__ == "__main__":
    sys.exit(main())
