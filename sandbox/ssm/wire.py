"""Requests to SSM as they were sent; the gate has checked what their model says of them."""

import json
from typing import Any

from moto.ssm.responses import SimpleSystemManagerResponse


class AskedActions(SimpleSystemManagerResponse):
    """The base of the actions."""

    @property
    def asked(self) -> dict[str, Any]:
        """The members of the request."""
        found = json.loads(self.body or "{}")
        return found if isinstance(found, dict) else {}
