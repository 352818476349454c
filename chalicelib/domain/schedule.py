"""Schedules: the grammar of ``snapback:schedule``, and the slots that it makes.

Cron is cronsim's work. A daily slot falls exactly once on every local day: at the
shifted time in the night that skips it, once in the night that has it twice (F30).
``hourly`` and ``every`` are counted in UTC, where no hour is skipped or repeated.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import groupby, islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import aware

FORMS = (
    "hourly@:20, every 4h, daily@03:00 Europe/London, weekly:sun@04:15, monthly:1@02:00, "
    "monthly:last@02:00, yearly:01-01@00:00 or cron:0 3 * * 1-5 Europe/Berlin"
)
_DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_TIME = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
_HOURLY = re.compile(r"hourly@:(?P<minute>[0-5][0-9])")
_EVERY = re.compile(r"every (?P<count>[1-9][0-9]{0,3})(?P<unit>[mhd])")
_DAILY = re.compile(rf"daily@{_TIME}")
_WEEKLY = re.compile(rf"weekly:(?P<days>[a-z]{{3}}(?:\+[a-z]{{3}})*)@{_TIME}")
_MONTHLY = re.compile(rf"monthly:(?P<day>last|[1-9]|[12][0-9]|3[01])@{_TIME}")
_YEARLY = re.compile(rf"yearly:(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])@{_TIME}")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LEAST, _MOST = timedelta(minutes=5), timedelta(days=31)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The rarest slot that exists is a leap day on one weekday: forty years apart across 2100.
_WINDOWS = (timedelta(hours=3), timedelta(days=3), timedelta(days=40), timedelta(days=50 * 366))
# Zones of other kinds, or of this machine only: a Lambda may lack them.
_NO_ZONE = re.compile(r"(posix|right)/.*|localtime|posixrules|Factory")


@dataclass(frozen=True, slots=True)
class Schedule:
    """When recovery points are due. ``str`` gives the text it was read from."""

    text: str
    cron: str = ""
    """Five fields, read in ``zone``; empty when ``interval`` counts instead."""
    zone: str = "UTC"
    interval: timedelta | None = None

    def __str__(self) -> str:
        """The tag value that means this schedule."""
        return self.text

    def latest(self, now: datetime) -> datetime:
        """The latest slot at or before *now*, in UTC."""
        return _latest(self, aware(now).replace(second=0, microsecond=0))

    def following(self, after: datetime, count: int) -> tuple[datetime, ...]:
        """The next *count* slots after *after*, in UTC."""
        moment = aware(after)
        if self.interval is not None:
            done = (moment - _EPOCH) // self.interval
            return tuple(_EPOCH + self.interval * (done + n) for n in range(1, count + 1))
        return tuple(islice(_slots(self, moment), count))


def _slots(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Every slot after *after*, in UTC.

    A slot at a time of day is looked for on the wall clock and then placed in the zone.
    Only a slot of every hour or minute is counted through the hours as they really pass.
    """
    zone = ZoneInfo(schedule.zone)
    minute, hour = schedule.cron.split()[:2]
    if minute.startswith("*") or hour.startswith("*"):
        return (s.astimezone(UTC) for s in CronSim(schedule.cron, after.astimezone(zone)))
    start = after.astimezone(zone).replace(tzinfo=None)
    placed = (_placed(wall, zone) for wall in CronSim(schedule.cron, start))
    # Times skipped together fall on one moment: one slot. And in a night that repeats an
    # hour the wall clock runs behind, so that times come up which have already been.
    return (slot for slot, _ in groupby(placed) if slot > after)


def _placed(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which *zone*'s clocks show *wall*.

    A time that the clocks skip becomes the first that they show afterwards, or the last
    before where that would be another day (America/Nuuk skips 23:00 to midnight).
    """
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = before.astimezone(zone).utcoffset()
    while before.astimezone(zone).utcoffset() == offset:
        before += timedelta(minutes=1)
    same_day = before.astimezone(zone).date() == wall.date()
    return before if same_day else before - timedelta(minutes=1)


@lru_cache(maxsize=4096)
def _latest(schedule: Schedule, now: datetime) -> datetime:
    if schedule.interval is not None:
        return _EPOCH + schedule.interval * ((now - _EPOCH) // schedule.interval)
    newest = (
        deque(takewhile(lambda slot: slot <= now, _slots(schedule, now - window)), maxlen=1)
        for window in _WINDOWS
    )
    return next(filter(None, newest))[0]


def parse_schedule(text: str) -> Schedule:
    """Read a schedule; ``InvalidInputError`` names what is wrong and the forms there are."""
    words = " ".join(text.split())
    if words.startswith("cron:"):
        return _cron(words)
    if match := _EVERY.fullmatch(words):
        return _every(words, match)
    head, _, zone = words.partition(" ")
    if match := _HOURLY.fullmatch(words):
        return Schedule(words, f"{int(match['minute'])} * * * *")
    return _checked(words, _calendar(words, head), zone)


def is_zone(name: str) -> bool:
    """Whether *name* is a time zone, on every machine and not on this one only."""
    try:
        return not _NO_ZONE.fullmatch(name) and bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # not found, not a key, or a folder of zones
        return False


def _every(words: str, match: re.Match[str]) -> Schedule:
    interval = int(match["count"]) * _UNITS[match["unit"]]
    if not _LEAST <= interval <= _MOST:
        raise _wrong(words, "the interval must be from 5m to 31d")
    return Schedule(words, interval=interval)


def _cron(words: str) -> Schedule:
    fields = words.removeprefix("cron:").split(" ")
    if len(fields) not in (5, 6):
        raise _wrong(words, "cron: takes five fields and perhaps a zone")
    return _checked(words, " ".join(fields[:5]), fields[5] if len(fields) == 6 else "")


def _calendar(words: str, head: str) -> str:
    """The five cron fields of a named form."""
    if match := _DAILY.fullmatch(head):
        days, months, weekdays = "*", "*", "*"
    elif match := _WEEKLY.fullmatch(head):
        named = match["days"].split("+")
        if wrong := [d for d in named if d not in _DAYS]:
            raise _wrong(words, f"{wrong[0]} is not a day: use {', '.join(_DAYS)}")
        days, months = "*", "*"
        weekdays = ",".join(str(n) for n in sorted({_DAYS[d] for d in named}))
    elif match := _MONTHLY.fullmatch(head):
        days, months, weekdays = match["day"].replace("last", "L"), "*", "*"
    elif match := _YEARLY.fullmatch(head):
        days, months, weekdays = str(int(match["day"])), str(int(match["month"])), "*"
    else:
        raise _wrong(words, "it is none of the forms")
    return f"{int(match['minute'])} {int(match['hour'])} {days} {months} {weekdays}"


def _checked(words: str, cron: str, zone: str) -> Schedule:
    """A cron schedule that has a known zone and at least one slot."""
    zone = zone or "UTC"
    if not is_zone(zone):
        raise _wrong(words, f"the zone {zone!r} is unknown; write it like Europe/London")
    try:
        next(CronSim(cron, _EPOCH))
    except (CronSimError, ValueError) as err:  # ValueError: a number of thousands of digits
        raise _wrong(words, f"cron fields {cron!r} can not be read: {err}") from None
    except StopIteration:
        raise _wrong(words, "there is no such day, so it would never run") from None
    return Schedule(words, cron, zone)


def _wrong(words: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"schedule {words!r}: {why}", hint=f"use {FORMS}")
