"""The retention rules of one account and region: made, changed, locked, removed.

Source: Recycle Bin API Reference; EBS User Guide, "Update an existing Recycle Bin
retention rule" and "Considerations for Recycle Bin".
"""

import secrets
import string
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from moto.utilities.utils import get_partition

from sandbox.clock import clock
from sandbox.rbin.rule import LONGEST_DAYS, Kind, Rule, Scope
from sandbox.replies import Refusal

MOST_RULES = 250
MOST_TAGS = 50
ID_LENGTH = 11

_LETTERS = string.ascii_letters + string.digits


class Rules:
    """Rules by their id, oldest first."""

    def __init__(self, account: str, region: str) -> None:
        self._prefix = f"arn:{get_partition(region)}:rbin:{region}:{account}:rule/"
        self._rules: dict[str, Rule] = {}

    def all(self) -> list[Rule]:
        """Every rule."""
        return list(self._rules.values())

    def retention(self, kind: Kind, tags: Mapping[str, str]) -> timedelta | None:
        """How long a resource that is deleted now is kept; None when no rule covers it.

        The longest period takes precedence, and only rules that are available act (EBS User
        Guide, "Considerations for Recycle Bin").
        """
        days = [
            rule.days
            for rule in self._rules.values()
            if rule.status == "available" and rule.scope.covers(kind, tags)
        ]
        return timedelta(days=max(days)) if days else None

    def get(self, rule_id: str) -> Rule:
        """The rule, or ``ResourceNotFoundException``."""
        if rule_id not in self._rules:
            raise not_found(f"The retention rule {rule_id} was not found.")
        return self._rules[rule_id]

    def by_arn(self, arn: str) -> Rule:
        """The rule of an ARN, likewise."""
        for rule in self._rules.values():
            if rule.arn == arn:
                return rule
        raise not_found(f"The resource {arn} was not found.")

    def create(
        self,
        scope: Scope,
        days: int,
        *,
        description: str | None,
        tags: Mapping[str, str],
        unlock_delay: int | None,
    ) -> Rule:
        """A new rule; at most 250 a Region (EBS User Guide, Recycle Bin quotas)."""
        _check(scope, days)
        if unlock_delay is not None:
            _require_lockable(scope)
        if len(self._rules) >= MOST_RULES:
            raise _too_many(f"You can have at most {MOST_RULES} retention rules in a Region.")
        rule_id = "".join(secrets.choice(_LETTERS) for _ in range(ID_LENGTH))
        rule = Rule(
            id=rule_id,
            arn=self._prefix + rule_id,
            scope=scope,
            days=days,
            created=clock.now(),
            description=description,
            tags=_with_tags({}, tags),
            unlock_delay=unlock_delay,
        )
        return self._keep(rule)

    def update(self, rule_id: str, scope: Scope, **changes: Any) -> Rule:  # noqa: ANN401
        """Change what is no lock's business; what is in the bin already stays as it was."""
        rule = self.get(rule_id)
        _require_unlocked(rule)
        if scope.kind is not rule.scope.kind:
            raise invalid("The resource type of a retention rule can't be changed.")
        changed = replace(rule, scope=scope, **changes)
        _check(changed.scope, changed.days)
        return self._keep(changed)

    def delete(self, rule_id: str) -> None:
        """Remove a rule; what it has sent to the bin stays there until its time."""
        _require_unlocked(self.get(rule_id))
        del self._rules[rule_id]

    def lock(self, rule_id: str, days: int) -> Rule:
        """Lock a Region-level rule without exclusion tags.

        While it is locked, or its unlock delay lasts, it cannot be locked anew: "wait for the
        current unlock delay period to expire" (EBS User Guide).
        """
        rule = self.get(rule_id)
        _require_lockable(rule.scope)
        _require_unlocked(rule)
        return self._keep(replace(rule, unlock_delay=days, unlocked_at=None))

    def unlock(self, rule_id: str) -> Rule:
        """Begin the unlock delay of a locked rule."""
        rule = self.get(rule_id)
        if rule.lock_state != "locked":
            raise _conflict(f"The retention rule {rule_id} is not locked.")
        return self._keep(replace(rule, unlocked_at=clock.now()))

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Tag a rule, locked ones included."""
        rule = self.by_arn(arn)
        self._keep(replace(rule, tags=_with_tags(rule.tags, tags)))

    def untag(self, arn: str, keys: list[str]) -> None:
        """Take tags off a rule; those that it does not have are passed over."""
        rule = self.by_arn(arn)
        left = {key: value for key, value in rule.tags.items() if key not in keys}
        self._keep(replace(rule, tags=left))

    def _keep(self, rule: Rule) -> Rule:
        self._rules[rule.id] = rule
        return rule


def invalid(message: str, reason: str = "INVALID_PARAMETER_VALUE") -> Refusal:
    """``ValidationException``."""
    return Refusal("ValidationException", message, 400, {"Reason": reason})


def not_found(message: str) -> Refusal:
    """``ResourceNotFoundException``."""
    return Refusal("ResourceNotFoundException", message, 404, {"Reason": "RULE_NOT_FOUND"})


def _conflict(message: str) -> Refusal:
    return Refusal("ConflictException", message, 409, {"Reason": "INVALID_RULE_STATE"})


def _too_many(message: str) -> Refusal:
    reason = {"Reason": "SERVICE_QUOTA_EXCEEDED"}
    return Refusal("ServiceQuotaExceededException", message, 402, reason)


def _check(scope: Scope, days: int) -> None:
    if scope.tags and scope.exclude:
        raise invalid("A tag-level retention rule can't have exclusion tags.")
    longest = LONGEST_DAYS[scope.kind]
    if not 1 <= days <= longest:
        raise invalid(f"The retention period for {scope.kind} must be 1 to {longest} days.")


def _require_lockable(scope: Scope) -> None:
    if not scope.is_lockable:
        raise invalid("Only Region-level retention rules without exclusion tags can be locked.")


def _require_unlocked(rule: Rule) -> None:
    if rule.lock_state in {"locked", "pending_unlock"}:
        raise _conflict(f"The retention rule {rule.id} is {rule.lock_state}.")


def _with_tags(held: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    tags = {**held, **new}
    if any(key.lower().startswith("aws:") for key in new):
        raise invalid("Tag keys can't start with aws:.")
    if len(tags) > MOST_TAGS:
        raise _too_many(f"A retention rule can have at most {MOST_TAGS} tags.")
    return tags
