"""``python -m tests.contract.index`` writes ``docs/sandbox-rules.md`` anew."""

from itertools import groupby
from pathlib import Path

from tests.contract.rules import UNVERIFIED, Rule, all_rules

PAGE = Path(__file__).parents[2] / "docs" / "sandbox-rules.md"

HEAD = """\
# The sandbox's rules

What the sandbox promises of AWS, and where it is written.
Made by `python -m tests.contract.index`; do not edit.

Every rule is a test of `tests/contract`, asked in process, over HTTP and through the AWS CLI
(`make contract` shows the result). None has been seen on a real account yet.

- **documented**: the source says it.
- **[NV]**: part of it is not verified, as its source says; there the sandbox is pessimistic.
- *sandbox*: a real account is not asked, because the rule moves the clock, sets faults, needs a
  second account or costs money. All else can be asked of one:
  `pytest -m aws_account --account-region=REGION tests/contract`.
"""


def page() -> str:
    """The whole page."""
    rules = [*all_rules()]
    unsure = sum(not rule.is_verified for rule in rules)
    told = f"\n{len(rules)} rules, {unsure} of them in part [NV].\n"
    by_topic = groupby(rules, lambda rule: rule.topic)
    return HEAD + told + "".join(_section(topic, [*group]) for topic, group in by_topic)


def _section(topic: str, rules: list[Rule]) -> str:
    rows = "".join(map(_row, rules))
    return f"\n## {topic}\n\n| rule | source | state | |\n|---|---|---|---|\n{rows}"


def _row(rule: Rule) -> str:
    state = "documented" if rule.is_verified else UNVERIFIED
    where = "sandbox" if rule.only_sandbox else ""
    return f"| {rule.sentence} | {_cell(rule.source)} | {state} | {where} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
