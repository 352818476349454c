"""AttachVolume and DetachVolume on the wire."""

from typing import TYPE_CHECKING, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.attachments import AttachmentRules
from sandbox.ec2.encryption import why_unusable
from sandbox.ec2.wire import DocumentResult

if TYPE_CHECKING:
    from sandbox.ec2.instance_model import SandboxInstance


class AttachmentActions(EC2Response):
    """Volumes put on instances and taken off."""

    @property
    def _attachments(self) -> AttachmentRules:
        backend: AttachmentRules = self.ec2_backend
        return backend

    @override
    def attach_volume(self) -> ActionResult:
        """AttachVolume: an available volume on a free device of an instance in its zone.

        Under a key that does not work it stays ``attaching`` for a moment and is let go again
        (EBS User Guide, "EventBridge events for Amazon EBS", attachVolume).
        """
        self.error_on_dryrun()
        backend = self._attachments
        volume = backend.get_volume(self._get_param("VolumeId"))
        instance = cast("SandboxInstance", backend.get_instance(self._get_param("InstanceId")))
        device = self._get_param("Device")
        backend.require_attachable(volume, instance, device)
        attachment = backend.attach_volume(volume.id, instance.id, device)
        if volume.encrypted and why_unusable(backend, str(volume.kms_key_id)):
            backend.give_up(attachment)
        return DocumentResult({**attachment.as_described(), "State": "attaching"})

    @override
    def detach_volume(self) -> ActionResult:
        """DetachVolume: never the root of a running instance (EC2 API, DetachVolume)."""
        self.error_on_dryrun()
        backend = self._attachments
        volume = backend.get_volume(self._get_param("VolumeId"))
        for attachment in volume.held_by.values():
            instance = attachment.instance
            is_root = attachment.device == instance.root_device_name
            if is_root and instance.state not in {"stopped", "terminated"}:
                raise EC2ClientError(
                    "OperationNotPermitted",
                    f"Unable to detach root volume '{volume.id}' from instance '{instance.id}'",
                )
        detached = backend.detach_volume(
            volume.id,
            self._get_param("InstanceId"),
            self._get_param("Device"),
            takes_time=True,
            force=bool(self._get_param("Force")),
        )
        return DocumentResult(detached.as_described())
