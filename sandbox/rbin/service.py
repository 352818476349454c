"""The Recycle Bin's own service on the wire: REST and JSON, where moto has nothing.

Source: botocore's model of rbin. The resources in the bin are EC2's (``ec2.recycle_bin``).
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.calls import Call
from sandbox.constraints import sentence
from sandbox.rbin.rule import Kind, Rule, Scope, TagPairs
from sandbox.rbin.rules import Rules, invalid
from sandbox.replies import Reply, unknown_action

Request = Mapping[str, Any]
Answer = dict[str, Any]

_places: dict[tuple[str, str], Rules] = {}


def rules_of(account: str, region: str) -> Rules:
    """The rules of one account and region."""
    return _places.setdefault((account, region), Rules(account, region))


def reset() -> None:
    """Forget every rule."""
    _places.clear()


def answer(call: Call) -> Reply:
    """Do what *call* asks and say so; raises ``Refusal`` with rbin's own codes."""
    operation = _OPERATIONS.get(call.action)
    if operation is None or call.operation is None or call.operation.input_shape is None:
        raise unknown_action(call.protocol, call.action)
    if call.malformed is not None or call.forbidden:
        raise invalid(call.malformed or sentence(call.forbidden))
    done = operation(rules_of(call.account, call.region), call.parameters)
    body = b"" if done is None else json.dumps(done).encode()
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": call.id}
    return Reply(int(call.operation.http["responseCode"]), headers, body)


def _create(rules: Rules, request: Request) -> Answer:
    rule = rules.create(
        _scope(Kind(request["ResourceType"]), request),
        request["RetentionPeriod"]["RetentionPeriodValue"],
        description=request.get("Description"),
        tags=_tags(request.get("Tags", [])),
        unlock_delay=_delay(request) if request.get("LockConfiguration") else None,
    )
    return rule.described() | {"Status": "pending", "Tags": _tag_list(rule)}


def _get(rules: Rules, request: Request) -> Answer:
    return rules.get(request["Identifier"]).described()


def _update(rules: Rules, request: Request) -> Answer:
    rule = rules.get(request["Identifier"])
    changes: dict[str, Any] = {}
    if "Description" in request:
        changes["description"] = request["Description"]
    if "RetentionPeriod" in request:
        changes["days"] = request["RetentionPeriod"]["RetentionPeriodValue"]
    scope = rule.scope
    if "ResourceTags" in request:
        scope = replace(scope, tags=_pairs(request["ResourceTags"]))
    if "ExcludeResourceTags" in request:
        scope = replace(scope, exclude=_pairs(request["ExcludeResourceTags"]))
    kind = Kind(request.get("ResourceType", scope.kind))
    return rules.update(rule.id, replace(scope, kind=kind), **changes).described()


def _delete(rules: Rules, request: Request) -> None:
    rules.delete(request["Identifier"])


def _list(rules: Rules, request: Request) -> Answer:
    wanted = Kind(request["ResourceType"])
    tags, exclude = _pairs(request.get("ResourceTags")), _pairs(request.get("ExcludeResourceTags"))
    state = request.get("LockState")
    found = [
        rule
        for rule in rules.all()
        if rule.scope.kind is wanted
        and set(tags) <= set(rule.scope.tags)
        and set(exclude) <= set(rule.scope.exclude)
        and state in {None, rule.lock_state}
    ]
    start = _start(request.get("NextToken"))
    end = start + request.get("MaxResults", len(found) or 1)
    page: Answer = {"Rules": [rule.summary() for rule in found[start:end]]}
    if end < len(found):
        page["NextToken"] = b64encode(f"rule-{end}".encode()).decode()
    return page


def _lock(rules: Rules, request: Request) -> Answer:
    return rules.lock(request["Identifier"], _delay(request)).described()


def _unlock(rules: Rules, request: Request) -> Answer:
    return rules.unlock(request["Identifier"]).described()


def _tag(rules: Rules, request: Request) -> Answer:
    rules.tag(request["ResourceArn"], _tags(request["Tags"]))
    return {}


def _untag(rules: Rules, request: Request) -> None:
    rules.untag(request["ResourceArn"], list(request["TagKeys"]))


def _list_tags(rules: Rules, request: Request) -> Answer:
    return {"Tags": _tag_list(rules.by_arn(request["ResourceArn"]))}


_OPERATIONS: dict[str, Callable[[Rules, Request], Answer | None]] = {
    "CreateRule": _create,
    "GetRule": _get,
    "UpdateRule": _update,
    "DeleteRule": _delete,
    "ListRules": _list,
    "LockRule": _lock,
    "UnlockRule": _unlock,
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _list_tags,
}


def _scope(kind: Kind, request: Request) -> Scope:
    return Scope(
        kind=kind,
        tags=_pairs(request.get("ResourceTags")),
        exclude=_pairs(request.get("ExcludeResourceTags")),
    )


def _pairs(tags: Sequence[Mapping[str, str]] | None) -> TagPairs:
    return tuple((tag["ResourceTagKey"], tag.get("ResourceTagValue")) for tag in tags or ())


def _tags(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _tag_list(rule: Rule) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in rule.tags.items()]


def _delay(request: Request) -> int:
    return int(request["LockConfiguration"]["UnlockDelay"]["UnlockDelayValue"])


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        word, _, place = b64decode(token, validate=True).decode().partition("-")
    except ValueError:
        word, place = "", ""
    if word != "rule" or not place.isdecimal():
        raise invalid("The pagination token is not valid.", "INVALID_PAGE_TOKEN")
    return int(place)
