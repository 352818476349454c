"""The benchmarks run: figures in a table, as JSON and as a page."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D103

import json
from pathlib import Path

import pytest

from bench import planner, sandbox
from bench.__main__ import main
from bench.figures import Figure, Report, table


def test_the_sandbox_is_measured_in_a_small_world(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tiny one, and without the waiting for images to become available."""
    monkeypatch.setattr("bench.sandbox_changes.measure", lambda *_: None)
    monkeypatch.setattr("bench.sandbox_pages.TIMES", 1)
    monkeypatch.setattr("bench.sandbox_crowd.CALLS_EACH", 1)
    monkeypatch.setattr("bench.sandbox_crowd.CLIENTS", 2)
    page, figures = tmp_path / "page.md", tmp_path / "figures.json"

    main(
        [
            *("sandbox", "--instances=8", "--images-each=2", "--addresses=1"),
            *(f"--json={figures}", f"--markdown={page}"),
        ]
    )

    shown = capsys.readouterr().out
    document = json.loads(figures.read_text())
    measured = {each["what"] for each in document["figures"]}
    assert {"DescribeImages, own: first, cold", "the full world"} <= measured
    assert all(each["what"] in shown for each in document["figures"])
    assert page.read_text().startswith(f"# {sandbox.TITLE}\n")


def test_a_figure_over_its_limit_shows() -> None:
    late = Figure(group="g", what="w", unit="ms", median=3, worst=9, spent=2, limit=1)
    early = Figure(group="g", what="w", unit="ms", median=3, worst=9, spent=1, limit=1)

    assert Report(title="t", notes=(), figures=(late, early)).misses == (late,)
    assert "TOO MUCH" in table(Report(title="t", notes=(), figures=(late,)))


def test_planning_and_calls_of_retention_are_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handful of points: the promises on calls hold at any size."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    code = main(["retention", "--instances=5", "--points-each=12", "--machines=2", "--hours=3"])

    rows = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert code == 0
    assert "images in the region, 2 of them acted on 1 6.0 images 6.0 images" in rows
    for promised in (
        "DescribeImages of the listing, per 1,000 images 1 1.0 calls 1.0 calls 1 calls ok",
        "DisableImage, per point 1 1.0 calls 1.0 calls 1 calls ok",
        "DeregisterImage, per point 1 1.0 calls 1.0 calls 1 calls ok",
        "any other call that changes something 1 0.0 calls 0.0 calls 0 calls ok",
    ):
        assert promised in rows


def test_planning_a_small_region_lets_the_same_go_either_way() -> None:
    """The decision alone and the whole job are measured on one and the same thing."""
    world = planner.listed(5, 12)

    assert planner._decision(world, 5)() == planner._decide(world)() > 0
