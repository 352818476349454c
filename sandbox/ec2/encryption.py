"""Which KMS key a new volume, snapshot or copy gets, and whether it can be used.

Source: EBS User Guide, "How Amazon EBS encryption works"; botocore's model,
``CreateVolumeRequest.KmsKeyId``: the key is checked asynchronously, so a bad one
answers well now and fails later; KMS Developer Guide, "How unusable KMS keys affect
data keys": what is attached goes on, what is attached later cannot be.
"""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.kms.exceptions import NotFoundException
from moto.kms.models import kms_backends

if TYPE_CHECKING:
    from moto.kms.models import Grant, Key

AWS_MANAGED_KEY = "alias/aws/ebs"
NEEDED = frozenset(
    {
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    }
)
"""What EBS does with a key (EBS User Guide, "Requirements for Amazon EBS encryption")."""
STATES = {
    "Disabled": "is disabled.",
    "PendingDeletion": "is pending deletion.",
    "PendingImport": "is pending import.",
}
"""The words of EBS's events (EBS User Guide, "EventBridge events for Amazon EBS")."""


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
    return Encryption(str(found.arn), usable=_fault_of(found, backend.account_id) is None)


def _is_usable(backend: EC2Backend, arn: str) -> bool:
    return why_unusable(backend, arn) is None


def why_unusable(backend: EC2Backend, arn: str) -> str | None:
    """Why a key that something already has does not work, in the words of EBS's events.

    One we know nothing about is taken to work, any other must be enabled and its policy must
    not deny EBS its use. If it belongs to another account, its policy or a grant must let
    this one use it (EBS User Guide, "Share the KMS key used to encrypt a shared Amazon EBS
    snapshot").
    """
    found = find_key(backend, arn)
    return None if found is None else _fault_of(found, backend.account_id)


def _fault_of(key: "Key", user: str) -> str | None:
    """What is wrong with a key: its state, its kind (EC2 API, CopyImage) or its policy."""
    if key.key_state != "Enabled":
        return f"{key.arn} {STATES.get(key.key_state, 'is not usable.')}"
    if str(key.key_spec) != "SYMMETRIC_DEFAULT":
        return f"{key.arn} is not symmetric."
    usable = not _is_denied(key) and (key.account_id == user or _is_shared(key, user))
    return None if usable else f"{key.arn} is not accessible."


def _is_denied(key: "Key") -> bool:
    """Whether a Deny of the key's policy takes one of EBS's actions away.

    Whom it denies, and under which conditions, is not looked at: everybody, always [NV].
    """
    denied = [each for each in _statements(key) if each.get("Effect") == "Deny"]
    return any(_covers(each, needed) for each in denied for needed in NEEDED)


def _is_shared(key: "Key", user: str) -> bool:
    """Whether the key's policy lets another account do all that EBS needs, or a grant does.

    Conditions are not looked at [NV].
    """
    allowed = [
        each
        for each in _statements(key)
        if each.get("Effect") == "Allow" and _speaks_of(each.get("Principal"), user)
    ]
    if all(any(_covers(each, needed) for each in allowed) for needed in NEEDED):
        return True
    operations = {f"kms:{each}" for grant in _grants_to(key, user) for each in grant.operations}
    return operations >= NEEDED


def _grants_to(key: "Key", user: str) -> list["Grant"]:
    return [each for each in key.grants.values() if _is_of(each.grantee_principal, user)]


def _statements(key: "Key") -> list[dict[str, Any]]:
    try:
        statements = json.loads(key.policy or "{}").get("Statement", [])
    except ValueError:
        return []
    return statements if isinstance(statements, list) else [statements]


def _covers(statement: dict[str, Any], needed: str) -> bool:
    return any(
        fnmatchcase(needed.lower(), pattern.lower()) for pattern in _listed(statement, "Action")
    )


def _speaks_of(principal: object, user: str) -> bool:
    named = _listed(principal, "AWS") if isinstance(principal, dict) else [str(principal)]
    return any(each == "*" or _is_of(each, user) for each in named)


def _is_of(principal: str, user: str) -> bool:
    """Whether a principal is *user*, an account, or somebody in it."""
    return principal == user or principal.startswith(f"arn:aws:iam::{user}:")


def _listed(document: dict[str, Any], member: str) -> list[str]:
    values = document.get(member, [])
    return [values] if isinstance(values, str) else list(values)


def find_key(backend: EC2Backend, key: str) -> "Key | None":
    """The key by id or alias in this account and region, or by ARN in any.

    One that KMS has deleted is found too: what is encrypted under it stays closed.
    """
    account, region = backend.account_id, backend.region_name
    is_alias = key.startswith("alias/") or ":alias/" in key
    try:
        if key.startswith("arn:"):
            _, _, _, region, account, _ = key.split(":", 5)
        kms: Any = kms_backends[account][region]
        id_ = kms.get_key_id_from_alias(key.rpartition(":")[2]) if is_alias else key
        gone: Key | None = kms.deleted.get(kms.get_key_id(id_)) if id_ else None
        return gone or (kms.describe_key(id_) if id_ else None)
    except (KeyError, ValueError, NotFoundException):
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
