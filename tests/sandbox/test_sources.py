"""Whoever refuses says who says so: a page, a shape of the model, or [NV]."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

SANDBOX = Path(__file__).parents[2] / "sandbox"

SOURCE = re.compile(
    r"EC2 (API|User Guide|Developer Guide)|EBS (API|User Guide|direct API)"
    r"|[Bb]otocore('s)?\s+model|Common Errors|\[NV"
    r"|(Elastic\s+Load\s+Balancing|ELB|Auto\s+Scaling)\s+(API|User Guide)"
    r"|(Systems\s+Manager|SSM|Recycle\s+Bin)\s+(API|User Guide)"
    r"|(KMS|STS|DynamoDB|Service Quotas)\s+(API|Developer Guide)"
)
FOR_THE_OPERATOR = re.compile(
    r"sandbox/(__main__|demo/|fleet|process|inside|server|control|fault|calls|commands|clock|disks"
    r"|health)"
)
"""What refuses the one who runs the sandbox, in its own words; AWS has no say there."""
OURS = frozenset(
    {"Dropped", "KeyError", "Late", "NotImplementedError", "StepFailed", "TypeError", "ValueError"}
)
"""What one part of the sandbox tells another."""


def refusing() -> Iterator[tuple[str, str]]:
    """Every function that refuses a call, with all docstrings that speak for it."""
    for path in sorted(SANDBOX.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        where = path.relative_to(SANDBOX.parent).as_posix()
        if not FOR_THE_OPERATOR.match(where):
            yield from _in(tree, where, ast.get_docstring(tree) or "")


def _in(scope: ast.AST, where: str, said: str) -> Iterator[tuple[str, str]]:
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            name = f"{where}::{node.name}"
            heard = f"{said}\n{ast.get_docstring(node) or ''}"
            if isinstance(node, ast.FunctionDef) and any(map(_refuses, ast.walk(node))):
                yield name, heard
            else:
                yield from _in(node, name, heard)


def _refuses(node: ast.AST) -> bool:
    """Whether an error of AWS is raised here, made in place or by a function that makes one."""
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    name = ast.unparse(called).rpartition(".")[2]
    return isinstance(node.exc, ast.Call) and name not in OURS


def test_whoever_refuses_a_call_has_a_source() -> None:
    """In the docstring of the function, of its class or of its module."""
    found = [*refusing()]

    assert len(found) > 100
    assert [name for name, said in found if not SOURCE.search(said)] == []
