"""Client tokens of launches: the same request again is the same launch.

Source: EC2 Developer Guide "ec2-api-idempotency" (zonal scope when a zone or subnet is
given, else the region); EC2 API error codes. Nothing says that a token is ever forgotten.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.exceptions import EC2ClientError

from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.tags import TagRules

NOT_A_PARAMETER = frozenset({"ClientToken", "DryRun"})


@dataclass(slots=True)
class Launched:
    """What a client token stands for."""

    parameters: str
    instances: list[SandboxInstance] = field(default_factory=list)


class LaunchTokenRules(TagRules):
    """What the launches of one account and region were asked with."""

    @property
    def launched(self) -> dict[tuple[str, str | None], Launched]:
        """What was launched with which token, in which scope."""
        found: dict[tuple[str, str | None], Launched] = self.__dict__.setdefault("_launched", {})
        return found

    def known_launch(
        self, token: str | None, full: Mapping[str, Any], request: Mapping[str, Any]
    ) -> Launched | None:
        """What *token* stands for, or will.

        ``IdempotentParameterMismatch`` with other parameters,
        ``IdempotentInstanceTerminated`` when its instance is gone.
        """
        if not token:
            return None
        parameters = json.dumps(
            {name: value for name, value in request.items() if name not in NOT_A_PARAMETER},
            sort_keys=True,
            default=str,
        )
        known = self.launched.get((token, self.token_scope(full)))
        if known is None:
            return Launched(parameters)
        if known.parameters != parameters:
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in "
                "previous request(s).",
            )
        if any(instance.is_gone for instance in known.instances):
            raise EC2ClientError(
                "IdempotentInstanceTerminated",
                "The client token you have provided is associated with an instance that has "
                "been terminated. Use a different client token.",
            )
        return known

    def token_scope(self, request: Mapping[str, Any]) -> str | None:
        """The zone a token is good for; ``None`` for the whole region."""
        zone: str | None = (request.get("Placement") or {}).get("AvailabilityZone")
        interfaces = request.get("NetworkInterfaces") or [{}]
        subnet_id = request.get("SubnetId") or interfaces[0].get("SubnetId")
        for by_id in self.subnets.values():
            if subnet_id in by_id:
                return str(by_id[subnet_id].availability_zone)
        return zone
