"""What a launch refuses before it makes anything: each rule on its own.

Sources: botocore's model, ``RunInstancesRequest``; EC2 API error codes; EC2 User Guide
"user-data" (16 KB before encoding) and "work-with-tags-in-imds" (keys of tags in instance
metadata).
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

from sandbox.ec2.image_model import Image
from sandbox.ec2.tags import checked_tags, require_room

MOST_USER_DATA = 16 * 1024
LONGEST_TOKEN = 64
DEFAULT_TYPE = "m1.small"
"""RunInstancesRequest.InstanceType: "Default: m1.small"."""
TAGGED_AT_LAUNCH = frozenset(
    {"instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu"}
)
_METADATA_KEY = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")
_RESERVED_METADATA_KEYS = frozenset({".", "..", "_index"})


def check_count(request: Mapping[str, Any]) -> tuple[int, int]:
    """``MinCount`` and ``MaxCount``, in order and at least one [NV: the codes]."""
    least, most = int(request.get("MinCount") or 0), int(request.get("MaxCount") or 0)
    if least < 1 or most < 1:
        name = "minCount" if least < 1 else "maxCount"
        raise invalid(str(min(least, most)), name)
    if least > most:
        raise invalid(f"{least}", "minCount", " It must not be greater than maxCount.")
    return least, most


def check_token(token: str | None) -> None:
    """A client token has at most 64 ASCII characters (EC2 Developer Guide, idempotency)."""
    if token and (len(token) > LONGEST_TOKEN or not token.isascii()):
        raise invalid(token, "clientToken", f" At most {LONGEST_TOKEN} ASCII characters.")


def check_type(
    type_: str, image: Image, region: str, zone: str, living: Callable[[], set[str]]
) -> None:
    """The type exists, runs the image's architecture and is offered in the zone.

    *living* are the types that run in the zone already: those are taken to be offered,
    whatever moto's tables (a recording of some day) say.
    """
    known = INSTANCE_TYPES.get(type_)
    if known is None:
        raise EC2ClientError("InvalidParameterValue", f"Invalid value '{type_}' for InstanceType.")
    supported = known.get("ProcessorInfo", {}).get("SupportedArchitectures") or []
    if supported and image.traits.architecture not in supported:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The architecture '{','.join(supported)}' of the specified instance type does not "
            f"match the architecture '{image.traits.architecture}' of the specified AMI. Specify "
            "an instance type and an AMI that have matching architectures, and try again.",
        )
    offered = _offered(region, zone)
    if offered and type_ not in offered and type_ not in living():
        raise EC2ClientError(
            "Unsupported",
            f"Your requested instance type ({type_}) is not supported in your requested "
            f"Availability Zone ({zone}).",
        )


def _offered(region: str, zone: str) -> frozenset[str]:
    key = (region, zone)
    if key not in _OFFERED:
        rows = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(region, [])
        _OFFERED[key] = frozenset(row["InstanceType"] for row in rows if row["Location"] == zone)
    return _OFFERED[key]


_OFFERED: dict[tuple[str, str], frozenset[str]] = {}


def checked_user_data(text: str | None) -> str | None:
    """User data as it came, base64; at most 16 KB of it raw."""
    if not text:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EC2ClientError(
            "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."
        ) from error
    if len(raw) > MOST_USER_DATA:
        raise EC2ClientError(
            "InvalidParameterValue", f"User data is limited to {MOST_USER_DATA} bytes"
        )
    return text


def launch_tags(
    specifications: Sequence[Mapping[str, Any]], *, in_metadata: bool
) -> dict[str, dict[str, str]]:
    """The tags by resource type, checked as for CreateTags and for instance metadata."""
    found: dict[str, dict[str, str]] = {}
    for each in specifications:
        kind = each.get("ResourceType")
        if kind not in TAGGED_AT_LAUNCH:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"'{kind}' is not a valid taggable resource type for this operation.",
            )
        tags = found.setdefault(str(kind), {})
        tags.update(checked_tags(each.get("Tags") or []))
        require_room({}, tags)
    if in_metadata:
        check_metadata_keys(found.get("instance", {}))
    return found


def check_metadata_keys(tags: Mapping[str, str]) -> None:
    """Keys that instance metadata can serve as paths: no spaces, no ``/``."""
    for key in tags:
        if not _METADATA_KEY.fullmatch(key) or key in _RESERVED_METADATA_KEYS:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"'{key}' is not a valid tag key. Tag keys must match pattern "
                "([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name "
                "('.', '..', '_index')",
            )


def invalid(value: str, name: str, more: str = "") -> EC2ClientError:
    """``InvalidParameterValue`` in EC2's usual words."""
    return EC2ClientError(
        "InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid.{more}"
    )
