"""Which nodes a command is for.

Sources: SSM API, SendCommand (``InstanceIds``, ``Targets``, errors); Systems Manager User
Guide, "Run commands at scale".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ssm.exceptions import SSMException, ValidationException

from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ssm.nodes import NodeRules, is_managed, platform_of, tags_of


class TargetRules(NodeRules):
    """Finds the nodes that a request names or describes."""

    def nodes_for(
        self, request: Mapping[str, Any], platforms: Sequence[str]
    ) -> list[SandboxInstance]:
        """The nodes of ``InstanceIds``, or those that fit all of ``Targets``.

        ``InvalidInstanceId`` for an id that is unknown, not running or no managed node: the
        model's text allows stopped ones, "SSM Agent isn't running" forbids them [NV].
        ``UnsupportedPlatformType`` for a node that the document is not for; among ``Targets``
        such a node fails by itself, as ``InvalidPlatform``.
        """
        ids, targets = request.get("InstanceIds") or [], request.get("Targets") or []
        if bool(ids) == bool(targets):
            raise ValidationException("Specify either InstanceIds or Targets.")
        if not ids:
            return [each for each in self.nodes() if all(_fits(each, one) for one in targets)]
        if len(set(ids)) < len(ids):
            raise SSMException("DuplicateInstanceId", f"An instance id is given twice: {ids}")
        return [self._named(each, platforms) for each in self._valid(ids)]

    def _valid(self, ids: Sequence[str]) -> list[SandboxInstance]:
        machines = self.machines()
        found = [machines.get(each) for each in ids]
        wrong = [
            name
            for name, each in zip(ids, found, strict=True)
            if each is None or each.state != "running" or not is_managed(each)
        ]
        if wrong:
            raise SSMException(
                "InvalidInstanceId",
                f"Instances [[{', '.join(wrong)}]] not in a valid state for account "
                f"{self.account_id}",
            )
        return [each for each in found if each is not None]

    def _named(self, instance: SandboxInstance, platforms: Sequence[str]) -> SandboxInstance:
        if platform_of(instance) not in platforms:
            raise SSMException(
                "UnsupportedPlatformType",
                f"The document doesn't support the platform type {platform_of(instance)} of "
                f"{instance.id}; it supports {', '.join(platforms)}.",
            )
        return instance


def _fits(instance: SandboxInstance, target: Mapping[str, Any]) -> bool:
    key, values = str(target.get("Key", "")), target.get("Values") or []
    if key == "InstanceIds":
        return "*" in values or instance.id in values
    if key == "tag-key":
        return any(value in tags_of(instance) for value in values)
    if key.startswith("tag:"):
        return tags_of(instance).get(key.removeprefix("tag:")) in values
    raise ValidationException(f"Targets takes tag:name, tag-key and InstanceIds here, not {key}.")
