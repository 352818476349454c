"""Pages of Auto Scaling's describe calls: ``MaxRecords`` in, ``NextToken`` out.

Source: botocore's model, ``MaxRecords`` of each describe operation (default 50 and at most
100 unless the operation says otherwise) and ``InvalidNextToken``.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from moto.autoscaling.exceptions import AutoscalingClientError

from sandbox.autoscaling.errors import invalid

Item = TypeVar("Item")

PREFIX = "as-page-"


def page(
    found: Sequence[Item], asked: Mapping[str, Any], *, default: int = 50, most: int = 100
) -> tuple[list[Item], str | None]:
    """The page of *found* that is *asked* for, and the token of the next."""
    size = int(asked.get("MaxRecords") or default)
    if not 1 <= size <= most:
        raise invalid(f"MaxRecords must be between 1 and {most}, not {size}.")
    start = _start(asked.get("NextToken"))
    end = start + size
    return list(found[start:end]), f"{PREFIX}{end}" if end < len(found) else None


def _start(token: str | None) -> int:
    if not token:
        return 0
    number = token.removeprefix(PREFIX)
    if number == token or not number.isdecimal():
        raise AutoscalingClientError("InvalidNextToken", "The NextToken value is not valid.")
    return int(number)
