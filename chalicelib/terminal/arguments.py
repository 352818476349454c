"""The grammar of the `snapback` command (DESIGN section 6)."""

import argparse
from typing import NoReturn

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.guards import Guard


class _Parser(argparse.ArgumentParser):
    """Raises what is wrong instead of printing it: the caller knows how to show errors."""

    def error(self, message: str) -> NoReturn:
        raise InvalidInputError(message, hint=f"see `{self.prog} --help`")


def parser() -> argparse.ArgumentParser:
    """Every command and option; global options stand before or after the command."""
    top = _Parser(
        prog="snapback",
        description="Scheduled recovery points of EC2 instances, and the way back to them.",
    )
    _add_global(top, suppress=False)
    shared = _Parser(add_help=False)
    _add_global(shared, suppress=True)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, about: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=about, description=about, parents=[shared])

    run = add("run", "run a scheduled job now, as its schedule would")
    run.add_argument("job", choices=("tick", "resume", "expire"))
    run.add_argument("--dry-run", action="store_true", help="say what it would do, do nothing")
    add("due", "what is due now and why, and what is not and why not")
    _add_backup(add("backup", "take a recovery point now"))
    points = add("points", "recovery points: state, age, why each is kept")
    points.add_argument("instance", nargs="?", help="an instance id; every instance without it")
    show = add("show", "one recovery point: its manifest and provenance")
    show.add_argument("image")
    _add_expire(add("expire", "the retention plan, with a reason for every point"))
    _add_retain(add("retain", "change the retention frozen on points that exist: a plan to read"))
    hold = add("hold", "exempt a recovery point from expiry")
    hold.add_argument("image")
    hold.add_argument("--until", help="a date; without it, until released")
    release = add("release", "end a hold, or bring a quarantined point back")
    release.add_argument("image")
    _add_rollback(add("rollback", "put an instance back to a recovery point"), shared)
    add("lint", "every problem with the tags of this account's instances")
    explain = add("explain", "what a tag value means, and when it would run")
    explain.add_argument("value", metavar="TAG VALUE")
    add("doctor", "check credentials, permissions, catalogue and clock")
    add("setup", "make the catalogue table, and take up points that it does not know")
    return top


def _add_global(to: argparse.ArgumentParser, *, suppress: bool) -> None:
    def default(value: object) -> object:
        return argparse.SUPPRESS if suppress else value

    to.add_argument("--output", choices=("table", "json"), default=default("table"))
    to.add_argument("--region", default=default(None), help="instead of AWS_REGION")
    to.add_argument("--profile", default=default(None), help="instead of AWS_PROFILE")
    to.add_argument(
        "--via",
        choices=("direct",),
        default=default("direct"),
        help="direct: the same jobs, in process, with your credentials",
    )
    to.add_argument(
        "--at", metavar="TIME", default=default(None), help="the moment to take as now (UTC)"
    )
    to.add_argument("--verbose", action="store_true", default=default(value=False))


def _add_backup(to: argparse.ArgumentParser) -> None:
    to.add_argument("instances", nargs="+", metavar="INSTANCE")
    to.add_argument(
        "--wait",
        choices=("none", "point-in-time", "available"),
        default="none",
        help="point-in-time: every snapshot exists and the change may start",
    )
    to.add_argument("--timeout", type=float, default=900, metavar="S", help="seconds to wait")
    to.add_argument("--reboot", action="store_true", help="let EC2 reboot for a clean file system")


def _add_expire(to: argparse.ArgumentParser) -> None:
    to.add_argument("--apply", action="store_true", help="act on it")
    to.add_argument("--instance", help="only this instance's lineage")
    to.add_argument(
        "--measure",
        action="store_true",
        help="count the blocks that would be freed; AWS charges for every look",
    )
    to.add_argument("--digest", type=_digest, help="act on the plan that was read, no other")
    to.add_argument(
        "--override",
        action="append",
        default=[],
        metavar="GUARD",
        choices=[guard.value for guard in Guard],
        help="let this guard pass for the plan of --digest; hard ones never do",
    )


def _add_retain(to: argparse.ArgumentParser) -> None:
    to.add_argument("subject", metavar="IMAGE|INSTANCE")
    to.add_argument("--retain", required=True, metavar="RULE", help='"daily=7 weekly=4"')
    to.add_argument("--apply", action="store_true", help="write it, and who did, down")
    to.add_argument("--digest", type=_digest, help="of the plan that was read")


def _digest(text: str) -> str:
    """A script's empty variable approves of nothing; it must not read as "no digest asked"."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: give the digest of the plan that was read")
    return text


def _add_rollback(to: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = to.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, about in (
        ("plan", "everything that would happen; changes nothing"),
        ("apply", "carry out the plan that was read"),
    ):
        one = actions.add_parser(name, help=about, description=about, parents=[shared])
        one.add_argument("instance")
        one.add_argument(
            "--to",
            default="latest",
            metavar="POINT",
            help="an image id, latest, verified, before:TIME or change:ID",
        )
        one.add_argument("--mode", choices=("auto", "relaunch"), default="auto")
        one.add_argument(
            "--volumes", choices=("all",), default="all", help="a relaunch has all of the point's"
        )
        one.add_argument("--config", choices=("current", "as-of-backup"), default="as-of-backup")
        if name == "apply":
            approval = one.add_mutually_exclusive_group(required=True)
            approval.add_argument("--digest", help="of the plan that was read")
            approval.add_argument("--yes", action="store_true", help="plan and apply at once")
            one.add_argument("--wait", action="store_true", help="follow to the end")
    for name, about in (
        ("status", "where a rollback stands"),
        ("resume", "carry on a rollback now"),
        ("undo", "put everything back as it was before the rollback"),
        ("accept", "keep the result; undo is not offered any more"),
    ):
        one = actions.add_parser(name, help=about, description=about, parents=[shared])
        one.add_argument("id")
        if name in ("resume", "undo"):
            one.add_argument("--wait", action="store_true", help="follow to the end")
