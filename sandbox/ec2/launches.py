"""RunInstances: from the request to running instances.

Sources: EC2 API Reference, RunInstances; botocore's model, ``RunInstancesRequest``; EC2
API error codes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Reservation
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_reservation_id, random_spot_request_id
from moto.iam.models import iam_backends
from moto.ssm.models import ssm_backends
from typing_extensions import override

from sandbox.ec2.credit_defaults import CreditDefaultRules
from sandbox.ec2.hibernation import check_hibernation
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import ImageRules
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.instances import reservations
from sandbox.ec2.launch_checks import (
    DEFAULT_TYPE,
    check_count,
    check_token,
    check_type,
    checked_user_data,
    invalid,
    launch_tags,
)
from sandbox.ec2.launch_disks import LaunchDiskRules
from sandbox.ec2.launch_network import LaunchNetworkRules, Port
from sandbox.ec2.launch_options import credit_option, image_facts, option_facts
from sandbox.ec2.launch_requests import launch_request
from sandbox.ec2.launch_templates import LaunchTemplateRules, plain
from sandbox.ec2.launch_tokens import LaunchTokenRules
from sandbox.ec2.lifecycle import DIES_OF
from sandbox.ec2.metadata_defaults import MetadataDefaultRules
from sandbox.ec2.placement import PlacementRules
from sandbox.ec2.wire import DocumentResult
from sandbox.health import health

RESOLVED = "resolve:ssm:"


@dataclass(slots=True, kw_only=True)
class Plan:
    """Everything about a launch that was checked before anything is made."""

    request: Mapping[str, Any]
    image: Image
    facts: dict[str, Any]
    ports: Sequence[Port]
    disks: Sequence[dict[str, Any]]
    tags: Mapping[str, dict[str, str]]
    aws_tags: Mapping[str, str]
    credits: str | None
    user_data: str | None
    count: int


class LaunchRules(
    LaunchDiskRules,
    LaunchNetworkRules,
    LaunchTemplateRules,
    LaunchTokenRules,
    CreditDefaultRules,
    MetadataDefaultRules,
    PlacementRules,
    ImageRules,
):
    """Launches, each checked as a whole before anything of it exists."""

    def launch(
        self, request: dict[str, Any], aws_tags: Mapping[str, str] | None = None
    ) -> list[SandboxInstance]:
        """The instances that *request* (shaped like ``RunInstancesRequest``) asks for.

        The same client token with the same parameters answers with the same instances.
        """
        self.settle()
        token = request.get("ClientToken")
        check_token(token)
        full, template_tags = self.with_template(request)
        known = self.known_launch(token, full, request)
        if known is not None and known.instances:
            return known.instances
        plan = self._plan(dict(full), {**template_tags, **(aws_tags or {})})
        instances = self._carry_out(plan)
        if known is not None:
            known.instances.extend(instances)
            self.launched[(str(token), self.token_scope(full))] = known
        return instances

    def _plan(self, request: dict[str, Any], aws_tags: Mapping[str, str]) -> Plan:
        least, most = check_count(request)
        image = self._image(request)
        type_ = request["InstanceType"] = str(request.get("InstanceType") or DEFAULT_TYPE)
        zone = self.placement_zone(request)
        ports = self.plan_network(request, zone)
        zone = ports[0].subnet.availability_zone
        check_type(type_, image, self.region_name, zone, lambda: self._types_in(zone))
        self._check_key(request.get("KeyName"))
        facts = self._facts(request, image, ports[0], zone)
        self.check_tokens(facts["MetadataOptions"])
        metadata = facts["MetadataOptions"]["InstanceMetadataTags"]
        disks = self.plan_disks(image, request.get("BlockDeviceMappings") or [])
        check_hibernation(self, facts, disks)
        return Plan(
            request=request,
            image=image,
            facts=facts,
            ports=ports,
            disks=disks,
            tags=launch_tags(
                request.get("TagSpecifications") or [], in_metadata=metadata == "enabled"
            ),
            aws_tags=aws_tags,
            credits=credit_option(request.get("CreditSpecification"), type_, self.credit_defaults),
            user_data=checked_user_data(request.get("UserData")),
            count=self.capacity_for(
                facts,
                least,
                self._affordable(least, most, ports),
                action="RunInstances",
                asked={name: request[name] for name in ("ImageId", "InstanceType")},
            ),
        )

    def _facts(
        self, request: dict[str, Any], image: Image, primary: Port, zone: str
    ) -> dict[str, Any]:
        """What DescribeInstances will say of every instance of the launch."""
        request["MetadataOptions"] = self.with_metadata_defaults(
            request.get("MetadataOptions") or {}
        )
        facts: dict[str, Any] = {
            **image_facts(image),
            **option_facts(request, image),
            "Placement": self.placement_facts(request, zone),
            "PrivateDnsNameOptions": _dns_options(request, primary),
            "ClientToken": request.get("ClientToken") or "",
            **_market(request),
        }
        profile = self.instance_profile(request.get("IamInstanceProfile") or {})
        if profile:
            facts["IamInstanceProfile"] = profile
        return facts

    def _image(self, request: Mapping[str, Any]) -> Image:
        if not request.get("ImageId"):
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter ImageId"
            )
        return self.launchable_image(self.resolved_image(request["ImageId"]))

    def resolved_image(self, image_id: str) -> str:
        """The image that ``resolve:ssm:NAME`` stands for now (RunInstancesRequest.ImageId)."""
        from sandbox import base_images  # noqa: PLC0415 - it needs our EC2 to be there

        if not image_id.startswith(RESOLVED):
            return image_id
        name = image_id.removeprefix(RESOLVED)
        base_images.prepare(self.account_id, self.region_name, "ssm")
        parameters = ssm_backends[self.account_id][self.region_name].get_parameters([name])
        if name not in parameters:
            raise invalid(image_id, "imageId", f" There is no parameter {name}.")
        return str(parameters[name].value)

    def _types_in(self, zone: str) -> set[str]:
        return {
            each.instance_type for each in self.machines.values() if each.availability_zone == zone
        }

    def _check_key(self, name: str | None) -> None:
        if name and name not in self.key_pairs:
            raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")

    def instance_profile(self, wanted: Mapping[str, Any]) -> dict[str, str] | None:
        """The instance profile of this account, by ARN or by name, not both."""
        arn, name = wanted.get("Arn"), wanted.get("Name")
        if arn and name:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "The parameter 'iamInstanceProfile.name' may not be used in combination with "
                "'iamInstanceProfile.arn'",
            )
        if not (arn or name):
            return None
        profiles = iam_backends[self.account_id][self.partition].instance_profiles.values()
        for profile in profiles:
            if profile.arn == arn or profile.name == name:
                return {"Arn": profile.arn, "Id": profile.id}
        which = "arn" if arn else "name"
        raise invalid(
            str(arn or name),
            f"iamInstanceProfile.{which}",
            f" Invalid IAM Instance Profile {'ARN' if arn else 'name'}",
        )

    def _affordable(self, least: int, most: int, ports: Sequence[Port]) -> int:
        """As many as asked for, or as many as there are addresses for, if enough."""
        room = self.address_book(ports[0].subnet).how_many_free()
        if ports[0].existing is not None or room >= most:
            return most
        if room < least:
            raise EC2ClientError(
                "InsufficientFreeAddressesInSubnet",
                f"There are not enough free addresses in subnet '{ports[0].subnet.id}' "
                "to satisfy the requested number of instances.",
            )
        return room

    def _carry_out(self, plan: Plan) -> list[SandboxInstance]:
        reservation_id = random_reservation_id()
        plan.image.record_launch()
        return [self._make(plan, reservation_id, index) for index in range(plan.count)]

    def _make(self, plan: Plan, reservation_id: str, index: int) -> SandboxInstance:
        request = plan.request
        instance = SandboxInstance(  # type: ignore[abstract]
            self,
            {**plan.facts, "AmiLaunchIndex": index},
            reservation_id=reservation_id,
            user_data=plan.user_data,
        )
        instance.monitoring_state = (
            "enabled" if (request.get("Monitoring") or {}).get("Enabled") else "disabled"
        )
        instance.credits = plan.credits
        instance.disable_api_termination = bool(request.get("DisableApiTermination"))
        instance.disable_api_stop = bool(request.get("DisableApiStop"))
        instance.instance_initiated_shutdown_behavior = (
            request.get("InstanceInitiatedShutdownBehavior") or "stop"
        )
        spot = (request.get("InstanceMarketOptions") or {}).get("SpotOptions") or {}
        instance.spot_type = spot.get("SpotInstanceType") or "one-time"
        if plan.facts.get("InstanceLifecycle") == "spot":
            instance.facts["SpotInstanceRequestId"] = random_spot_request_id()
        self.add_instance(instance)
        tags = {**plan.aws_tags, **plan.tags.get("instance", {})}
        if tags:
            self.tags[instance.id].update(tags)
        self.plug_in(instance, plan.ports, plan.tags.get("network-interface", {}))
        usable = self.make_disks(instance, plan.disks, plan.tags.get("volume", {}))
        if "IamInstanceProfile" in plan.facts:
            self.associate_iam_instance_profile(
                instance.id, iam_instance_profile_arn=plan.facts["IamInstanceProfile"]["Arn"]
            )
        wish = health.of("launch", instance.id, plan.image.id)
        self.boot(instance, dies_of=wish or (None if usable else DIES_OF))
        return instance

    @override
    def run_instances(
        self,
        image_id: str,
        count: int,
        user_data: Any,
        security_group_names: list[str],
        **kwargs: Any,
    ) -> Reservation:
        """For moto's other services (Auto Scaling, spot requests, CloudFormation)."""
        tags = dict((kwargs.get("tags") or {}).get("instance", {}))
        request = launch_request(image_id, count, user_data, security_group_names, kwargs)
        instances = self.launch(request, tags)
        for instance in instances:
            if kwargs.get("lifecycle"):
                instance.lifecycle = kwargs["lifecycle"]
        return self.reservations[instances[0].reservation_id]


