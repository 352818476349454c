"""A rollback plan: everything that will happen, to be read before anything does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.domain.canonical import digest
from chalicelib.domain.configuration import Configuration
from chalicelib.domain.errors import RefusedError
from chalicelib.domain.rollback.fidelity import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change: the API action that makes it, what it is about, how it is undone."""

    name: str
    action: str
    about: str
    undo: str
    interruption: str = "none"
    params: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The step as plans and journals print it."""
        return {
            "name": self.name,
            "action": self.action,
            "about": self.about,
            "undo": self.undo,
            "interruption": self.interruption,
            "params": dict(self.params),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """The steps in order, what stands in their way, and what will come back as it was."""

    instance_id: str
    image_id: str
    region: str
    lineage: str
    mode: str
    mode_reason: str
    configuration: Configuration
    user_data_from: str
    devices: tuple[str, ...]
    steps: tuple[Step, ...]
    blockers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    fidelity: tuple[Line, ...] = ()

    @property
    def digest(self) -> str:
        """Names exactly this plan: other steps, blockers or settings, another digest."""
        return digest(
            (
                self.instance_id,
                self.image_id,
                self.mode,
                self.configuration,
                self.user_data_from,
                self.devices,
                self.steps,
                self.blockers,
            ),
            12,
        )

    def raise_if_blocked(self) -> None:
        """Refuse a plan that would fail or hurt; every blocker is in the message."""
        if self.blockers:
            raise RefusedError(
                f"{self.instance_id} can not be rolled back to {self.image_id}: "
                + "; ".join(self.blockers),
                hint="nothing was changed; see the plan for each blocker",
            )

    def raise_unless_reviewed(self, reviewed: str) -> None:
        """Refuse to apply any plan but the one that was read."""
        if reviewed != self.digest:
            raise RefusedError(
                f"the plan reviewed was {reviewed}, but the world now gives {self.digest}",
                hint="nothing was changed; read the new plan and apply its digest",
            )

    def as_json(self) -> dict[str, object]:
        """The plan in the keys that DESIGN section 6 promises, and some more."""
        return {
            "digest": self.digest,
            "instance": self.instance_id,
            "image": self.image_id,
            "region": self.region,
            "mode": self.mode,
            "mode_reason": self.mode_reason,
            "steps": [step.as_json() for step in self.steps],
            "blockers": list(self.blockers),
            "warnings": list(self.warnings),
            "fidelity": [line.as_json() for line in self.fidelity],
        }
