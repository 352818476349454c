"""Launch templates as a launch sees them: their data under the request's own parameters.

Source: EC2 User Guide "launch-instances-from-launch-template" (a parameter of the request
overrides the template's; instances are tagged ``aws:ec2launchtemplate:*``). How block
devices and tags merge is [NV]: by device name, and by tag key.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.parse import XFormedDict
from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.launch_templates import LaunchTemplateVersion

from sandbox.ec2.template_rules import TemplateRules

NOT_FOR_A_LAUNCH = frozenset({"InstanceRequirements"})
SPELLED_OTHERWISE = {"RamDiskId": "RamdiskId"}


class LaunchTemplateRules(TemplateRules):
    """Launches through launch templates."""

    def template_version(self, wanted: Mapping[str, Any]) -> LaunchTemplateVersion:
        """The version that a launch names; the template's default one without ``Version``."""
        if bool(wanted.get("LaunchTemplateId")) == bool(wanted.get("LaunchTemplateName")):
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify either a launch template ID or a launch template name, not both.",
            )
        return self.find_template(wanted).get_version(wanted.get("Version") or "$Default")

    def with_template(self, request: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """*request* over its template's data, and the tags that name the template."""
        if not request.get("LaunchTemplate"):
            return request, {}
        version = self.template_version(request["LaunchTemplate"])
        data = {
            SPELLED_OTHERWISE.get(name, name): value
            for name, value in plain(version.data).items()
            if value not in (None, "", [], {}) and name not in NOT_FOR_A_LAUNCH
        }
        merged = {**data, **request}
        for name, key in (("BlockDeviceMappings", "DeviceName"), ("TagSpecifications", None)):
            if data.get(name) and request.get(name):
                merge = _merged_by(key) if key else _merged_tags
                merged[name] = merge(data[name], request[name])
        tags = {
            "aws:ec2launchtemplate:id": version.template.id,
            "aws:ec2launchtemplate:version": str(version.number),
        }
        return merged, tags


def plain(value: Any) -> Any:  # noqa: ANN401 - parsed request data
    """Parsed parameters as ordinary dictionaries, lists and texts."""
    if isinstance(value, XFormedDict):
        value = value.original_dict()
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Base64EncodedString) else value


def _merged_by(key: str) -> Any:  # noqa: ANN401 - a merge of two lists of dictionaries
    def merge(
        base: Sequence[dict[str, Any]], over: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        found = {each.get(key): each for each in base}
        for each in over:
            found[each.get(key)] = _merged_device(found.get(each.get(key), {}), each)
        return list(found.values())

    return merge


def _merged_device(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    if "NoDevice" in over:
        return over
    ebs = {**(base.get("Ebs") or {}), **(over.get("Ebs") or {})}
    kept = {name: value for name, value in base.items() if name != "NoDevice"}
    return {**kept, **over, **({"Ebs": ebs} if ebs else {})}


def _merged_tags(
    base: Sequence[dict[str, Any]], over: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    found: dict[str, dict[str, str]] = {}
    for each in (*base, *over):
        tags = found.setdefault(each.get("ResourceType", ""), {})
        tags.update({tag["Key"]: tag.get("Value", "") for tag in each.get("Tags") or ()})
    return [
        {"ResourceType": kind, "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
        for kind, tags in found.items()
    ]
