"""What real accounts answered, loaded into the sandbox and run through the whole service."""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib.aws.session import Session
from chalicelib.domain.report import Result, RunReport
from chalicelib.domain.rollback.journal import Journal, RollbackState
from chalicelib.domain.rollback.selection import parse_choice
from chalicelib.jobs import expire, tick
from chalicelib.jobs.rollback import commands
from chalicelib.jobs.rollback.planning import Request, plan
from chalicelib.settings import Settings
from chalicelib.wiring import Wiring
from sandbox.process import Sandbox

HERE = Path(__file__).parent
FOLDERS = (
    HERE.parent.parent / "shared" / "data" / "describe-instances",
    HERE / "data" / "describe-instances",
)
RECORDINGS = {path.name: path for folder in FOLDERS for path in sorted(folder.glob("*.json"))}
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ASKED = {
    "snapback:plan": "daily",
    "snapback:retain": "last=1",
}


@cache
def session_of(account: str, region: str) -> Session:
    """A caller's session, kept for all recordings: reading EC2's model takes half a second."""
    session = Session(region=region)
    assert session.account(region) == account
    return session


def places(document: dict[str, Any]) -> set[tuple[str, str]]:
    """The accounts and regions that a recording speaks of."""
    return {
        (reservation.get("OwnerId") or "123456789012", zone[:-1])
        for reservation in document["Reservations"]
        for instance in reservation["Instances"]
        if (zone := instance.get("Placement", {}).get("AvailabilityZone"))
    }


def tag_all(ec2: Any) -> list[str]:  # noqa: ANN401 (boto3 makes client classes at run time)
    """Tag every machine that can still be tagged, as an operator would."""
    pages = ec2.get_paginator("describe_instances").paginate()
    found = [i for page in pages for r in page["Reservations"] for i in r["Instances"]]
    ids = [i["InstanceId"] for i in found if i["State"]["Name"] != "terminated"]
    if ids:
        tags = [{"Key": key, "Value": value} for key, value in ASKED.items()]
        ec2.create_tags(Resources=ids, Tags=tags)
    return ids


def clean(report: RunReport) -> RunReport:
    """The report, which must have nothing red in it."""
    assert [o.as_json() for o in report.failures()] == []

    return report


def to_the_end(aws: Sandbox, wired: Wiring, journal: Journal) -> Journal:
    """Let time pass and runs go by until the rollback is over."""
    for _ in range(20):
        if not journal.state.is_open:
            break
        aws.clock.advance(30)
        journal = commands.resume(wired.desk, journal.id, aws.clock.now())
    return journal


def there_and_back(aws: Sandbox, wired: Wiring, instance: str) -> None:
    """Roll a machine back and undo it, if nothing about it stands in the way."""
    request = Request(instance_id=instance, choice=parse_choice("latest"))
    planned = plan(wired.regions, wired.catalogue, request)
    if planned.blockers:
        return
    begun = commands.apply(wired.desk, request, planned.digest, aws.clock.now())
    done = to_the_end(aws, wired, begun)
    assert (done.state, done.reason) == (RollbackState.DONE, "")
    lost = [line for line in commands.observed_fidelity(wired.desk, done) if line.why]
    assert lost == []
    undone = commands.undo(wired.desk, done.id, aws.clock.now())
    assert to_the_end(aws, wired, undone).state is RollbackState.UNDONE


@pytest.mark.parametrize("name", sorted(RECORDINGS))
def test_a_recorded_fleet_runs_through_backup_rollback_and_expiry(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No recording, however odd, turns a run red or loses a property on the way."""
    document = json.loads(RECORDINGS[name].read_text(encoding="utf-8"))
    with Sandbox(now=NOON, frozen=True) as aws:
        aws.load_fleet(document)
        for account, region in sorted(places(document)):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
            run_through(aws, account, region)


def run_through(aws: Sandbox, account: str, region: str) -> None:
    """Backup, rollback, undo and both looks of expiry, in one account and region."""
    tag_all(aws.client("ec2", region=region, account=account))
    wired = Wiring(Settings(), session_of(account, region))
    taken = clean(tick.run(wired.sites, wired.schedules, aws.clock.now()))
    aws.clock.advance(120)
    clean(tick.run(wired.sites, wired.schedules, aws.clock.now()))
    backed_up = [o.subject for o in taken.outcomes if o.result is Result.DONE]
    for instance in backed_up[:2]:
        there_and_back(aws, wired, instance)
    start = aws.clock.now()
    deleted = 0
    for day in range(1, 6):
        aws.clock.move_to(start + timedelta(days=day))
        clean(tick.run(wired.sites, wired.schedules, aws.clock.now()))
        aws.clock.advance(120)
        looked = clean(expire.run(wired.sites, wired.terms(apply=True), aws.clock.now()))
        deleted += sum(o.action == "deregister" for o in looked.outcomes)

    assert bool(deleted) == bool(backed_up)
