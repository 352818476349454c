"""`make demo`: back up a fleet for weeks, expire, break a machine, roll it back, undo.

Exits 0 only if every promise made on the way was seen kept.
"""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.demo.stage import REGION, Shown, Stage, Unfinished, served

BEGIN = datetime(2026, 11, 1, 2, 55, tzinfo=UTC)
NIGHTS = 22
WEB, WEB2, DB, BATCH = (
    "i-0b7d4c9e1f2a3b4c5",
    "i-0c8e5daf20b3c4d56",
    "i-0d9f6eb031c4d5e67",
    "i-0ea07fc142d5e6f78",
)
ADDRESS = "198.51.100.24"
TAGS = {WEB: "daily", WEB2: "daily", DB: "gold", BATCH: "weekly"}


def say(text: str = "") -> None:
    """One line to the person who watches."""
    print(text, flush=True)


def chapter(number: int, title: str) -> None:
    """A heading."""
    say(f"\n== {number}. {title} " + "=" * max(4, 100 - len(title)))


def check(what: str, *, holds: bool) -> None:
    """Say what was promised and whether it was seen; end the story if it was not."""
    say(f"   [{'ok' if holds else 'NO'}] {what}")
    if not holds:
        raise Unfinished(what)


def show(shown: Shown, *, expect: int = 0) -> Shown:
    """Print what a command printed, and insist on its exit code."""
    say("\n".join(f"   {line}" for line in shown.text.rstrip().splitlines()))
    check(f"exit code {expect}", holds=shown.code == expect)
    return shown


def tag_fleet(stage: Stage) -> None:
    """An operator's whole set-up: one tag a machine."""
    ec2 = stage.ec2()
    for instance, plan in TAGS.items():
        ec2.create_tags(Resources=[instance], Tags=[{"Key": "snapback:plan", "Value": plan}])
        say(f"   {instance}  snapback:plan = {plan}")
    overrides = [
        {"Key": "snapback:schedule", "Value": "every 12h"},
        {"Key": "snapback:retain", "Value": "hourly=4 daily=5 weekly=3 min=2"},
    ]
    ec2.create_tags(Resources=[DB], Tags=overrides)
    say(f"   {DB}  snapback:schedule = every 12h, snapback:retain = {overrides[1]['Value']}")


