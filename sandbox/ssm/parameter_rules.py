"""Parameter Store where moto is more lenient than AWS.

Sources: SSM API, PutParameter (``AllowedPattern``, ``Tier``, errors); Systems Manager User
Guide, "Native parameter support for Amazon Machine Image IDs": a parameter of the data type
``aws:ec2:image`` exists only once its value has been found to be an image.
"""

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto.ec2.models import ec2_backends
from moto.ssm.exceptions import SSMException, ValidationException
from moto.ssm.models import Parameter, SimpleSystemManagerBackend
from typing_extensions import override

from sandbox.agenda import Process
from sandbox.clock import clock
from sandbox.events import events
from sandbox.masking import Json

IMAGE = "aws:ec2:image"
CHECKED_WITHIN = timedelta(seconds=2)
"""How long the check of an image takes: "up to a few minutes" [NV]."""
MOST_STANDARD = 4096
MOST_ADVANCED = 8192

_KMS_BLOB = bytes.fromhex("01020200")
"""How what KMS has encrypted begins: ``AQICA`` in base64."""
_NONCE_BYTES = 12
_sealer = AESGCM(AESGCM.generate_key(256))


class ParameterRules(SimpleSystemManagerBackend):
    """The parameters of one account and region."""

    @property
    def _being_checked(self) -> set[str]:
        found: set[str] = self.__dict__.setdefault("_parameters_being_checked", set())
        return found

    @override
    def put_parameter(
        self,
        name: str,
        description: str,
        value: str,
        parameter_type: str,
        allowed_pattern: str,
        keyid: str,
        overwrite: bool,
        tags: Any,
        data_type: str,
        tier: str | None,
        policies: str | None,
    ) -> Parameter:
        """A new version, of a value that its pattern and tier allow.

        ``ParameterPatternMismatchException``, ``ValidationException``; an image parameter gets
        its version number at once, but is there only when the image has been found.
        """
        before = self.get_parameter(name) if overwrite else None
        pattern = allowed_pattern or (before.allowed_pattern if before else None)
        _check_value(value, pattern, tier)
        if name in self._being_checked:
            raise ValidationException(f"The parameter {name} is still being validated.")
        made = super().put_parameter(
            name,
            description,
            value,
            parameter_type,
            allowed_pattern,
            keyid,
            overwrite,
            tags,
            data_type,
            tier,
            policies,
        )
        made.last_modified_date = clock.now()
        if data_type == IMAGE:
            versions = self._parameters[name]
            versions.remove(made)
            if not versions:
                del self._parameters[self._parameters.normalize_name(name)]
            self._being_checked.add(name)
            Process(self._check_image(made))
        return made

    def _check_image(self, made: Parameter) -> Iterator[timedelta]:
        yield CHECKED_WITHIN
        self._being_checked.discard(made.name)
        operation = "Update" if self.get_parameter(made.name) else "Create"
        detail: dict[str, Json] = {
            "name": made.name,
            "type": made.parameter_type,
            "dataType": IMAGE,
            "operation": operation,
        }
        backend: Any = ec2_backends[self.account_id][self.region_name]
        if backend.find_image(made.value) is None:
            detail = {"exception": "Unable to Describe Resource", **detail}
        else:
            self._parameters[made.name].append(made)
        path = made.name.removeprefix("/")
        events.emit(
            "Parameter Store Change",
            account=self.account_id,
            region=self.region_name,
            at=clock.now(),
            resources=[f"arn:aws:ssm:{self.region_name}:{self.account_id}:parameter/{path}"],
            detail=detail,
            source="aws.ssm",
        )


def install() -> None:
    """Let a SecureString read without decryption show nothing of its text (idempotent)."""
    Parameter.encrypt = _seal  # type: ignore[method-assign, assignment]
    Parameter.decrypt = _open  # type: ignore[method-assign, assignment]


def _seal(parameter: Parameter, value: str) -> str:
    """SSM API, GetParameter, ``WithDecryption``: without it the value is the ciphertext."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _sealer.encrypt(nonce, value.encode(), parameter.name.encode())
    return b64encode(_KMS_BLOB + nonce + sealed).decode()


def _open(parameter: Parameter, value: str) -> str:
    if parameter.parameter_type != "SecureString":
        return value
    blob = b64decode(value)[len(_KMS_BLOB) :]
    nonce, sealed = blob[:_NONCE_BYTES], blob[_NONCE_BYTES:]
    return _sealer.decrypt(nonce, sealed, parameter.name.encode()).decode()


def _check_value(value: str, allowed_pattern: str | None, tier: str | None) -> None:
    if allowed_pattern and not re.fullmatch(allowed_pattern, value):
        raise SSMException(
            "ParameterPatternMismatchException",
            f"Parameter value, cannot be validated against allowedPattern: {allowed_pattern}",
        )
    most = MOST_STANDARD if tier in (None, "Standard") else MOST_ADVANCED
    if len(value.encode()) > most:
        raise ValidationException(
            f"{tier or 'Standard'} tier parameters support a maximum parameter value of {most} "
            "characters."
        )
