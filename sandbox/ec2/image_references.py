"""DescribeImageReferences: what in the account still refers to an image.

Source: EC2 API, DescribeImageReferences; EC2 User Guide, "Identify your resources
referencing specified AMIs".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ssm.models import ssm_backends

from sandbox.ec2.errors import invalid_value
from sandbox.ec2.images import ImageRules, require_image_id
from sandbox.ec2.wire import DocumentResult

INSTANCES = "ec2:Instance"
TEMPLATES = "ec2:LaunchTemplate"
PARAMETERS = "ssm:Parameter"
RECIPES = ("imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe")
ALL_TYPES = (INSTANCES, TEMPLATES, PARAMETERS, *RECIPES)

MOST_IMAGES = 10
DEFAULT_DEPTH = 10
DEEPEST = 10_000
OPTIONS = {(INSTANCES, "state-name"), (TEMPLATES, "version-depth")}

Options = Mapping[str, Sequence[str]]
Reference = dict[str, str]


class ImageReferenceRules(ImageRules):
    """The references within one account and region."""

    def references(self, image_ids: Sequence[str], kinds: Mapping[str, Options]) -> list[Reference]:
        """Each resource that refers to one of the images. Image Builder is not here."""
        wanted = frozenset(image_ids)
        found: list[Reference] = []
        if INSTANCES in kinds:
            found += self._instances(wanted, kinds[INSTANCES].get("state-name", ()))
        if TEMPLATES in kinds:
            depth = kinds[TEMPLATES].get("version-depth") or [str(DEFAULT_DEPTH)]
            found += self._templates(wanted, depth_of(depth[0]))
        if PARAMETERS in kinds:
            found += self._parameters(wanted)
        return found

    def _instances(self, wanted: frozenset[str], states: Sequence[str]) -> Iterator[Reference]:
        for reservation in self.reservations.values():
            for instance in reservation.instances:
                if instance.image_id in wanted and (not states or instance.state in states):
                    arn = self._arn("ec2", f"instance/{instance.id}")
                    yield _reference(instance.image_id, INSTANCES, arn)

    def _templates(self, wanted: frozenset[str], depth: int) -> Iterator[Reference]:
        """By default only the ten newest versions are looked at."""
        for template in self.launch_templates.values():
            newest = template.versions[-depth:]
            images = {version.data.get("ImageId") for version in newest}
            for image_id in sorted(wanted & images):
                arn = self._arn("ec2", f"launch-template/{template.id}")
                yield _reference(image_id, TEMPLATES, arn)

    def _parameters(self, wanted: frozenset[str]) -> Iterator[Reference]:
        """Parameters of data type ``aws:ec2:image``, by their present value."""
        held = ssm_backends[self.account_id][self.region_name]._parameters
        for name, versions in list(held.items()):
            newest = versions[-1] if versions else None
            if newest and newest.data_type == "aws:ec2:image" and newest.value in wanted:
                arn = self._arn("ssm", f"parameter/{name.lstrip('/')}")
                yield _reference(newest.value, PARAMETERS, arn)

    def _arn(self, service: str, what: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region_name}:{self.account_id}:{what}"


class ImageReferenceActions(EC2Response):
    """DescribeImageReferences on the wire."""

    def describe_image_references(self) -> ActionResult:
        """DescribeImageReferences: at most ten images a call; what kinds must be said."""
        self.error_on_dryrun()
        backend = cast("ImageReferenceRules", self.ec2_backend)
        ids: list[str] = self._get_param("ImageIds", [])
        if not 1 <= len(ids) <= MOST_IMAGES:
            raise invalid_value(f"Specify 1 to {MOST_IMAGES} image ids, not {len(ids)}")
        for image_id in ids:
            require_image_id(image_id)
        kinds = _kinds(
            self._get_param("ResourceTypes", []),
            everything=bool(self._get_param("IncludeAllResourceTypes")),
        )
        rows, token = backend.listings.page(
            "DescribeImageReferences",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            lambda: backend.references(ids, kinds),
        )
        return DocumentResult({"ImageReferences": rows, "NextToken": token})


def _kinds(requested: Sequence[Mapping[str, Any]], *, everything: bool) -> dict[str, Options]:
    if not requested and not everything:
        raise EC2ClientError(
            "MissingParameter", "Specify either IncludeAllResourceTypes or ResourceTypes"
        )
    kinds: dict[str, Options] = {each: {} for each in ALL_TYPES if everything}
    for each in requested:
        kind = each.get("ResourceType", "")
        if kind not in ALL_TYPES:
            raise invalid_value(f"'{kind}' is not a resource type that can be checked")
        options = {
            option.get("OptionName", ""): option.get("OptionValues", [])
            for option in each.get("ResourceTypeOptions", [])
        }
        for name in options:
            if (kind, name) not in OPTIONS:
                raise invalid_value(f"'{name}' is not an option of {kind}")
        kinds[kind] = options
    return kinds


def depth_of(value: str) -> int:
    """How many versions of a template ``version-depth`` asks to look at."""
    if not value.isdecimal() or not 1 <= int(value) <= DEEPEST:
        raise invalid_value(f"version-depth must be between 1 and {DEEPEST}, not '{value}'")
    return int(value)


def _reference(image_id: str, kind: str, arn: str) -> Reference:
    return {"ImageId": image_id, "ResourceType": kind, "Arn": arn}
