"""KMS keys that are disabled, enabled again or on their way out.

moto takes no ARN for these calls and has no rules about which state allows which.
Sources: KMS API Reference, DisableKey, EnableKey, ScheduleKeyDeletion, CancelKeyDeletion;
KMS Developer Guide, "Key states of AWS KMS keys".
"""

from datetime import timedelta
from types import ModuleType

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time
from moto.kms import models, urls
from moto.kms.models import Key, KmsBackend, kms_backends
from moto.kms.utils import AbstractPrivateKey, generate_private_key
from typing_extensions import override

from sandbox.clock import clock

LEAST_DAYS, MOST_DAYS = 7, 30
SYMMETRIC = "SYMMETRIC_DEFAULT"
PENDING_DELETION = "PendingDeletion"


class SandboxKmsBackend(KmsBackend):
    """moto's KMS for one account and region, corrected."""

    @property
    @override
    def _url_module(self) -> ModuleType:
        """Moto finds a backend's paths beside its module; ours are still moto's own."""
        return urls

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
        return unix_time(date)

    @override
    def cancel_key_deletion(self, key_id: str) -> None:
        """The key is ``Disabled`` after it; one that is not pending deletion is refused."""
        key = self.keys[self.get_key_id(key_id)]
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
        if key.key_state == PENDING_DELETION:
            raise _wrong_state(key)
        return key

    def _become(self, key: Key, state: str) -> None:
        key.key_state = state
        key.enabled = state == "Enabled"


def install() -> None:
    """Put the corrected KMS in moto's place for this whole process (idempotent)."""
    kms_backends.backend = SandboxKmsBackend
    models.generate_private_key = _private_key  # type: ignore[assignment]


def _private_key(key_spec: str) -> AbstractPrivateKey | None:
    """None where there is no pair: finding primes would take a tenth of a second for nothing."""
    return None if key_spec == SYMMETRIC else generate_private_key(key_spec)


def _wrong_state(key: Key) -> JsonRESTError:
    what = "is pending deletion" if key.key_state == PENDING_DELETION else "is not pending deletion"
    return JsonRESTError("KMSInvalidStateException", f"{key.arn} {what}.")
