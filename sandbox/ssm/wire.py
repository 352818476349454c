"""Requests to SSM as its model describes them: checked first, then read as they were sent."""

import json
from typing import Any, ClassVar

from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.ssm.responses import SimpleSystemManagerResponse
from typing_extensions import override

from sandbox.ssm import constraints


class CheckedActions(SimpleSystemManagerResponse):
    """Every action named in ``checked`` gets only requests that the model allows."""

    checked: ClassVar[frozenset[str]] = frozenset()

    @property
    def asked(self) -> dict[str, Any]:
        """The members of the request."""
        found = json.loads(self.body or "{}")
        return found if isinstance(found, dict) else {}

    @override
    def call_action(self) -> TYPE_RESPONSE:
        """Check the request, then do what was asked."""
        action = self._get_action()
        if action in self.checked:
            operation = get_service_model("ssm").operation_model(action)
            try:
                constraints.check(operation, self.asked)
            except ServiceException as error:
                return self.serialized(ActionResult(error))
        return super().call_action()
