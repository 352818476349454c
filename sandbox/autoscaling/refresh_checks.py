"""What StartInstanceRefresh and RollbackInstanceRefresh refuse, and the preferences' defaults.

Sources: botocore's model, ``StartInstanceRefreshType``, ``RefreshPreferences``; Auto Scaling
User Guide, "Understand the default values for an instance refresh", "How an instance refresh
works" (limitations), "Undo changes with a rollback" and "Replace root volumes".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.autoscaling.errors import invalid
from sandbox.autoscaling.model import Document, Group
from sandbox.autoscaling.refresh_model import ROOTS
from sandbox.autoscaling.refreshes import RefreshRules
from sandbox.autoscaling.sources import NUMBERLESS, RESOLVED, overrides_of, template_specs

ROLLBACK = "A rollback is not supported: "


class RefreshCheckRules(RefreshRules):
    """Whether a refresh may begin, and whether it can be taken back."""

    def check_refresh(self, group: Group, asked: Mapping[str, Any]) -> Document | None:
        """The checked desired configuration; everything else that makes no sense is refused."""
        desired = asked.get("DesiredConfiguration") or {}
        given = [name for name in ("LaunchTemplate", "MixedInstancesPolicy") if desired.get(name)]
        if asked.get("DesiredConfiguration") is not None and len(given) != 1:
            raise invalid(
                "DesiredConfiguration must contain either LaunchTemplate or MixedInstancesPolicy."
            )
        preferences = asked.get("Preferences") or {}
        self._check_requirements(group, desired, preferences)
        checked = self.checked_config(desired) if given else None
        if preferences.get("AutoRollback"):
            reason = self.why_irreversible(group, checked)
            if reason:
                raise invalid(reason)
        if asked.get("Strategy") == ROOTS:
            self._check_root_volumes(group, checked)
        return checked

    def _check_requirements(
        self, group: Group, desired: Mapping[str, Any], preferences: Mapping[str, Any]
    ) -> None:
        for config in (group.config, desired):
            if not any(each.get("InstanceRequirements") for each in overrides_of(config)):
                continue
            if desired or preferences.get("SkipMatching"):
                raise invalid(
                    "SkipMatching and DesiredConfiguration are not supported for Auto Scaling "
                    "groups that use attribute-based instance type selection."
                )

    def why_irreversible(self, group: Group, desired: Mapping[str, Any] | None) -> str | None:
        """Why a refresh of the group cannot be rolled back, if it cannot."""
        if not desired:
            return f"{ROLLBACK}a desired configuration was not found for the instance refresh."
        for spec in template_specs(group.config):
            if (spec.get("Version") or "$Default") in NUMBERLESS:
                return (
                    f"{ROLLBACK}the Auto Scaling group uses the launch template version "
                    f"{spec.get('Version') or '$Default'}; specify a version number."
                )
            if str(self.template_data(spec).get("ImageId") or "").startswith(RESOLVED):
                return (
                    f"{ROLLBACK}the Auto Scaling group's launch template uses a Systems Manager "
                    "parameter instead of an AMI ID."
                )
        return None

    def _check_root_volumes(self, group: Group, desired: Mapping[str, Any] | None) -> None:
        if not (group.config.get("MixedInstancesPolicy") and desired):
            raise invalid(
                "ReplaceRootVolume needs an Auto Scaling group with a mixed instances policy, and "
                "a desired configuration with one."
            )
        overrides = overrides_of(desired)
        if not overrides or not all(each.get("ImageId") for each in overrides):
            raise invalid("ReplaceRootVolume needs an ImageId in every override.")
        specs = [*template_specs(group.config), *template_specs(desired)]
        if any((each.get("Version") or "$Default") in NUMBERLESS for each in specs):
            raise invalid("ReplaceRootVolume does not support $Latest or $Default.")
        if group.warm_pool is not None:
            raise invalid("ReplaceRootVolume does not support groups with a warm pool.")
        self._check_machines(group, overrides)

    def _check_machines(self, group: Group, overrides: Sequence[Mapping[str, Any]]) -> None:
        types = {each.get("InstanceType") for each in overrides}
        for member in group.members.values():
            if member.instance.instance_type not in types:
                raise invalid(
                    f"The instance type {member.instance.instance_type} of {member.id} is not "
                    "present in the mixed instances policy."
                )
        for each in overrides:
            if len(self.ec2.get_image(each["ImageId"]).mapping) != 1:
                raise invalid(f"The AMI {each['ImageId']} must contain only a root volume.")


def full_preferences(group: Group, given: Mapping[str, Any]) -> Document:
    """*given* over the defaults; ``ValidationError`` for what contradicts itself."""
    policy = group.facts.get("InstanceMaintenancePolicy") or {}
    least, most = given.get("MinHealthyPercentage"), given.get("MaxHealthyPercentage")
    if most is not None and least is None:
        raise invalid("MaxHealthyPercentage requires MinHealthyPercentage.")
    if least is None:
        least = _set(policy.get("MinHealthyPercentage"), 90)
        most = _set(policy.get("MaxHealthyPercentage"), None)
    if most is not None and most - least > 100:
        raise invalid(
            "The difference between MinHealthyPercentage and MaxHealthyPercentage cannot be "
            "greater than 100."
        )
    checkpoints = given.get("CheckpointPercentages")
    _check_checkpoints(checkpoints or [])
    if given.get("CheckpointDelay") is not None and not checkpoints:
        raise invalid("CheckpointDelay requires CheckpointPercentages.")
    warmup = group.facts.get("DefaultInstanceWarmup")
    if warmup is None or warmup < 0:
        warmup = group.facts.get("HealthCheckGracePeriod") or 0
    return {
        **given,
        "MinHealthyPercentage": least,
        "MaxHealthyPercentage": most,
        "InstanceWarmup": _set(given.get("InstanceWarmup"), warmup),
        "CheckpointDelay": _set(given.get("CheckpointDelay"), 3600 if checkpoints else None),
        "SkipMatching": bool(given.get("SkipMatching")),
        "AutoRollback": bool(given.get("AutoRollback")),
        "ScaleInProtectedInstances": given.get("ScaleInProtectedInstances") or "Wait",
        "StandbyInstances": given.get("StandbyInstances") or "Wait",
    }


def _check_checkpoints(percentages: Sequence[int]) -> None:
    ascending = sorted(set(percentages))
    if ascending != list(percentages) or any(not 1 <= each <= 100 for each in percentages):
        raise invalid("CheckpointPercentages must be unique, in ascending order, from 1 to 100.")


def _set(value: Any, otherwise: Any) -> Any:  # noqa: ANN401 - a number or nothing
    """*value*, unless it is not given or has been reset with -1."""
    return otherwise if value is None or value == -1 else value
