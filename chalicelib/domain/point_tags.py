"""Tags on recovery points, both ways: what CreateImage sets, and what a listing says.

The keys are DESIGN section 3's. All of them go on the image and on each snapshot in
the creating call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import iso_minute, iso_second, parse_instant
from chalicelib.domain.names import PointName, parse_name
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, Snapshot, State

MANAGED_BY = "snapback:managed-by"
LINEAGE = "snapback:lineage"
INSTANCE = "snapback:instance"
PLAN = "snapback:plan"
SLOT = "snapback:slot"
KIND = "snapback:kind"
RETAIN = "snapback:retain"
KEEP_UNTIL = "snapback:keep-until"
CHANGE = "snapback:change"
MANIFEST = "snapback:manifest"
STATE = "snapback:state"
HOLD = "snapback:hold"
QUARANTINED_AT = "snapback:quarantined-at"
NAME = "Name"
SOURCE_PREFIX = "src:"

MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
_LATER = 3
"""Room kept for the tags that come later: state, hold, quarantined-at."""


def managed_by(deployment: str) -> str:
    """The value of ``snapback:managed-by`` for *deployment*."""
    return f"snapback/{deployment}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTags:
    """What is known of a point when it is created."""

    deployment: str
    lineage: str
    instance_id: str
    kind: Kind
    at: datetime
    """The slot of a scheduled point, else the moment it was asked for."""
    plans: tuple[str, ...]
    retain: str
    manifest: str
    keep_until: datetime | None = None
    change: str = ""


def build_tags(
    point: PointTags, source: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The tag set of a new point, and which of the source's keys found no room in it.

    Ours always win. The source's own come along as ``src:<key>``, so that no other
    tool's tag-based policy mistakes the image for its own; ``aws:`` keys are AWS's and
    ``snapback:`` keys would let an instance's owner forge ours (F12, F13, F14). What
    does not fit is dropped in the order of its key, so every try drops the same.
    """
    tags = {
        MANAGED_BY: managed_by(point.deployment),
        LINEAGE: point.lineage,
        INSTANCE: point.instance_id,
        KIND: point.kind.value,
        SLOT: iso_minute(point.at),
        RETAIN: point.retain,
        MANIFEST: point.manifest,
        NAME: _name(point, source),
    }
    optional = {
        PLAN: "+".join(point.plans),
        CHANGE: point.change,
        KEEP_UNTIL: iso_second(point.keep_until) if point.keep_until else "",
    }
    tags |= {key: value for key, value in optional.items() if value}
    dropped: list[str] = []
    for key in sorted(source):
        if key.lower().startswith(("aws:", "snapback:")):
            continue
        wanted = f"{SOURCE_PREFIX}{key}"
        fits = len(wanted) <= LONGEST_KEY and len(source[key]) <= LONGEST_VALUE
        if fits and len(tags) < MOST_TAGS - _LATER:
            tags[wanted] = source[key]
        else:
            dropped.append(key)
    return tags, tuple(dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """One image as DescribeImages tells it, before its tags are believed."""

    image_id: str
    name: str
    region: str
    state: str
    created: str
    source_instance: str
    """``SourceInstanceId``: set by EC2 at CreateImage, not forgeable by a tag."""
    snapshots: tuple[Snapshot, ...]
    tags: Mapping[str, str]
    protection: str = ""
    """``DeregistrationProtection``."""
    is_public: bool = False
    owner_alias: str = ""
    """``ImageOwnerAlias``."""


def read_point(image: ListedImage, deployment: str) -> RecoveryPoint:
    """The point that *image* claims to be; whatever contradicts itself is a problem.

    Never raises: an image that can not be read is kept and reported (F54).
    """
    problems: list[str] = []
    name = parse_name(image.name)
    if name is None:
        problems.append(f"its name {image.name!r} is not one that Snapback gives")
    if image.tags.get(MANAGED_BY) != managed_by(deployment):
        problems.append(f"its tag {MANAGED_BY} is not that of the deployment {deployment}")
    created = _instant(image.created, "creation date", problems) or _EPOCH
    kind = _kind(image.tags, name, problems)
    problems += _contradictions(image, name)
    at = _instant(image.tags.get(SLOT, ""), SLOT, problems) or created
    stamped = image.tags.get(QUARANTINED_AT, "")
    until = image.tags.get(KEEP_UNTIL, "")
    return RecoveryPoint(
        image_id=image.image_id,
        name=image.name,
        region=image.region,
        lineage=image.tags.get(LINEAGE, ""),
        instance_id=image.tags.get(INSTANCE, ""),
        kind=kind,
        at=at,
        created_at=created,
        state=_state(image, problems),
        is_available=image.state == "available",
        plans=tuple(filter(None, image.tags.get(PLAN, "").split("+"))),
        retain=image.tags.get(RETAIN, ""),
        keep_until=_instant(until, KEEP_UNTIL, problems) if until else None,
        # A hold set by hand with no value is a hold all the same.
        hold=(image.tags[HOLD] or "forever") if HOLD in image.tags else "",
        quarantined_at=_instant(stamped, QUARANTINED_AT, problems) if stamped else None,
        change=image.tags.get(CHANGE, ""),
        manifest=image.tags.get(MANIFEST, ""),
        snapshots=image.snapshots,
        protection="" if image.protection == "disabled" else image.protection,
        is_public=image.is_public,
        other_owner=other_owner(image.tags, image.owner_alias),
        problems=tuple(problems),
    )


def other_owner(tags: Mapping[str, str], alias: str = "") -> str:
    """The AWS service whose marks *tags* bear, or empty.

    Keys of AWS Backup, of Data Lifecycle Manager (EBS User Guide, dlm-elements) and of EC2
    Image Builder. A machine's own tags come along as ``src:``, so they are no such mark.
    """
    if alias == "aws-backup-vault" or any(key.startswith("aws:backup:") for key in tags):
        return "AWS Backup"
    if "dlm:managed" in tags or any(key.startswith("aws:dlm:") for key in tags):
        return "Data Lifecycle Manager"
    if "Ec2ImageBuilderArn" in tags or tags.get("CreatedBy") == "EC2 Image Builder":
        return "EC2 Image Builder"
    return ""


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _name(point: PointTags, source: Mapping[str, str]) -> str:
    """What people see in the console: the machine's name and the slot."""
    called = source.get(NAME) or point.instance_id
    return f"{called} {iso_minute(point.at)}"[:LONGEST_VALUE]


def _kind(tags: Mapping[str, str], name: PointName | None, problems: list[str]) -> Kind:
    told = tags.get(KIND, "")
    try:
        return Kind(told)
    except ValueError:
        problems.append(f"its tag {KIND} is {told!r}")
        return name.kind if name else Kind.MANUAL


def _contradictions(image: ListedImage, name: PointName | None) -> list[str]:
    found = []
    tagged = image.tags.get(INSTANCE, "")
    if name is not None and name.instance_id != tagged:
        found.append(f"its name says {name.instance_id}, its tag says {tagged or 'nothing'}")
    if name is not None and name.kind.value != image.tags.get(KIND, ""):
        found.append(f"its name says {name.kind.value}, its tag {KIND} says otherwise")
    if image.source_instance and name is not None and image.source_instance != name.instance_id:
        found.append(f"EC2 says that it was made from {image.source_instance}")
    if not image.tags.get(LINEAGE):
        found.append(f"it has no tag {LINEAGE}")
    return found


def _instant(text: str, what: str, problems: list[str]) -> datetime | None:
    try:
        return parse_instant(text, what=what)
    except InvalidInputError as err:
        problems.append(err.message)
        return None


def _state(image: ListedImage, problems: list[str]) -> State:
    """What EC2's state and our tag say together (model: ImageState); F08."""
    match image.state:
        case "available":
            return _settled(image.tags.get(STATE, ""), problems)
        case "pending" | "transient":
            return State.PENDING
        case "failed" | "error" | "invalid":
            return State.FAILED
        case "disabled":
            return State.QUARANTINED if QUARANTINED_AT in image.tags else State.DISABLED
        case "deregistered":
            return State.GONE
        case other:
            problems.append(f"EC2 calls it {other!r}")
            return State.PENDING


def _settled(told: str, problems: list[str]) -> State:
    """An available image: usable once a tick has seen it complete and said so."""
    match told:
        case "" | "quarantined":
            # Somebody enabled it by hand, or the tick has yet to settle it.
            return State.PENDING
        case "usable" | "verified" | "failed":
            return State(told)
        case other:
            problems.append(f"its tag {STATE} is {other!r}")
            return State.PENDING
