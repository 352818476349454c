"""Where something happens, in which request, and how events name it."""

from dataclasses import dataclass
from typing import Any

from sandbox.masking import Json


@dataclass(frozen=True, slots=True)
class Place:
    """An account, a region, and the request that began it all."""

    account: str
    region: str
    request_id: str

    def arn(self, what: str) -> str:
        """An ARN of this account, such as that of ``volume/vol-1``."""
        return f"arn:aws:ec2:{self.region}:{self.account}:{what}"

    def where(self) -> dict[str, Any]:
        """What every event of this place says."""
        return {"account": self.account, "region": self.region}


def ebs_arn(region: str, what: str) -> str:
    """An ARN as EBS's snapshot events spell it, the region in the account's place."""
    return f"arn:aws:ec2::{region}:{what}"


def text(value: Json) -> str:
    """A parameter that is a text, else nothing."""
    return value if isinstance(value, str) else ""
