"""F87: a rollback or an undo cut off before and after every call, or with any answer lost.

Whatever happened, a few quiet runs later either the original serves and the replacement
does not, or the replacement serves and the original is stopped.
"""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.domain.errors import SnapbackError
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.records import Role
from chalicelib.jobs.rollback import commands
from tests.fakes.cloud import HOME
from tests.jobs.scenes import TICK, desk, survive
from tests.jobs.stage import PROTECTED, Stage

RUNNING, STOPPED = InstanceState.RUNNING, InstanceState.STOPPED
OFF = (InstanceState.STOPPED, InstanceState.TERMINATED)
MOST_QUIET_TICKS = 5

Arm = Callable[[Stage, int], None]


def _before(stage: Stage, nth: int) -> None:
    stage.cloud.wire.crash(nth, after=False)


def _after(stage: Stage, nth: int) -> None:
    stage.cloud.wire.crash(nth, after=True)


def _lost(stage: Stage, nth: int) -> None:
    stage.cloud.wire.lose_nth(nth)


EVERY_WAY = pytest.mark.parametrize("arm", [_before, _after, _lost])


def attempt(act: Callable[[], object]) -> None:
    """One run that may crash or fail: the Lambda ends, the world stays."""
    with suppress(SnapbackError):
        survive(act)


def resume(stage: Stage, step: timedelta = TICK) -> None:
    """One run of ``resume``, some minutes later."""
    stage.cloud.clock.advance(step)
    attempt(lambda: commands.resume_all(desk(stage.cloud), stage.cloud.now))


def play(stage: Stage, begin: Callable[[], object], *, most: int = MOST_QUIET_TICKS) -> int:
    """Begin, then resume until nothing is open: how many runs after the fault that took."""
    attempt(begin)
    quiet = 0
    while stage.cloud.catalogue.held:
        if not stage.cloud.wire.armed:
            quiet += 1
            assert quiet <= most, [
                (s.name, s.state, s.note) for s in stage.cloud.catalogue.journals()[-1].steps
            ]
        resume(stage)
    return quiet


def undo_all(stage: Stage) -> None:
    """Ask for every open rollback to be undone."""
    for rollback in list(stage.cloud.catalogue.held.values()):
        attempt(lambda: stage.undo(rollback))  # noqa: B023 (called at once)


def serves(stage: Stage) -> str:
    """Who serves: exactly one of the two, with address and targets, the other one off."""
    others = stage.launched()
    [owner] = [m for m in (stage.web, *others) if stage.state(m) is RUNNING]
    off = [stage.state(m) in OFF for m in (stage.web, *others) if m is not owner]
    assert all(off)
    assert stage.holder() == owner.id
    assert stage.members() == {owner.id}
    for machine in (stage.web, *others):
        if machine.state is InstanceState.TERMINATED:
            continue
        record = stage.cloud.catalogue.machines.get((HOME, machine.id))
        current = record is None or record.role is Role.CURRENT
        assert current == (machine is owner), f"{machine.id} is {record}"
    if owner is not stage.web:
        assert stage.state(stage.web) is STOPPED
        return "replacement"
    return "original"


def somebody_serves(stage: Stage) -> None:
    """At every moment a running machine is in the target group."""
    assert any(stage.home.machines[m].state is RUNNING for m in stage.members())


def sweep(arm: Arm, prepare: Callable[[], tuple[Stage, Callable[[], object]]]) -> set[str]:
    """Play it once for every call that it makes, each time with a fault there."""
    ends = set()
    for nth in range(1, 400):
        stage, begin = prepare()
        stage.cloud.wire.watch = lambda stage=stage: somebody_serves(stage)
        arm(stage, nth)
        play(stage, begin)
        try:
            ends.add(serves(stage))
        except (AssertionError, ValueError) as err:
            raise AssertionError(f"call {nth}: {err}") from err
        if stage.cloud.wire.armed:
            assert nth > 10
            return ends
    raise AssertionError("it never ends")


