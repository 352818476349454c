"""Which page of a listing a call asks for, and answers that end too early."""

import json
import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import unescape

from sandbox.calls import Call
from sandbox.masking import Json
from sandbox.replies import Reply

TOKENS_SENT = ("NextToken", "nextToken", "Marker", "ExclusiveStartKey")
TOKENS_ANSWERED = ("NextToken", "nextToken", "NextMarker", "LastEvaluatedKey")
_TOKEN = re.compile(rb"<(nextToken|NextToken|NextMarker)>([^<]+)</\1>")
_UNFIT = frozenset({"content-length", "x-amz-crc32"})
"""Headers that speak of the body as it was."""
HALF = -1


class Pages:
    """The tokens given out, and the page that each one leads to."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, ...], int] = {}

    def of(self, call: Call) -> int:
        """1 for a call without a token; 2 for one with a token that nobody here gave out."""
        token = next((call.parameters[each] for each in TOKENS_SENT if each in call.parameters), "")
        return self._next.get(_key(call, token), 2) if token else 1

    def note(self, call: Call, reply: Reply) -> None:
        """Remember where the token at the end of *reply* leads."""
        token = token_of(reply)
        if token:
            self._next[_key(call, token)] = self.of(call) + 1


def token_of(reply: Reply) -> Json:
    """The token of the next page in an answer of any protocol; empty on the last page."""
    if reply.body[:1] == b"{":
        document = json.loads(reply.body)
        return next((document[each] for each in TOKENS_ANSWERED if document.get(each)), "")
    found = _TOKEN.search(reply.body)
    return unescape(found[2].decode()) if found else ""


def truncated(reply: Reply, keep: int) -> Reply:
    """*reply* with only the first *keep* items (``HALF``: half of them) and no next page."""
    cut = _cut_json if reply.body[:1] == b"{" else _cut_xml
    headers = {name: value for name, value in reply.headers.items() if name.lower() not in _UNFIT}
    return Reply(reply.status, headers, cut(reply.body, keep))


def _key(call: Call, token: Json) -> tuple[str, ...]:
    where = (call.account, call.region, call.service, call.action)
    return (*where, json.dumps(token, sort_keys=True))


def _kept(items: int, keep: int) -> int:
    return items // 2 if keep == HALF else keep


def _cut_json(body: bytes, keep: int) -> bytes:
    document: dict[str, Any] = json.loads(body)
    for name, value in list(document.items()):
        if name in TOKENS_ANSWERED:
            del document[name]
        elif isinstance(value, list):
            document[name] = value[: _kept(len(value), keep)]
    if "Count" in document:
        document["Count"] = len(document.get("Items", ()))
    return json.dumps(document | _ended(document)).encode()


def _ended(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"Truncated": False} if "Truncated" in document else {}


def _cut_xml(body: bytes, keep: int) -> bytes:
    root = ET.fromstring(body)  # noqa: S314 - our own answer
    if root.tag.startswith("{"):
        ET.register_namespace("", root.tag[1:].partition("}")[0])
    results = [each for each in root if _name(each).endswith("Result")]
    for parent in (root, *results):
        for child in list(parent):
            if _name(child) in TOKENS_ANSWERED:
                parent.remove(child)
                continue
            items = list(child)
            if items and {_name(each) for each in items} <= {"item", "member"}:
                for extra in items[_kept(len(items), keep) :]:
                    child.remove(extra)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
