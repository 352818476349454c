"""The filters of ListDocuments, in both of their forms.

Source: botocore's model, DocumentKeyValuesFilter (keys and values), DocumentFilter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ssm.exceptions import SSMException
from moto.ssm.models import Document

KEYS = (
    "DocumentType",
    "Name",
    "Owner",
    "PlatformTypes",
    "SearchKeyword",
    "SchemaVersion",
    "TargetType",
)


def fits(
    document: Document,
    tags: Sequence[Mapping[str, str]],
    filters: Sequence[Mapping[str, Any]],
    *,
    account: str,
    shared: bool,
) -> bool:
    """Whether a document fits all of *filters*; ``InvalidFilterKey`` for unknown ones."""
    for each in filters:
        key, values = each.get("Key", ""), each.get("Values") or []
        if key.startswith("tag:"):
            found = [tag["Value"] for tag in tags if tag["Key"] == key.removeprefix("tag:")]
        elif key == "Owner":
            found = _owners(document, account, shared=shared)
        elif key in KEYS:
            found = _values(document, key)
        else:
            raise SSMException("InvalidFilterKey", f"The specified key {key} isn't valid.")
        if key in ("Name", "SearchKeyword"):
            matches = any(name.startswith(value) for value in values for name in found)
        else:
            matches = bool(set(found) & set(values))
        if not matches:
            return False
    return True


def _owners(document: Document, account: str, *, shared: bool) -> list[str]:
    """Every word that means the document's owner: Self, Amazon, Public, Private."""
    if document.owner == account:
        return [account, "Self", "self", "Private" if not shared else "Public"]
    return [document.owner, "Public", "Amazon"]


def _values(document: Document, key: str) -> list[str]:
    found: dict[str, list[str]] = {
        "DocumentType": [document.document_type],
        "Name": [document.name],
        "PlatformTypes": list(document.platform_types),
        "SearchKeyword": [document.name, document.description or ""],
        "SchemaVersion": [document.schema_version],
        "TargetType": [document.target_type or ""],
    }
    return found[key]
