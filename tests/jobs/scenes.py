"""What tests of jobs have in common: the plans, one run of each job, a look at what came."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.plans import parse_plans
from chalicelib.domain.report import Result, RunReport
from chalicelib.domain.rollback.journal import Journal
from chalicelib.domain.rollback.selection import parse_choice
from chalicelib.jobs import expire as expire_job
from chalicelib.jobs import tick as tick_job
from chalicelib.jobs.lineages import Terms
from chalicelib.jobs.rollback import commands
from chalicelib.jobs.rollback.commands import Desk
from chalicelib.jobs.rollback.planning import Request
from chalicelib.jobs.tick import Schedules
from tests.fakes.cloud import Cloud
from tests.fakes.place import FakeImage, FakeMachine
from tests.fakes.wire import Call, CrashError

DAILY = {"snapback:plan": "daily"}
BRIEF = {"snapback:plan": "hourly", "snapback:retain": "last=2"}
QUARANTINE = timedelta(hours=24)
SCHEDULES = Schedules(
    book=parse_plans("[guards]\nlineage_percent = 100\n"), plan_tag="snapback:plan"
)
"""Without the bound that spreads one machine's expiry over several runs."""
TERMS = Terms(schedules=SCHEDULES, quarantine=QUARANTINE)
TICK = timedelta(minutes=5)


def tick(
    cloud: Cloud, *, dry_run: bool = False, keep_going: Callable[[], bool] = lambda: True
) -> RunReport:
    """One tick, now."""
    return tick_job.run(cloud.sites, SCHEDULES, cloud.now, dry_run=dry_run, keep_going=keep_going)


def expire(
    cloud: Cloud, terms: Terms = TERMS, keep_going: Callable[[], bool] = lambda: True
) -> RunReport:
    """One run of expiry, now."""
    return expire_job.run(cloud.sites, terms, cloud.now, keep_going=keep_going)


def settled(cloud: Cloud) -> None:
    """Tick, wait until EC2 has made the images, tick again."""
    tick(cloud)
    cloud.clock.advance(TICK)
    tick(cloud)


def hours(cloud: Cloud, count: int) -> None:
    """That many hours with a point each, all settled."""
    for _ in range(count):
        settled(cloud)
        cloud.clock.now = cloud.now.replace(minute=0) + timedelta(hours=1)


def images_of(cloud: Cloud, machine: FakeMachine | None = None) -> list[FakeImage]:
    """The registered images (made of one machine), oldest first."""
    return [
        i for i in cloud.home.images.values() if machine is None or i.source_instance == machine.id
    ]


def image_of(cloud: Cloud, machine: FakeMachine | None = None) -> FakeImage:
    """The only one."""
    [image] = images_of(cloud, machine)
    return image


def told(report: RunReport, result: Result | None = None) -> list[tuple[str, str, str]]:
    """Subject, action and result of each line, or of those with one result."""
    return [
        (o.subject, o.action, o.result.value)
        for o in report.outcomes
        if result is None or o.result is result
    ]


def reason(report: RunReport, subject: str, action: str = "") -> str:
    """The reason on the only line about *subject*."""
    [line] = [o for o in report.outcomes if o.subject == subject and action in ("", o.action)]
    return line.reason


def changes(calls: list[Call]) -> list[str]:
    """The calls that change something in AWS."""
    return [str(call) for call in calls if call.changes]


def desk(cloud: Cloud) -> Desk:
    """What rollbacks work with."""
    return Desk(regions=cloud.regions, catalogue=cloud.catalogue, vault=cloud.vault)


def request(machine: FakeMachine, to: str = "latest") -> Request:
    """A rollback of *machine*."""
    return Request(instance_id=machine.id, choice=parse_choice(to))


def follow(cloud: Cloud, rollback: str, *, ticks: int = 10, step: timedelta = TICK) -> Journal:
    """Resume again and again until the rollback is finished, at most *ticks* times."""
    for _ in range(ticks):
        journal = commands.status(desk(cloud), rollback)
        if not journal.state.is_open:
            return journal
        cloud.clock.advance(step)
        commands.resume_all(desk(cloud), cloud.now)
    return commands.status(desk(cloud), rollback)


def survive(act: Callable[[], object]) -> bool:
    """Run *act*; whether it came to its end instead of crashing."""
    try:
        act()
    except CrashError:
        return False
    return True


def retagged(machine: FakeMachine, **tags: str | None) -> None:
    """Change a machine's tags; ``None`` removes one, ``__`` in a key stands for ``:``."""
    held = dict(machine.configuration.tags)
    for key, value in tags.items():
        name = key.replace("__", ":")
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value
    machine.configuration = replace(machine.configuration, tags=held)


def moments(start: datetime, step: timedelta, count: int) -> Iterator[datetime]:
    """*count* moments from *start* on."""
    return (start + step * n for n in range(count))
