"""The instances of an account and region: looked up, listed, filtered and paged.

Sources: EC2 API Reference, DescribeInstances (MaxResults 5 to 1000 and not with ids);
EC2 API error codes; TerminateInstances: "Terminated instances remain visible after
termination (for approximately one hour)".
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance, Reservation
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.addresses import AddressRules
from sandbox.ec2.filters import matching
from sandbox.ec2.instance_documents import instance_document
from sandbox.ec2.instance_filters import INSTANCE_FILTERS
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.wire import DocumentResult

REMEMBERED = timedelta(hours=1)
"""How long a terminated instance can still be described."""

_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")


class InstanceRules(AddressRules):
    """The register of instances, by id."""

    @property
    def machines(self) -> dict[str, SandboxInstance]:
        """Every instance that can be described, by id, in launch order."""
        found: dict[str, SandboxInstance] = self.__dict__.setdefault("_machines", {})
        return found

    def add_instance(self, instance: SandboxInstance) -> SandboxInstance:
        """Let *instance* exist, in its reservation."""
        name = instance.reservation_id
        reservation = self.reservations.get(name)
        if reservation is None:
            reservation = self.reservations[name] = Reservation(name, self.account_id)
        reservation.instances.append(instance)
        self.machines[instance.id] = instance
        return instance

    def forget_instance(self, instance: SandboxInstance) -> None:
        """An hour after its termination nobody knows it any more."""
        self.machines.pop(instance.id, None)
        self.tags.pop(instance.id, None)
        reservation = self.reservations.get(instance.reservation_id)
        if reservation is not None:
            reservation.instances.remove(instance)
            if not reservation.instances:
                del self.reservations[instance.reservation_id]

    @override
    def get_instance(self, instance_id: str) -> SandboxInstance:
        """The instance, or ``InvalidInstanceID.NotFound`` or ``.Malformed``."""
        return self.instances_by_id([instance_id])[0]

    @override
    def get_instance_by_id(self, instance_id: str) -> SandboxInstance | None:
        """The instance, if it can be described."""
        self.settle()
        return self.machines.get(instance_id)

    @override
    def get_multi_instances_by_id(  # type: ignore[override]
        self, instance_ids: list[str], filters: Any = None
    ) -> list[SandboxInstance]:
        """All of *instance_ids*, as moto's callers know it."""
        return [each for each in self.instances_by_id(instance_ids) if each.applies(filters)]

    def instances_by_id(self, instance_ids: Sequence[str]) -> list[SandboxInstance]:
        """All of *instance_ids*, each once, or EC2's refusal of the ones it does not know."""
        self.settle()
        wanted = list(dict.fromkeys(instance_ids))
        unknown = [each for each in wanted if each not in self.machines]
        for each in unknown:
            if not _ID.fullmatch(each or ""):
                raise EC2ClientError("InvalidInstanceID.Malformed", f'Invalid id: "{each}"')
        if unknown:
            what = "IDs" if len(unknown) > 1 else "ID"
            do = "do" if len(unknown) > 1 else "does"
            raise EC2ClientError(
                "InvalidInstanceID.NotFound",
                f"The instance {what} '{', '.join(unknown)}' {do} not exist",
            )
        return [self.machines[each] for each in wanted]

    @override
    def do_resources_exist(self, resource_ids: list[str]) -> bool:
        """As moto's, and an unknown instance is refused, too."""
        self.instances_by_id([each for each in resource_ids if each.startswith("i-")])
        return super().do_resources_exist(resource_ids)

    @override
    def all_instances(self, filters: Any = None) -> list[Instance]:
        """Every instance, as moto's callers know it."""
        self.settle()
        return [each for each in self.machines.values() if each.applies(filters)]

    def list_instances(
        self, instance_ids: Sequence[str], filters: Sequence[dict[str, Any]]
    ) -> Iterator[SandboxInstance]:
        """What DescribeInstances answers, before it is cut into pages."""
        self.settle()
        chosen: Iterable[SandboxInstance] = (
            self.instances_by_id(instance_ids) if instance_ids else list(self.machines.values())
        )
        return matching(chosen, filters, INSTANCE_FILTERS, lambda each: self.tags_of(each.id))

    @override
    def modify_instance_attribute(self, instance_id: str, key: str, value: Any) -> Instance:
        """As moto's callers know it; an instance profile is shown with its own id."""
        instance = self.get_instance(instance_id)
        if key == "iam_instance_profile" and value:
            value = self.profile_fact(value["Arn"]) or value
        setattr(instance, key, value)
        return instance

    def profile_fact(self, arn: str) -> dict[str, str] | None:
        """``IamInstanceProfile`` of the model, for a profile of this account."""
        from moto.iam.models import iam_backends  # noqa: PLC0415 - moto's IAM imports its EC2

        for profile in iam_backends[self.account_id][self.partition].instance_profiles.values():
            if profile.arn == arn:
                return {"Arn": profile.arn, "Id": profile.id}
        return None


class InstanceActions(EC2Response):
    """DescribeInstances on the wire."""

    @override
    def describe_instances(self) -> ActionResult:
        """Pages count instances; a reservation may be spread over pages."""
        ids = self._get_param("InstanceIds", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "instancesSet")
        self.error_on_dryrun()
        backend: InstanceRules = self.ec2_backend
        filters = self._get_param("Filters", [])
        instances, token = backend.listings.page(
            "DescribeInstances",
            size,
            self._get_param("NextToken"),
            lambda: backend.list_instances(ids, filters),
            still_there=lambda each: each.id in backend.machines,
        )
        return DocumentResult({"Reservations": reservations(instances), "NextToken": token})


def reservations(instances: Iterable[SandboxInstance]) -> list[dict[str, Any]]:
    """``Reservation`` of the model, for each one that has some of *instances*."""
    found: dict[str, dict[str, Any]] = {}
    for instance in instances:
        reservation = found.setdefault(
            instance.reservation_id,
            {
                "ReservationId": instance.reservation_id,
                "OwnerId": instance.owner_id,
                "Groups": [],
                "Instances": [],
            },
        )
        if instance.requester_id:
            reservation["RequesterId"] = instance.requester_id
        reservation["Instances"].append(instance_document(instance))
    return list(found.values())
