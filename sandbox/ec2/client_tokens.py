"""Client tokens: the same request with the same token is answered again, not done again.

Source: EC2 Developer Guide, "Ensuring idempotency in Amazon EC2 API requests".
"""

import json
from collections.abc import Mapping
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend

_IGNORED = frozenset({"ClientToken", "DryRun"})


class ClientTokens:
    """What one operation of one account and region has made for which token."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[str, str]] = {}

    @classmethod
    def of(cls, backend: EC2Backend, operation: str) -> "ClientTokens":
        """The tokens of *operation* in this account and region."""
        kept: dict[str, ClientTokens] = backend.__dict__.setdefault("_client_tokens", {})
        return kept.setdefault(operation, cls())

    def recall(self, token: str | None, request: Mapping[str, Any]) -> str | None:
        """What this request made before; another request with its token is refused."""
        if not token or token not in self._made:
            return None
        asked, made = self._made[token]
        if asked != _fingerprint(request):
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                f"The client token '{token}' was used with other parameters.",
            )
        return made

    def remember(self, token: str | None, request: Mapping[str, Any], made: str) -> None:
        """Keep what the request made."""
        if token:
            self._made[token] = (_fingerprint(request), made)


def _fingerprint(request: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in request.items() if name not in _IGNORED}
    return json.dumps(asked, sort_keys=True, default=str)
