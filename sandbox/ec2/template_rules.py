"""Launch templates and their versions: made, changed, deleted.

Sources: EC2 API Reference, CreateLaunchTemplate, CreateLaunchTemplateVersion,
ModifyLaunchTemplate, DeleteLaunchTemplateVersions; botocore's model (names, tokens,
``LaunchTemplateErrorCode``); EC2 User Guide, "Restrictions for Amazon EC2 launch templates"
(quotas; parameters are not validated); EC2 API error codes. The quotas' codes are [NV].
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.network_interface import seconds_only
from sandbox.ec2.tags import TagRules

Document = dict[str, Any]

MOST_TEMPLATES = 5000
MOST_VERSIONS = 10000
MOST_DELETED = 200
LONGEST_TOKEN = 128
LONGEST_DESCRIPTION = 255
_NAME = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_ID = re.compile(r"lt-(?:[0-9a-f]{8}|[0-9a-f]{17})")


class SandboxTemplate(LaunchTemplate):
    """A template whose versions keep their numbers when others are deleted."""

    def __init__(self, backend: Any, name: str, data: Document, description: str) -> None:  # noqa: ANN401
        self.made = 0
        super().__init__(backend, name, data, description, {})
        self.create_time = seconds_only(clock.now())

    @override
    def create_version(self, data: Document, description: str) -> LaunchTemplateVersion:
        """The next number, never one that has been used."""
        self.made += 1
        version = LaunchTemplateVersion(self, self.made, data, description)
        version.create_time = seconds_only(clock.now())
        self.versions.append(version)
        return version

    @override
    def get_version(self, num: Any) -> LaunchTemplateVersion:
        """By number, ``$Latest`` or ``$Default``."""
        text = str(num)
        if text == "$Latest":
            return self.versions[-1]
        wanted = str(self.default_version_number) if text == "$Default" else text
        for version in self.versions:
            if str(version.number) == wanted:
                return version
        raise EC2ClientError(
            "InvalidLaunchTemplateId.VersionNotFound",
            f"Could not find the specified version {text} for the launch template with ID "
            f"{self.id}.",
        )

    @override
    def default_version(self) -> LaunchTemplateVersion:
        """The one that a launch uses when it names none."""
        return self.get_version("$Default")


class TemplateRules(TagRules):
    """The launch templates of one account and region."""

    def find_template(self, wanted: Mapping[str, Any]) -> SandboxTemplate:
        """By id or by name, not both."""
        template_id, name = wanted.get("LaunchTemplateId"), wanted.get("LaunchTemplateName")
        if template_id and name:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify either a launch template ID or a launch template name, not both.",
            )
        if not (template_id or name):
            raise EC2ClientError(
                "MissingParameter",
                "The request must contain the parameter launch template ID or launch template name",
            )
        if template_id:
            found: Any = self.get_launch_template(template_id)
        else:
            found = self.get_launch_template_by_name(str(name))
        template: SandboxTemplate = found
        return template

    @override
    def get_launch_template(self, template_id: str) -> LaunchTemplate:
        """``InvalidLaunchTemplateId.Malformed`` or ``.NotFound`` for one that is not there."""
        if template_id not in self.launch_templates and not _ID.fullmatch(template_id):
            raise EC2ClientError(
                "InvalidLaunchTemplateId.Malformed", f'Invalid id: "{template_id}"'
            )
        return super().get_launch_template(template_id)

    @override
    def create_launch_template(
        self,
        name: str,
        description: str,
        template_data: dict[str, Any],
        tag_spec: dict[str, Any],
    ) -> LaunchTemplate:
        """Its data is taken as it is; what is wrong with it shows at the launch."""
        if not _NAME.fullmatch(name or ""):
            raise EC2ClientError(
                "InvalidLaunchTemplateName.MalformedException",
                "A launch template name must be between 3 and 128 characters, and may contain "
                "letters, numbers, and the following characters: - ( ) . / _",
            )
        if name in self.launch_template_name_to_ids:
            raise EC2ClientError(
                "InvalidLaunchTemplateName.AlreadyExistsException",
                "Launch template name already in use.",
            )
        if len(self.launch_templates) >= MOST_TEMPLATES:
            raise EC2ClientError(
                "LaunchTemplateLimitExceeded",
                f"You have reached the limit of {MOST_TEMPLATES} launch templates.",
            )
        template = SandboxTemplate(  # type: ignore[abstract]
            self, name, stored(template_data), description
        )
        tags = tag_spec.get("launch-template", {})
        if tags:
            self.tags[template.id].update(tags)
        self.launch_templates[template.id] = template
        self.launch_template_name_to_ids[name] = template.id
        self.launch_template_insert_order.append(template.id)
        return template

    def add_version(
        self, template: SandboxTemplate, data: Document, description: str
    ) -> LaunchTemplateVersion:
        """One more version, up to the quota."""
        if len(template.versions) >= MOST_VERSIONS:
            raise EC2ClientError(
                "LaunchTemplateVersionLimitExceeded",
                f"You have reached the limit of {MOST_VERSIONS} versions of a launch template.",
            )
        return template.create_version(stored(data), description)

    @override
    def modify_launch_template(
        self, default_version: str, template_name: str | None = None, template_id: str | None = None
    ) -> LaunchTemplate:
        """Another default version, by its number [NV: or ``$Latest``, ``$Default``]."""
        template = self.find_template(
            {"LaunchTemplateId": template_id, "LaunchTemplateName": template_name}
        )
        if default_version:
            template.default_version_number = template.get_version(default_version).number
        return template

    @override
    def delete_launch_template(self, name: str, tid: str | None) -> LaunchTemplate:
        """With all of its versions; nobody asks who uses it."""
        template = self.find_template({"LaunchTemplateId": tid, "LaunchTemplateName": name})
        del self.launch_templates[template.id]
        self.launch_template_name_to_ids.pop(template.name, None)
        self.launch_template_insert_order.remove(template.id)
        return template

    def delete_versions(
        self, wanted: Mapping[str, Any], versions: Sequence[str]
    ) -> tuple[list[Document], list[Document]]:
        """Each on its own: which were deleted, and which not, and why.

        The default version stays (DeleteLaunchTemplateVersions) [NV: its code].
        """
        if len(versions) > MOST_DELETED:
            raise EC2ClientError(
                "InvalidParameterValue", f"At most {MOST_DELETED} versions can be specified."
            )
        by_id = bool(wanted.get("LaunchTemplateId"))
        named = {key: value for key, value in wanted.items() if value}
        try:
            template = self.find_template(wanted)
        except EC2ClientError as error:
            code = _ITEM_CODES.get(error.code)
            if code is None:
                raise
            code = f"launchTemplate{'Id' if by_id else 'Name'}{code}"
            return [], [_refused(named, each, code, error.message) for each in versions]
        done, refused = [], []
        named = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}
        for each in versions:
            why = _why_not(template, each)
            if why is not None:
                refused.append(_refused(named, each, *why))
                continue
            template.versions.remove(template.get_version(each))
            done.append({**named, "VersionNumber": int(each)})
        return done, refused

    def remembered(self, operation: str, asked: Mapping[str, Any]) -> str | None:
        """What the same request with the same client token made before."""
        token = asked.get("ClientToken")
        if token and (len(token) > LONGEST_TOKEN or not token.isascii()):
            raise EC2ClientError(
                "InvalidParameterValue",
                f"Value ({token}) for parameter clientToken is invalid. At most {LONGEST_TOKEN} "
                "ASCII characters.",
            )
        return ClientTokens.of(self, operation).recall(token, asked)

    def remember(self, operation: str, asked: Mapping[str, Any], made: str) -> None:
        """Keep what the request made."""
        ClientTokens.of(self, operation).remember(asked.get("ClientToken"), asked, made)

    def warning(self, data: Mapping[str, Any]) -> Document | None:
        """``ValidationWarning``: what would not launch, as far as it is looked at.

        An image of somebody else's that may be launched is as good as one's own (EC2 API,
        CreateLaunchTemplate, ``warning``: "parameters ... that are not valid").
        """
        backend: Any = self
        errors = []
        image_id, type_ = data.get("ImageId"), data.get("InstanceType")
        if image_id and image_id.startswith("ami-") and backend.find_image(image_id) is None:
            said = f"The image id '[{image_id}]' does not exist"
            errors.append({"Code": "InvalidAMIID.NotFound", "Message": said})
        if type_ and type_ not in INSTANCE_TYPES:
            said = f"Invalid value '{type_}' for InstanceType."
            errors.append({"Code": "InvalidParameterValue", "Message": said})
        return {"Errors": errors} if errors else None


_ITEM_CODES = {
    "InvalidLaunchTemplateId.NotFound": "DoesNotExist",
    "InvalidLaunchTemplateId.Malformed": "Malformed",
    "InvalidLaunchTemplateName.NotFoundException": "DoesNotExist",
}


def stored(data: Mapping[str, Any]) -> Document:
    """Data as moto keeps it: user data stays base64 and says so."""
    kept = {name: value for name, value in data.items() if value is not None}
    if not kept.get("UserData"):
        kept.pop("UserData", None)
        return kept
    try:
        kept["UserData"] = Base64EncodedString(str(kept["UserData"]))
    except ValueError as error:
        raise EC2ClientError(
            "InvalidUserData.Malformed", "Invalid BASE64 encoding of user data."
        ) from error
    return kept


def check_description(text: str | None) -> None:
    """At most 255 characters (``VersionDescription``)."""
    if text and len(text) > LONGEST_DESCRIPTION:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"A version description has at most {LONGEST_DESCRIPTION} characters.",
        )


def _why_not(template: SandboxTemplate, version: str) -> tuple[str, str] | None:
    if not any(str(each.number) == version for each in template.versions):
        return (
            "launchTemplateVersionDoesNotExist",
            f"Could not find the specified version {version} for the launch template with ID "
            f"{template.id}.",
        )
    if version == str(template.default_version_number):
        return "unexpectedError", "You cannot delete the default version of a launch template."
    return None


def _refused(named: Mapping[str, Any], version: str, code: str, message: str) -> Document:
    number = int(version) if version.isdecimal() else 0
    error = {"Code": code, "Message": message}
    return {**named, "VersionNumber": number, "ResponseError": error}
