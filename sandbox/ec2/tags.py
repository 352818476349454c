"""Tags: kept by resource, checked before anything is created.

``TagRules`` stores and finds; what AWS itself does (``aws:`` tags of launch templates,
Auto Scaling or a loaded fleet) goes through it unchecked. ``TagActions`` holds what a
caller may do (EC2 User Guide, "Tag your Amazon EC2 resources", tag restrictions).
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError, TagLimitExceeded
from moto.ec2.models import EC2Backend
from moto.ec2.responses import EC2Response
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from typing_extensions import override

from sandbox.ec2.errors import invalid_value
from sandbox.ec2.filters import Reader, matching
from sandbox.ec2.id_kinds import BY_PREFIX
from sandbox.ec2.paging import Listings
from sandbox.ec2.wire import DocumentResult

LONGEST_KEY = 128
LONGEST_VALUE = 256
MOST_TAGS = 50
MOST_RESOURCES = 1000
RESERVED = "aws:"

_ID = re.compile(r"[a-z-]+-[0-9a-z]{8,17}")

_FILTERS: dict[str, Reader[dict[str, str]]] = {
    "key": lambda tag: [tag["key"]],
    "value": lambda tag: [tag["value"]],
    "resource-id": lambda tag: [tag["resource_id"]],
    "resource-type": lambda tag: [tag["resource_type"]],
}


class TagRules(EC2Backend):
    """Tags looked up by resource instead of by scanning every tag of the region."""

    @property
    def listings(self) -> Listings:
        """The paged listings of this account and region."""
        opened: Listings = self.__dict__.setdefault("_listings", Listings())
        return opened

    def tags_of(self, resource_id: str) -> dict[str, str]:
        """The tags of one resource, ``aws:`` ones included."""
        return self.tags.get(resource_id, {})

    def tag_set(self, resource_id: str) -> list[dict[str, str]]:
        """The same, as the wire has them."""
        return [{"Key": key, "Value": value} for key, value in self.tags_of(resource_id).items()]

    def tag_member(self, resource_id: str) -> dict[str, Any]:
        """``Tags`` of a shared resource as this account sees them: its own, or no member.

        EC2 User Guide, tag restrictions: "When you tag public or shared resources, the tags
        you assign are available only to your AWS account; no other AWS account will have
        access to those tags". That ``ec2:SharedTag/`` ones do not show either is [NV].
        """
        tags = self.tag_set(resource_id)
        return {"Tags": tags} if tags else {}

    @override
    def create_tags(self, resource_ids: list[str], tags: Mapping[str, str]) -> bool:
        """Tag all resources or none; 50 tags each, not counting AWS's own."""
        for resource_id in resource_ids:
            require_room(self.tags_of(resource_id), tags)
        for resource_id in resource_ids:
            if tags:
                self.tags[resource_id].update(tags)
        return True

    @override
    def describe_tags(self, filters: Any = None) -> list[dict[str, str]]:
        """As moto's callers know it, filters as a mapping."""
        asked = [{"Name": name, "Values": values} for name, values in (filters or {}).items()]
        return list(self.list_tags(asked))

    def list_tags(self, filters: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
        """What DescribeTags answers, found as it is read; resources and keys are looked up.

        A region has millions of tags, of which a request mostly names a resource or a key.
        """
        ids, keys = _named(filters, "resource-id"), _named(filters, "key")
        values = _named(filters, "value")
        chosen = None if values is None else frozenset(values)
        wanted = list(self.tags) if ids is None else [each for each in ids if each in self.tags]
        rows = (
            {
                "resource_id": resource_id,
                "key": key,
                "value": value,
                "resource_type": resource_type(resource_id),
            }
            for resource_id in wanted
            for key, value in self._held(resource_id, keys)
            if chosen is None or value in chosen
        )
        return matching(rows, filters, _FILTERS, _itself)

    def _held(self, resource_id: str, keys: Sequence[str] | None) -> list[tuple[str, str]]:
        held = self.tags_of(resource_id)
        if keys is None:
            return list(held.items())
        return [(key, held[key]) for key in keys if key in held]

    def keeps(self, resource_id: str) -> bool:  # noqa: ARG002 - families say which
        """Whether it is kept elsewhere, and can be tagged there: in the Recycle Bin, say."""
        return False

    def require_resources(self, resource_ids: Sequence[str]) -> None:
        """Refuse ids of things that do not exist with their own ``*.NotFound``."""
        for resource_id in resource_ids:
            kind = BY_PREFIX.get(_prefix(resource_id))
            known = kind is not None and kind.known(self, resource_id)
            if known or self.keeps(resource_id):
                continue
            if not _ID.fullmatch(resource_id):
                raise EC2ClientError("InvalidID", f"The ID '{resource_id}' is not valid")
            if kind is not None:
                raise EC2ClientError(
                    kind.unknown, f"The {kind.noun} '{resource_id}' does not exist"
                )
            self.do_resources_exist([resource_id])


class TagActions(EC2Response):
    """What a caller may do with tags."""

    @override
    def create_tags(self) -> ActionResult:
        """CreateTags: known resources, at most 1000 of them, valid tags, room for them.

        [NV] that more than 1000 resources are ``ResourceCountExceeded``.
        """
        resource_ids = self._tagged_resources()
        tags = checked_tags(self._get_param("Tags", []))
        if not tags:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter tags")
        self.error_on_dryrun()
        self.ec2_backend.create_tags(resource_ids, tags)
        return EmptyResult()

    @override
    def delete_tags(self) -> ActionResult:
        """DeleteTags: by key, by key and value, or without tags all of the user's own."""
        resource_ids = self._tagged_resources()
        tags: dict[str, str | None] = {
            tag["Key"]: tag.get("Value") for tag in self._get_param("Tags", [])
        }
        for key in tags:
            _refuse_reserved(key)
        self.error_on_dryrun()
        backend: TagRules = self.ec2_backend
        for resource_id in resource_ids:
            held = backend.tags_of(resource_id)
            for key in [key for key in held if _is_deleted(key, held[key], tags)]:
                del held[key]
        return EmptyResult()

    @override
    def describe_tags(self) -> ActionResult:
        """DescribeTags, in pages."""
        self.error_on_dryrun()
        backend: TagRules = self.ec2_backend
        filters = self._get_param("Filters", [])
        rows, token = backend.listings.page(
            "DescribeTags",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            lambda: backend.list_tags(filters),
        )
        named = [
            {
                "ResourceId": row["resource_id"],
                "ResourceType": row["resource_type"],
                "Key": row["key"],
                "Value": row["value"],
            }
            for row in rows
        ]
        return DocumentResult({"Tags": named, "NextToken": token})

    def tag_specifications(self, *allowed: str) -> dict[str, dict[str, str]]:
        """The request's tags by resource type, checked; types not *allowed* are refused.

        Source: botocore's model, CreateImageRequest.TagSpecifications: "If you specify other
        values for ResourceType, the request fails".
        """
        found = self._parse_tag_specification()
        for kind in found:
            if kind not in allowed:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"'{kind}' is not a valid taggable resource type for this operation.",
                )
        return found

    @override
    def _parse_tag_specification(
        self, expected_type: str | None = None
    ) -> dict[str, dict[str, str]]:
        """As moto's, and every tag is checked, before the action creates anything."""
        found: dict[str, dict[str, str]] = {}
        given = self._get_param("TagSpecifications") or self._get_param("TagSpecification")
        for each in given or []:
            tags = checked_tags(each.get("Tags", []))
            require_room({}, {**found.get(each.get("ResourceType"), {}), **tags})
            found.setdefault(each.get("ResourceType"), {}).update(tags)
        super()._parse_tag_specification(expected_type)
        return found

    def _tagged_resources(self) -> list[str]:
        resource_ids: list[str] = self._get_param("Resources", [])
        if not resource_ids:
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter resourceIdSet"
            )
        if len(resource_ids) > MOST_RESOURCES:
            raise EC2ClientError(
                "ResourceCountExceeded",
                f"A request can tag {MOST_RESOURCES} resources; this one has {len(resource_ids)}.",
            )
        backend: TagRules = self.ec2_backend
        backend.require_resources(resource_ids)
        return resource_ids


