"""The step that stops the original, and starts it again. It is never terminated."""

from datetime import timedelta

from chalicelib.domain.instance import InstanceState
from chalicelib.domain.rollback.journal import StepRecord
from chalicelib.jobs.rollback.scene import Progress, Scene, done, fail, overdue, wait

_PROOF_LIMIT = timedelta(minutes=20)


def stop(scene: Scene, step: StepRecord) -> Progress:
    """Stop the original and see it stopped. A shutdown that hangs is waited for, not forced.

    A replacement that died since it was proven is no reason to stop anything.
    """
    original = scene.original()
    if original is None or original.state is InstanceState.TERMINATED:
        return done("the original is gone: somebody else terminated it")
    if original.state is InstanceState.STOPPED:
        return done("stopped and kept with its volumes")
    if original.state is InstanceState.RUNNING:
        if absence := scene.absence():
            return fail(absence)
        if step.params.get("stop_protection") == "lifted":
            scene.region.machines.allow_stop(original.instance_id, allowed=True)
        scene.region.machines.stop(original.instance_id)
        return wait("asked to stop")
    return wait(f"the original is {original.state.value}")


def start_again(scene: Scene, step: StepRecord) -> Progress:
    """Start the original and wait for its status checks before anything goes back to it."""
    original = scene.original()
    if original is None or original.state in (
        InstanceState.TERMINATED,
        InstanceState.SHUTTING_DOWN,
    ):
        return fail("the original is terminated: there is nothing to go back to")
    if original.state is InstanceState.STOPPED:
        scene.region.machines.start(original.instance_id)
        return wait("asked to start")
    if original.state is not InstanceState.RUNNING:
        return wait(f"the original is {original.state.value}")
    if step.params.get("stop_protection") == "lifted":
        scene.region.machines.allow_stop(original.instance_id, allowed=False)
    health = scene.region.machines.health(original.instance_id)
    if health.passed:
        return done("the original runs and passes its status checks")
    if overdue(scene, step, _PROOF_LIMIT):
        return done(f"the original runs, but does not pass its status checks: {health}")
    return wait(f"the original runs; {health}")
