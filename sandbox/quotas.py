"""How many of a thing an account may have in a region: AWS's defaults, until they are raised.

Sources: EC2 User Guide, "AMI quotas in Amazon EC2"; EBS User Guide, "Quotas for Amazon EBS".
"""

from collections.abc import Mapping

from sandbox.masking import Json

DEFAULTS: Mapping[str, int] = {
    "images": 50_000,
    "public_images": 5,
    "shared_with": 1_000,
    "snapshots": 100_000,
}


class Quotas:
    """The quotas in force in every account and region alike."""

    def __init__(self) -> None:
        self._values = dict(DEFAULTS)

    def most(self, name: str) -> int:
        """The quota *name*."""
        return self._values[name]

    def set(self, wanted: Mapping[str, Json]) -> None:
        """Raise or lower some; ``ValueError``, having changed nothing, for nonsense."""
        for name, value in wanted.items():
            if name not in DEFAULTS:
                raise ValueError(f"{name!r} is no quota; there are {', '.join(DEFAULTS)}")
            if type(value) is not int or value < 0:
                raise ValueError(f"{name} must be a whole number from 0, not {value!r}")
        self._values |= {name: value for name, value in wanted.items() if isinstance(value, int)}

    @property
    def document(self) -> dict[str, Json]:
        """All of them, as the control API tells them."""
        return dict(self._values)

    def reset(self) -> None:
        """AWS's defaults again."""
        self._values = dict(DEFAULTS)


quotas = Quotas()
"""One per process, like moto's backends."""
