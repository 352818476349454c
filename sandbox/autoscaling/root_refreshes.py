"""What an instance refresh does to a member that it keeps: another root volume.

Source: Auto Scaling User Guide, "Replace root volumes during instance refresh" (lifecycle
states; old roots are deleted; a member whose replacement fails is terminated and replaced)
and its "Use lifecycle hooks" (hooks of termination wait before the replacement). The words of
the activity are [NV].
"""

from dataclasses import replace
from typing import Any

from moto.core.exceptions import ServiceException
from typing_extensions import override

from sandbox.autoscaling.health_checks import HealthRules
from sandbox.autoscaling.members import MOVE
from sandbox.autoscaling.model import REPLACING, TERMINATING, Group, Member, Wait
from sandbox.autoscaling.sources import overrides_of, template_specs
from sandbox.clock import clock
from sandbox.ec2.root_replacement import OVER, RootTask
from sandbox.replies import Refusal

FAILED = "an instance was taken out of service because its root volume could not be replaced."


class RootRefreshRules(HealthRules):
    """The way of one member from its old root volume to its new one."""

    def replace_root_of(self, group: Group, member: Member, cause: str) -> None:
        """Drain, wait for the hooks of termination, replace the root, serve again."""
        self.begin(group, f"Replacing root volume of EC2 instance: {member.id}", cause, member)

        def drained() -> None:
            if not self.pause(group, member, TERMINATING):
                self._swap(group, member)

        self.leave(group, member, REPLACING, drained)

    @override
    def waited(self, group: Group, member: Member, wait: Wait, *, abandoned: bool) -> None:
        """A replacement goes on either way, as a termination does [NV]."""
        if member.state == f"{REPLACING}:Wait":
            self._swap(group, member)
        else:
            super().waited(group, member, wait, abandoned=abandoned)

    def _swap(self, group: Group, member: Member) -> None:
        member.state = f"{REPLACING}:Proceed"
        if member.activity is not None:
            member.activity.status = "InProgress"
        image = self._image_for(group, member)
        request = {"ImageId": image, "DeleteReplacedRootVolume": True}
        backend: Any = self.ec2
        try:
            task = backend.replace_root(member.instance, request, {})
        except (ServiceException, Refusal) as error:
            self._give_up(group, member, error.message)
            return
        self._watch(group, member, task)

    def _watch(self, group: Group, member: Member, task: RootTask) -> None:
        def look() -> None:
            if task.state not in OVER:
                self._watch(group, member, task)
            elif task.state == "succeeded":
                self._succeed_in(group, member, task)
            else:
                self._give_up(group, member, f"The root volume replacement {task.state}.")

        self.later(member, clock.now() + MOVE, look)

    def _succeed_in(self, group: Group, member: Member, task: RootTask) -> None:
        member.state = "RootVolumeReplaced"
        image = task.source.image
        member.source = replace(member.source, image_id=image.id if image is not None else None)
        if group.refresh is not None:
            # from here on it is one that the refresh has brought
            group.refresh.known -= {member.id}
        self.later(member, clock.now() + MOVE, lambda: self.enter_service(group, member))

    def _give_up(self, group: Group, member: Member, why: str) -> None:
        self.end(member.activity, "Failed", why)
        self.terminate(group, member, FAILED)
        self.soon(group)

    def _image_for(self, group: Group, member: Member) -> str | None:
        """What the configuration launches this type with."""
        config = group.current_config
        for each in overrides_of(config):
            if each.get("InstanceType") == member.instance.instance_type and each.get("ImageId"):
                return str(each["ImageId"])
        data = self.template_data(template_specs(config)[0])
        return data.get("ImageId")
