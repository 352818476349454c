"""EC2 with its real rules: moto's backend and responses, corrected by mixins.

Each module holds ``<Family>Rules`` (mixed into moto's backend: the state and the
rules) and, where the wire format needs it, ``<Family>Actions`` (mixed into moto's
responses). Listing one here is all it takes to put it in force.
"""

from types import ModuleType

from moto.ec2 import urls
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.address_actions import AddressActions
from sandbox.ec2.allowed_images import AllowedImageActions
from sandbox.ec2.attachment_actions import AttachmentActions
from sandbox.ec2.attachments import AttachmentRules
from sandbox.ec2.attributes import AttributeActions, AttributeRules
from sandbox.ec2.capacity_actions import CapacityActions
from sandbox.ec2.credit_defaults import CreditDefaultActions
from sandbox.ec2.encryption_settings import EncryptionSettingActions
from sandbox.ec2.fast_restores import FastRestoreActions, FastRestoreRules
from sandbox.ec2.ids import IdRules
from sandbox.ec2.image_ancestry import AncestryActions, AncestryRules
from sandbox.ec2.image_attributes import ImageAttributeActions
from sandbox.ec2.image_copies import ImageCopyActions, ImageCopyRules
from sandbox.ec2.image_creation import ImageCreationActions, ImageCreationRules
from sandbox.ec2.image_lifecycle import ImageLifecycleActions, ImageLifecycleRules
from sandbox.ec2.image_listing import ImageListingActions, ImageListingRules
from sandbox.ec2.image_references import ImageReferenceActions, ImageReferenceRules
from sandbox.ec2.image_registration import RegistrationActions, RegistrationRules
from sandbox.ec2.image_usage import ImageUsageActions, ImageUsageRules
from sandbox.ec2.images import ImageRules
from sandbox.ec2.instance_options import OptionActions
from sandbox.ec2.instances import InstanceActions
from sandbox.ec2.interface_actions import InterfaceActions
from sandbox.ec2.key_pairs import KeyPairActions
from sandbox.ec2.launch_permissions import LaunchPermissionActions, LaunchPermissionRules
from sandbox.ec2.launches import LaunchActions, LaunchRules
from sandbox.ec2.lifecycle_actions import LifecycleActions
from sandbox.ec2.metadata_defaults import MetadataDefaultActions
from sandbox.ec2.placement import PlacementActions
from sandbox.ec2.plain_actions import PlainActions
from sandbox.ec2.private_addresses import PrivateAddressActions
from sandbox.ec2.profile_associations import ProfileActions
from sandbox.ec2.recycle_bin_actions import BinActions
from sandbox.ec2.root_actions import RootActions
from sandbox.ec2.root_replacement import RootReplacementRules
from sandbox.ec2.snapshot_access import AccessActions, AccessRules
from sandbox.ec2.snapshot_actions import SnapshotActions
from sandbox.ec2.snapshot_copies import SnapshotCopyActions, SnapshotCopyRules
from sandbox.ec2.snapshot_tiers import TierActions, TierRules
from sandbox.ec2.snapshots import SnapshotRules
from sandbox.ec2.status import StatusActions, StatusRules
from sandbox.ec2.tags import TagActions, TagRules
from sandbox.ec2.template_actions import TemplateActions
from sandbox.ec2.template_listing import TemplateListingActions
from sandbox.ec2.timeline import TimelineActions
from sandbox.ec2.volume_actions import VolumeActions
from sandbox.ec2.volume_changes import VolumeChangeActions, VolumeChangeRules
from sandbox.ec2.volume_copies import VolumeCopyActions
from sandbox.ec2.volume_status import VolumeStatusActions
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import WireActions


class SandboxEC2Backend(
    AncestryRules,
    LaunchPermissionRules,
    ImageCopyRules,
    ImageCreationRules,
    ImageLifecycleRules,
    ImageListingRules,
    ImageReferenceRules,
    RegistrationRules,
    ImageUsageRules,
    LaunchRules,
    RootReplacementRules,
    AttributeRules,
    StatusRules,
    AttachmentRules,
    ImageRules,
    VolumeChangeRules,
    VolumeRules,
    SnapshotCopyRules,
    AccessRules,
    FastRestoreRules,
    TierRules,
    SnapshotRules,
    TagRules,
    IdRules,
    EC2Backend,
):
    """moto's EC2 for one account and region, corrected."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls

    @override
    def reset(self) -> None:
        """Nothing: moto would build what it then throws away, a default network included."""


class SandboxEC2Response(
    AddressActions,
    AttachmentActions,
    AttributeActions,
    CapacityActions,
    CreditDefaultActions,
    InstanceActions,
    InterfaceActions,
    KeyPairActions,
    LaunchActions,
    LifecycleActions,
    MetadataDefaultActions,
    OptionActions,
    StatusActions,
    PlacementActions,
    PrivateAddressActions,
    ProfileActions,
    TemplateActions,
    TemplateListingActions,
    TimelineActions,
    AllowedImageActions,
    AncestryActions,
    ImageAttributeActions,
    LaunchPermissionActions,
    ImageUsageActions,
    FastRestoreActions,
    ImageCopyActions,
    ImageCreationActions,
    ImageLifecycleActions,
    ImageListingActions,
    ImageReferenceActions,
    RegistrationActions,
    RootActions,
    VolumeStatusActions,
    VolumeActions,
    VolumeChangeActions,
    VolumeCopyActions,
    BinActions,
    AccessActions,
    TierActions,
    SnapshotActions,
    SnapshotCopyActions,
    EncryptionSettingActions,
    TagActions,
    PlainActions,
    WireActions,
    EC2Response,
):
    """moto's EC2 wire format, corrected."""


def install() -> None:
    """Put the corrected EC2 in moto's place for this whole process (idempotent)."""
    ec2_backends.backend = SandboxEC2Backend
    urls.url_paths = {"{0}/": SandboxEC2Response.dispatch}
    from sandbox import autoscaling, elbv2  # noqa: PLC0415 - they need our EC2 to be there

    elbv2.install()
    autoscaling.install()
