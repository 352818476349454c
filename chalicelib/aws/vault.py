"""User data at rest: encrypted with a KMS key of the operator's, or not kept at all."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_CHUNK = 4096
"""Most bytes that KMS Encrypt takes at once (API reference); user data is at most 16 KiB."""


class KmsVault:
    """Seals secrets to their lineage: ciphertext of one machine opens for no other."""

    def __init__(self, client: "Callable[[], KMSClient]", key_id: str) -> None:
        """*client* is asked for on first use: most deployments never talk to KMS."""
        self._client = client
        self._key_id = key_id

    def seal(self, lineage: str, secret: bytes) -> str:
        """Ciphertext of *secret* as text; empty when no key is configured: not stored."""
        if not self._key_id:
            return ""
        sealed = []
        with translated("encrypt user data for the catalogue"):
            for start in range(0, len(secret), _CHUNK):
                answer = self._client().encrypt(
                    KeyId=self._key_id,
                    Plaintext=secret[start : start + _CHUNK],
                    EncryptionContext={"snapback:lineage": lineage},
                )
                sealed.append(b64encode(answer["CiphertextBlob"]).decode())
        return ".".join(sealed)

    def unseal(self, lineage: str, sealed: str) -> bytes:
        """What ``seal`` was given; ``AwsError`` when the key is gone or another's."""
        opened = []
        with translated("decrypt user data from the catalogue"):
            for chunk in sealed.split("."):
                answer = self._client().decrypt(
                    CiphertextBlob=b64decode(chunk),
                    EncryptionContext={"snapback:lineage": lineage},
                )
                opened.append(answer["Plaintext"])
        return b"".join(opened)
