"""Options with actions of their own: metadata, maintenance, credits, CPU, private names.

Source: EC2 API Reference and botocore's model, ModifyInstanceMetadataOptions,
ModifyInstanceMaintenanceOptions, ModifyInstanceCreditSpecification,
DescribeInstanceCreditSpecifications, ModifyInstanceCpuOptions, ModifyPrivateDnsNameOptions.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.id_kinds import KINDS
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.instances import InstanceRules
from sandbox.ec2.launch_checks import check_metadata_keys, invalid
from sandbox.ec2.launch_options import (
    CREDIT_OPTIONS,
    METADATA_CHOICES,
    check_metadata,
    cpu_options,
    metadata_options,
)
from sandbox.ec2.launch_templates import plain
from sandbox.ec2.wire import DocumentResult

MAINTENANCE = {"AutoRecovery", "RebootMigration"}
DNS_OPTIONS = {
    "PrivateDnsHostnameType": "HostnameType",
    "EnableResourceNameDnsARecord": "EnableResourceNameDnsARecord",
    "EnableResourceNameDnsAAAARecord": "EnableResourceNameDnsAAAARecord",
}


class OptionActions(EC2Response):
    """What a caller may do with the options of an instance."""

    @override
    def modify_instance_metadata_options(self) -> ActionResult:
        """Only what is given changes; running or stopped instances only."""
        instance = self._alive()
        request = plain(self.params)
        check_metadata(request)
        if request.get("InstanceMetadataTags") == "enabled":
            check_metadata_keys(self._instances.tags_of(instance.id))
        self.error_on_dryrun()
        options = instance.facts.get("MetadataOptions") or metadata_options({})
        options = dict(options)
        for name in (*METADATA_CHOICES, "HttpPutResponseHopLimit"):
            if request.get(name) is not None:
                options[name] = request[name]
        instance.facts["MetadataOptions"] = options
        return DocumentResult(
            {
                "InstanceId": instance.id,
                "InstanceMetadataOptions": {**options, "State": "pending"},
            }
        )

    def modify_instance_maintenance_options(self) -> ActionResult:
        """Recovery and reboot migration: ``default`` or ``disabled``."""
        instance = self._alive()
        options = dict(instance.facts.get("MaintenanceOptions") or {})
        for name in MAINTENANCE:
            value = self._get_param(name)
            if value is not None:
                if value not in {"default", "disabled"}:
                    raise invalid(str(value), name)
                options[name] = value
        self.error_on_dryrun()
        instance.facts["MaintenanceOptions"] = options
        return DocumentResult({"InstanceId": instance.id, **options})

    @override
    def describe_instance_credit_specifications(self) -> ActionResult:
        """Burstable instances; without ids only those that are ``unlimited``.

        [NV] the code for an instance without credits.
        """
        backend = self._instances
        ids = self._get_param("InstanceIds", [])
        for each in self._get_param("Filters", []):
            if each.get("Name") != "instance-id":
                raise EC2ClientError(
                    "InvalidParameterValue", f"The filter '{each.get('Name')}' is invalid"
                )
            ids = [*ids, *each.get("Values", [])]
        self.error_on_dryrun()
        chosen = backend.instances_by_id(ids)
        for instance in chosen:
            if instance.credits is None:
                raise _no_credits(instance)
        if not ids:
            backend.settle()
            chosen = [each for each in backend.machines.values() if each.credits == "unlimited"]
        rows, token = backend.listings.page(
            "DescribeInstanceCreditSpecifications",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            lambda: [{"InstanceId": each.id, "CpuCredits": each.credits} for each in chosen],
        )
        return DocumentResult({"InstanceCreditSpecifications": rows, "NextToken": token})

    def modify_instance_credit_specification(self) -> ActionResult:
        """Each instance succeeds or fails for itself."""
        backend = self._instances
        self.error_on_dryrun()
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for each in self._get_param("InstanceCreditSpecifications", []):
            instance_id, wanted = each.get("InstanceId"), each.get("CpuCredits")
            instance = backend.get_instance_by_id(instance_id)
            code = _credit_refusal(str(instance_id), instance, wanted)
            if instance is not None and code is None:
                instance.credits = wanted
            if code:
                error = {"Code": code, "Message": f"The instance '{instance_id}' was not changed."}
                failed.append({"InstanceId": instance_id, "Error": error})
            else:
                done.append({"InstanceId": instance_id})
        return DocumentResult(
            {
                "SuccessfulInstanceCreditSpecifications": done,
                "UnsuccessfulInstanceCreditSpecifications": failed,
            }
        )

    def modify_instance_cpu_options(self) -> ActionResult:
        """Only of a stopped instance."""
        instance = self._alive()
        if instance.state != "stopped":
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'stopped' state.",
            )
        options = cpu_options(plain(self.params), instance.instance_type)
        self.error_on_dryrun()
        instance.facts["CpuOptions"] = {**(instance.facts.get("CpuOptions") or {}), **options}
        return DocumentResult({"InstanceId": instance.id, **options})

    def modify_private_dns_name_options(self) -> ActionResult:
        """The host name's type only while stopped (EC2 User Guide, hostname-types)."""
        instance = self._alive()
        kind = self._get_param("PrivateDnsHostnameType")
        if kind and instance.state != "stopped":
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in the 'stopped' state.",
            )
        if kind and kind not in {"ip-name", "resource-name"}:
            raise invalid(str(kind), "privateDnsHostnameType")
        self.error_on_dryrun()
        options = dict(instance.facts.get("PrivateDnsNameOptions") or {})
        for sent, kept in DNS_OPTIONS.items():
            value = self._get_param(sent)
            if value is not None:
                options[kept] = value
        instance.facts["PrivateDnsNameOptions"] = options
        return DocumentResult({"Return": True})

    def _alive(self) -> SandboxInstance:
        """The instance of the request, if it can still be changed."""
        instance = self._instances.get_instance(self._get_param("InstanceId"))
        if instance.is_gone:
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in a state in which it can be modified.",
            )
        return instance

    @property
    def _instances(self) -> InstanceRules:
        backend: InstanceRules = self.ec2_backend
        return backend


def _credit_refusal(
    instance_id: str, instance: SandboxInstance | None, wanted: str | None
) -> str | None:
    """A code of the model's ``UnsuccessfulInstanceCreditSpecificationErrorCode``, if any."""
    if instance is None:
        known = KINDS["InstanceId"].is_well_formed(instance_id)
        return "InvalidInstanceID.NotFound" if known else "InvalidInstanceID.Malformed"
    if instance.credits is None or wanted not in CREDIT_OPTIONS:
        return "InstanceCreditSpecification.NotSupported"
    return "IncorrectInstanceState" if instance.is_gone else None


def _no_credits(instance: SandboxInstance) -> EC2ClientError:
    return EC2ClientError(
        "InvalidParameterValue",
        f"The instance '{instance.id}' of type '{instance.instance_type}' is not a burstable "
        "performance instance.",
    )
