"""Which KMS key a new volume, snapshot or copy gets, and whether it can be used.

Source: EBS User Guide, "How Amazon EBS encryption works"; botocore's model,
``CreateVolumeRequest.KmsKeyId``: the key is checked asynchronously, so a bad one
answers well now and fails later.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.kms.exceptions import NotFoundException
from moto.kms.models import kms_backends

if TYPE_CHECKING:
    from moto.kms.models import Key

AWS_MANAGED_KEY = "alias/aws/ebs"


@dataclass(frozen=True, slots=True)
class Encryption:
    """How something is encrypted; ``key`` is an ARN, None when it is not encrypted."""

    key: str | None
    usable: bool = True

    @property
    def on(self) -> bool:
        """Whether it is encrypted at all."""
        return self.key is not None


PLAIN = Encryption(None)


def encryption_for(
    backend: EC2Backend,
    *,
    encrypted: bool,
    key: str | None,
    inherited: str | None = None,
) -> Encryption:
    """The outcome of a request: asked for, inherited from the source, or by account default.

    A key without ``Encrypted`` is refused unless the source or the account encrypts anyway;
    an encrypted source keeps its own key unless another is asked for.
    """
    asked = encrypted or inherited is not None or backend.ebs_encryption_by_default
    if key and not asked:
        raise EC2ClientError(
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        )
    if not asked:
        return PLAIN
    if key is None and inherited is not None:
        return Encryption(inherited, usable=_is_usable(backend, inherited))
    return _resolved(backend, key or default_key(backend))


def default_key(backend: EC2Backend) -> str:
    """The key that encryption without a ``KmsKeyId`` uses in this account and region."""
    return backend.default_kms_key_id or _aws_managed_key(backend)


def existing_managed_key(backend: EC2Backend) -> str | None:
    """The ARN of ``aws/ebs`` where something has been encrypted with it already."""
    found = find_key(backend, AWS_MANAGED_KEY)
    return str(found.arn) if found else None


def _resolved(backend: EC2Backend, key: str) -> Encryption:
    if key == AWS_MANAGED_KEY:
        return Encryption(_aws_managed_key(backend))
    found = find_key(backend, key)
    if found is None:
        return Encryption(_arn(backend, key), usable=False)
    return Encryption(str(found.arn), usable=_works(found))


def _is_usable(backend: EC2Backend, arn: str) -> bool:
    """Whether a key that a source already has works.

    It may belong to somebody else: one we know nothing about is taken to work, one of
    ours must be enabled.
    """
    found = find_key(backend, arn)
    return found is None or _works(found)


def _works(key: "Key") -> bool:
    """Whether a key is enabled and symmetric: EBS has no use for another (EC2 API, CopyImage)."""
    return bool(key.enabled) and str(key.key_spec) == "SYMMETRIC_DEFAULT"


def find_key(backend: EC2Backend, key: str) -> "Key | None":
    """The key of this account and region by id, ARN or alias."""
    kms = kms_backends[backend.account_id][backend.region_name]
    is_alias = key.startswith("alias/") or ":alias/" in key
    try:
        id_ = kms.get_key_id_from_alias(key.rpartition(":")[2]) if is_alias else key
        return kms.describe_key(id_) if id_ else None
    except (KeyError, NotFoundException):
        return None


def _aws_managed_key(backend: EC2Backend) -> str:
    chosen = backend.default_kms_key_id
    arn = backend._create_default_encryption_key()
    backend.default_kms_key_id = chosen or arn
    return arn


def _arn(backend: EC2Backend, key: str) -> str:
    if key.startswith("arn:"):
        return key
    what = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:{backend.partition}:kms:{backend.region_name}:{backend.account_id}:{what}"