class LaunchActions(EC2Response):
    """RunInstances on the wire."""

    @override
    def run_instances(self) -> ActionResult:
        """``DryRun`` says only that the caller may call (RunInstancesRequest.DryRun)."""
        self.error_on_dryrun()
        backend: LaunchRules = self.ec2_backend
        instances = backend.launch(plain(self.params))
        return DocumentResult(reservations(instances)[0])


def _dns_options(request: Mapping[str, Any], primary: Port) -> dict[str, Any]:
    """``PrivateDnsNameOptions``; ignored with an existing interface (its model field)."""
    defaults = dict(primary.subnet.private_dns_name_options_on_launch)
    wanted = {} if primary.existing else request.get("PrivateDnsNameOptions") or {}
    return {**defaults, **wanted}


def _market(request: Mapping[str, Any]) -> dict[str, Any]:
    market = (request.get("InstanceMarketOptions") or {}).get("MarketType")
    if not market:
        return {}
    if market not in {"spot", "capacity-block"}:
        raise invalid(str(market), "instanceMarketOptions.marketType")
    if request.get("DisableApiTermination") or request.get("DisableApiStop"):
        raise EC2ClientError(
            "UnsupportedOperation",
            "Stop and termination protection cannot be enabled for Spot Instances.",
        )
    return {"InstanceLifecycle": market}
