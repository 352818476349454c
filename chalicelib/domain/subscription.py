"""What an instance's tags ask for: plans, with overrides, or every reason why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.options import parse_options
from chalicelib.domain.plans import OFF, Plan, PlanBook
from chalicelib.domain.retention import Retention, parse_retention
from chalicelib.domain.retention_advice import advise
from chalicelib.domain.schedule import parse_schedule

SCHEDULE = "snapback:schedule"
RETAIN = "snapback:retain"
OPTIONS = "snapback:options"
_FORBIDDEN = ",()[]"
_KNOWN = ("plan", "schedule", "retain", "options", "lineage", "rollback")
_Report = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with one tag of one instance."""

    instance_id: str
    tag: str
    value: str
    message: str

    def __str__(self) -> str:
        """The sentence that lint, runs and notifications show."""
        return f"{self.instance_id}: tag {self.tag} = {self.value!r}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """How one instance is backed up. ``plans`` empty: explicitly not."""

    instance_id: str
    plans: tuple[Plan, ...] = ()

    @property
    def is_off(self) -> bool:
        """Whether the tag says not to back it up."""
        return not self.plans

    @property
    def names(self) -> tuple[str, ...]:
        """The plans' names, in the tag's order."""
        return tuple(plan.name for plan in self.plans)

    @property
    def retention(self) -> Retention:
        """What all its plans keep together: the greatest of each rule."""
        return merged(self.plans)

    @property
    def zone(self) -> str:
        """Whose days retention counts: the first plan's."""
        return self.plans[0].zone if self.plans else "UTC"

    @property
    def reboot(self) -> bool:
        """Whether any of its plans lets EC2 reboot it."""
        return any(plan.options.reboot for plan in self.plans)

    @property
    def excluded(self) -> tuple[str, ...]:
        """The devices that its plans leave out."""
        return tuple(sorted({d for plan in self.plans for d in plan.options.excluded}))

    @property
    def not_done(self) -> tuple[str, ...]:
        """The options asked for that this version does not carry out."""
        return tuple(sorted({part for plan in self.plans for part in plan.options.not_done}))


def advice_on(subscription: Subscription) -> tuple[str, ...]:
    """The rules of its plans that do not do what they look like; none of them is an error."""
    return tuple(
        f"plan {plan.name}: {said}"
        for plan in subscription.plans
        for said in advise(plan.retention, plan.schedule)
    )


def merged(plans: tuple[Plan, ...]) -> Retention:
    """One retention that keeps whatever any of *plans* keeps, rule by rule."""
    retentions = [plan.retention for plan in plans]
    spans = [r.within for r in retentions if r.within is not None]

    def most(rule: str) -> int:
        return max((getattr(r, rule) for r in retentions), default=0)

    return Retention(
        last=most("last"),
        hourly=most("hourly"),
        daily=most("daily"),
        weekly=most("weekly"),
        monthly=most("monthly"),
        yearly=most("yearly"),
        within=max(spans) if spans else None,
        minimum=max(most("minimum"), 1),
    )


def read_subscription(
    instance_id: str, tags: Mapping[str, str], book: PlanBook, plan_tag: str
) -> tuple[Subscription | None, tuple[Problem, ...]]:
    """What the tags ask for, and every problem with them, all at once.

    With any problem there is no subscription: a tag that can not be read is never
    guessed (the caller keeps the instance's last good behaviour).
    """
    found: list[Problem] = []

    def problem(tag: str, message: str) -> None:
        found.append(
            Problem(instance_id=instance_id, tag=tag, value=tags.get(tag, ""), message=message)
        )

    for key in sorted(tags):
        _check_key(key, tags[key], plan_tag, problem)
    value = tags.get(plan_tag, "").strip()
    if value in OFF:
        return (None if found else Subscription(instance_id=instance_id)), tuple(found)
    plans = _plans(value, book, plan_tag, problem)
    plans = tuple(_overridden(plan, tags, book, problem) for plan in plans)
    # Overrides are read once for each plan; a problem with one is still one problem.
    problems = tuple(dict.fromkeys(found))
    if problems or not plans:
        return None, problems
    return Subscription(instance_id=instance_id, plans=plans), ()


def _check_key(key: str, value: str, plan_tag: str, problem: _Report) -> None:
    """Report keys that look like ours and are not, and values that break other tools."""
    if key == plan_tag or key in (SCHEDULE, RETAIN, OPTIONS):
        if any(c in _FORBIDDEN for c in value):
            problem(key, "leave out , ( ) [ and ]: other tools that read tags stumble over them")
        return
    if said := _slip(key, plan_tag):
        problem(key, said)


# A fleet's instances bear the same few keys.
@lru_cache(maxsize=1 << 12)
def _slip(key: str, plan_tag: str) -> str:
    """What is wrong with a key that looks like one of ours, or empty."""
    own = {f"snapback:{name}" for name in _KNOWN} | {plan_tag}
    if key in own:
        return ""
    spelt = {name.lower(): name for name in sorted(own)}
    near = get_close_matches(key.lower(), spelt, 1, cutoff=0.85)
    if not (key.lower().startswith("snapback:") or near):
        return ""
    guess = f"; did you mean {spelt[near[0]]}?" if near else ""
    return f"Snapback does not know this key{guess}"


def _plans(value: str, book: PlanBook, plan_tag: str, problem: _Report) -> tuple[Plan, ...]:
    names = [name.strip() for name in value.split("+")]
    known: list[Plan] = []
    for name in dict.fromkeys(names):
        if name in book.plans:
            known.append(book.plans[name])
        elif name in OFF:
            problem(plan_tag, f"{name} can not be joined with plans")
        else:
            said = f"there is no plan {name!r}" if name else "it names no plan"
            problem(plan_tag, f"{said}; there are {book.names()}, or off")
    return tuple(known)


def _overridden(plan: Plan, tags: Mapping[str, str], book: PlanBook, problem: _Report) -> Plan:
    """*plan* with what the instance's other tags say instead."""
    changed = plan
    try:
        if SCHEDULE in tags:
            changed = replace(changed, schedule=parse_schedule(tags[SCHEDULE]))
    except InvalidInputError as err:
        problem(SCHEDULE, _said(err))
    try:
        if RETAIN in tags:
            changed = replace(changed, retention=parse_retention(tags[RETAIN]))
            if broken := book.outside_rails(changed.retention):
                problem(RETAIN, broken)
    except InvalidInputError as err:
        problem(RETAIN, _said(err))
    try:
        if OPTIONS in tags:
            changed = replace(changed, options=parse_options(tags[OPTIONS]))
    except InvalidInputError as err:
        problem(OPTIONS, _said(err))
    return changed


def _said(err: InvalidInputError) -> str:
    return f"{err.message} ({err.hint})"
