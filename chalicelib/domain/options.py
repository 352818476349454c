"""The grammar of ``snapback:options``: space-separated ``key=value``."""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from chalicelib.domain.errors import InvalidInputError

_DEVICE = re.compile(r"/dev/[a-z0-9/]{1,32}|xvd[a-z]{1,2}")
_KEYS = ("reboot", "exclude", "consistency", "copy")
_FLAGS = {"yes": True, "no": False}
_NOT_YET = ("consistency", "copy")
_FORMS = "reboot=yes, reboot=no, exclude=/dev/sdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How points are taken."""

    reboot: bool = False
    """Let EC2 reboot the instance for a clean file system."""
    excluded: tuple[str, ...] = ()
    """Devices whose volumes are left out."""
    not_done: tuple[str, ...] = ()
    """Parts of the grammar that this version does not carry out: backed up all the same."""


def parse_options(text: str) -> Options:
    """Read options; one ``InvalidInputError`` names every part that is wrong.

    ``consistency=`` and ``copy=`` belong to the grammar and are not carried out by this
    version: a backup without them beats no backup, so they are kept apart and reported.
    """
    reboot = False
    excluded: list[str] = []
    not_done: list[str] = []
    problems: list[str] = []
    for part in text.split():
        key, _, value = part.partition("=")
        if key in _NOT_YET and value:
            not_done.append(part)
        elif key == "reboot" and value in _FLAGS:
            reboot = _FLAGS[value]
        elif key == "exclude" and _DEVICE.fullmatch(value):
            excluded.append(value)
        elif key in _KEYS:
            problems.append(f"{part!r}: {value!r} is no value for {key}")
        else:
            near = get_close_matches(key, _KEYS, 1)
            guess = f" (did you mean {near[0]}?)" if near else ""
            problems.append(f"{part!r}: no option {key!r}{guess}")
    if problems:
        raise InvalidInputError(f"options {text!r}: " + "; ".join(problems), hint=f"use {_FORMS}")
    return Options(reboot=reboot, excluded=tuple(sorted(set(excluded))), not_done=tuple(not_done))
