"""Managed nodes: the instances whose agent talks to Systems Manager.

Sources: SSM API, DescribeInstanceInformation, ``InstanceInformation``; Systems Manager User
Guide, "Setting up managed nodes" (an instance profile, a running agent). Default host
management, which needs no profile, is not there [NV that nobody has it on].
"""

import fnmatch
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.ssm.exceptions import SSMException
from moto.ssm.models import SimpleSystemManagerBackend

from sandbox.clock import clock
from sandbox.ec2.dns_names import private_dns_name
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.health import health
from sandbox.ssm.pages import page
from sandbox.ssm.wire import AskedActions

REGISTERS_AFTER = timedelta(seconds=10)
"""How long after the boot the agent is heard of; on AWS it is within minutes [NV]."""
AGENT_VERSION = "3.3.3050.0"
SYSTEMS = {
    "Linux": ("Amazon Linux", "2023"),
    "Windows": ("Microsoft Windows Server 2025 Datacenter", "10.0.26100"),
}
PING = {"online": "Online", "lost": "ConnectionLost", "inactive": "Inactive"}
FILTERS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "AgentVersion": "AgentVersion",
    "ResourceType": "ResourceType",
    "SourceIds": "SourceId",
    "SourceTypes": "SourceType",
    "ActivationIds": "ActivationId",
    "IamRole": "IamRole",
    "AssociationStatus": "AssociationStatus",
}
USUAL_PAGE = 50


class NodeRules(SimpleSystemManagerBackend):
    """Which instances of the account and region are managed nodes, and how they are."""

    def machines(self) -> dict[str, SandboxInstance]:
        """Every instance that is not gone."""
        backend: Any = ec2_backends[self.account_id][self.region_name]
        backend.settle()
        found: dict[str, SandboxInstance] = backend.machines
        return {name: each for name, each in found.items() if not each.is_gone}

    def nodes(self) -> list[SandboxInstance]:
        """The managed nodes, in the order of their launches."""
        return [each for each in self.machines().values() if is_managed(each)]

    def list_nodes(
        self, filters: Sequence[Mapping[str, Any]], legacy: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """What DescribeInstanceInformation chooses from; all filters must fit.

        ``InvalidFilterKey`` for what is not a filter; an instance id that is malformed is
        ``InvalidInstanceId`` [NV for one that is only unknown: it is left out].
        """
        if filters and legacy:
            raise SSMException("InvalidFilterKey", "Use either kind of filters, not both.")
        asked = [(each["Key"], each["Values"]) for each in filters]
        asked += [(each["key"], each["valueSet"]) for each in legacy]
        for key, values in asked:
            if key not in FILTERS and key != "tag-key" and not key.startswith("tag:"):
                raise SSMException("InvalidFilterKey", f"The specified key {key} isn't valid.")
            if key == "InstanceIds" and not all(
                value.startswith(("i-", "mi-")) for value in values
            ):
                raise SSMException("InvalidInstanceId", f"Not instance ids: {values}")
        return [
            node_document(each)
            for each in self.nodes()
            if all(_fits(each, key, values) for key, values in asked)
        ]


class NodeActions(AskedActions):
    """DescribeInstanceInformation on the wire."""

    def describe_instance_information(self) -> ActionResult:
        """In pages of 5 to 50."""
        backend: Any = self.ssm_backend
        asked = self.asked
        found = backend.list_nodes(
            asked.get("Filters") or [], asked.get("InstanceInformationFilterList") or []
        )
        shown, token = page(
            "DescribeInstanceInformation",
            found,
            asked.get("MaxResults"),
            asked.get("NextToken"),
            usual=USUAL_PAGE,
        )
        return ActionResult({"InstanceInformationList": shown, "NextToken": token})


def is_managed(instance: SandboxInstance) -> bool:
    """Whether the agent has ever been heard of since the last boot.

    A node that is stopped stays listed, as lost; one that has no profile, or whose image has
    no agent (``health`` says ``absent``), never was one.
    """
    if not instance.facts.get("IamInstanceProfile") or _agent(instance) == "absent":
        return False
    if instance.state in ("stopped", "stopping"):
        return True
    return instance.state == "running" and instance.running_for(REGISTERS_AFTER)


def is_online(instance: SandboxInstance) -> bool:
    """Whether a command would reach it now."""
    running = instance.state == "running" and instance.running_for(REGISTERS_AFTER)
    return running and is_managed(instance) and _agent(instance) == "online"


def has_agent(instance: SandboxInstance) -> bool:
    """Whether the agent is there to say how a command ended; a reboot does not silence it."""
    return instance.state == "running" and _agent(instance) == "online"


def platform_of(instance: SandboxInstance) -> str:
    """``Windows`` or ``Linux``, as its image says."""
    return "Windows" if str(instance.platform or "").lower() == "windows" else "Linux"


def tags_of(instance: SandboxInstance) -> dict[str, str]:
    """The tags that EC2 knows of it."""
    return dict(instance.ec2_backend.tags.get(instance.id, {}))


def node_document(instance: SandboxInstance) -> dict[str, Any]:
    """``InstanceInformation`` of the model."""
    platform = platform_of(instance)
    name, version = SYSTEMS[platform]
    status = PING[_agent(instance)] if instance.state == "running" else "ConnectionLost"
    registered = instance.checked_from + REGISTERS_AFTER
    return {
        "InstanceId": instance.id,
        "PingStatus": status,
        "LastPingDateTime": clock.now() if status == "Online" else registered,
        "AgentVersion": AGENT_VERSION,
        "IsLatestVersion": True,
        "PlatformType": platform,
        "PlatformName": name,
        "PlatformVersion": version,
        "ResourceType": "EC2Instance",
        "IPAddress": instance.private_ip,
        "ComputerName": private_dns_name(
            instance.ec2_backend.region_name, str(instance.private_ip)
        ),
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
    }


def _agent(instance: SandboxInstance) -> str:
    return str(health.of("agent", instance.id, instance.image_id))


def _fits(instance: SandboxInstance, key: str, values: Sequence[str]) -> bool:
    tags = tags_of(instance)
    if key == "tag-key":
        return any(value in tags for value in values)
    if key.startswith("tag:"):
        return tags.get(key.removeprefix("tag:")) in values
    said = node_document(instance).get(FILTERS[key])
    if key == "AgentVersion":
        return any(fnmatch.fnmatchcase(str(said), value) for value in values)
    return said in values
