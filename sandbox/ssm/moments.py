"""Times and spans as texts in requests and runbooks (ISO 8601)."""

import re
from datetime import UTC, datetime, timedelta

from moto.ssm.exceptions import SSMException

_SPAN = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def moment_of(text: str, code: str) -> datetime:
    """A time, in UTC unless it says otherwise; what is none is refused with *code* [NV].

    Source: botocore's model, CommandFilter.value, "Specify a timestamp".
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SSMException(code, f"{text} is not a timestamp.") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def span_of(text: str) -> timedelta:
    """A duration such as ``PT10M``; raises ``ValueError``."""
    found = _SPAN.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(f"{text} is not a duration")
    return timedelta(**{unit: int(number) for unit, number in found.groupdict("0").items()})
