"""Mixins of one class share one space of names: what two of them call alike, one loses."""

# A test's name is its sentence.
# ruff: noqa: D103

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import sandbox
from sandbox.ec2 import SandboxEC2Backend

PRIVATE = re.compile(r"_(?!_|abc_)")
KEY = re.compile(r'__dict__\.(?:setdefault|get)\(\s*"(\w+)"')


class First:
    """One of two mixins that clash."""

    def _asked(self) -> None: ...


class Second:
    """The other; neither knows of it."""

    def _asked(self) -> None: ...


class Heir(First):
    """What overrides on purpose."""

    def _asked(self) -> None: ...


def classes() -> Iterator[type]:
    """Every class of the sandbox."""
    for module in pkgutil.walk_packages(sandbox.__path__, "sandbox."):
        if not module.name.endswith("__main__"):
            found = importlib.import_module(module.name)
            yield from (
                each
                for each in vars(found).values()
                if inspect.isclass(each) and each.__module__ == module.name
            )


def clashes(made: type) -> Iterator[str]:
    """Private names that two of the bases of *made* define, neither knowing the other's."""
    bases = [each for each in made.__mro__ if each.__module__.startswith(("sandbox", __name__))]
    for first, second in combinations(bases, 2):
        if not issubclass(first, second):
            for name in sorted(vars(first).keys() & vars(second).keys()):
                if PRIVATE.match(name):
                    yield f"{first.__name__} and {second.__name__}: {name}"


def test_no_two_mixins_of_one_class_have_a_private_name_in_common() -> None:
    found = [*classes()]

    assert SandboxEC2Backend in found
    assert sorted({each for made in found for each in clashes(made)}) == []


def test_a_clash_is_seen_and_an_override_is_none() -> None:
    assert [*clashes(type("Both", (First, Second), {}))] == ["First and Second: _asked"]
    assert [*clashes(Heir)] == []


def test_what_a_mixin_keeps_under_a_private_key_is_its_modules_alone() -> None:
    """State that a mixin keeps in ``__dict__`` shares the space of names, too."""
    keepers: defaultdict[str, set[str]] = defaultdict(set)
    for path in Path(sandbox.__path__[0]).rglob("*.py"):
        for key in KEY.findall(path.read_text(encoding="utf-8")):
            keepers[key].add(path.name)

    assert len(keepers) > 20
    assert {key: names for key, names in keepers.items() if len(names) > 1} == {}
