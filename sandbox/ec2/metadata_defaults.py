"""The account's defaults for instance metadata options.

Source: EC2 User Guide "configuring-imds-new-instances" (precedence: launch, account,
image; with enforcement a launch that ends up with optional tokens fails); botocore's
model, ``ModifyInstanceMetadataDefaultsRequest``. The refusal's code is [NV].
"""

from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from sandbox.ec2.launch_checks import invalid
from sandbox.ec2.launch_options import METADATA_CHOICES, MOST_HOPS
from sandbox.ec2.tags import TagRules
from sandbox.ec2.wire import DocumentResult

DEFAULTABLE = ("HttpTokens", "HttpEndpoint", "InstanceMetadataTags")
NO_PREFERENCE = "no-preference"
NO_HOPS = -1


class MetadataDefaultRules(TagRules):
    """What launches of this account and region take for granted."""

    @property
    def metadata_defaults(self) -> dict[str, Any]:
        """``InstanceMetadataDefaultsResponse`` of the model."""
        found: dict[str, Any] = self.__dict__.setdefault("_metadata_defaults", {})
        return found

    def with_metadata_defaults(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The launch's own options over the account's."""
        return {
            name: value
            for name, value in self.metadata_defaults.items()
            if name != "HttpTokensEnforced"
        } | {name: value for name, value in wanted.items() if value is not None}

    def check_tokens(self, options: Mapping[str, Any]) -> None:
        """Refuse optional tokens where the account enforces them."""
        enforced = self.metadata_defaults.get("HttpTokensEnforced") == "enabled"
        if enforced and options["HttpTokens"] != "required":
            raise EC2ClientError(
                "OperationNotPermitted",
                "The account enforces IMDSv2: launch with HttpTokens set to 'required'.",
            )


class MetadataDefaultActions(EC2Response):
    """The defaults on the wire."""

    def get_instance_metadata_defaults(self) -> ActionResult:
        """Only what has been set."""
        self.error_on_dryrun()
        backend: MetadataDefaultRules = self.ec2_backend
        return DocumentResult({"AccountLevel": dict(backend.metadata_defaults)})

    def modify_instance_metadata_defaults(self) -> ActionResult:
        """``no-preference`` and a hop limit of -1 take a default back."""
        backend: MetadataDefaultRules = self.ec2_backend
        changes = {name: self._get_param(name) for name in DEFAULTABLE}
        for name, value in changes.items():
            if value and value not in METADATA_CHOICES[name] | {NO_PREFERENCE}:
                raise invalid(str(value), name)
        hops = self._get_int_param("HttpPutResponseHopLimit")
        if hops not in {None, NO_HOPS} and not 1 <= hops <= MOST_HOPS:
            raise invalid(str(hops), "HttpPutResponseHopLimit")
        changes |= {
            "HttpPutResponseHopLimit": hops,
            "HttpTokensEnforced": self._get_param("HttpTokensEnforced"),
        }
        self.error_on_dryrun()
        for name, value in changes.items():
            if value in {NO_PREFERENCE, NO_HOPS}:
                backend.metadata_defaults.pop(name, None)
            elif value is not None:
                backend.metadata_defaults[name] = value
        return DocumentResult({"Return": True})
