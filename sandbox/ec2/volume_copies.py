"""CopyVolumes: a volume made of another one at once, in the same zone.

Sources: EC2 API, CopyVolumes; botocore's model, CopyVolumesRequest; EBS User Guide, "Copy an
Amazon EBS volume".
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError

from sandbox.blocks import BLOCK
from sandbox.disks import disks
from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.tags import TagActions
from sandbox.ec2.volume_initialization import copied
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult


class VolumeCopyActions(TagActions):
    """CopyVolumes on the wire."""

    def copy_volumes(self) -> ActionResult:
        """CopyVolumes, once for each client token; it copies one volume."""
        self.error_on_dryrun()
        backend: VolumeRules = self.ec2_backend
        tags = self.tag_specifications("volume").get("volume", {})
        tokens = ClientTokens.of(backend, "CopyVolumes")
        token = self._get_param("ClientToken")
        made = tokens.recall(token, self.params)
        if made is None:
            source = backend.get_volume(self._get_param("SourceVolumeId"))
            copy = _copied(backend, source, self.params)
            backend.create_tags([copy.id], tags)
            tokens.remember(token, self.params, copy.id)
            made = copy.id
        return DocumentResult({"Volumes": [backend.get_volume(made).as_created()]})


def _copied(backend: VolumeRules, source: EbsVolume, request: dict[str, Any]) -> EbsVolume:
    """A copy as large or larger, of type gp2 unless asked, never less encrypted.

    An encrypted source keeps its key where nothing is asked [NV].
    """
    if source.status not in {"available", "in-use"}:
        raise EC2ClientError(
            "IncorrectState", f"Volume '{source.id}' is in the '{source.status}' state."
        )
    size = request.get("Size") or source.size
    if size < source.size:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Volume of size {size}GB is smaller than volume '{source.id}', expect size >= "
            f"{source.size}GB",
        )
    asked = request.get("Encrypted") or request.get("KmsKeyId")
    copy = backend.create_volume(
        size,
        source.zone.name,
        encrypted=bool(request.get("Encrypted") or source.encrypted),
        kms_key_id=request.get("KmsKeyId") or (None if asked else source.kms_key_id),
        volume_type=request.get("VolumeType"),
        iops=request.get("Iops"),
        throughput=request.get("Throughput"),
        multi_attach_enabled=request.get("MultiAttachEnabled"),
    )
    copy.source_volume_id = source.id
    written = disks.content(source.id, source.size).count(source.size) * BLOCK
    copy.initialization = copied(written, copy.create_time)
    copy.licence = source.licence
    disks.carry(source.id, copy.id, source.size)
    return copy
