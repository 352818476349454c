"""A configuration's digest: what names it, and what must not."""

# ruff: noqa: D103 (a test's name is its sentence)

from collections.abc import Mapping
from dataclasses import replace

import pytest

from chalicelib.domain.canonical import to_json
from chalicelib.domain.configuration import Attributes, Placement, UserData
from tests.builders import CARD, DATA, ROOT, SCRIPT, configuration

SEALED = Attributes(user_data=replace(SCRIPT, sealed="Y2lwaGVy.dGV4dA=="))


def test_the_same_secret_sealed_again_does_not_change_the_digest() -> None:
    """Ciphertext differs each time; a manifest would be written anew every night."""
    sealed_again = Attributes(user_data=replace(SCRIPT, sealed="b3RoZXI="))

    assert configuration(attributes=SEALED).digest == configuration().digest
    assert configuration(attributes=sealed_again).digest == configuration().digest


@pytest.mark.parametrize(
    "changes",
    [
        {"attributes": Attributes(user_data=UserData(digest="ff", length=120))},
        {"attributes": Attributes(user_data=SCRIPT, api_stop_disabled=True)},
        {"tags": {"Name": "web"}},
        {"disks": (ROOT,)},
        {"disks": (DATA, ROOT)},
        {"interfaces": (replace(CARD, source_dest_check=False),)},
        {"placement": Placement(zone="eu-west-1b")},
        {"unreadable": ("userData: Denied",)},
    ],
)
def test_any_other_difference_gives_another_digest(changes: Mapping[str, object]) -> None:
    assert configuration(**changes).digest != configuration().digest


def test_without_secrets_nothing_sealed_is_left_in_the_text() -> None:
    bare = configuration(attributes=SEALED).without_secrets()

    assert bare == configuration()
    assert "Y2lwaGVy" not in to_json(bare)


def test_the_primary_interface_is_that_at_index_0() -> None:
    second = replace(CARD, interface_id="eni-2", device_index=1)

    assert configuration(interfaces=(second, CARD)).primary == CARD
    assert configuration(interfaces=(second,)).primary is None
