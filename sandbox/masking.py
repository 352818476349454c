"""What a request says as anybody may read it: plain JSON, every secret masked."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from botocore.model import ListShape, MapShape, Shape, StructureShape

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MASK = "*****"
SECRET_NAMES = frozenset({"UserData", "Plaintext", "SecretString", "SecretBinary", "Password"})


def plain(value: object, shape: Shape | None) -> Json:
    """*value* as JSON can say it, with what botocore's model calls sensitive masked."""
    if shape is not None and shape.metadata.get("sensitive"):
        return _masked(value)
    if isinstance(value, Mapping):
        return {
            str(key): MASK if key in SECRET_NAMES and item else plain(item, _member(shape, key))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        member = shape.member if isinstance(shape, ListShape) else None
        return [plain(item, member) for item in value]
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _masked(value: object) -> Json:
    """MASK in the place of every value; the shape of a map or list still shows."""
    if isinstance(value, Mapping):
        return {str(key): _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return MASK


def _member(shape: Shape | None, key: object) -> Shape | None:
    if isinstance(shape, StructureShape):
        found: Shape | None = shape.members.get(str(key))
        return found
    return shape.value if isinstance(shape, MapShape) else None
