"""Every example of the README, executed."""

import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib import cli, payloads
from chalicelib.aws.session import Session
from chalicelib.domain.guards import Guard
from chalicelib.domain.plans import parse_plans
from chalicelib.settings import Settings
from chalicelib.wiring import Wiring
from sandbox.process import Sandbox

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLEET = json.loads((ROOT / "sandbox" / "demo" / "fleet.json").read_text(encoding="utf-8"))
WEB = "i-0b7d4c9e1f2a3b4c5"
REGION = "eu-west-1"


def blocks(language: str) -> list[str]:
    """The README's code blocks in *language*, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The demonstration's fleet, in its own account and region."""
    with Sandbox(now=datetime(2026, 11, 23, 12, tzinfo=UTC), frozen=True) as aws:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
        monkeypatch.setenv("AWS_REGION", REGION)
        aws.load_fleet(FLEET)
        yield aws


class Reader:
    """Somebody who types the README's commands one after the other."""

    def __init__(self, aws: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        self._aws = aws
        self._capsys = capsys
        self._known: dict[str, str] = {}

    def types(self, line: str) -> tuple[int, int, str]:
        """The exit code promised, the one seen, and what was printed."""
        command, _, remark = line.partition("    #")
        promised = re.search(r"exit (\d)", remark)
        for word, value in self._known.items():
            command = command.replace(word, value)
        words = [
            w for w in re.findall(r'"[^"]*"|\S+', command) if w != "--wait" or "backup" in command
        ]
        words = [w.strip('"') for w in words]
        if words[0] == "aws":
            self._tag(words)
            return 0, 0, ""
        code = cli.main([*words[1:], "--at", self._aws.clock.now().isoformat()])
        printed = self._capsys.readouterr().out
        self._learn(printed)
        # Between one line and the next the reader lets a minute pass.
        self._aws.clock.advance(60)
        return int(promised[1]) if promised else 0, code, printed

    def _tag(self, words: list[str]) -> None:
        key, value = words[-1].split(",")
        tag = {"Key": key.removeprefix("Key="), "Value": value.removeprefix("Value=")}
        ec2 = self._aws.client("ec2", region=REGION, account="111122223333")
        ec2.create_tags(Resources=[words[words.index("--resources") + 1]], Tags=[tag])

    def _learn(self, printed: str) -> None:
        for word, pattern in (
            ("DIGEST", r"^digest (\w+)"),
            ("IMAGE", r"\b(ami-[0-9a-f]+)"),
            ("ROLLBACK", r"\b(rb-[0-9a-f]+)"),
        ):
            if found := re.search(pattern, printed, re.MULTILINE):
                self._known[word] = found[1]


def test_every_command_of_the_readme_does_what_it_says(
    aws: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed in order, each line ends with the exit code that the README promises."""
    reader = Reader(aws, capsys)
    lines = [line[2:] for block in blocks("console") for line in block.splitlines()]
    assert len(lines) > 15
    for line in lines:
        promised, seen, printed = reader.types(line)
        if "resume" in line or "undo" in line:  # each waits: a few minutes, a few looks
            for _ in range(6):
                if seen != 5:
                    break
                promised, seen, printed = reader.types("snapback rollback resume ROLLBACK")

        assert (line, seen, printed) == (line, promised, printed)


def test_the_plan_document_of_the_readme_is_read_without_complaint() -> None:
    """The TOML example gives the plan, the rail and the retention that it shows."""
    [text] = blocks("toml")
    book = parse_plans(text)

    assert set(tomllib.loads(text)["plans"]) <= set(book.plans)
    assert str(book.plans["nightly"].retention) == "daily=14 monthly=6 min=3"
    assert str(book.floor) == "daily=2"
    assert (book.bounds.lineage_percent, book.bounds.region_images) == (25, 50)
    assert str(book.prices[REGION]) == (
        "0.05 USD per GiB and month in eu-west-1 (our invoice of October 2026)"
    )


def test_the_guards_of_the_readme_are_all_there_are() -> None:
    """Told apart by whether somebody can override them."""
    [hard] = re.findall(r"\| nothing overrides them \| (.*) \|", README)
    [soft] = re.findall(r"\| `--override GUARD .*\| (`.*`) \|", README)

    assert set(re.findall(r"`([a-z-]+)`", hard)) == {g.value for g in Guard if g.is_hard}
    assert set(re.findall(r"`([a-z-]+)`", soft)) == {g.value for g in Guard if not g.is_hard}


def test_every_payload_of_the_readme_is_answered(aws: Sandbox) -> None:
    """The functions take the JSON that the README shows."""
    wired = Wiring(Settings(), Session(region=REGION))
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    answers = {}
    for line in blocks("json")[0].splitlines():
        example = json.loads(line)
        handler = getattr(payloads, example["function"])
        if example["function"] == "rollback":
            aws.clock.advance(120)  # the point that the first example took has to finish
        answers[example["function"]] = handler(wired, example["payload"], now)

    assert {n: a.code for n, a in answers.items()} == {"backup": 0, "points": 0, "rollback": 0}


def test_the_tag_table_of_the_readme_names_every_key() -> None:
    """DESIGN section 3's input keys are all there."""
    for key in ("plan", "schedule", "retain", "options", "lineage"):
        assert f"| `snapback:{key}` |" in README
