"""Every example of docs/sandbox.md, executed against a served sandbox."""

import json
import re
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox import control, fleet, world
from sandbox.fault_documents import OWN
from sandbox.fault_rules import Kind
from sandbox.health import ASPECTS
from sandbox.server import Server

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
FLEET = json.loads((ROOT / "sandbox" / "demo" / "fleet.json").read_text(encoding="utf-8"))
EXAMPLE = re.compile(
    r"```http\n(?P<method>[A-Z]+) (?P<path>\S+)\n"
    r"(?P<body>\{.*?\})?\n?(?:\n(?P<answer>\{.*?\})\n)?```",
    re.DOTALL,
)


def ask(server: Server, example: re.Match[str]) -> tuple[int, dict[str, Any]]:
    """Do what the example says."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request(example["method"], example["path"], example["body"])
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def test_every_example_does_what_the_page_says(server: Server) -> None:
    """From top to bottom; where the page shows an answer, that is the answer."""
    fleet.load(FLEET)
    examples = list(EXAMPLE.finditer(PAGE))
    assert len(examples) == PAGE.count("```http")

    for example in examples:
        status, answer = ask(server, example)
        assert status == 200, (example[0], answer)
        if example["method"] == "GET" or example["answer"]:
            shown = json.loads(example["answer"] or "{}")
            assert {**answer, **shown} == answer, example[0]
    asked = {(each["method"], urlsplit(each["path"]).path) for each in examples}
    known = {
        (method, f"{control.PREFIX}{name}")
        for name, verbs in control.ROUTES.items()
        for method in verbs
    }
    assert asked == known, "each path has its example"


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_code_of_the_page_runs(block: str) -> None:
    """As it stands."""
    try:
        exec(compile(block, "docs/sandbox.md", "exec"), {})  # noqa: S102 - our own page
    finally:
        world.reset()


def test_the_page_names_every_kind_field_and_aspect() -> None:
    """And nothing that is not there."""
    rows = re.findall(r"^\| `([a-z-]+)` \|.*$", PAGE, re.MULTILINE)
    assert set(Kind) <= set(rows)
    for kind, fields in OWN.items():
        [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |")]
        assert all(f"`{field}`" in row for field in fields), kind
    assert all(f"`{aspect}`" in PAGE for aspect in ASPECTS)