def write_disks(stage: Stage, text: str, devices: tuple[str, ...] = ()) -> None:
    """Write a marker on the web server's volumes."""
    answer = stage.ec2().describe_instances(InstanceIds=[WEB])
    for mapping in answer["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]:
        if not devices or mapping["DeviceName"] in devices:
            stage.control("disks", {"volume": mapping["Ebs"]["VolumeId"], "write": text})


def nights(stage: Stage) -> list[dict[str, Any]]:
    """Weeks of ticks and expiries on the moved clock; every expiry is collected."""
    expiries: list[dict[str, Any]] = []
    began = time.monotonic()
    made = 0
    for night in range(NIGHTS):
        for hour in (0, 12):
            stage.move_to(BEGIN + timedelta(days=night, hours=hour, minutes=6))
            write_disks(stage, f"release 4.{night}, orders of the day", ("/dev/xvda",))
            made += _made(stage.snapback("run", "tick", "--output", "json"))
        ran = stage.snapback("run", "expire", "--output", "json")
        check_quietly(ran)
        expiries += [
            o
            for o in ran.payload["outcomes"]
            if o["action"] in ("quarantine", "deregister") and o["result"] == "done"
        ]
        _progress(
            f"night {night + 1} of {NIGHTS}: {made} points made, {len(expiries)} acts of expiry"
        )
    say(
        f"\n   {NIGHTS} nights in {time.monotonic() - began:.0f} s: {made} recovery points made, "
        f"{sum(e['action'] == 'quarantine' for e in expiries)} quarantined, "
        f"{sum(e['action'] == 'deregister' for e in expiries)} deleted a day later"
    )
    return expiries


def check_quietly(shown: Shown) -> None:
    """A run that turned red ends the story."""
    if shown.code != 0:
        raise Unfinished(f"a run ended red: {shown.text}")


def _made(shown: Shown) -> int:
    check_quietly(shown)
    return sum(o["action"] == "backup" and o["result"] == "done" for o in shown.payload["outcomes"])


def _progress(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r   {text}", end="", flush=True)
    elif text.split()[1] in ("7", "14", "21"):
        say(f"   {text}")


def show_expiries(expiries: list[dict[str, Any]]) -> None:
    """Each expiry with its reason: a few of each kind, and how many more there are."""
    for action in ("quarantine", "deregister"):
        done = [e for e in expiries if e["action"] == action]
        for outcome in done[:4]:
            say(f"   {action:11} {outcome['subject']}  {outcome['lineage']}: {outcome['reason']}")
        say(f"   ... and {len(done) - 4} more" if len(done) > 4 else "")
    check("expiry quarantined points and deleted them a day later", holds=len(expiries) > 10)


def upgrade_goes_wrong(stage: Stage) -> tuple[str, str]:
    """A point before the change, then the change that breaks the machine."""
    good = "release 5.0-rc, all orders in"
    write_disks(stage, good)
    taken = stage.snapback("backup", WEB, "--wait", "point-in-time", "--output", "json")
    point = str(taken.payload["points"][0]["image"])
    check(f"{point} holds the moment before the upgrade", holds=taken.code == 0)
    stage.advance(300)
    check_quietly(stage.snapback("run", "tick", "--output", "json"))
    write_disks(stage, "BROKEN by the upgrade to 5.0")
    say(f"   the disk of {WEB} says: {stage.disk(WEB)!r}")
    check("the machine is broken", holds="BROKEN" in stage.disk(WEB))
    return point, good


def follow(stage: Stage, rollback: str, state: str) -> Shown:
    """Let time pass and `resume` run, as its schedule would, until the rollback is *state*."""
    for _ in range(60):
        now = stage.snapback("rollback", "status", rollback, "--output", "json").payload
        if now["state"] == state:
            return stage.snapback("rollback", "status", rollback)
        step = next((s for s in now["steps"] if s["state"] in ("begun", "undoing")), None)
        say(
            f"   {stage.now():%H:%M:%S}  {step['about'] if step else now['state']}: "
            f"{step['note'] if step else ''}"
        )
        stage.advance(15)
        check_quietly(stage.snapback("run", "resume", "--output", "json"))
    raise Unfinished(f"{rollback} did not become {state}")


def roll_back(stage: Stage, point: str, good: str) -> tuple[str, str]:
    """Read the plan, apply it, and see that the machine is as it was."""
    show(stage.snapback("rollback", "plan", WEB, "--to", point))
    planned = stage.snapback("rollback", "plan", WEB, "--to", point, "--output", "json").payload
    chapter(6, "Apply exactly that plan")
    applied = stage.snapback(
        "rollback", "apply", WEB, "--to", point, "--digest", planned["digest"], "--output", "json"
    )
    check("apply did what could be done now (exit 5: it goes on)", holds=applied.code == 5)
    rollback = str(applied.payload["rollback"])
    show(follow(stage, rollback, "done"))
    after = stage.snapback("rollback", "status", rollback, "--output", "json").payload
    replacement = str(after["replacement"])
    say(f"   the disk of {replacement} says: {stage.disk(replacement)!r}")
    check("the disk says what it said before the upgrade", holds=stage.disk(replacement) == good)
    check(f"{ADDRESS} leads to the replacement", holds=_holder(stage) == replacement)
    check("the original is stopped and kept", holds=_state(stage, WEB) == "stopped")
    check(
        "nothing wanted was lost on the way",
        holds=all(line["fate"] == "restored" for line in after["fidelity"]),
    )
    return rollback, replacement


def undo(stage: Stage, rollback: str, replacement: str) -> None:
    """Everything back as it was before the rollback."""
    undone = stage.snapback("rollback", "undo", rollback, "--output", "json")
    check("undo did what could be done now (exit 5: it goes on)", holds=undone.code == 5)
    show(follow(stage, rollback, "undone"))
    check(f"{ADDRESS} leads to the original again", holds=_holder(stage) == WEB)
    check("the original runs", holds=_state(stage, WEB) == "running")
    check("its disk is untouched", holds="BROKEN" in stage.disk(WEB))
    check(f"{replacement} is stopped and kept", holds=_state(stage, replacement) == "stopped")


def _holder(stage: Stage) -> str:
    found = stage.ec2().describe_addresses(PublicIps=[ADDRESS])["Addresses"]
    return str(found[0].get("InstanceId", ""))


def _state(stage: Stage, instance: str) -> str:
    answer = stage.ec2().describe_instances(InstanceIds=[instance])
    return str(answer["Reservations"][0]["Instances"][0]["State"]["Name"])


def tell(stage: Stage) -> None:
    """The whole story."""
    chapter(1, "A fleet, and one tag a machine")
    tag_fleet(stage)
    show(stage.snapback("due"))
    chapter(2, f"{NIGHTS} nights: the schedule makes points, retention expires old ones")
    expiries = nights(stage)
    chapter(3, "What there is now, and why each point is kept")
    show(stage.snapback("points"))
    say("   and what went, with its reason:")
    show_expiries(expiries)
    chapter(4, "A point before the upgrade, and an upgrade that goes wrong")
    point, good = upgrade_goes_wrong(stage)
    chapter(5, "The plan, to be read before anything is touched")
    rollback, replacement = roll_back(stage, point, good)
    chapter(7, "Second thoughts: undo")
    undo(stage, rollback, replacement)


def main(run: Callable[[Stage], None] = tell) -> int:
    """Serve, tell, and say how it ended."""
    began = time.monotonic()
    say(f"Snapback demonstration: a sandbox AWS on this machine, region {REGION}")
    try:
        with served(BEGIN) as stage:
            run(stage)
    except Unfinished as err:
        say(f"\ndemonstration FAILED: {err}")
        return 1
    say(f"\nEverything above was seen to happen, in {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
