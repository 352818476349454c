"""Launch templates and versions as they are described: filtered, in ranges, in pages.

Sources: EC2 API Reference, DescribeLaunchTemplates, DescribeLaunchTemplateVersions (filters,
1 to 200 a page, ``$Latest`` and ``$Default`` of all templates); botocore's model,
``LaunchTemplate``, ``LaunchTemplateVersion``. Versions come newest first, as in the AWS CLI
Command Reference's example; that both bounds of a range are included is [NV].
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.document_filters import document_tags, path_readers
from sandbox.ec2.filters import select
from sandbox.ec2.launch_templates import plain
from sandbox.ec2.launches import RESOLVED, LaunchRules
from sandbox.ec2.template_rules import Document, SandboxTemplate
from sandbox.ec2.wire import DocumentResult

PAGES = (1, 200)
ALL_OF = ("$Latest", "$Default")
TEMPLATE_FILTERS = path_readers(
    {"create-time": "CreateTime", "launch-template-name": "LaunchTemplateName"}
)
_DATA = {
    "ebs-optimized": "EbsOptimized",
    "http-endpoint": "MetadataOptions.HttpEndpoint",
    "http-protocol-ipv4": "MetadataOptions.HttpProtocolIpv4",
    "http-tokens": "MetadataOptions.HttpTokens",
    "host-resource-group-arn": "Placement.HostResourceGroupArn",
    "iam-instance-profile": "IamInstanceProfile.Arn",
    "image-id": "ImageId",
    "instance-type": "InstanceType",
    "kernel-id": "KernelId",
    "license-configuration-arn": "LicenseSpecifications.LicenseConfigurationArn",
    "network-card-index": "NetworkInterfaces.NetworkCardIndex",
    "ram-disk-id": "RamDiskId",
}
VERSION_FILTERS = path_readers(
    {
        "create-time": "CreateTime",
        "is-default-version": "DefaultVersion",
        **{name: f"LaunchTemplateData.{path}" for name, path in _DATA.items()},
    }
)
WRONG_VERSIONS = (
    "To describe the launch template data for all your launch templates, for '--versions' "
    "specify '$Latest', '$Default', or both, and omit '--launch-template-id', "
    "'--launch-template-name', and version numbers. To describe the launch template data for a "
    "specific launch template, specify '--launch-template-id' or '--launch-template-name'."
)


class TemplateListingActions(EC2Response):
    """DescribeLaunchTemplates and DescribeLaunchTemplateVersions on the wire."""

    @override
    def describe_launch_templates(self) -> ActionResult:
        """All, or those named, which must be there."""
        backend = self._launches
        ids = self._get_param("LaunchTemplateIds", [])
        names = self._get_param("LaunchTemplateNames", [])
        filters = self._get_param("Filters", [])
        self.error_on_dryrun()

        def find() -> list[Document]:
            chosen: list[Any] = [backend.get_launch_template(each) for each in ids]
            chosen += [backend.get_launch_template_by_name(each) for each in names]
            if not (ids or names):
                chosen = list(backend.launch_templates.values())
            rows = [template_document(each, backend) for each in chosen]
            return select(rows, filters, TEMPLATE_FILTERS, document_tags)

        found, token = backend.listings.page(
            "DescribeLaunchTemplates",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            find,
            sizes=PAGES,
        )
        return DocumentResult({"LaunchTemplates": found, "NextToken": token})

    @override
    def describe_launch_template_versions(self) -> ActionResult:
        """Those of one template, or the newest or default ones of all."""
        backend = self._launches
        asked = plain(self.params)
        filters = asked.get("Filters") or []
        resolves = bool(asked.get("ResolveAlias"))
        self.error_on_dryrun()

        def find() -> list[Document]:
            rows = [
                version_document(each, backend, resolves=resolves)
                for each in _chosen(backend, asked)
            ]
            return select(rows, filters, VERSION_FILTERS, lambda _: {})

        found, token = backend.listings.page(
            "DescribeLaunchTemplateVersions",
            asked.get("MaxResults"),
            asked.get("NextToken"),
            find,
            sizes=PAGES,
        )
        return DocumentResult({"LaunchTemplateVersions": found, "NextToken": token})

    @property
    def _launches(self) -> LaunchRules:
        backend: LaunchRules = self.ec2_backend
        return backend


def template_document(template: SandboxTemplate, backend: LaunchRules) -> Document:
    """``LaunchTemplate`` of the model."""
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.create_time,
        "CreatedBy": f"arn:{backend.partition}:iam::{backend.account_id}:root",
        "DefaultVersionNumber": template.default_version_number,
        "LatestVersionNumber": template.latest_version_number,
        "Tags": backend.tag_set(template.id),
    }


def version_document(
    version: LaunchTemplateVersion, backend: LaunchRules, *, resolves: bool
) -> Document:
    """``LaunchTemplateVersion`` of the model; the image of a parameter only when asked for."""
    data = plain(version.data)
    image_id = data.get("ImageId") or ""
    if resolves and image_id.startswith(RESOLVED):
        data["ImageId"] = backend.resolved_image(image_id)
    return {
        "LaunchTemplateId": version.template.id,
        "LaunchTemplateName": version.template.name,
        "VersionNumber": version.number,
        "VersionDescription": version.description or None,
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:{backend.partition}:iam::{backend.account_id}:root",
        "DefaultVersion": version.template.is_default(version),
        "LaunchTemplateData": data,
    }


def _chosen(backend: LaunchRules, asked: Mapping[str, Any]) -> list[LaunchTemplateVersion]:
    versions = [str(each) for each in asked.get("Versions") or []]
    if not (asked.get("LaunchTemplateId") or asked.get("LaunchTemplateName")):
        return _of_all(backend, versions)
    template = backend.find_template(asked)
    bounds = (_number(asked, "MinVersion"), _number(asked, "MaxVersion"))
    if versions:
        if bounds != (None, None):
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Versions cannot be specified together with MinVersion or MaxVersion.",
            )
        found = {template.get_version(each).number: template.get_version(each) for each in versions}
        return list(found.values())
    least, most = bounds
    return [
        each
        for each in reversed(template.versions)
        if (least is None or each.number >= least) and (most is None or each.number <= most)
    ]


def _of_all(backend: LaunchRules, versions: Sequence[str]) -> list[LaunchTemplateVersion]:
    if not versions:
        raise EC2ClientError("MissingParameter", WRONG_VERSIONS)
    if any(each not in ALL_OF for each in versions):
        raise EC2ClientError("InvalidParameterValue", WRONG_VERSIONS)
    found = []
    for template in backend.launch_templates.values():
        chosen = {(each := template.get_version(name)).number: each for name in versions}
        found += list(chosen.values())
    return found


def _number(asked: Mapping[str, Any], name: str) -> int | None:
    value = asked.get(name)
    if value is None:
        return None
    if not str(value).isdecimal():
        raise EC2ClientError(
            "InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid."
        )
    return int(value)
