"""How burstable instances are paid for when a launch does not say: per instance family.

Source: EC2 API Reference and botocore's model, ModifyDefaultCreditSpecification and
GetDefaultCreditSpecification (``UnlimitedSupportedInstanceFamily``); EC2 User Guide
"burstable-performance-instances-unlimited-mode-concepts" (T2 starts as ``standard``).
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response

from sandbox.ec2.launch_checks import invalid
from sandbox.ec2.launch_options import CREDIT_OPTIONS, UNLIMITED_BY_DEFAULT
from sandbox.ec2.tags import TagRules
from sandbox.ec2.wire import DocumentResult

FAMILIES = ("t2", *(each.rstrip(".") for each in UNLIMITED_BY_DEFAULT))


class CreditDefaultRules(TagRules):
    """What launches of this account and region take for granted."""

    @property
    def credit_defaults(self) -> dict[str, str]:
        """``standard`` or ``unlimited`` for each family that somebody has set."""
        found: dict[str, str] = self.__dict__.setdefault("_credit_defaults", {})
        return found


class CreditDefaultActions(EC2Response):
    """The defaults on the wire."""

    def get_default_credit_specification(self) -> ActionResult:
        """What the family gets, set or not."""
        family = self._family()
        self.error_on_dryrun()
        return DocumentResult({"InstanceFamilyCreditSpecification": self._specification(family)})

    def modify_default_credit_specification(self) -> ActionResult:
        """For launches from now on; instances that exist keep what they have."""
        family, wanted = self._family(), self._get_param("CpuCredits")
        if wanted not in CREDIT_OPTIONS:
            raise invalid(str(wanted), "cpuCredits")
        self.error_on_dryrun()
        self._defaults.credit_defaults[family] = wanted
        return DocumentResult({"InstanceFamilyCreditSpecification": self._specification(family)})

    def _family(self) -> str:
        family = self._get_param("InstanceFamily")
        if not family:
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter InstanceFamily"
            )
        if family not in FAMILIES:
            raise invalid(str(family), "instanceFamily")
        return str(family)

    def _specification(self, family: str) -> dict[str, Any]:
        by_aws = "unlimited" if f"{family}." in UNLIMITED_BY_DEFAULT else "standard"
        set_here = self._defaults.credit_defaults.get(family)
        return {"InstanceFamily": family, "CpuCredits": set_here or by_aws}

    @property
    def _defaults(self) -> CreditDefaultRules:
        backend: CreditDefaultRules = self.ec2_backend
        return backend
