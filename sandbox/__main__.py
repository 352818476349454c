"""``python -m sandbox serve``: the sandbox as a server on this machine."""

import argparse
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sandbox import accounts, fleet, world
from sandbox.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION
from sandbox.control import parse_time
from sandbox.server import Server

PORT = 4566
BAD_INPUT = 2


class UsageError(Exception):
    """What was asked cannot be done; the sentence names the thing and the way out."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return _serve(arguments.port, arguments.fleet, arguments.now)
    except UsageError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve AWS on one loopback port")
    serve.add_argument(
        "--port", default=str(PORT), help=f"port on 127.0.0.1; 0 picks a free one (default {PORT})"
    )
    serve.add_argument(
        "--fleet",
        action="append",
        default=[],
        metavar="FILE",
        help="what `aws ec2 describe-instances` printed; may be given several times",
    )
    serve.add_argument("--now", metavar="TIME", help="start the clock there (ISO 8601, UTC)")
    return parser


def _serve(port: str, fleets: list[str], now: str | None) -> int:
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    wanted = _port(port)
    world.begin(_moment(now))
    machines = [machine for path in fleets for machine in _machines(path)]
    try:
        fleet.build(machines)
    except fleet.FleetError as error:
        raise UsageError(f"--fleet: {error}") from error
    places = Counter((m.account, m.region) for m in machines)
    if places:
        accounts.home.account = places.most_common(1)[0][0][0]
    with _listen(wanted) as server:
        _say_where(server.url, places)
        stop.wait()
    return 0


def _say_where(url: str, places: Counter[tuple[str, str]]) -> None:
    """What to paste, for the account and region where most of the fleet lives."""
    account, region = next(iter(places.most_common(1)), ((DEFAULT_ACCOUNT, DEFAULT_REGION), 0))[0]
    lines = [
        f"sandbox: serving AWS on {url}",
        f"export AWS_ENDPOINT_URL={url} AWS_ACCESS_KEY_ID={account} "
        f"AWS_SECRET_ACCESS_KEY=sandbox AWS_REGION={region} AWS_DEFAULT_REGION={region}",
    ]
    lines += [
        f"# {count} instances in account {account}, {region}"
        for (account, region), count in sorted(places.items())
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise UsageError(f"--port {text}: a port is a number from 0 to 65535 (0 picks a free one)")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_time(text)
    except ValueError:
        raise UsageError(f"--now {text}: not a time; write it like 2026-11-23T12:00:00Z") from None


def _machines(path: str) -> list[fleet.Machine]:
    """The instances recorded in one file."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(
            f"--fleet {path}: cannot read it: {reason}; "
            "save one with `aws ec2 describe-instances > FILE`"
        ) from None
    try:
        return fleet.read(fleet.parse(text))
    except fleet.FleetError as error:
        raise UsageError(f"--fleet {path}: {error}") from error


def _listen(port: int) -> Server:
    try:
        return Server(port)
    except OSError as error:
        raise UsageError(
            f"--port {port}: cannot listen on 127.0.0.1:{port}: {error.strerror}; "
            "stop what uses it or choose another (0 picks a free one)"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
