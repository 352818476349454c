"""The environment: defaults that work, every wrong variable named at once."""

from datetime import timedelta

import pytest

from chalicelib.domain.errors import InvalidInputError
from chalicelib.settings import Settings


def test_an_empty_environment_works() -> None:
    """The defaults of DESIGN section 6."""
    assert Settings.from_env({}) == Settings()
    assert Settings().table == "snapback"
    assert Settings().quarantine == timedelta(hours=24)
    assert Settings().plan_tag == "snapback:plan"


def test_every_variable_is_read() -> None:
    """And nothing else of the environment."""
    read = Settings.from_env(
        {
            "SNAPBACK_TABLE": "points",
            "SNAPBACK_DEPLOYMENT": "prod",
            "SNAPBACK_PLAN_TAG": "Backup",
            "SNAPBACK_PLANS": "plans.toml",
            "SNAPBACK_REGIONS": "eu-west-1, eu-north-1 us-east-1",
            "SNAPBACK_HOME_REGION": "eu-central-1",
            "SNAPBACK_QUARANTINE": "2d",
            "SNAPBACK_KMS_KEY": "alias/snapback",
            "AWS_REGION": "eu-west-2",
            "PATH": "/bin",
        }
    )

    assert read == Settings(
        table="points",
        deployment="prod",
        plan_tag="Backup",
        plans="plans.toml",
        regions=("eu-west-1", "eu-north-1", "us-east-1"),
        home_region="eu-central-1",
        client_region="eu-west-2",
        quarantine=timedelta(days=2),
        kms_key="alias/snapback",
    )


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("SNAPBACK_DEPLOYMENT", "", "SNAPBACK_DEPLOYMENT is ''"),
        ("SNAPBACK_DEPLOYMENT", "two words", "SNAPBACK_DEPLOYMENT is 'two words'"),
        ("SNAPBACK_DEPLOYMENT", "x" * 65, "SNAPBACK_DEPLOYMENT is"),
        ("SNAPBACK_PLAN_TAG", "", "SNAPBACK_PLAN_TAG is ''"),
        ("SNAPBACK_PLAN_TAG", "AWS:plan", "SNAPBACK_PLAN_TAG is 'AWS:plan'"),
        ("SNAPBACK_PLAN_TAG", "k" * 129, "SNAPBACK_PLAN_TAG is"),
        ("SNAPBACK_QUARANTINE", "soon", "SNAPBACK_QUARANTINE is 'soon': write it like 24h"),
        ("SNAPBACK_QUARANTINE", "0h", "SNAPBACK_QUARANTINE is '0h'"),
        ("SNAPBACK_QUARANTINE", "-1d", "SNAPBACK_QUARANTINE is '-1d'"),
        ("SNAPBACK_QUARANTINE", "9999999d", "SNAPBACK_QUARANTINE is '9999999d'"),
        ("SNAPBACK_TABEL", "points", "SNAPBACK_TABEL is not a setting"),
    ],
)
def test_a_wrong_value_is_named_with_the_way_out(name: str, value: str, complaint: str) -> None:
    """Exit code 2 before anything is touched."""
    with pytest.raises(InvalidInputError) as caught:
        Settings.from_env({name: value})

    assert complaint in caught.value.message
    assert "SNAPBACK_QUARANTINE" in caught.value.hint


def test_every_wrong_variable_is_named_at_once() -> None:
    """Nobody mends a deployment one error at a time."""
    with pytest.raises(InvalidInputError) as caught:
        Settings.from_env(
            {
                "SNAPBACK_DEPLOYMENT": "a b",
                "SNAPBACK_PLAN_TAG": "aws:x",
                "SNAPBACK_QUARANTINE": "1y",
                "SNAPBACK_COLOUR": "red",
            }
        )

    for name in ("DEPLOYMENT", "PLAN_TAG", "QUARANTINE", "COLOUR"):
        assert f"SNAPBACK_{name}" in caught.value.message


@pytest.mark.parametrize(
    ("text", "length"),
    [("90m", timedelta(minutes=90)), ("1m", timedelta(minutes=1)), ("30d", timedelta(days=30))],
)
def test_a_quarantine_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    """Minutes, hours or days."""
    assert Settings.from_env({"SNAPBACK_QUARANTINE": text}).quarantine == length


def test_one_region_alone_keeps_everything_else() -> None:
    """What `--region` does; the catalogue stays where it was set to be."""
    many = Settings(regions=("a", "b"), home_region="c", table="t")

    assert many.for_region("b") == Settings(regions=("b",), home_region="c", table="t")
