"""KMS keys that are disabled, enabled again or on their way out.

moto takes no ARN for these calls and has no rules about which state allows which.
Sources: KMS API Reference, DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion;
KMS Developer Guide, "Key states of AWS KMS keys" (cryptographic operations and grants: a
disabled key is ``DisabledException``, one pending deletion ``KMSInvalidStateException``) and
"AWS managed keys" (nobody can change, disable or delete them; the code for it is [NV]).
"""

import json
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.kms import models, urls
from moto.kms.exceptions import NotFoundException
from moto.kms.models import Alias, Key, KmsBackend, kms_backends
from moto.kms.responses import KmsResponse
from moto.kms.utils import AbstractPrivateKey, generate_private_key
from typing_extensions import override

from sandbox.agenda import agenda
from sandbox.clock import clock

LEAST_DAYS, MOST_DAYS = 7, 30
SYMMETRIC = "SYMMETRIC_DEFAULT"
PENDING_DELETION = "PendingDeletion"
AWS_ALIASES = "alias/aws/"


class SandboxKmsBackend(KmsBackend):
    """moto's KMS for one account and region, corrected."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls

    @property
    def deleted(self) -> dict[str, Key]:
        """Keys whose waiting period is over, by id: KMS has forgotten them, EBS has not."""
        found: dict[str, Key] = self.__dict__.setdefault("_deleted", {})
        return found

    @override
    def create_key(self, *args: Any, **kwargs: Any) -> Key:
        """As moto, made now by the sandbox's clock."""
        key = super().create_key(*args, **kwargs)
        key.creation_date = unix_time(clock.now().replace(tzinfo=None))
        return key

    @override
    def create_alias(self, target_key_id: str, alias_name: str) -> Alias:
        """A key that is called ``alias/aws/...`` is AWS's own (API Reference, CreateAlias)."""
        if alias_name.startswith(AWS_ALIASES):
            self._known(target_key_id).key_manager = "AWS"
        return super().create_alias(target_key_id, alias_name)

    @override
    def disable_key(self, key_id: str) -> None:
        """Not a key that is pending deletion."""
        self._become(self._not_dying(key_id), "Disabled")

    @override
    def enable_key(self, key_id: str) -> None:
        """Not a key that is pending deletion."""
        self._become(self._not_dying(key_id), "Enabled")

    @override
    def schedule_key_deletion(self, key_id: str, pending_window_in_days: int) -> float:
        """In 7 to 30 days by the sandbox's clock, once; it cannot be used from now on."""
        if not LEAST_DAYS <= pending_window_in_days <= MOST_DAYS:
            raise JsonRESTError(
                "ValidationException",
                f"PendingWindowInDays must be {LEAST_DAYS} to {MOST_DAYS}, "
                f"not {pending_window_in_days}",
            )
        key = self._not_dying(key_id)
        self._become(key, PENDING_DELETION)
        date = clock.now().replace(tzinfo=None) + timedelta(days=pending_window_in_days)
        key.deletion_date = date
        agenda.at(date.replace(tzinfo=UTC), lambda _: self._delete(key, date))
        return unix_time(date)

    def _delete(self, key: Key, date: datetime) -> None:
        """The key goes, and its aliases with it, unless that was called off meanwhile.

        Source: KMS API Reference, ScheduleKeyDeletion: "AWS KMS deletes the KMS key, its key
        material, and all AWS KMS data associated with it, including all aliases".
        """
        if key.deletion_date != date or self.keys.get(key.id) is not key:
            return
        self.deleted[key.id] = self.keys.pop(key.id)

    @override
    def encrypt(
        self, key_id: str, plaintext: bytes, encryption_context: dict[str, str]
    ) -> tuple[bytes, str]:
        """With a key that is enabled."""
        self._require_enabled(key_id)
        return super().encrypt(key_id, plaintext, encryption_context)

    @override
    def decrypt(
        self,
        ciphertext_blob: bytes,
        encryption_context: dict[str, str],
        key_id: str | None = None,
    ) -> tuple[bytes, str]:
        """What was encrypted under a key that is enabled now."""
        plain, arn = super().decrypt(ciphertext_blob, encryption_context, key_id)
        self._require_enabled(arn)
        return plain, arn

    @override
    def generate_data_key(self, key_id: str, *args: Any, **kwargs: Any) -> tuple[bytes, bytes, str]:
        """Under a key that is enabled."""
        self._require_enabled(key_id)
        return super().generate_data_key(key_id, *args, **kwargs)

    @override
    def create_grant(self, key_id: str, *args: Any, **kwargs: Any) -> tuple[str, str]:
        """Of a key that is enabled."""
        self._require_enabled(key_id)
        return super().create_grant(key_id, *args, **kwargs)

    def _known(self, key_id: str) -> Key:
        """The key of an id, an ARN or an alias (KMS API Reference, NotFoundException)."""
        name = self.get_alias_name(key_id)
        found = self.get_key_id_from_alias(name) if name.startswith("alias/") else name
        key = self.keys.get(self.get_key_id(found)) if found else None
        if key is None:
            raise NotFoundException(f"Invalid keyId '{key_id}'")
        return key

    def _require_enabled(self, key_id: str) -> None:
        key = self._known(key_id)
        if key.key_state == "Disabled":
            raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
        if key.key_state == PENDING_DELETION:
            raise _wrong_state(key)

    @override
    def cancel_key_deletion(self, key_id: str) -> None:
        """The key is ``Disabled`` after it; one that is not pending deletion is refused."""
        key = self._known(key_id)
        if key.key_state != PENDING_DELETION:
            raise _wrong_state(key)
        self._become(key, "Disabled")
        key.deletion_date = None

    @override
    def get_public_key(self, key_id: str) -> tuple[Key, bytes]:
        """Only of a pair of keys (KMS API Reference, GetPublicKey)."""
        key = self.keys[self.get_key_id(key_id)]
        if key.private_key is None:
            raise JsonRESTError(
                "UnsupportedOperationException", f"{key.arn} is not an asymmetric KMS key."
            )
        return super().get_public_key(key_id)

    def _not_dying(self, key_id: str) -> Key:
        key = self.keys[self.get_key_id(key_id)]
        if key.key_manager == "AWS":
            raise JsonRESTError(
                "AccessDeniedException",
                f"The AWS managed key {key.arn} cannot be enabled, disabled or deleted.",
            )
        if key.key_state == PENDING_DELETION:
            raise _wrong_state(key)
        return key

    def _become(self, key: Key, state: str) -> None:
        key.key_state = state
        key.enabled = state == "Enabled"


