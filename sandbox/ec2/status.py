"""Status checks: ``initializing`` at first, then what the operator's health says.

Source: EC2 API Reference, DescribeInstanceStatus (only running instances unless
``IncludeAllInstances``); botocore's model, ``InstanceStatus``.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.filters import matching
from sandbox.ec2.instance_filters import STATUS_FILTERS
from sandbox.ec2.instance_model import STATE_CODES, SandboxInstance
from sandbox.ec2.instances import InstanceRules
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.wire import DocumentResult
from sandbox.health import Aspect, Maintenance, health

CHECKED_AFTER = timedelta(seconds=10)
"""How long the checks of a started or rebooted instance say ``initializing``."""
NOT_APPLICABLE = "not-applicable"
REACHABILITY = {"ok": "passed", "impaired": "failed"}


class StatusRules(InstanceRules):
    """What the status checks of instances say."""

    def list_statuses(
        self, instance_ids: Sequence[str], filters: Sequence[dict[str, Any]], *, everything: bool
    ) -> Iterator[dict[str, Any]]:
        """What DescribeInstanceStatus answers, before it is cut into pages."""
        self.settle()
        chosen = (
            self.instances_by_id(instance_ids) if instance_ids else list(self.machines.values())
        )
        shown = [each for each in chosen if everything or each.state == "running"]
        documents = map(status_document, shown)
        return matching(documents, filters, STATUS_FILTERS, lambda _: {})


class StatusActions(EC2Response):
    """DescribeInstanceStatus on the wire."""

    @override
    def describe_instance_status(self) -> ActionResult:
        """In pages of 5 to 1000, and not with ids."""
        ids = self._get_param("InstanceIds", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "instancesSet")
        self.error_on_dryrun()
        backend: Any = self.ec2_backend
        statuses, token = backend.listings.page(
            "DescribeInstanceStatus",
            size,
            self._get_param("NextToken"),
            lambda: backend.list_statuses(
                ids,
                self._get_param("Filters", []),
                everything=bool(self._get_param("IncludeAllInstances")),
            ),
        )
        return DocumentResult({"InstanceStatuses": statuses, "NextToken": token})


def check(instance: SandboxInstance, aspect: Aspect) -> str:
    """What one status check of *instance* says now."""
    if instance.state != "running":
        return NOT_APPLICABLE
    if not instance.running_for(CHECKED_AFTER):
        return "initializing"
    has_lost_root = instance.root_volumes and not instance.has_root
    if has_lost_root and aspect == "instance_status":
        return "impaired"
    return str(health.of(aspect, instance.id, instance.image_id))


def status_document(instance: SandboxInstance) -> dict[str, Any]:
    """``InstanceStatus`` of the model."""
    state = instance.state
    found: dict[str, Any] = {
        "AvailabilityZone": instance.availability_zone,
        "AvailabilityZoneId": instance.zone_id,
        "InstanceId": instance.id,
        "InstanceState": {"Code": STATE_CODES[state], "Name": state},
        "Operator": {"Managed": False},
        "SystemStatus": _summary(instance, "system", check(instance, "system")),
        "InstanceStatus": _summary(instance, "instance_status", check(instance, "instance_status")),
        "AttachedEbsStatus": _summary(instance, "ebs", disks_check(instance)),
    }
    planned = health.maintenance(instance.id)
    if planned is not None:
        found["Events"] = [_event(planned)]
    application = health.of("application", instance.id, instance.image_id)
    if application is not None:
        found["ApplicationStatus"] = {"Status": check(instance, "application")}
    return found


def disks_check(instance: SandboxInstance) -> str:
    """The attached volumes are impaired as a whole when one of them is."""
    said = check(instance, "ebs")
    if said != "ok":
        return said
    volumes = [block.volume_id for _, block in instance.get_block_device_mapping]
    impaired = any(health.of("status", each) == "impaired" for each in volumes)
    return "impaired" if impaired else said


def _summary(instance: SandboxInstance, aspect: Aspect, status: str) -> dict[str, Any]:
    if status == NOT_APPLICABLE:
        return {"Status": status}
    detail: dict[str, Any] = {
        "Name": "reachability",
        "Status": REACHABILITY.get(status, status),
    }
    if status == "impaired":
        since = health.since(aspect, instance.id, instance.image_id)
        # Who was impaired before it was up has been so since its checks began.
        detail["ImpairedSince"] = max(since or clock.now(), instance.checked_from)
    return {"Details": [detail], "Status": status}


def _event(planned: Maintenance) -> dict[str, Any]:
    """``InstanceStatusEvent`` of the model."""
    return {
        "InstanceEventId": planned.id,
        "Code": planned.code,
        "Description": planned.description,
        "NotBefore": planned.not_before,
        "NotAfter": planned.not_after,
    }
