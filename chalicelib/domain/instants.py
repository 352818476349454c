"""Instants in UTC, as tags, names and people write them."""

from datetime import UTC, datetime, timedelta

from chalicelib.domain.errors import InvalidInputError

_FORMS = "2026-11-23T03:00Z or 2026-11-23"


def aware(moment: datetime) -> datetime:
    """The same instant in UTC; a naive time is refused, since nobody can know what it means."""
    if moment.tzinfo is None:
        raise InvalidInputError(
            f"the time {moment.isoformat()} has no zone", hint="write it in UTC, ending in Z"
        )
    return moment.astimezone(UTC)


def parse_instant(text: str, *, what: str = "time") -> datetime:
    """Read an ISO 8601 instant or date (midnight UTC); *what* names it in the error."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # overflow: the first or last hours there are
        raise InvalidInputError(
            f"{what} {text!r} is not a time", hint=f"write it like {_FORMS}"
        ) from None
    if moment.tzinfo is None:
        if len(text.strip()) > len("2026-11-23"):
            raise InvalidInputError(
                f"{what} {text!r} has no zone", hint=f"write it like {_FORMS}; Z means UTC"
            )
        moment = moment.replace(tzinfo=UTC)
    return moment


def iso_minute(moment: datetime) -> str:
    """``2026-11-23T03:00Z``: slots, in tags and tables."""
    return aware(moment).strftime("%Y-%m-%dT%H:%MZ")


def iso_second(moment: datetime) -> str:
    """``2026-11-23T03:00:07Z``: things that happened."""
    return aware(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def compact_minute(moment: datetime) -> str:
    """``20261123T0300Z``: a slot inside an AMI name, where ``:`` is not allowed."""
    return aware(moment).strftime("%Y%m%dT%H%MZ")


def spell_age(age: timedelta) -> str:
    """An age as a person says it, in its two largest units: ``3d 4h``, ``5m``."""
    seconds = int(max(age, timedelta(0)).total_seconds())
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")]
    said = [f"{count}{unit}" for count, unit in parts if count][:2]
    return " ".join(said) or "0s"
