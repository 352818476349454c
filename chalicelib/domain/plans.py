"""Plans: named schedules with retention and options, built in and from the operator's TOML.

| plan    | schedule       | retention                                       |
|---------|----------------|-------------------------------------------------|
| hourly  | hourly@:00     | hourly=24 daily=2                               |
| daily   | daily@03:00    | daily=7 weekly=4                                |
| weekly  | weekly:sun@03:00 | weekly=8                                      |
| monthly | monthly:1@03:00 | monthly=12                                     |
| gold    | hourly@:00     | hourly=24 daily=7 weekly=4 monthly=12 yearly=2  |
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.guards import Bounds
from chalicelib.domain.options import Options, parse_options
from chalicelib.domain.prices import Price, read_prices
from chalicelib.domain.recovery_point import Kind
from chalicelib.domain.retention import Retention, parse_retention
from chalicelib.domain.schedule import Schedule, is_zone, parse_schedule

_BUILT_IN = {
    "hourly": ("hourly@:00", "hourly=24 daily=2 min=2"),
    "daily": ("daily@03:00", "daily=7 weekly=4 min=2"),
    "weekly": ("weekly:sun@03:00", "weekly=8 min=2"),
    "monthly": ("monthly:1@03:00", "monthly=12 min=2"),
    "gold": ("hourly@:00", "hourly=24 daily=7 weekly=4 monthly=12 yearly=2 min=2"),
}
_BY_KIND = {
    Kind.MANUAL: "within=30d",
    Kind.CHANGE: "within=14d",
    Kind.SAFETY: "within=7d",
    Kind.COPY: "within=30d",
}
_CAPS = {Kind.MANUAL: 100, Kind.CHANGE: 100, Kind.SAFETY: 50, Kind.COPY: 200}
_MOST = 100_000
OFF = ("off", "false", "no")
"""What a plan's tag says for "not backed up, on purpose": no plan can be called so."""
_PLAN_KEYS = ("schedule", "retain", "options", "zone")
_SECTIONS = {"plans", "guards", "retention", "prices"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A named way to back up."""

    name: str
    schedule: Schedule
    retention: Retention
    options: Options = field(default_factory=Options)
    zone: str = "UTC"
    """Whose days, weeks and months retention counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBook:
    """Every plan there is, the retention of unscheduled kinds, and the rails for tags."""

    plans: Mapping[str, Plan]
    by_kind: Mapping[Kind, Retention]
    floor: Retention | None = None
    """No tag may keep less than this."""
    ceiling: Retention | None = None
    """No tag may keep more than this."""
    caps: Mapping[Kind, int] = field(default_factory=lambda: dict(_CAPS))
    """How many points of each unscheduled kind the rules keep of one machine, at most."""
    bounds: Bounds = field(default_factory=Bounds)
    """How much one run of expiry may take away."""
    prices: Mapping[str, Price] = field(default_factory=dict)
    """What the operator pays for snapshot storage, by region."""

    def names(self) -> str:
        """The plans' names, for people."""
        return ", ".join(sorted(self.plans))

    def outside_rails(self, wanted: Retention) -> str:
        """Which rail *wanted* breaks, as a sentence, or empty."""
        for rule in ("last", "hourly", "daily", "weekly", "monthly", "yearly", "minimum"):
            asked = getattr(wanted, rule)
            if self.floor is not None and asked < getattr(self.floor, rule):
                return f"{rule}={asked} is below the operator's minimum ({self.floor})"
            most = getattr(self.ceiling, rule) if self.ceiling is not None else 0
            if most and asked > most and rule != "minimum":
                return f"{rule}={asked} is above the operator's maximum ({self.ceiling})"
        return self._outside_span(wanted)

    def _outside_span(self, wanted: Retention) -> str:
        asked = wanted.within or timedelta(0)
        least = self.floor.within if self.floor is not None else None
        if least is not None and asked < least:
            return f"within is below the operator's minimum ({self.floor})"
        most = self.ceiling.within if self.ceiling is not None else None
        if most is not None and asked > most:
            return f"within is above the operator's maximum ({self.ceiling})"
        return ""


def parse_plans(text: str) -> PlanBook:
    """Read the operator's document (may be empty) on top of the built-in plans.

    Raises one ``InvalidInputError`` that names every plan, key and value that is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise InvalidInputError(
            f"SNAPBACK_PLANS is no TOML: {err}", hint="see the plan table in the README"
        ) from err
    reader = _Reader()
    unknown = sorted(set(document) - _SECTIONS)
    reader.problems += [f"[{name}] is no section" for name in unknown]
    plans = {
        name: Plan(name=name, schedule=parse_schedule(when), retention=parse_retention(keep))
        for name, (when, keep) in _BUILT_IN.items()
    }
    for name, table in reader.table(document, "plans").items():
        plan = reader.plan(name, table)
        if plan is not None:
            plans[name] = plan
    guards = reader.table(document, "guards")
    by_kind = {kind: parse_retention(keep) for kind, keep in _BY_KIND.items()}
    by_kind |= reader.kinds(reader.table(document, "retention"))
    book = PlanBook(
        plans=plans,
        by_kind=by_kind,
        floor=reader.retention("guards.minimum", guards.pop("minimum", None)),
        ceiling=reader.retention("guards.maximum", guards.pop("maximum", None)),
        caps={
            kind: reader.number(guards, f"most_{kind.value}", cap, least=1)
            for kind, cap in _CAPS.items()
        },
        bounds=reader.bounds(guards),
        prices=reader.prices(reader.table(document, "prices")),
    )
    reader.problems += _contradictions(book)
    reader.problems += [f"guards.{key} is no key" for key in sorted(guards)]
    if reader.problems:
        raise InvalidInputError(
            "SNAPBACK_PLANS can not be used: " + "; ".join(reader.problems),
            hint="see the plan table in the README",
        )
    return book


@dataclass(slots=True)
class _Reader:
    """Reads a document's parts and collects everything that is wrong with them."""

    problems: list[str] = field(default_factory=list)

    def table(self, document: Mapping[str, object], name: str) -> dict[str, object]:
        """The section *name*, or an empty one."""
        found = document.get(name, {})
        if isinstance(found, dict):
            return dict(found)
        self.problems.append(f"{name} must be a table, not {found!r}")
        return {}

    def plan(self, name: str, table: object) -> Plan | None:
        """One plan, or nothing and the reasons."""
        where = f"plans.{name}"
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            self.problems.append(f"{where}: a plan's name has letters, digits, '-' and '_' only")
        if name in OFF:
            self.problems.append(f"{where}: {name} means not to back up, it can be no plan")
        if not isinstance(table, dict):
            self.problems.append(f"{where} must be a table, not {table!r}")
            return None
        self.problems += [f"{where}.{k} is no key" for k in sorted(set(table) - set(_PLAN_KEYS))]
        schedule = self.schedule(f"{where}.schedule", table.get("schedule"))
        retention = self.retention(f"{where}.retain", table.get("retain", ""))
        options = self.options(f"{where}.options", table.get("options", ""))
        zone = self.zone(f"{where}.zone", table.get("zone", "UTC"))
        if schedule is None or retention is None:
            return None
        return Plan(name=name, schedule=schedule, retention=retention, options=options, zone=zone)

    def schedule(self, where: str, text: object) -> Schedule | None:
        """A schedule, or nothing and the reason."""
        try:
            return parse_schedule(_text(text))
        except InvalidInputError as err:
            self.problems.append(f"{where}: {err.message}")
            return None

    def retention(self, where: str, text: object) -> Retention | None:
        """A retention; nothing when none is given, or when it can not be read."""
        if text is None:
            return None
        try:
            return parse_retention(_text(text))
        except InvalidInputError as err:
            self.problems.append(f"{where}: {err.message}")
            return None

    def options(self, where: str, text: object) -> Options:
        """Options, default ones when they can not be read."""
        try:
            return parse_options(_text(text))
        except InvalidInputError as err:
            self.problems.append(f"{where}: {err.message}")
            return Options()

    def zone(self, where: str, name: object) -> str:
        """A time zone's name, UTC when it is none."""
        if isinstance(name, str) and is_zone(name):
            return name
        self.problems.append(f"{where} is {name!r}: write it like Europe/London")
        return "UTC"

    def number(
        self, table: dict[str, object], key: str, default: int, *, least: int, most: int = _MOST
    ) -> int:
        """The whole number that *key* holds (and is taken off the table), or the default."""
        value = table.pop(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self.problems.append(
            f"guards.{key} is {value!r}: give a whole number from {least} to {most}"
        )
        return default

    def bounds(self, table: dict[str, object]) -> Bounds:
        """How much one run may take away."""
        usual = Bounds()
        return Bounds(
            lineage_percent=self.number(
                table, "lineage_percent", usual.lineage_percent, least=1, most=100
            ),
            region_images=self.number(table, "region_images", usual.region_images, least=1),
            region_percent=self.number(
                table, "region_percent", usual.region_percent, least=0, most=100
            ),
        )

    def prices(self, table: Mapping[str, object]) -> dict[str, Price]:
        """The prices by region."""
        found, wrong = read_prices(table)
        self.problems += wrong
        return found

    def kinds(self, table: Mapping[str, object]) -> dict[Kind, Retention]:
        """The retention of manual, change, safety and copied points."""
        found: dict[Kind, Retention] = {}
        for key, text in table.items():
            if key not in {kind.value for kind in _BY_KIND}:
                self.problems.append(f"retention.{key} is no key")
            elif (retention := self.retention(f"retention.{key}", text)) is not None:
                found[Kind(key)] = retention
        return found


def _contradictions(book: PlanBook) -> list[str]:
    """Rails that no retention can keep to."""
    if book.floor is None or book.ceiling is None:
        return []
    why = replace(book, floor=None).outside_rails(book.floor)
    return [f"guards.minimum contradicts guards.maximum: {why}"] if why else []


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"it must be text, not {value!r}")
    return value
