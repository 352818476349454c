"""Describe filters that read the response document itself, by a dotted path into it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sandbox.ec2.filters import Reader, flag, moment

Document = Mapping[str, Any]


def path_readers(paths: Mapping[str, str]) -> dict[str, Reader[Document]]:
    """A filter reader for each name, from where in the document its values stand."""
    return {name: _reader(path) for name, path in paths.items()}


def document_tags(document: Document) -> Mapping[str, str]:
    """The tags in a response document."""
    tags = document.get("Tags") or document.get("TagSet") or ()
    return {tag["Key"]: tag["Value"] for tag in tags}


def values_at(document: object, path: str) -> Iterator[object]:
    """Every value under a dotted path of a response document; lists are fanned out."""
    head, _, rest = path.partition(".")
    for item in document if isinstance(document, list) else (document,):
        value = item.get(head) if isinstance(item, Mapping) else None
        if value is None:
            continue
        if rest:
            yield from values_at(value, rest)
        elif isinstance(value, list):
            yield from value
        else:
            yield value


def wire_text(value: object) -> str:
    """A value as a filter spells it."""
    if isinstance(value, bool):
        return flag(value)
    if isinstance(value, datetime):
        return moment(value)
    return str(value)


def _reader(path: str) -> Reader[Document]:
    def read(document: Document) -> Iterable[str | None]:
        return [wire_text(value) for value in values_at(document, path)]

    return read
