"""EC2's describe filters: names are joined by AND, the values of one name by OR.

Source: EC2 User Guide, "List and filter using the CLI and API": values are case
sensitive, ``*`` matches zero or more characters and ``?`` zero or one, a backslash
makes either literal, and a request takes up to 50 filters of up to 200 values.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from moto.ec2.exceptions import EC2ClientError

Resource = TypeVar("Resource")
Reader = Callable[[Resource], Iterable[str | None]]
TagReader = Callable[[Resource], Mapping[str, str]]

MOST_FILTERS = 50
MOST_VALUES = 200


def invalid_filter(name: str) -> EC2ClientError:
    """The error for a filter that the operation does not have."""
    return EC2ClientError("InvalidParameterValue", f"The filter '{name}' is invalid")


def select(
    resources: Iterable[Resource],
    filters: Sequence[Mapping[str, Any]],
    readers: Mapping[str, Reader[Resource]],
    tags_of: TagReader[Resource],
) -> list[Resource]:
    """The *resources* that match every one of the request's *filters*.

    A filter that is neither in *readers* nor about tags is refused, as EC2 does
    (``InvalidParameterValue``), even when there is nothing to filter.
    """
    return list(matching(resources, filters, readers, tags_of))


def matching(
    resources: Iterable[Resource],
    filters: Sequence[Mapping[str, Any]],
    readers: Mapping[str, Reader[Resource]],
    tags_of: TagReader[Resource],
) -> Iterator[Resource]:
    """The same one by one, for pages: what no page has reached has not been looked at.

    Bad filters are refused at once.
    """
    tests = _tests(filters, readers, tags_of)
    if not tests:
        return iter(resources)
    if len(tests) == 1:
        return filter(tests[0], resources)
    return (resource for resource in resources if all(test(resource) for test in tests))


def matcher(values: Sequence[str]) -> Callable[[str], bool]:
    """Whether a text is matched by one of the filter *values*."""
    plain = {_unescaped(value) for value in values if not is_wild(value)}
    wild = [re.compile(_pattern(value), re.DOTALL) for value in values if is_wild(value)]
    if not wild:
        return plain.__contains__

    def matches(text: str) -> bool:
        return text in plain or any(pattern.fullmatch(text) for pattern in wild)

    return matches


def is_wild(value: str) -> bool:
    """Whether a filter value has a wildcard that is not made literal."""
    return re.search(r"(?<!\\)(?:\\\\)*[*?]", value) is not None


def flag(value: object) -> str:
    """How a filter spells a Boolean."""
    return "true" if value else "false"


def moment(value: datetime) -> str:
    """How a filter spells a time: ISO 8601 in UTC with milliseconds."""
    value = value.astimezone(UTC)
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def _tests(
    filters: Sequence[Mapping[str, Any]],
    readers: Mapping[str, Reader[Resource]],
    tags_of: TagReader[Resource],
) -> list[Callable[[Resource], bool]]:
    if len(filters) > MOST_FILTERS:
        raise _too_many(f"more than {MOST_FILTERS} filters")
    tests: list[Callable[[Resource], bool]] = []
    for each in filters:
        name = each.get("Name")
        values = list(each.get("Values") or [])
        if not name:
            raise invalid_filter("null")
        if len(values) > MOST_VALUES:
            raise _too_many(f"more than {MOST_VALUES} values in the filter '{name}'")
        tests.append(_test(name, matcher(values), readers, tags_of))
    return tests


def _too_many(what: str) -> EC2ClientError:
    return EC2ClientError("FilterLimitExceeded", f"The request has {what}.")


def _test(
    name: str,
    matches: Callable[[str], bool],
    readers: Mapping[str, Reader[Resource]],
    tags_of: TagReader[Resource],
) -> Callable[[Resource], bool]:
    read = readers.get(name)
    if read is not None:
        return lambda resource: any(text is not None and matches(text) for text in read(resource))
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda resource: (text := tags_of(resource).get(key)) is not None and matches(text)
    if name == "tag-key":
        return lambda resource: any(map(matches, tags_of(resource)))
    if name == "tag-value":
        return lambda resource: any(map(matches, tags_of(resource).values()))
    raise invalid_filter(name)


def _unescaped(value: str) -> str:
    return re.sub(r"\\([*?\\])", r"\1", value)


def _pattern(value: str) -> str:
    """The regular expression that says what the wildcards of *value* say."""
    wild = {"*": ".*", "?": ".?"}
    parts = re.findall(r"\\[*?\\]|.", value, re.DOTALL)
    return "".join(
        wild.get(part) or re.escape(part[-1] if len(part) > 1 else part) for part in parts
    )
