"""Tags of groups, and which of them members get at launch.

Sources: EC2 Auto Scaling API, CreateOrUpdateTags, DeleteTags, DescribeTags; Auto Scaling
User Guide, "Tag Auto Scaling groups and instances" (50 tags, no ``aws:``, 128 and 256
characters; existing instances are not tagged).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from typing_extensions import override

from sandbox.autoscaling.errors import invalid, too_many
from sandbox.autoscaling.hooks import HookRules
from sandbox.autoscaling.model import Document
from sandbox.autoscaling.pages import page
from sandbox.ec2.filters import flag, matcher
from sandbox.ec2.launch_templates import plain

KIND = "auto-scaling-group"
MOST_TAGS = 50
READ: dict[str, Callable[[Document], str]] = {
    "auto-scaling-group": lambda tag: str(tag["ResourceId"]),
    "key": lambda tag: str(tag["Key"]),
    "value": lambda tag: str(tag["Value"]),
    "propagate-at-launch": lambda tag: flag(tag["PropagateAtLaunch"]),
}


class TagActions(AutoScalingResponse):
    """Tags on the wire."""

    @override
    def create_or_update_tags(self) -> ActionResult:
        """A key that is there already gets the new value."""
        for tag in plain(self._get_param("Tags", [])):
            group = self._rules.group(_named(tag))
            both = {**group.tags, **checked_tags([tag], group.name)}
            _check_room(both)
            group.tags = both
        return EmptyResult()

    @override
    def delete_tags(self) -> ActionResult:
        """By key, or by key and value; what is not there is not missed."""
        for tag in plain(self._get_param("Tags", [])):
            group = self._rules.group(_named(tag))
            kept = group.tags.get(tag["Key"])
            if kept is not None and tag.get("Value") in (None, "", kept["Value"]):
                del group.tags[tag["Key"]]
        return EmptyResult()

    @override
    def describe_tags(self) -> ActionResult:
        """Those that match every filter."""
        asked = plain(self.params)
        found = [tag for group in self._rules.groups.values() for tag in group.tags.values()]
        for each in asked.get("Filters") or []:
            name, values = each.get("Name"), [str(value) for value in each.get("Values") or []]
            if name not in READ:
                raise invalid(
                    f"Filter type {name} is not correct. Allowed Filter types are: "
                    f"{', '.join(READ)}"
                )
            matches = matcher(values)
            found = [tag for tag in found if matches(READ[name](tag))]
        shown, token = page(found, asked)
        return ActionResult({"Tags": shown, "NextToken": token})

    @property
    def _rules(self) -> HookRules:
        backend: Any = self.autoscaling_backend
        found: HookRules = backend
        return found


def checked_tags(tags: Sequence[Mapping[str, Any]], name: str) -> dict[str, Document]:
    """``TagDescription`` of the group *name*, by key."""
    found: dict[str, Document] = {}
    for tag in tags:
        key, value = tag.get("Key") or "", tag.get("Value") or ""
        if tag.get("ResourceId") not in (None, "", name):
            raise invalid(f"The resource {tag['ResourceId']} is not the group {name}.")
        if key.lower().startswith("aws:"):
            raise invalid("Tag keys starting with 'aws:' are reserved for internal use.")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise invalid("A tag has a key of 1 to 128 and a value of up to 256 characters.")
        found[key] = {
            "ResourceId": name,
            "ResourceType": KIND,
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": bool(tag.get("PropagateAtLaunch", True)),
        }
    _check_room(found)
    return found


def _check_room(tags: Mapping[str, Document]) -> None:
    if len(tags) > MOST_TAGS:
        raise too_many(f"A group has at most {MOST_TAGS} tags.")


def _named(tag: Mapping[str, Any]) -> str:
    if not tag.get("ResourceId"):
        raise invalid("A tag needs a ResourceId.")
    if tag.get("ResourceType") not in (None, "", KIND):
        raise invalid(f"Resource type {tag['ResourceType']} is not supported.")
    return str(tag["ResourceId"])
