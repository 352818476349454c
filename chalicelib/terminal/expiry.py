"""A plan of expiry as text: machine by machine, the guards, the totals, what to type next."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from chalicelib.terminal.tables import paragraph, spell_gib, tables

Payload = Mapping[str, Any]

MARKS = {
    "keep": "+",
    "quarantine": "~",
    "delete": "-",
    "bring back": "^",
    "wait": ".",
    "stopped": "!",
}
_ACTS = ("bring back", "quarantine", "delete")
_HEADINGS = ("", "IMAGE", "KIND", "SLOT", "AGE", "SIZE", "VERDICT", "WHY")


def plan_lines(payload: Payload, *, verbose: bool = False) -> list[str]:
    """Every region's plan, the digest and the command that carries exactly it out."""
    lines = [line for plan in payload["plans"] for line in _region(plan, payload, verbose=verbose)]
    for region in payload["unread"]:
        told = (o["reason"] for o in payload["outcomes"] if o["subject"] == region)
        lines += [line for reason in told for line in paragraph(f"{region}: {reason}", "x ")]
        lines.append("")
    if not payload["digest"]:
        return [*lines, "there is no digest: half a plan can not be approved"]
    lines.append(f"digest {payload['digest']}")
    if any(plan["totals"]["points"].get(act) for plan in payload["plans"] for act in _ACTS):
        return [*lines, f"apply it: {payload['apply']}"]
    if any(plan["totals"]["points"].get("stopped") for plan in payload["plans"]):
        return [*lines, "nothing to apply: guards stop all that would go"]
    return [*lines, "nothing to do"]


def _region(plan: Payload, payload: Payload, *, verbose: bool) -> Iterator[str]:
    machines = plan["machines"]
    if not machines:
        yield from (f"{plan['region']}: no recovery points", "")
    else:
        points = sum(len(machine["points"]) for machine in machines)
        yield from (f"{plan['region']}: {_many(points, 'point')} of {_machines(machines)}", "")
        yield from _machine_lines(machines, verbose=verbose)
    if spoken := list(_guards(plan, payload["apply"])):
        yield from ("guards that spoke:", *spoken, "")
    if machines:
        yield from (f"in total: {_totals(plan['totals'])}", *_cost(plan["cost"]), "")


def _machine_lines(machines: Sequence[Payload], *, verbose: bool) -> Iterator[str]:
    told = [m for m in machines if verbose or not _is_quiet(m)]
    drawn = iter(tables([[_HEADINGS], *([_row(p) for p in m["points"]] for m in told)]))
    headings = next(drawn)
    for is_quiet, group in groupby(machines, key=lambda m: not verbose and _is_quiet(m)):
        for machine in group:
            if is_quiet:
                yield f"{_name(machine)}: {_many(len(machine['points']), 'point')} kept"
                continue
            yield from (f"{_name(machine)}:", *headings, *next(drawn), "")
            headings = []
        if is_quiet:
            yield ""


def _is_quiet(machine: Payload) -> bool:
    return all(point["verdict"] == "keep" for point in machine["points"])


def _name(machine: Payload) -> str:
    label, lineage = str(machine["label"]), str(machine["lineage"])
    return (
        label
        + ("" if lineage in label else f", lineage {lineage}")
        + (" (gone: no instance of it exists any more)" if machine["gone"] else "")
    )


def _row(point: Payload) -> tuple[str, ...]:
    return (
        MARKS[point["verdict"]],
        point["image"],
        point["kind"],
        point["slot"],
        point["age"],
        spell_gib(point["size_gib"]),
        point["verdict"],
        "; ".join([*_stops(point), *point["reasons"]]),
    )


def _stops(point: Payload) -> Iterator[str]:
    """Who stops it; what is about the whole machine or region is said once, with the guards."""
    said = [
        stop["guard"] + (f": {stop['reason']}" if stop["subject"] == point["image"] else "")
        for stop in point["stops"]
    ]
    if said:
        yield f"not {_PAST[point['wanted']]} ({'; '.join(said)})"


_PAST = {"bring back": "brought back", "quarantine": "quarantined", "delete": "deleted"}


def _guards(plan: Payload, apply: str) -> Iterator[str]:
    """Each guard that spoke, what it said that no point's line says, and the ways out."""
    stops = [(stop, point["image"]) for m in plan["machines"] for point in m["points"]
             for stop in point["stops"]]  # fmt: skip
    stops += [(stop, "") for stop in (*plan["stops"], *plan["alarms"])]
    for guard in dict.fromkeys(stop["guard"] for stop, _ in stops):
        said = [(stop, image) for stop, image in stops if stop["guard"] == guard]
        count = len({image for _, image in said if image})
        what = f"stops {_many(count, 'point')}" if count else "alarm"
        yield from paragraph(f"{guard}: {what}", "  ! ")
        general = dict.fromkeys(s["reason"] for s, image in said if s["subject"] != image)
        yield from (line for reason in general for line in paragraph(reason, "      "))
        yield from _way_out(said[0][0], apply)


def _way_out(stop: Payload, apply: str) -> Iterator[str]:
    yield from paragraph(f"way out: {stop['advice']}", "      ")
    if stop["hard"]:
        yield "      nothing overrides it"
    elif apply:
        yield "      override it for exactly this plan:"
        yield f"        {apply} --override {stop['guard']}"


def _totals(totals: Payload) -> str:
    return ", ".join(
        f"{mark} {verdict} {totals['points'][verdict]} ({spell_gib(totals['gib'][verdict])})"
        for verdict, mark in MARKS.items()
        if verdict in totals["points"]
    )


def _cost(cost: Payload) -> Iterator[str]:
    if cost["snapshots"]:
        yield from paragraph(f"freed when all that goes is gone: {cost['sentence']}")
        if cost["measured_at"]:
            yield from paragraph(f"measured at {cost['measured_at']}, by block", "  ")
        yield from _price(cost)
    else:
        yield "freed: nothing"
    if cost["shared_snapshots"]:
        stay = _many(cost["shared_snapshots"], "snapshot")
        yield from paragraph(f"{stay} of theirs stay: other images are built on them", "  ")
    for sentence in cost["unknown"]:
        yield from paragraph(f"unknown: {sentence}", "  ")


def _price(cost: Payload) -> Iterator[str]:
    amounts = [
        f"{name} {cost[key]} a month"
        for name, key in (("at most", "upper_bound_monthly"), ("measured", "measured_monthly"))
        if cost[key]
    ]
    if amounts:
        yield from paragraph(f"that is {', '.join(amounts)}, at {cost['price']}", "  ")
    elif cost["price_hint"]:
        yield from paragraph(cost["price_hint"], "  ")


def _machines(machines: Sequence[Payload]) -> str:
    return _many(len(machines), "machine")


def _many(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")
