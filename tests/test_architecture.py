"""The architecture as a test: who may import whom, and how large things may grow (DESIGN 2)."""

# ruff: noqa: D103 (a test's name is its sentence)

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PRODUCT = (ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py")))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONGEST_MODULE, LONGEST_FUNCTION, LONGEST_HANDLER = 350, 45, 12
MOST_PRAGMAS = 5
Function = ast.FunctionDef | ast.AsyncFunctionDef

ENTRY = (
    "app",
    "chalicelib.answers",
    "chalicelib.cli",
    "chalicelib.commands",
    "chalicelib.doctor",
    "chalicelib.payloads",
    "chalicelib.terminal",
)
ENTRY_MAY = ("chalicelib.wiring", "chalicelib.jobs", "chalicelib.domain", *ENTRY)
# By package, the longest match counts: what of ours it may import, and what of others.
RULES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(ENTRY, (ENTRY_MAY, ())),
    "app": (ENTRY_MAY, ("aws_lambda_powertools", "chalice")),
    "chalicelib": ((), ()),
    "chalicelib.cli": ((*ENTRY_MAY, "chalicelib.aws.session", "chalicelib.settings"), ()),
    "chalicelib.settings": (("chalicelib.domain",), ()),
    "chalicelib.wiring": (
        ("chalicelib.aws", "chalicelib.domain", "chalicelib.jobs", "chalicelib.settings"),
        ("boto3", "botocore"),
    ),
    "chalicelib.jobs": (("chalicelib.jobs", "chalicelib.domain"), ()),
    "chalicelib.aws": (
        ("chalicelib.aws", "chalicelib.domain"),
        ("boto3", "botocore", "mypy_boto3_*"),
    ),
    "chalicelib.domain": (("chalicelib.domain",), ("cronsim",)),
}
# Whatever a decision could learn from these, it has to be told instead.
IMPURE = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets",
    "shutil", "socket", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
