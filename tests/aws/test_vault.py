"""User data at rest: sealed to its lineage, or not kept at all."""

# ruff: noqa: N802

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.aws.session import Session
from chalicelib.aws.vault import KmsVault
from chalicelib.domain.errors import AwsError
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import CANARY, REGION


@pytest.fixture
def vault(sandbox: Sandbox, session: Session) -> KmsVault:
    """A vault with a key."""
    key = sandbox.client("kms").create_key()["KeyMetadata"]["Arn"]
    return KmsVault(lambda: session.kms(REGION), key)


def unreachable() -> object:
    """A KMS that must not be asked."""
    pytest.fail("KMS was asked without a key")


def test_without_a_key_nothing_is_kept_and_kms_is_never_asked() -> None:
    """Most deployments have none."""
    assert KmsVault(unreachable, "").seal("i-1", b"secret") == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "secret", [b"x", bytes(range(256)), b"\0" * 4096, b"a" * 4097, b"b" * 16384, b"c" * 21848]
)
def test_a_secret_comes_back_byte_for_byte(vault: KmsVault, secret: bytes) -> None:
    """KMS takes four kilobytes at once; user data may be sixteen, and more as base64."""
    assert vault.unseal("i-1", vault.seal("i-1", secret)) == secret


@given(secret=st.binary(min_size=1, max_size=9000))
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_secret_comes_back(vault: KmsVault, secret: bytes) -> None:
    """A law."""
    assert vault.unseal("i-1", vault.seal("i-1", secret)) == secret


def test_T10_the_sealed_text_tells_nothing(vault: KmsVault, heard: Heard) -> None:
    """Text for the catalogue, bound to its lineage."""
    sealed = vault.seal("i-1", CANARY.encode())

    assert CANARY not in sealed
    assert sealed.isascii()
    assert [p["EncryptionContext"] for p in heard.parameters("Encrypt")] == [
        {"snapback:lineage": "i-1"}
    ]


def test_ciphertext_of_one_machine_opens_for_no_other(vault: KmsVault) -> None:
    """A row copied to another lineage gives nothing away."""
    sealed = vault.seal("i-1", b"secret")
    with pytest.raises(AwsError, match="could not decrypt user data from the catalogue"):
        vault.unseal("i-2", sealed)


def test_a_key_that_is_gone_is_told(session: Session) -> None:
    """Before anything is launched without its user data."""
    vault = KmsVault(lambda: session.kms(REGION), "arn:aws:kms:us-east-1:123456789012:key/gone")
    with pytest.raises(AwsError, match="could not encrypt user data for the catalogue"):
        vault.seal("i-1", b"secret")
