"""Reading what ``aws ec2 describe-instances`` printed, in whatever wrapping it comes.

Every field is brought to the type that botocore's model of the answer gives it; a
missing one stays missing, for the recordings span a decade of EC2.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.utils import get_service_model

from sandbox.accounts import ACCOUNT_ID, DEFAULT_ACCOUNT, DEFAULT_REGION

Document: TypeAlias = dict[str, Any]

INSTANCE = re.compile(r"i-[0-9a-zA-Z]+")
REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]+")
MILLISECONDS_FROM = 1e11
"""An epoch number this large counts milliseconds, not seconds."""
WRAPPERS = ("Reservations", "data", "Data")
WAY_OUT = "save one with `aws ec2 describe-instances --output json`"


class FleetError(ValueError):
    """The document cannot become a fleet; the sentence names the thing and the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One recorded instance and where it lives."""

    account: str
    region: str
    zone: str
    reservation: Document
    instance: Document

    @property
    def id(self) -> str:
        """The instance id."""
        return str(self.instance["InstanceId"])


def parse(text: str) -> list[object]:
    """The JSON documents in *text*, one after the other (the CLI prints one a page)."""
    decoder = json.JSONDecoder()
    documents: list[object] = []
    at = _next_document(text, 0)
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            raise FleetError(
                f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}; {WAY_OUT}"
            ) from error
        documents.append(document)
        at = _next_document(text, at)
    if not documents:
        raise FleetError(f"it is empty; {WAY_OUT}")
    return documents


def _next_document(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def read(document: object) -> list[Machine]:
    """Every instance in *document*; raises ``FleetError`` when it is something else."""
    machines = [_machine(*each) for each in _instances(document, "the document")]
    seen: set[str] = set()
    for machine in machines:
        if machine.id in seen:
            raise FleetError(f"instance {machine.id} is in it twice; leave one of the two out")
        seen.add(machine.id)
    return machines


def _instances(document: object, where: str) -> Iterator[tuple[Document, Document]]:
    """Each instance with its reservation, through lists, pages and recordings' wrappers."""
    if isinstance(document, list):
        for at, item in enumerate(document):
            yield from _instances(item, f"{where}[{at}]")
        return
    known = document if isinstance(document, dict) else {}
    inner = next((each for each in WRAPPERS if isinstance(known.get(each), list | dict)), None)
    if "Instances" in known:
        reservation = _conform(known, _shape("Reservation"), where)
        for instance in reservation.pop("Instances"):
            yield reservation, instance
    elif "InstanceId" in known:
        yield {}, _conform(known, _shape("Instance"), where)
    elif inner is not None:
        yield from _instances(known[inner], inner)
    else:
        shown = json.dumps(document, default=str)
        raise FleetError(
            f"{where} is not what describe-instances prints: it has no Reservations "
            f"but is {shown[:60]}{'...' if len(shown) > 60 else ''}; {WAY_OUT}"
        )


def _machine(reservation: Document, instance: Document) -> Machine:
    identity = instance.get("InstanceId")
    if not isinstance(identity, str) or not INSTANCE.fullmatch(identity):
        raise FleetError(f"an instance has the id {identity!r}; ids look like i-0abc123def4567890")
    zone = (instance.get("Placement") or {}).get("AvailabilityZone") or _zone_by_name(instance)
    region = REGION.match(zone)
    if region is None:
        raise FleetError(f"{identity}: {zone!r} is not an availability zone, like us-east-1a")
    return Machine(
        account=_account(reservation, instance),
        region=region[0],
        zone=zone,
        reservation=reservation,
        instance=instance,
    )


def _account(reservation: Document, instance: Document) -> str:
    owners = [reservation.get("OwnerId")]
    owners += [each.get("OwnerId") for each in instance.get("NetworkInterfaces") or ()]
    return next((each for each in owners if each and ACCOUNT_ID.fullmatch(each)), DEFAULT_ACCOUNT)


def _zone_by_name(instance: Document) -> str:
    """The region that a recording without a zone shows in its DNS names, and its zone a."""
    for name in ("PrivateDnsName", "PublicDnsName"):
        labels = str(instance.get(name, "")).split(".")
        for label in labels:
            if REGION.fullmatch(label):
                return f"{label}a"
    return f"{DEFAULT_REGION}a"


@cache
def _shape(name: str) -> Shape:
    return get_service_model("ec2").shape_for(name)


def _conform(value: object, shape: Shape, where: str) -> Any:  # noqa: ANN401 - as the shape says
    """*value* in the types of *shape*; members that the model lacks are left out."""
    if isinstance(shape, StructureShape):
        return _structure(value, shape, where)
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        items = [(f"{where}[{at}]", each) for at, each in enumerate(value)]
        return [_conform(each, shape.member, name) for name, each in items if each is not None]
    if isinstance(shape, MapShape):
        return value
    reader = _SCALARS.get(shape.type_name, _string)
    try:
        return reader(value)
    except (ValueError, TypeError, OverflowError, OSError):
        raise _wrong(where, f"a {shape.type_name}", value) from None


def _structure(value: object, shape: StructureShape, where: str) -> Document:
    if not isinstance(value, Mapping):
        raise _wrong(where, "an object", value)
    named = value.get("InstanceId")
    inside = str(named) if isinstance(named, str) else where
    return {
        name: _conform(value[name], member, f"{inside}.{name}")
        for name, member in shape.members.items()
        if value.get(name) is not None
    }


def _wrong(where: str, wanted: str, value: object) -> FleetError:
    return FleetError(f"{where} must be {wanted}, not {json.dumps(value, default=str)[:60]}")


def _string(value: object) -> str:
    if isinstance(value, Mapping | list | bool):
        raise TypeError
    return str(value)


def _boolean(value: object) -> bool:
    if isinstance(value, str):
        if value.lower() not in ("true", "false", ""):
            raise ValueError
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise TypeError
    return value


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return int(value)


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    return float(value)


def _moment(value: object) -> datetime:
    """A time as text, as a number of seconds or milliseconds, or spelled out in parts."""
    if isinstance(value, Mapping) and {"year", "month", "day"} <= value.keys():
        year, month, day, hour, minute, second = (int(value.get(name, 0)) for name in _PARTS)
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    seconds = _fraction(value)
    return datetime.fromtimestamp(seconds / 1000 if seconds > MILLISECONDS_FROM else seconds, UTC)


_PARTS = ("year", "month", "day", "hour", "minute", "second")
_SCALARS = {
    "string": _string,
    "boolean": _boolean,
    "integer": _whole,
    "long": _whole,
    "float": _fraction,
    "double": _fraction,
    "timestamp": _moment,
}