CLOCKS = {"now", "utcnow", "today"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(path: Path) -> Iterator[str]:
    """Every module that *path* imports, wherever in it; ``from a import b`` may mean a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if is_module(whole) else str(node.module)


def is_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(
        name == package
        or name.startswith(f"{package}.")
        or (package.endswith("*") and name.startswith(package[:-1]))
        for package in packages
    )


def may_import(importer: str, imported: str) -> bool:
    rule = max((r for r in RULES if is_in(importer, (r,))), key=len)
    ours, others = RULES[rule]
    top = imported.partition(".")[0]
    if top in ("app", "chalicelib", "sandbox", "tests", "bench"):
        # `from chalicelib import wiring` is the import of wiring; the package itself is empty.
        return is_in(imported, ours)
    return top in sys.stdlib_module_names or is_in(imported, others)


def functions(path: Path) -> Iterator[Function]:
    return (n for n in ast.walk(tree(path)) if isinstance(n, Function))


def length(node: Function) -> int:
    """The lines from ``def`` to the end, without the docstring."""
    documented = ast.get_docstring(node) is not None
    first = node.body[1] if documented and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1 + (node.body[0].lineno - node.lineno)


def clock_reads(path: Path) -> Iterator[ast.Call]:
    """Where *path* asks what time it is."""
    return (
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and ast.unparse(node.func.value).endswith(("datetime", "date"))
    )


def at(path: Path, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize("path", PRODUCT, ids=module_name)
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    wrong = [name for name in imports(path) if not may_import(module_name(path), name)]

    assert wrong == []


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("chalicelib.domain.due", "chalicelib.domain.names", True),
        ("chalicelib.domain.due", "cronsim", True),
        ("chalicelib.domain.due", "chalicelib.jobs.ports", False),
        ("chalicelib.domain.due", "chalicelib.settings", False),
        ("chalicelib.domain.due", "boto3", False),
        ("chalicelib.jobs.tick", "chalicelib.aws.images", False),
        ("chalicelib.jobs.tick", "chalicelib.wiring", False),
        ("chalicelib.jobs.tick", "botocore.exceptions", False),
        ("chalicelib.aws.images", "chalicelib.jobs.ports", False),
        ("chalicelib.aws.images", "mypy_boto3_ec2.client", True),
        ("chalicelib.wiring", "chalicelib.aws.images", True),
        ("chalicelib.wiring", "chalicelib.cli", False),
        ("chalicelib.commands", "chalicelib.aws.session", False),
        ("chalicelib.cli", "chalicelib.aws.session", True),
        ("chalicelib.cli", "chalicelib.aws.images", False),
        ("app", "boto3", False),
        ("app", "chalicelib.payloads", True),
        ("chalicelib.jobs.tick", "sandbox.process", False),
        ("chalicelib.terminal.tables", "requests", False),
        ("chalicelib.brand_new", "chalicelib.domain.due", False),
    ],
)
def test_the_rules_tell_right_from_wrong(importer: str, imported: str, allowed: bool) -> None:
    """A module that no rule speaks of may import nothing of ours: it has to find its layer."""
    assert may_import(importer, imported) is allowed


def test_only_settings_reads_the_environment() -> None:
    readers = {
        module_name(path)
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"))
        or (isinstance(node, ast.alias) and node.name in ("environ", "getenv", "environb"))
    }

    assert readers == {"chalicelib.settings"}


def test_decisions_have_no_clock_no_chance_and_no_world() -> None:
    """Time, identity and region are arguments (F31)."""
    domain = [p for p in PRODUCT if is_in(module_name(p), ("chalicelib.domain",))]
    impure = [(module_name(p), m) for p in domain for m in imports(p) if m.split(".")[0] in IMPURE]
    clocks = [at(path, node) for path in domain for node in clock_reads(path)]
    opened = [
        at(path, node)
        for path in domain
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name) and node.id in ("open", "print", "input", "exec", "eval")
    ]

    assert len(domain) > 20
    assert impure == []
    assert clocks == []
    assert opened == []


def test_F31_only_entry_points_read_the_clock() -> None:  # noqa: N802
    readers = {module_name(path) for path in PRODUCT if any(True for _ in clock_reads(path))}

    assert readers <= {"app", "chalicelib.cli"}


def test_nothing_sleeps_but_the_command_that_waits() -> None:
    """A job does what can be done, records it and returns (DESIGN rule 9)."""
    sleepers = {
        module_name(path)
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep"
    }

    assert sleepers <= {"chalicelib.cli"}


def test_no_module_is_longer_than_a_person_reads_at_once() -> None:
    long = {
        module_name(path): lines
        for path in PRODUCT
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    }

    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{at(path, node)} {node.name}": length(node)
        for path in PRODUCT
        for node in functions(path)
        if length(node) > LONGEST_FUNCTION
    }

    assert long == {}


def test_entry_points_stay_thin() -> None:
    """Trigger, parse, one job, report (DESIGN section 2)."""
    handlers = [
        node
        for node in functions(ROOT / "app.py")
        if any(ast.unparse(d).startswith("app.") for d in node.decorator_list)
    ]

    assert {"tick", "resume", "expire", "backup", "points", "rollback"} <= {
        h.name for h in handlers
    }
    assert {h.name: length(h) for h in handlers if length(h) > LONGEST_HANDLER} == {}


def test_every_public_name_says_what_it_promises() -> None:
    undocumented = []
    for path in PRODUCT:
        assert ast.get_docstring(tree(path)), f"{path}: no docstring"
        classes = [
            node
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        ]
        undocumented += [
            f"{at(path, node)} {node.name}"
            for node in (*tree(path).body, *(child for c in classes for child in c.body))
            if isinstance(node, Function | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]

    assert undocumented == []


def test_no_error_is_swallowed() -> None:
    """An ``except`` that does nothing hides what somebody has to know (F20, F49)."""
    silent = [
        at(path, node)
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and all(isinstance(s, ast.Pass | ast.Continue) for s in node.body)
    ]
    bare = [
        at(path, node)
        for path in PRODUCT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    suppressed = [
        module_name(path) for path in PRODUCT for name in imports(path) if "suppress" in name
    ]

    assert silent == []
    assert bare == []
    assert suppressed == []


def test_coverage_is_earned_and_not_switched_off() -> None:
    pragmas = [
        f"{module_name(path)}:{number}"
        for path in PRODUCT
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"#\s*pragma:?\s*no", line)
    ]

    assert len(pragmas) <= MOST_PRAGMAS


def test_every_package_is_installed_with_the_command() -> None:
    """A package that pyproject.toml forgets is missing wherever it is not run from the tree."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = document["tool"]["setuptools"]["packages"]
    found = sorted(module_name(p) for p in PRODUCT if p.name == "__init__.py")

    assert sorted(listed) == found


def test_tests_use_fakes_and_no_mocks() -> None:
    mocks = [
        module_name(path)
        for path in TESTS
        for name in imports(path)
        if is_in(name, ("unittest.mock", "mock", "pytest_mock"))
    ]

    assert mocks == []
