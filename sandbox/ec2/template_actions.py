"""Launch templates on the wire.

Source: EC2 API Reference, CreateLaunchTemplate, CreateLaunchTemplateVersion (``SourceVersion``:
"the new version inherits the launch parameters from the source version"; snapshots of its
block devices are not inherited), ModifyLaunchTemplate, DeleteLaunchTemplate,
DeleteLaunchTemplateVersions, GetLaunchTemplateData.
"""

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from typing_extensions import override

from sandbox.ec2.launch_templates import plain
from sandbox.ec2.tags import checked_tags
from sandbox.ec2.template_data import launch_data
from sandbox.ec2.template_listing import (
    TemplateListingActions,
    template_document,
    version_document,
)
from sandbox.ec2.template_rules import Document, SandboxTemplate, check_description
from sandbox.ec2.wire import DocumentResult

OF_THE_TEMPLATE = "launch-template"


class TemplateActions(TemplateListingActions):
    """What a caller may do with launch templates."""

    @override
    def create_launch_template(self) -> ActionResult:
        """With its first version, which is the default."""
        backend, asked = self._launches, plain(self.params)
        _require_data(asked)
        check_description(asked.get("VersionDescription"))
        tags = _template_tags(asked)
        self.error_on_dryrun()
        known = backend.remembered("CreateLaunchTemplate", asked)
        if known is None:
            made = backend.create_launch_template(
                asked["LaunchTemplateName"],
                asked.get("VersionDescription") or "",
                asked["LaunchTemplateData"],
                {OF_THE_TEMPLATE: tags},
            )
            known = made.id
            backend.remember("CreateLaunchTemplate", asked, known)
        template: Any = backend.get_launch_template(known)
        return DocumentResult(
            {
                "LaunchTemplate": template_document(template, backend),
                "Warning": backend.warning(asked["LaunchTemplateData"]),
            }
        )

    @override
    def create_launch_template_version(self) -> ActionResult:
        """On top of ``SourceVersion``, if one is given."""
        backend, asked = self._launches, plain(self.params)
        template = backend.find_template(asked)
        _require_data(asked)
        check_description(asked.get("VersionDescription"))
        data = asked["LaunchTemplateData"]
        if asked.get("SourceVersion"):
            data = {**_inherited(template, asked["SourceVersion"]), **data}
        self.error_on_dryrun()
        known = backend.remembered("CreateLaunchTemplateVersion", asked)
        if known is None:
            made = backend.add_version(template, data, asked.get("VersionDescription") or "")
            known = str(made.number)
            backend.remember("CreateLaunchTemplateVersion", asked, known)
        version = template.get_version(known)
        resolves = bool(asked.get("ResolveAlias"))
        return DocumentResult(
            {
                "LaunchTemplateVersion": version_document(version, backend, resolves=resolves),
                "Warning": backend.warning(data),
            }
        )

    @override
    def modify_launch_template(self) -> ActionResult:
        """Another default version."""
        backend, asked = self._launches, plain(self.params)
        template = backend.find_template(asked)
        self.error_on_dryrun()
        backend.modify_launch_template(asked.get("DefaultVersion") or "", None, template.id)
        return DocumentResult({"LaunchTemplate": template_document(template, backend)})

    @override
    def delete_launch_template(self) -> ActionResult:
        """The template and all of its versions."""
        backend = self._launches
        template = backend.find_template(plain(self.params))
        self.error_on_dryrun()
        document = template_document(template, backend)
        backend.delete_launch_template("", template.id)
        return DocumentResult({"LaunchTemplate": document})

    def delete_launch_template_versions(self) -> ActionResult:
        """Some versions; each that cannot be deleted says why."""
        asked = plain(self.params)
        self.error_on_dryrun()
        names = ("LaunchTemplateId", "LaunchTemplateName")
        done, refused = self._launches.delete_versions(
            {name: asked.get(name) for name in names}, [str(each) for each in asked["Versions"]]
        )
        return DocumentResult(
            {
                "SuccessfullyDeletedLaunchTemplateVersions": done,
                "UnsuccessfullyDeletedLaunchTemplateVersions": refused,
            }
        )

    @override
    def get_launch_template_data(self) -> ActionResult:
        """What a template must say to launch the like of an instance."""
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        self.error_on_dryrun()
        return DocumentResult({"LaunchTemplateData": launch_data(instance)})


def _require_data(asked: Mapping[str, Any]) -> None:
    """One parameter at least (EC2 User Guide, "Create an Amazon EC2 launch template")."""
    if not asked.get("LaunchTemplateData"):
        raise EC2ClientError(
            "MissingParameter", "The request must contain the parameter LaunchTemplateData"
        )


def _template_tags(asked: Mapping[str, Any]) -> dict[str, str]:
    """The tags of the template itself: those of what it launches are in its data."""
    found: dict[str, str] = {}
    for each in asked.get("TagSpecifications") or []:
        if each.get("ResourceType") != OF_THE_TEMPLATE:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"'{each.get('ResourceType')}' is not a valid taggable resource type for this "
                "operation.",
            )
        found |= checked_tags(each.get("Tags") or [])
    return found


def _inherited(template: SandboxTemplate, source: str) -> Document:
    """The data of the source version, without its snapshots (``SourceVersion``)."""
    data: Document = plain(template.get_version(source).data)
    devices = []
    for each in data.get("BlockDeviceMappings") or []:
        ebs = {key: value for key, value in (each.get("Ebs") or {}).items() if key != "SnapshotId"}
        kept = {key: value for key, value in each.items() if key != "Ebs"}
        devices.append({**kept, "Ebs": ebs} if ebs else kept)
    if devices:
        data["BlockDeviceMappings"] = devices
    return data
