"""Values as canonical JSON and back: what digests are made of and the catalogue stores.

Canonical means sorted keys, no spaces, instants in ISO 8601: the same value gives
the same text in every process, so a digest names a value.
"""

import dataclasses
import enum
import hashlib
import json
import types
import typing
from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.domain.instants import aware

T = typing.TypeVar("T")

_PLAIN = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def encode(value: object) -> object:
    """*value* (frozen dataclasses, enums, tuples, instants) as plain JSON values."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return aware(value).isoformat()
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value


def to_json(value: object) -> str:
    """The canonical text of *value*."""
    return json.dumps(encode(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value: object, length: int = 16) -> str:
    """A short name for exactly this value: the first *length* hex digits of its SHA-256."""
    return hashlib.sha256(to_json(value).encode()).hexdigest()[:length]


def plain_digest(value: Sequence[object], length: int = 16) -> str:
    """``digest`` of a value that is JSON already: a hundred thousand seals are checked a run."""
    return hashlib.sha256(_PLAIN.encode(value).encode()).hexdigest()[:length]


def from_json(kind: type[T], text: str) -> T:
    """The *kind* that *text* encodes; fields added since it was written take their defaults.

    Raises ``TypeError``, ``KeyError`` or ``ValueError`` when the text is not one: the
    caller knows what it was reading and says so.
    """
    return typing.cast("T", _decode(kind, json.loads(text)))


def _decode(kind: object, raw: object) -> object:
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        inner = next(a for a in arguments if a is not types.NoneType)
        return None if raw is None else _decode(inner, raw)
    if origin is tuple:
        return tuple(_decode(arguments[0], item) for item in _list(raw))
    if origin is not None:
        return dict(_mapping(raw))
    if isinstance(kind, type):
        return _decode_plain(kind, raw)
    raise TypeError(f"cannot decode into {kind!r}")


def _decode_plain(kind: type, raw: object) -> object:
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        known = _mapping(raw)
        return kind(
            **{
                f.name: _decode(hints[f.name], known[f.name])
                for f in dataclasses.fields(kind)
                if f.name in known
            }
        )
    if issubclass(kind, enum.Enum):
        return kind(raw)
    if kind is datetime:
        return datetime.fromisoformat(str(raw))
    if not isinstance(raw, kind):
        raise TypeError(f"expected {kind.__name__}, found {type(raw).__name__}")
    return raw


def _list(raw: object) -> list[object]:
    if not isinstance(raw, list):
        raise TypeError(f"expected a list, found {type(raw).__name__}")
    return raw


def _mapping(raw: object) -> Mapping[str, object]:
    if not isinstance(raw, Mapping):
        raise TypeError(f"expected an object, found {type(raw).__name__}")
    return raw
