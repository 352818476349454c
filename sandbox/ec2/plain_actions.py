"""What moto's own actions lack: pages, dry runs, and refusing filters and ids that are not.

An action that the sandbox corrects does both itself; these rules hold for all others.
"""

import re
from collections.abc import Mapping, MutableSequence, Sequence
from functools import cache
from typing import Any, cast

from botocore.model import ListShape, StructureShape
from moto.core.common_types import TYPE_RESPONSE
from moto.core.model import OperationModel
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2 import ids
from sandbox.ec2.filters import invalid_filter
from sandbox.ec2.paging import LARGEST_PAGE
from sandbox.ec2.tags import TagRules

OURS = "sandbox."
_NAMED = re.compile(r"<code>([^<]+)</code>")
_TAGS = ("tag-key", "tag-value")


class PlainActions(EC2Response):
    """The common ground under actions that are moto's own."""

    @override
    def call_action(self) -> TYPE_RESPONSE:
        """Check the filters, the dry run and the ids of a plain action; then do it."""
        if self._is_plain():
            try:
                self._check()
            except EC2ClientError as error:
                return self.serialized(ActionResult(error))
        return super().call_action()

    @override
    def serialized(self, action_result: ActionResult) -> TYPE_RESPONSE:
        """The page that was asked for of a plain action's answer."""
        if type(action_result) is ActionResult and self._is_plain():
            action_result = self._paged(action_result)
        return super().serialized(action_result)

    def _check(self) -> None:
        operation = self._operation()
        _check_filters(operation, self.params)
        self.error_on_dryrun()
        ids.check(self.ec2_backend, operation.input_shape, dict(self.params))

    def _paged(self, answer: ActionResult) -> ActionResult:
        result = answer.result
        listed = _list_of(self._operation())
        if listed is None or not isinstance(result, Mapping):
            return answer
        everything = result.get(listed)
        if not isinstance(everything, MutableSequence) or result.get("NextToken"):
            return answer
        backend: TagRules = self.ec2_backend
        found, token = backend.listings.page(
            self._get_action(),
            self.params.get("MaxResults"),
            self.params.get("NextToken"),
            lambda: everything,
            sizes=(1, LARGEST_PAGE),
        )
        return ActionResult({**result, listed: found, "NextToken": token})

    def _operation(self) -> OperationModel:
        model = get_service_model(self.boto3_service_name)
        return cast("OperationModel", model.operation_model(self._get_action()))

    def _is_plain(self) -> bool:
        method = getattr(type(self), camelcase_to_underscores(self._get_action()), None)
        return method is not None and not method.__module__.startswith(OURS)


def _check_filters(operation: OperationModel, request: Mapping[str, Any]) -> None:
    """Refuse a filter that the text of botocore's model does not name.

    ``InvalidParameterValue``, as EC2 API Reference, "Error codes", has it for such values [NV].
    """
    known = _filters_of(operation)
    if not known:
        return
    asked: Sequence[Mapping[str, Any]] = request.get("Filters") or request.get("Filter") or ()
    for each in asked:
        name = each.get("Name") or "null"
        if name not in known and not name.startswith("tag:") and name not in _TAGS:
            raise invalid_filter(name)


@cache
def _filters_of(operation: OperationModel) -> frozenset[str]:
    """The names that the model's text on the filters mentions, and their older spellings."""
    shape = operation.input_shape
    members = shape.members if isinstance(shape, StructureShape) else {}
    text = next(
        (members[name].documentation for name in ("Filters", "Filter") if name in members), ""
    )
    names = frozenset(_NAMED.findall(text))
    return names | {_camel(name) for name in names}


def _camel(name: str) -> str:
    """``is-default`` as it was written once: ``isDefault``."""
    head, *rest = name.split("-")
    return head + "".join(part.capitalize() for part in rest)


@cache
def _list_of(operation: OperationModel) -> str | None:
    """The member of the answer that is paged, if this action's answers come in pages."""
    asked, answered = operation.input_shape, operation.output_shape
    if (
        asked is None
        or answered is None
        or "NextToken" not in asked.members
        or "MaxResults" not in asked.members
    ):
        return None
    lists = [
        name
        for name, shape in answered.members.items()
        if isinstance(shape, ListShape) and name != "Warnings"
    ]
    return lists[0] if len(lists) == 1 and "NextToken" in answered.members else None
