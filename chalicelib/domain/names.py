"""AMI names: ``snapback/<instance-id>/<kind>/<key>``, the idempotency key of a backup.

CreateImage has no client token; EC2 refuses a second image of the same name
(``InvalidAMIName.Duplicate``), so a name that depends on nothing but the instance
and the slot is what makes a backup happen once.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import compact_minute
from chalicelib.domain.recovery_point import Kind

PREFIX = "snapback"
_NAME = re.compile(
    rf"{PREFIX}/(?P<instance>i-[0-9a-f]{{8,17}})"
    rf"/(?P<kind>{'|'.join(k.value for k in Kind)})/(?P<key>[A-Za-z0-9._-]{{1,64}})"
)
# EC2 gave out eight hex digits and gives out seventeen; recordings have others in between.
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")
_IMAGE_ID = re.compile(r"ami-[0-9a-f]{8,17}")


@dataclass(frozen=True, slots=True)
class PointName:
    """The parts of a recovery point's AMI name."""

    instance_id: str
    kind: Kind
    key: str

    def __str__(self) -> str:
        """The name itself, in the characters that every AMI name may have."""
        return f"{PREFIX}/{self.instance_id}/{self.kind.value}/{self.key}"


def slot_key(slot: datetime, attempt: int = 1) -> str:
    """The key of a slot; a retry after a failed image gets ``.2``, ``.3``: its name is taken."""
    key = compact_minute(slot)
    return key if attempt == 1 else f"{key}.{attempt}"


def parse_name(name: str) -> PointName | None:
    """The parts of *name*, or nothing if it is not one that we would have given."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return PointName(match["instance"], Kind(match["kind"]), match["key"])


def instance_id(text: str) -> str:
    """*text*, if it looks like an instance id."""
    if not _INSTANCE_ID.fullmatch(text):
        raise InvalidInputError(
            f"instance {text!r} is not an instance id", hint="it looks like i-0123456789abcdef0"
        )
    return text


def image_id(text: str) -> str:
    """*text*, if it looks like an image id."""
    if not _IMAGE_ID.fullmatch(text):
        raise InvalidInputError(
            f"image {text!r} is not an image id", hint="it looks like ami-0123456789abcdef0"
        )
    return text