class SandboxKmsResponse(KmsResponse):
    """moto's answers, with the members that it leaves out."""

    @override
    def schedule_key_deletion(self) -> str:
        """The key's ARN, state and waiting period as well as the date."""
        answer = json.loads(super().schedule_key_deletion())
        key = self.kms_backend.keys[self.kms_backend.get_key_id(answer["KeyId"])]
        days = self._get_param("PendingWindowInDays") or MOST_DAYS
        said = {"KeyId": key.arn, "KeyState": key.key_state, "PendingWindowInDays": days}
        return json.dumps({**answer, **said})

    @override
    def cancel_key_deletion(self) -> str:
        """The key's ARN, whatever it was called (KMS API Reference, CancelKeyDeletion)."""
        answer = json.loads(super().cancel_key_deletion())
        key = self.kms_backend.keys[self.kms_backend.get_key_id(answer["KeyId"])]
        return json.dumps({"KeyId": key.arn})


def install() -> None:
    """Put the corrected KMS in moto's place for this whole process (idempotent)."""
    kms_backends.backend = SandboxKmsBackend
    models.generate_private_key = _private_key  # type: ignore[attr-defined, assignment]
    urls.url_paths = dict.fromkeys(urls.url_paths, SandboxKmsResponse.dispatch)


def _private_key(key_spec: str) -> AbstractPrivateKey | None:
    """None where there is no pair: finding primes would take a tenth of a second for nothing."""
    return None if key_spec == SYMMETRIC else generate_private_key(key_spec)


def _wrong_state(key: Key) -> JsonRESTError:
    what = "is pending deletion" if key.key_state == PENDING_DELETION else "is not pending deletion"
    return JsonRESTError("KMSInvalidStateException", f"{key.arn} {what}.")
