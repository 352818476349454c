"""Direct payloads: every bad key and value is named, and nothing is changed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from chalicelib import payloads
from chalicelib.answers import Answer
from chalicelib.domain.errors import InvalidInputError, SnapbackError
from chalicelib.domain.rollback.relaunch import Source
from chalicelib.domain.rollback.selection import By
from chalicelib.wiring import Wiring
from sandbox.process import Sandbox
from tests.aws.scenes import Machine, writes
from tests.builders import NOON

Handler = Callable[[Wiring, payloads.Payload, datetime], Answer]
SOME = "i-0123456789abcdef0"
PLAN = {"action": "plan", "instance": SOME}

BAD: list[tuple[Handler, dict[str, Any], str]] = [
    (payloads.backup, {}, "instances is None"),
    (payloads.backup, {"instances": SOME}, f"instances is '{SOME}'"),
    (payloads.backup, {"instances": []}, "instances is []"),
    (payloads.backup, {"instances": [1]}, "instances holds 1, which is no text"),
    (payloads.backup, {"instances": ["i-1"]}, "instance 'i-1' is not an instance id"),
    (payloads.backup, {"instances": [SOME], "reboot": "yes"}, "reboot is 'yes'"),
    (payloads.backup, {"instances": [SOME], "wait": 1, "also": 2}, "unknown keys: also, wait"),
    (payloads.points, {"instance": 7}, "instance holds 7, which is no text"),
    (payloads.points, {"instance": "web"}, "instance 'web' is not an instance id"),
    (payloads.points, {"image": "ami-1"}, "unknown keys: image"),
    (payloads.rollback, {}, "lacks 'action'"),
    (payloads.rollback, {"action": "explode"}, "action is 'explode'"),
    (payloads.rollback, {"action": None}, "lacks 'action'"),
    (payloads.rollback, {"action": ["plan"]}, "action holds ['plan'], which is no text"),
    (payloads.rollback, {"action": "plan"}, "lacks 'instance'"),
    (payloads.rollback, {**PLAN, "to": "yesterday"}, "--to 'yesterday' names no recovery point"),
    (payloads.rollback, {**PLAN, "to": "ami-1"}, "image 'ami-1' is not an image id"),
    (payloads.rollback, {**PLAN, "to": "before:noon"}, "'noon' is not a time"),
    (payloads.rollback, {**PLAN, "mode": "in-place"}, "mode is 'in-place'"),
    (payloads.rollback, {**PLAN, "config": "mine"}, "config is 'mine'"),
    (payloads.rollback, {**PLAN, "digest": "d"}, "unknown keys: digest"),
    (payloads.rollback, {"action": "apply", "instance": SOME}, "lacks 'digest'"),
    (payloads.rollback, {**PLAN, "action": "apply", "digest": 1}, "digest holds 1"),
    (payloads.rollback, {"action": "status"}, "lacks 'id'"),
    (payloads.rollback, {"action": "undo", "id": 5}, "id holds 5"),
    (payloads.rollback, {"action": "resume", "id": "rb-1", "to": "x"}, "unknown keys: to"),
]


@pytest.mark.parametrize(("handler", "payload", "complaint"), BAD)
def test_a_bad_payload_is_named_and_changes_nothing(
    sandbox: Sandbox, wired: Wiring, handler: Handler, payload: dict[str, Any], complaint: str
) -> None:
    """Before any call of AWS's is made."""
    with pytest.raises(InvalidInputError) as caught:
        handler(wired, payload, NOON)

    assert complaint in caught.value.message
    assert sandbox.calls.all() == []


@pytest.mark.parametrize("event", [None, "text", 5, ["list"], True])
def test_only_an_object_is_a_payload(event: object) -> None:
    """Whatever else JSON may be."""
    with pytest.raises(InvalidInputError, match=f"the payload is a {type(event).__name__}"):
        payloads.checked(event)


def test_an_unknown_rollback_is_not_found(sandbox: Sandbox, wired: Wiring) -> None:
    """Each of the four that take an id."""
    for action in ("status", "resume", "undo", "accept"):
        with pytest.raises(SnapbackError, match="there is no rollback 'rb-none'"):
            payloads.rollback(wired, {"action": action, "id": "rb-none"}, NOON)

    assert writes(sandbox) == []


def test_defaults_of_a_request() -> None:
    """Latest, as of the backup."""
    request = payloads.request_of({"instance": SOME})

    assert (request.instance_id, request.choice.by, request.source) == (
        SOME, By.LATEST, Source.AS_OF_BACKUP,
    )  # fmt: skip


def test_backup_answers_with_the_points_and_their_images(web: Machine, wired: Wiring) -> None:
    """What a pipeline keeps for the way back."""
    answer = payloads.backup(wired, {"instances": [web.id, web.id]}, NOON)
    points: Any = answer.payload["points"]
    [point] = points

    assert (answer.code, answer.payload["ok"]) == (0, True)
    assert point["instance"] == web.id
    assert point["image"].startswith("ami-")
    assert point["name"] == f"snapback/{web.id}/manual/20261123T120000Z"


def test_points_of_all_and_of_one(web: Machine, wired: Wiring) -> None:
    """Both list the same point here."""
    payloads.backup(wired, {"instances": [web.id]}, NOON)
    everything = payloads.points(wired, {}, NOON).payload
    of_one = payloads.points(wired, {"instance": web.id}, NOON).payload

    assert everything == of_one
    assert everything["points"]
