"""Replacing the root volume of a running instance: one task, and what it does over time.

Sources: EC2 User Guide, "Replace the root volume for an Amazon EC2 instance without stopping
it" (states; the instance is rebooted; a failed task leaves the original root attached);
botocore's model, ReplaceRootVolumeTask. How long each state lasts is [NV]. Termination and
stop protection do not matter to it (github.com/aws/aws-cli, issue 6172).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.utils import random_resource_id

from sandbox.clock import clock, stamp
from sandbox.ec2.attachment_model import ATTACHING, DETACHING, Attachment
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.launch_options import image_facts
from sandbox.ec2.lifecycle import LifecycleRules
from sandbox.ec2.root_sources import RootSourceRules, Source
from sandbox.ec2.volume_model import EbsVolume
from sandbox.health import health

PENDING = timedelta(seconds=4)
FAILING = timedelta(seconds=3)
OVER = frozenset({"succeeded", "failed", "failed-detached"})
NEW_WITH_AN_IMAGE = (
    "ImageId",
    "BootMode",
    "CurrentInstanceBootMode",
    "EnaSupport",
    "SriovNetSupport",
)
"""What the guide lists as updated by an AMI; NitroTPM is never turned on by one."""


@dataclass(slots=True, kw_only=True, eq=False)
class RootTask:
    """One root volume replacement task."""

    id: str
    instance: SandboxInstance
    source: Source
    old: Attachment
    new: EbsVolume
    deletes_old: bool
    started: datetime
    state: str = "pending"
    completed: datetime | None = None

    def enter(self, state: str, at: datetime) -> None:
        """Be in *state* since *at*."""
        self.state = state
        if state in OVER:
            self.completed = at

    def as_described(self) -> dict[str, Any]:
        """``ReplaceRootVolumeTask`` of the model."""
        source = self.source
        found = {
            "ReplaceRootVolumeTaskId": self.id,
            "InstanceId": self.instance.id,
            "TaskState": self.state,
            "StartTime": stamp(self.started),
            "CompleteTime": stamp(self.completed) if self.completed else None,
            "Tags": self.instance.ec2_backend.tag_set(self.id),
            "ImageId": source.image.id if source.image is not None else None,
            "SnapshotId": source.snapshot.id if source.snapshot is not None else None,
            "DeleteReplacedRootVolume": self.deletes_old,
        }
        return {name: value for name, value in found.items() if value is not None}


class RootReplacementRules(LifecycleRules, RootSourceRules):
    """The replacement tasks of one account and region."""

    @property
    def root_tasks(self) -> dict[str, RootTask]:
        """Every task so far, by id."""
        found: dict[str, RootTask] = self.__dict__.setdefault("_root_tasks", {})
        return found

    def replace_root(
        self, instance: SandboxInstance, request: Mapping[str, Any], tags: Mapping[str, str]
    ) -> RootTask:
        """Begin what *request* (``CreateReplaceRootVolumeTaskRequest``) asks for.

        The instance runs on a root volume of its own and has no other task under way [NV];
        of bare metal, only Macs.
        """
        old = self._root_of(instance)
        source = self.root_source(instance, old.volume, request)
        task = RootTask(
            id=f"replacevol-{random_resource_id(17)}",
            instance=instance,
            source=source,
            old=old,
            new=self.new_root(old.volume, source, request.get("VolumeInitializationRate")),
            deletes_old=bool(request.get("DeleteReplacedRootVolume")),
            started=clock.now(),
        )
        self.root_tasks[task.id] = task
        self.create_tags([task.id], tags)
        self.timeline.at(task.started + PENDING, lambda at: self._begin_task(task, at))
        return task

    def _root_of(self, instance: SandboxInstance) -> Attachment:
        if instance.state != "running":
            raise _state(f"The instance '{instance.id}' is not in the 'running' state.")
        kind = INSTANCE_TYPES.get(instance.instance_type, {})
        is_metal = kind.get("BareMetal") and not instance.instance_type.startswith("mac")
        if instance.root_device_type != "ebs" or is_metal:
            why = "is a bare metal instance" if is_metal else "does not have an EBS root volume"
            raise EC2ClientError("UnsupportedOperation", f"The instance '{instance.id}' {why}.")
        if any(
            each.instance is instance and each.state not in OVER
            for each in self.root_tasks.values()
        ):
            raise _state(f"The root volume of instance '{instance.id}' is being replaced already.")
        block = instance.block_device_mapping.get(instance.root_device_name)
        if block is None:
            raise _state(f"The instance '{instance.id}' has no root volume attached.")
        found: Attachment = block.attachment
        return found

    def _begin_task(self, task: RootTask, at: datetime) -> None:
        """The old root is on its way out, unless something keeps it from that."""
        if not self._is_possible(task):
            self._fail_task(task, at)
            return
        task.enter("in-progress", at)
        task.old.leave(at, force=True)
        task.instance.checked_from = at
        image = task.source.image
        wish = health.of(
            "root", task.instance.id, image.id if image else None, task.instance.image_id
        )
        if wish is None:
            self.timeline.at(at + DETACHING, lambda then: self._swap_roots(task, then))
        else:
            detached = wish == "failed-detached"
            self.timeline.at(
                at + DETACHING, lambda then: self._fail_task(task, then, detached=detached)
            )

    def _is_possible(self, task: RootTask) -> bool:
        """Whether the instance still runs on the old root, and the new one can be had."""
        block = task.instance.block_device_mapping.get(task.old.device)
        return (
            task.instance.name_of_state == "running"
            and block is not None
            and block.attachment is task.old
            and task.new.id in self.volumes
            and task.new.status == "available"
        )

    def _swap_roots(self, task: RootTask, at: datetime) -> None:
        if not self._is_possible(task):
            self._fail_task(task, at)
            return
        keeps = task.source.volume is None and task.old.delete_on_termination
        self.release(task.old)
        self.attach_volume(
            task.new.id,
            task.instance.id,
            task.old.device,
            keeps,
            attach_time=at.replace(microsecond=0),
        )
        self.timeline.at(at + ATTACHING, lambda then: self._end_task(task, then))

    def _end_task(self, task: RootTask, at: datetime) -> None:
        instance, image = task.instance, task.source.image
        task.enter("succeeded", at)
        instance.checked_from = at
        if image is not None:
            facts = image_facts(image)
            instance.facts.update(
                {name: facts[name] for name in NEW_WITH_AN_IMAGE if name in facts}
            )
        if task.deletes_old and task.old.volume.id in self.volumes:
            self.delete_volume(task.old.volume.id)

    def _fail_task(self, task: RootTask, at: datetime, *, detached: bool = False) -> None:
        """A volume that the task made is left behind, available [NV]."""
        if detached:
            self.release(task.old)
        task.enter("failing-detached" if detached else "failing", at)

        def end(then: datetime) -> None:
            task.old.stay()
            task.instance.checked_from = then
            task.enter("failed-detached" if detached else "failed", then)

        self.timeline.at(at + FAILING, end)


def _state(message: str) -> EC2ClientError:
    return EC2ClientError("IncorrectInstanceState", message)
