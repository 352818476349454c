"""What refers to an image: EC2's own answer, and ours where EC2 has none.

DescribeImageReferences looks at instances, launch templates, parameters and Image Builder
recipes. Where a client or an endpoint is older than it, launch templates (every version)
and parameters of the type ``aws:ec2:image`` are read here; instances are asked for by
image anyway.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.aws.errors import translated
from chalicelib.domain.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient

_REFERENCED = 10
"""Most images of one DescribeImageReferences (API reference)."""
_PARAMETERS = 10
"""Most names of one GetParameters (API reference)."""
_UNKNOWN = ("InvalidAction", "UnknownOperationException", "UnsupportedOperation")
_KINDS: list[Any] = [
    {"ResourceType": "ec2:Instance"},
    # EC2 looks at the ten newest versions only, unless told otherwise (User Guide).
    {
        "ResourceType": "ec2:LaunchTemplate",
        "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["10000"]}],
    },
    {"ResourceType": "ssm:Parameter"},
    {"ResourceType": "imagebuilder:ImageRecipe"},
    {"ResourceType": "imagebuilder:ContainerRecipe"},
]
_Users = dict[str, tuple[str, ...]]


class References:
    """The references to images of one region."""

    def __init__(
        self, client: "EC2Client", region: str, ssm: "Callable[[], SSMClient] | None" = None
    ) -> None:
        self._client = client
        self._region = region
        self._ssm = ssm

    def of(self, image_ids: Sequence[str]) -> _Users:
        """What refers to each image, as ARNs or names; ``AwsError`` if any look-up fails."""
        if "DescribeImageReferences" not in self._client.meta.service_model.operation_names:
            return self._looked_up(image_ids)
        try:
            return self._described(image_ids)
        except AwsError as err:
            if err.aws_code not in _UNKNOWN:
                raise
        return self._looked_up(image_ids)

    def _described(self, image_ids: Sequence[str]) -> _Users:
        found: _Users = {}
        paginator = self._client.get_paginator("describe_image_references")
        with translated(f"find out what refers to images in {self._region}"):
            for start in range(0, len(image_ids), _REFERENCED):
                chunk = list(image_ids[start : start + _REFERENCED])
                for page in paginator.paginate(ImageIds=chunk, ResourceTypes=_KINDS):
                    for reference in page.get("ImageReferences", []):
                        image = reference.get("ImageId", "")
                        found[image] = (*found.get(image, ()), reference.get("Arn", "unnamed"))
        return found

    def _looked_up(self, image_ids: Sequence[str]) -> _Users:
        wanted = set(image_ids)
        found: _Users = {}
        for image, user in (*self._templates(), *self._parameters()):
            if image in wanted:
                found[image] = tuple(dict.fromkeys((*found.get(image, ()), user)))
        return found

    def _templates(self) -> Iterator[tuple[str, str]]:
        """The image of every version of every launch template."""
        with translated(f"read launch templates in {self._region}"):
            for page in self._client.get_paginator("describe_launch_templates").paginate():
                for template in page["LaunchTemplates"]:
                    yield from self._versions(template["LaunchTemplateId"])

    def _versions(self, template: str) -> Iterator[tuple[str, str]]:
        paginator = self._client.get_paginator("describe_launch_template_versions")
        for page in paginator.paginate(LaunchTemplateId=template):
            for version in page["LaunchTemplateVersions"]:
                yield version.get("LaunchTemplateData", {}).get("ImageId", ""), template

    def _parameters(self) -> Iterator[tuple[str, str]]:
        """The image that each parameter of the type ``aws:ec2:image`` names."""
        if self._ssm is None:
            raise AwsError("read image parameters", "NotConfigured", "no Systems Manager client")
        ssm = self._ssm()
        names: list[str] = []
        with translated(f"read image parameters in {self._region}"):
            for page in ssm.get_paginator("describe_parameters").paginate():
                images = (p for p in page["Parameters"] if p.get("DataType") == "aws:ec2:image")
                names += [p["Name"] for p in images if "Name" in p]
            for start in range(0, len(names), _PARAMETERS):
                answer = ssm.get_parameters(Names=names[start : start + _PARAMETERS])
                for parameter in answer["Parameters"]:
                    yield parameter.get("Value", ""), f"parameter {parameter.get('Name', '')}"