@EVERY_WAY
@pytest.mark.parametrize("kind", ["plain", "protected", "by-address"])
def test_F87_a_rollback_cut_off_anywhere_ends_with_one_machine_serving(arm: Arm, kind: str) -> None:
    def prepare() -> tuple[Stage, Callable[[], object]]:
        stage = Stage(
            attributes=PROTECTED if kind == "protected" else None,
            by_address=kind == "by-address",
        )
        return stage, stage.apply

    assert sweep(arm, prepare) <= {"original", "replacement"}


@EVERY_WAY
def test_F87_the_undo_of_a_finished_rollback_cut_off_anywhere(arm: Arm) -> None:
    def prepare() -> tuple[Stage, Callable[[], object]]:
        stage = Stage(attributes=PROTECTED)
        journal = stage.finished()
        return stage, lambda: stage.undo(journal.id)

    assert "original" in sweep(arm, prepare)


@EVERY_WAY
@pytest.mark.parametrize("runs", [0, 1, 2, 3])
def test_F87_the_undo_of_a_rollback_under_way_cut_off_anywhere(arm: Arm, runs: int) -> None:
    def prepare() -> tuple[Stage, Callable[[], object]]:
        stage = Stage()
        journal = stage.apply()
        for _ in range(runs):
            resume(stage)
        return stage, lambda: stage.undo(journal.id)

    assert "original" in sweep(arm, prepare)


@EVERY_WAY
def test_F87_a_replacement_that_dies_booting_and_a_run_cut_off_anywhere(arm: Arm) -> None:
    def prepare() -> tuple[Stage, Callable[[], object]]:
        stage = Stage()
        stage.home.dooms[stage.image.image_id] = "Client.InternalError: the key is disabled"
        return stage, stage.apply

    assert sweep(arm, prepare) == {"original"}


@EVERY_WAY
def test_F87_a_replacement_that_dies_while_the_original_drains_and_a_run_cut_off(
    arm: Arm,
) -> None:
    def prepare() -> tuple[Stage, Callable[[], object]]:
        stage = Stage()
        journal = stage.apply()
        for _ in range(2):
            resume(stage)

        def die() -> None:
            stage.home.kill(journal.replacement_id)
            commands.resume_all(desk(stage.cloud), stage.cloud.now)

        return stage, die

    for nth in range(1, 60):
        stage, begin = prepare()
        arm(stage, nth)
        play(stage, begin)
        assert serves(stage) == "original", nth


@EVERY_WAY
def test_F87_a_launch_cut_off_while_new_instances_are_invisible(arm: Arm) -> None:
    """Eventual consistency: what was launched is not shown for two minutes."""
    for nth in range(1, 40):
        stage = Stage()
        stage.cloud.advance(minutes=10)
        stage.pace(visible=timedelta(minutes=2))
        arm(stage, nth)
        attempt(stage.apply)
        undo_all(stage)
        for _ in range(20):
            resume(stage, timedelta(minutes=1))

        # An undo that was itself cut off before it was written down was never asked for.
        assert serves(stage) in ("original", "replacement"), nth
        assert len(stage.launched()) <= 1, nth


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError", "Unavailable"])
def test_F22_every_call_throttled_once_still_comes_to_a_good_end(code: str) -> None:
    for nth in range(1, 12):
        stage = Stage()
        for name in ("machines.*", "addresses.*", "targets.*", "instances.*", "images.*"):
            stage.cloud.wire.fail(name, code, times=nth)
        for _ in range(40):
            attempt(stage.apply)
            if stage.cloud.catalogue.rollbacks:
                break
        play(stage, lambda: None, most=60)

        assert serves(stage) in ("original", "replacement")


@pytest.mark.parametrize(
    "call",
    [
        "machines.launch",
        "machines.health",
        "machines.tag",
        "targets.health",
        "targets.register",
        "targets.deregister",
        "addresses.find",
        "addresses.disassociate",
        "addresses.associate",
        "machines.stop",
        "configurations.user_data",
    ],
)
def test_a_call_that_is_denied_on_the_way_leads_back_to_the_original(call: str) -> None:
    """The rights come back only after it has turned back."""
    stage = Stage()
    stage.cloud.wire.deny(call)
    attempt(stage.apply)
    for _ in range(6):
        resume(stage)
    stage.cloud.wire.calm()
    play(stage, lambda: None)

    assert serves(stage) == "original"
