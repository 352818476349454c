"""Key pairs on the wire: made here or brought along, found by name or id, deleted by either.

Source: botocore's model, CreateKeyPair, ImportKeyPair, DescribeKeyPairs and DeleteKeyPair;
EC2 API error codes (InvalidKeyPair.Duplicate, InvalidKeyPair.NotFound).
"""

from collections.abc import Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidKeyPairFormatError
from moto.ec2.models import EC2Backend
from moto.ec2.models.key_pairs import KeyPair
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.document_filters import document_tags, path_readers
from sandbox.ec2.filters import select
from sandbox.ec2.launch_checks import invalid
from sandbox.ec2.wire import DocumentResult, aware

LONGEST_NAME = 255
KINDS = frozenset({"rsa", "ed25519"})
KEY_FILTERS = path_readers(
    {"fingerprint": "KeyFingerprint", "key-name": "KeyName", "key-pair-id": "KeyPairId"}
)


class KeyPairActions(EC2Response):
    """What a caller may do with key pairs."""

    @override
    def create_key_pair(self) -> ActionResult:
        """RSA unless ``KeyType`` says otherwise; the only answer with the private key."""
        kind = self._get_param("KeyType") or "rsa"
        if kind not in KINDS:
            raise invalid(str(kind), "keyType")
        tags = self._parse_tag_specification().get("key-pair", {})
        self.error_on_dryrun()
        made = self.ec2_backend.create_key_pair(self._new_name(), kind, tags)
        made.create_time = clock.now()
        return DocumentResult({**_named(made), "KeyMaterial": made.key_material})

    @override
    def import_key_pair(self) -> ActionResult:
        """A public key that the caller brings (``InvalidKey.Format`` when it is none)."""
        tags = self._parse_tag_specification().get("key-pair", {})
        material = self._get_param("PublicKeyMaterial")
        self.error_on_dryrun()
        try:
            made = self.ec2_backend.import_key_pair(self._new_name(), material, tags)
        except InvalidKeyPairFormatError as error:
            raise EC2ClientError(
                "InvalidKey.Format", "Key is not in valid OpenSSH public key format"
            ) from error
        made.create_time = clock.now()
        return DocumentResult(_named(made))

    @override
    def describe_key_pairs(self) -> ActionResult:
        """All, or those named; the public key only on ``IncludePublicKey``."""
        with_public_key = bool(self._get_param("IncludePublicKey"))
        self.error_on_dryrun()
        chosen = _chosen(
            self.ec2_backend, self._get_param("KeyNames", []), self._get_param("KeyPairIds", [])
        )
        documents = [_described(each, with_public_key=with_public_key) for each in chosen]
        filters = self._get_param("Filters", [])
        return DocumentResult({"KeyPairs": select(documents, filters, KEY_FILTERS, document_tags)})

    @override
    def delete_key_pair(self) -> ActionResult:
        """By name or by id; one that is not there is gone already."""
        name, key_id = self._get_param("KeyName"), self._get_param("KeyPairId")
        if not name and not key_id:
            raise EC2ClientError(
                "MissingParameter",
                "The request must contain the parameter KeyName or KeyPairId",
            )
        self.error_on_dryrun()
        pairs: dict[str, KeyPair] = self.ec2_backend.key_pairs
        for each in list(pairs.values()):
            if name in (None, each.key_name) and key_id in (None, each.id):
                del pairs[each.key_name]
                return DocumentResult({"Return": True, "KeyPairId": each.id})
        return DocumentResult({"Return": True})

    def _new_name(self) -> str:
        """The name, "up to 255 ASCII characters" (CreateKeyPairRequest.KeyName)."""
        name = str(self._get_param("KeyName") or "")
        if not name:
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter KeyName"
            )
        if len(name) > LONGEST_NAME or not name.isascii():
            raise invalid(name, "keyName", " It may have 255 ASCII characters.")
        return name


def _chosen(backend: EC2Backend, names: Sequence[str], ids: Sequence[str]) -> list[KeyPair]:
    pairs = list(backend.key_pairs.values())
    for what, asked, known in (
        ("key pair", names, {each.key_name for each in pairs}),
        ("key pair ID", ids, {each.id for each in pairs}),
    ):
        for each in asked:
            if each not in known:
                raise EC2ClientError(
                    "InvalidKeyPair.NotFound", f"The {what} '{each}' does not exist"
                )
    if not names and not ids:
        return pairs
    return [each for each in pairs if each.key_name in names or each.id in ids]


def _named(pair: KeyPair) -> dict[str, Any]:
    """``KeyPair`` and ``ImportKeyPairResult`` of the model, without the material."""
    return {
        "KeyPairId": pair.id,
        "KeyName": pair.key_name,
        "KeyFingerprint": pair.key_fingerprint,
        "Tags": pair.ec2_backend.tag_set(pair.id),
    }


def _described(pair: KeyPair, *, with_public_key: bool) -> dict[str, Any]:
    """``KeyPairInfo`` of the model."""
    found = {**_named(pair), "KeyType": pair.key_type, "CreateTime": aware(pair.create_time)}
    return {**found, "PublicKey": pair.public_key} if with_public_key else found
