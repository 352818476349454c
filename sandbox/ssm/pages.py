"""Pages of SSM's lists: ``MaxResults`` in, ``NextToken`` out."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from moto.ssm.exceptions import SSMException

Item = TypeVar("Item")


def page(
    operation: str, everything: Sequence[Item], size: int | None, token: str | None, *, usual: int
) -> tuple[list[Item], str | None]:
    """The page that *size* (else *usual*) and *token* ask for, and the token of the next.

    Raises ``InvalidNextToken`` for what no answer of *operation* gave (SSM API, errors). The
    sizes themselves are the model's to check; what is usual is not documented [NV].
    """
    start = 0 if not token else _start(operation, token)
    end = start + (size or usual)
    following = None
    if end < len(everything):
        following = base64.b64encode(f"{operation}:{end}".encode()).decode()
    return list(everything[start:end]), following


def _start(operation: str, token: str) -> int:
    """Source: SSM API, errors: InvalidNextToken, "The specified token isn't valid."."""
    try:
        name, _, start = base64.b64decode(token, validate=True).decode().rpartition(":")
        if name == operation and start.isdecimal():
            return int(start)
    except (binascii.Error, UnicodeDecodeError):
        pass
    raise SSMException("InvalidNextToken", "The specified token isn't valid.")
