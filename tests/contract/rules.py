"""The contract's rules as a list: each test's sentence, its source, and whether one has one."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
UNVERIFIED = "[NV]"

SOURCES = re.compile(
    r"EC2 (API|User Guide|Developer Guide)|EBS (User Guide|direct API)|botocore model|\[NV\]"
    r"|(Auto Scaling|ELB|Systems Manager|Recycle Bin) (API|User Guide)"
    r"|(STS|KMS|DynamoDB) API|IAM User Guide"
)
"""How a docstring names where a rule is written."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and what is known of it."""

    topic: str
    test: str
    sentence: str
    source: str
    only_sandbox: bool

    @property
    def is_verified(self) -> bool:
        """Whether all of it is written somewhere; nothing has been seen on a real account yet."""
        return UNVERIFIED not in self.source


def all_rules() -> Iterator[Rule]:
    """Every rule that is asked of a place, by topic, in the order of the tests."""
    for path in sorted(HERE.glob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        topic = (ast.get_docstring(tree) or "").partition("\n")[0].rstrip(".")
        module_only = "pytestmark" in path.read_text(encoding="utf-8")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and _is_rule(node):
                marks = [ast.unparse(each) for each in node.decorator_list]
                yield Rule(
                    topic=topic,
                    test=node.name,
                    sentence=node.name.removeprefix("test_").replace("_", " "),
                    source=" ".join((ast.get_docstring(node) or "").split()),
                    only_sandbox=module_only or any("sandbox_only" in mark for mark in marks),
                )


def _is_rule(node: ast.FunctionDef) -> bool:
    asks = any(each.arg == "place" for each in node.args.args)
    return node.name.startswith("test_") and asks
