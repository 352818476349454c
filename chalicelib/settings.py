"""The environment, read once, checked whole, frozen. Nothing else reads ``os.environ``."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from chalicelib.domain.errors import InvalidInputError

_DEPLOYMENT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DURATION = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LEAST_QUARANTINE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between deployments; every one has a default that works."""

    table: str = "snapback"
    deployment: str = "default"
    plan_tag: str = "snapback:plan"
    plans: str = ""
    """A path, ``ssm:NAME`` or TOML text; empty for the built-in plans alone."""
    regions: tuple[str, ...] = ()
    """Empty: the client's own region."""
    home_region: str = ""
    """Where the catalogue table is; empty: the client's own region."""
    client_region: str = ""
    """``AWS_REGION``, which boto3 itself does not read; empty: boto3 finds a region or none."""
    quarantine: timedelta = timedelta(hours=24)
    kms_key: str = ""
    """Encrypts user data in the catalogue; empty: user data is not stored."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read every ``SNAPBACK_*`` variable; one error names all that are wrong."""
        problems: list[str] = []
        default = cls()
        deployment = env.get("SNAPBACK_DEPLOYMENT", default.deployment)
        if not _DEPLOYMENT.fullmatch(deployment):
            problems.append(
                f"SNAPBACK_DEPLOYMENT is {deployment!r}: use letters, digits, '.', '_' or '-'"
            )
        plan_tag = env.get("SNAPBACK_PLAN_TAG", default.plan_tag)
        if not plan_tag or len(plan_tag) > 128 or plan_tag.lower().startswith("aws:"):
            problems.append(f"SNAPBACK_PLAN_TAG is {plan_tag!r}: no such tag key can exist")
        quarantine = _duration(env.get("SNAPBACK_QUARANTINE", "24h"), problems)
        unknown = sorted(k for k in env if k.startswith("SNAPBACK_") and k not in _KNOWN)
        problems += [f"{name} is not a setting" for name in unknown]
        if problems:
            raise InvalidInputError(
                "the environment can not be used: " + "; ".join(problems),
                hint=f"known settings: {', '.join(sorted(_KNOWN))}",
            )
        return cls(
            table=env.get("SNAPBACK_TABLE") or default.table,
            deployment=deployment,
            plan_tag=plan_tag,
            plans=env.get("SNAPBACK_PLANS", ""),
            regions=tuple(env.get("SNAPBACK_REGIONS", "").replace(",", " ").split()),
            home_region=env.get("SNAPBACK_HOME_REGION", ""),
            client_region=env.get("AWS_REGION", ""),
            quarantine=quarantine,
            kms_key=env.get("SNAPBACK_KMS_KEY", ""),
        )

    def for_region(self, region: str) -> "Settings":
        """These settings for one region alone: the catalogue stays where it was set to be."""
        return replace(self, regions=(region,))


_KNOWN = {
    "SNAPBACK_DEPLOYMENT",
    "SNAPBACK_HOME_REGION",
    "SNAPBACK_KMS_KEY",
    "SNAPBACK_PLANS",
    "SNAPBACK_PLAN_TAG",
    "SNAPBACK_QUARANTINE",
    "SNAPBACK_REGIONS",
    "SNAPBACK_TABLE",
}


def _duration(text: str, problems: list[str]) -> timedelta:
    match = _DURATION.fullmatch(text)
    length = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta(0)
    if length < _LEAST_QUARANTINE:
        problems.append(f"SNAPBACK_QUARANTINE is {text!r}: write it like 24h, 90m or 2d")
    return length
