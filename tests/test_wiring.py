"""The composition root: regions, plans and the catalogue, each built when it is asked for."""

from pathlib import Path

import pytest

from chalicelib import wiring
from chalicelib.aws.session import Session
from chalicelib.domain.errors import AwsError, InvalidInputError, NotFoundError
from chalicelib.settings import Settings
from chalicelib.wiring import Wiring
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import REGION

PLANS = '[plans.nightly]\nschedule = "daily@02:00"\nretain = "daily=7"\n'


def test_nothing_is_asked_of_aws_until_it_is_needed(wired: Wiring, heard: Heard) -> None:
    """Not even when regions, desk and schedules are put together."""
    assert [s.region.name for s in wired.sites] == [REGION]
    assert wired.desk.regions == wired.regions
    assert wired.schedules.plan_tag == "snapback:plan"
    assert wired.home == REGION
    assert heard.calls == []


def test_the_clients_region_is_looked_after_by_default(session: Session) -> None:
    """With no SNAPBACK_* set."""
    assert [r.name for r in Wiring(Settings(), session).regions] == [session.region]


def test_configured_regions_are_all_looked_after(session: Session) -> None:
    """In their order, with one catalogue at home."""
    wired = Wiring(Settings(regions=("eu-west-1", "eu-north-1"), home_region="eu-west-1"), session)

    assert [s.region.name for s in wired.sites] == ["eu-west-1", "eu-north-1"]
    assert wired.home == "eu-west-1"
    assert {id(s.catalogue) for s in wired.sites} == {id(wired.catalogue)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(regions=("eu-west-1", "mars-1")), "region 'mars-1' is not a region"),
        (Settings(home_region="eu-west-1a"), "region 'eu-west-1a' is not a region of EC2"),
    ],
)
def test_an_unknown_region_is_named(session: Session, settings: Settings, message: str) -> None:
    """Before any call: a typing mistake would look like an empty account."""
    with pytest.raises(InvalidInputError, match=message):
        _everything(Wiring(settings, session))


def test_no_region_at_all_is_told_with_the_way_out() -> None:
    """A laptop without a configuration."""
    wired = Wiring(Settings(), Session())
    with pytest.raises(InvalidInputError, match="no region is set") as caught:
        _ = wired.home

    assert "AWS_REGION" in caught.value.hint
    with pytest.raises(InvalidInputError, match="no region is set"):
        _ = wired.regions


def test_plans_are_the_built_in_ones_by_default(wired: Wiring) -> None:
    """No plan document is needed."""
    assert {"hourly", "daily", "weekly", "monthly", "gold"} <= set(wired.plans.plans)


def test_plans_come_inline_from_a_file_or_from_a_parameter(
    sandbox: Sandbox, session: Session, tmp_path: Path
) -> None:
    """The three forms of SNAPBACK_PLANS, each beside the built-in ones."""
    path = tmp_path / "plans.toml"
    path.write_text(PLANS)
    sandbox.client("ssm").put_parameter(Name="/snapback/plans", Type="String", Value=PLANS)
    for source in (PLANS, str(path), "ssm:/snapback/plans"):
        book = Wiring(Settings(plans=source), session).plans

        assert {"nightly", "daily"} <= set(book.plans), source


def test_a_plan_file_that_is_not_there_is_named(session: Session) -> None:
    """With the three forms that there are."""
    with pytest.raises(InvalidInputError, match=r"names '/none\.toml'.*No such file") as caught:
        _ = Wiring(Settings(plans="/none.toml"), session).plans

    assert "ssm:PARAMETER" in caught.value.hint


def test_a_plan_file_that_is_no_text_is_named(session: Session, tmp_path: Path) -> None:
    """A path to something else by mistake."""
    path = tmp_path / "plans.bin"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match=r"plans\.bin"):
        _ = Wiring(Settings(plans=str(path)), session).plans


def test_a_plan_parameter_that_is_missing_is_named(session: Session) -> None:
    """AWS's own word for it comes along."""
    with pytest.raises(AwsError, match="the parameter /none: ParameterNotFound"):
        _ = Wiring(Settings(plans="ssm:/none"), session).plans


def test_terms_carry_the_quarantine_and_the_lineage(session: Session) -> None:
    """A plan without `--apply` only tells."""
    wired = Wiring(Settings(), session)
    terms = wired.terms(apply=False, lineage="i-1")

    assert (terms.apply, terms.lineage, terms.quarantine) == (
        False, "i-1", Settings().quarantine,
    )  # fmt: skip


def test_a_region_that_is_not_looked_after_is_not_found(wired: Wiring) -> None:
    """A rollback of another region's machine."""
    with pytest.raises(NotFoundError, match="eu-west-3 is not looked after here"):
        wired.desk.region("eu-west-3")


def test_a_lambda_reads_its_environment_once(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wiring is kept between invocations, clients and all."""
    del sandbox
    monkeypatch.setenv("SNAPBACK_DEPLOYMENT", "prod")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    first = wiring.deployed()
    monkeypatch.setenv("SNAPBACK_DEPLOYMENT", "dev")

    assert wiring.deployed() is first
    assert (first.settings.deployment, first.home) == ("prod", "eu-west-1")


def _everything(wired: Wiring) -> tuple[object, ...]:
    return wired.home, wired.regions