_TYPES = {
    "amiur": "image-usage-report",
    "cr": "capacity-reservation",
    "replacevol": "replace-root-volume-task",
    "eipalloc": "elastic-ip",
    "fl": "vpc-flow-log",
    "h": "dedicated-host",
    "nat": "natgateway",
    "pl": "prefix-list",
    "sir": "spot-instances-request",
}
"""Where moto has another word than botocore's model, ``ResourceType``, or none."""


def resource_type(resource_id: str) -> str:
    """The type that an id's prefix says, as tags name it (botocore model, ResourceType)."""
    prefix = _prefix(resource_id)
    return str(_TYPES.get(prefix) or EC2_PREFIX_TO_RESOURCE.get(prefix, ""))


def _prefix(resource_id: str) -> str:
    return get_prefix(resource_id) or resource_id.partition("-")[0]


def checked_tags(tags: Collection[Mapping[str, Any]]) -> dict[str, str]:
    """The caller's tags as a mapping, or ``InvalidParameterValue``.

    Keys of 1 to 128 characters, values up to 256, ``aws:`` in any case reserved, no key
    twice (EC2 User Guide, tag restrictions).
    """
    found: dict[str, str] = {}
    for tag in tags:
        key = tag.get("Key") or ""
        value = tag.get("Value") or ""
        _refuse_reserved(key)
        if not 1 <= len(key) <= LONGEST_KEY:
            raise invalid_value(
                f"Tag keys must be between 1 and {LONGEST_KEY} characters; '{key}' has {len(key)}"
            )
        if len(value) > LONGEST_VALUE:
            raise invalid_value(
                f"Tag value exceeds the maximum length of {LONGEST_VALUE} characters"
            )
        if key in found:
            raise invalid_value(f"Duplicate tag key '{key}' specified.")
        found[key] = value
    return found


def require_room(held: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Refuse a 51st tag; ``aws:`` tags do not count (EC2 User Guide, tag restrictions)."""
    counted = [key for key in {**held, **new} if not _is_reserved(key)]
    if len(counted) > MOST_TAGS:
        raise TagLimitExceeded


def _itself(tag: Mapping[str, str]) -> dict[str, str]:
    return {tag["key"]: tag["value"]}


def _named(filters: Sequence[Mapping[str, Any]], name: str) -> list[str] | None:
    """The values of the filter *name* if it has no wildcard, each once; ``None`` otherwise."""
    for each in filters:
        values = each.get("Values") or []
        if each.get("Name") == name and not any(re.search(r"[*?\\]", value) for value in values):
            return list(dict.fromkeys(values))
    return None


def _is_reserved(key: str) -> bool:
    return key.lower().startswith(RESERVED)


def _refuse_reserved(key: str) -> None:
    if _is_reserved(key):
        raise invalid_value(f"Tag keys starting with '{RESERVED}' are reserved for internal use")


def _is_deleted(key: str, value: str, asked: Mapping[str, str | None]) -> bool:
    if not asked:
        return not _is_reserved(key)
    return key in asked and asked[key] in {None, value}
