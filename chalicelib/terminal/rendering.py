"""Answers as text for people. Reads payloads only, so table and JSON can not disagree."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.terminal.expiry import plan_lines
from chalicelib.terminal.tables import paragraph, spell_gib, table

Payload = Mapping[str, Any]


def render(command: str, payload: Payload, *, verbose: bool = False) -> list[str]:
    """The lines to show for *payload*, the answer to *command*; *verbose* shortens nothing."""
    if "error" in payload:
        return error_lines(payload)
    if verbose and command == "expire" and "plans" in payload:
        return plan_lines(payload, verbose=True)
    renderer = _RENDERERS.get(command, outcome_lines)
    return renderer(payload)


def error_lines(payload: Payload) -> list[str]:
    """What is wrong, and the way out."""
    error = payload["error"]
    lines = paragraph(f"snapback: {error['message']}")
    return lines + (paragraph(f"hint: {error['hint']}", "  ") if error["hint"] else [])


def outcome_lines(payload: Payload) -> list[str]:
    """A run's outcomes, one line each, and how many of each result."""
    rows = [
        (o["result"], o["action"], o["subject"], o.get("image", ""), o["reason"])
        for o in payload["outcomes"]
    ]
    if not rows:
        return ["nothing to do"]
    counted: dict[str, int] = {}
    for row in rows:
        counted[row[0]] = counted.get(row[0], 0) + 1
    total = ", ".join(f"{count} {result}" for result, count in counted.items())
    return [*table(("RESULT", "ACTION", "SUBJECT", "IMAGE", "REASON"), rows), "", total]


def _points(payload: Payload) -> list[str]:
    rows = [
        (
            p["image"],
            p["instance"],
            p["kind"],
            p["slot"],
            p["age"],
            spell_gib(p["size_gib"]),
            p["state"] + (" held" if p["hold"] else ""),
            f"{p['fate']}: " + "; ".join(p["reasons"]),
        )
        for p in payload["points"]
    ]
    headings = ("IMAGE", "INSTANCE", "KIND", "SLOT", "AGE", "SIZE", "STATE", "WHY")
    return table(headings, rows) or ["no recovery points"]


def _due(payload: Payload) -> list[str]:
    rows = [
        ("due" if d["due"] else "-", d["instance"], d["name"], d["region"], d["slot"], d["reason"])
        for d in payload["due"]
    ]
    lines = table(("", "INSTANCE", "NAME", "REGION", "SLOT", "WHY"), rows)
    problems = [line for p in payload["problems"] for line in paragraph(p, "! ")]
    return (lines or ["no instance carries the plan tag"]) + problems


def _lint(payload: Payload) -> list[str]:
    def rows(key: str) -> list[tuple[str, str, str, str]]:
        return [(p["instance"], p["tag"], p["value"], p["message"]) for p in payload[key]]

    problems = table(("INSTANCE", "TAG", "VALUE", "PROBLEM"), rows("problems"))
    advice = table(("INSTANCE", "TAG", "VALUE", "ADVICE"), rows("advice"))
    return [*(problems or ["every tag can be read"]), *([""] if advice else []), *advice]


def _show(payload: Payload) -> list[str]:
    lines = [
        f"{key:16} {value}"
        for key, value in payload.items()
        if key not in ("ok", "outcomes", "manifest") and value not in ("", None)
    ]
    manifest = payload["manifest"]
    if manifest is None:
        return [*lines, "manifest         lost"]
    lines.append("manifest")
    for key, value in manifest.items():
        if value not in ("", None, [], {}, False):
            lines += paragraph(f"  {key:24} {value}", "  ")
    return lines


def _plan(payload: Payload) -> list[str]:
    lines = [
        f"roll back {payload['instance']} to {payload['image']} "
        f"({payload['mode']}: {payload['mode_reason']})",
        "",
        "steps:",
    ]
    for number, step in enumerate(payload["steps"], start=1):
        lines += paragraph(step["about"], f"{number:3}. ")
        lines += paragraph(f"call: {step['action']}", "       ")
        if step["interruption"] != "none":
            lines += paragraph(f"interruption: {step['interruption']}", "       ")
        lines += paragraph(f"undo: {step['undo']}", "       ")
    for key, mark in (("blockers", "  x "), ("warnings", "  ! ")):
        if payload[key]:
            lines += ["", f"{key}:"]
            lines += [line for text in payload[key] for line in paragraph(text, mark)]
    lines += ["", *_fidelity(payload["fidelity"]), "", f"digest {payload['digest']}"]
    if not payload["blockers"]:
        lines.append(
            f"apply it: snapback rollback apply {payload['instance']} --to {payload['image']} "
            f"--digest {payload['digest']}"
        )
    return lines


def _journal(payload: Payload) -> list[str]:
    marks = {"todo": " ", "begun": ">", "done": "x", "undoing": "<", "undone": "-"}
    reason = f" ({payload['reason']})" if payload["reason"] else ""
    lines = [
        f"{payload['rollback']} {payload['state']}{reason}: {payload['instance']} -> "
        f"{payload['replacement'] or '(not launched)'} from {payload['image']}",
        "",
    ]
    for step in payload["steps"]:
        lines += paragraph(step["about"], f"[{marks[step['state']]}] ")
        if step["note"]:
            lines += paragraph(step["note"], "      ")
    if payload["fidelity"]:
        lines += ["", *_fidelity(payload["fidelity"])]
    if payload["state"] == "done":
        lines += ["", f"undo it: snapback rollback undo {payload['rollback']}"]
    elif payload["state"] in ("running", "undoing"):
        lines += ["", f"go on: snapback rollback resume {payload['rollback']} --wait"]
    return lines


def _fidelity(lines: Sequence[Payload]) -> list[str]:
    rows = [
        (
            line["fate"],
            line["property"],
            ": ".join(filter(None, (line["observed"] or line["value"], line["why"]))),
        )
        for line in lines
    ]
    return table(("FATE", "PROPERTY", "VALUE"), rows)


def _explanation(payload: Payload) -> list[str]:
    runs = [(run["utc"], run["local"]) for run in payload["runs"]]
    said = [line for sentence in payload["meaning"] for line in paragraph(sentence)]
    return said + (["", *table(("NEXT RUNS (UTC)", "LOCAL"), runs)] if runs else [])


def _retain(payload: Payload) -> list[str]:
    lines = outcome_lines(payload)
    return [*lines, "", f"digest {payload['digest']}"] if payload.get("changes") else lines


def _expire(payload: Payload) -> list[str]:
    return plan_lines(payload) if "plans" in payload else outcome_lines(payload)


_RENDERERS: dict[str, Callable[[Payload], list[str]]] = {
    "due": _due,
    "expire": _expire,
    "explain": _explanation,
    "lint": _lint,
    "points": _points,
    "retain": _retain,
    "rollback": _journal,
    "rollback plan": _plan,
    "show": _show,
}
