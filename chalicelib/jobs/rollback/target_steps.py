"""Steps that hand target groups over: the replacement joins before the original leaves."""

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.configuration import Target
from chalicelib.domain.errors import MissingError
from chalicelib.domain.rollback.journal import StepRecord
from chalicelib.jobs.rollback.scene import (
    Progress,
    Scene,
    counterpart,
    done,
    fail,
    overdue,
    wait,
)

_HEALTH_LIMIT = timedelta(minutes=15)
_DRAIN_LIMIT = timedelta(minutes=65)
"""A deregistration delay is at most an hour (elbv2, target group attributes)."""


def join(scene: Scene, step: StepRecord) -> Progress:
    """Register the replacement everywhere, wait until every group finds it healthy.

    What it was registered as is remembered: a dead one has no address to tell it by.
    """
    if absence := scene.absence():
        return fail(absence)
    targets, lost = _replacement_targets(scene)
    if lost:
        return fail(f"the replacement has no address that stands for {', '.join(lost)}")
    progress = _joined(scene, step, targets)
    return replace(progress, facts={"joined": " ".join(t.target_id for t in targets)})


def _joined(scene: Scene, step: StepRecord, targets: tuple[Target, ...]) -> Progress:
    health = scene.region.targets.health(targets)
    for target in targets:
        if target not in health or health[target].state == "draining":
            scene.region.targets.register(target)
    waiting = [
        f"{_name(t)} {health[t].state if t in health else 'registering'}"
        for t in targets
        if t not in health or not health[t].serves
    ]
    if not waiting:
        return done(f"healthy in {len(targets)} target group(s)")
    if overdue(scene, step, _HEALTH_LIMIT):
        return fail(f"not healthy within {_HEALTH_LIMIT}: {', '.join(waiting)}")
    return wait(", ".join(waiting))


def unjoin(scene: Scene, step: StepRecord) -> Progress:
    """Take the replacement out of every group and let it drain."""
    if "joined" in step.facts:
        names = step.facts["joined"].split()
        pairs = zip(scene.wanted.targets, names, strict=True)
        targets = tuple(replace(target, target_id=name) for target, name in pairs)
    else:
        targets, _ = _replacement_targets(scene)
    return _drained(scene, step, targets)


def leave(scene: Scene, step: StepRecord) -> Progress:
    """Take the original out of every group and let it drain, while the replacement runs."""
    if absence := scene.absence():
        return fail(absence)
    before = scene.region.targets.health(scene.wanted.targets)
    served = step.facts.get("served") or ("yes" if any(h.serves for h in before.values()) else "no")
    progress = _drained(scene, step, scene.wanted.targets)
    return replace(progress, facts={**progress.facts, "served": served})


def rejoin(scene: Scene, step: StepRecord) -> Progress:
    """Register the original again; wait for its health if it had any before."""
    targets = scene.wanted.targets
    health = scene.region.targets.health(targets)
    for target in targets:
        if target not in health or health[target].state == "draining":
            try:
                scene.region.targets.register(target)
            except MissingError:  # somebody deleted the group: there is nothing to go back to
                targets = tuple(t for t in targets if t.group_arn != target.group_arn)
    ready = all(t in health and health[t].serves for t in targets)
    if ready:
        return done("the original is healthy in its target groups again")
    if step.facts.get("served") == "no":
        return done("the original is registered again; it was not healthy before either")
    if overdue(scene, step, _HEALTH_LIMIT):
        return done("the original is registered again, but its target groups find it unhealthy")
    return wait("the original is registered again, waiting for its health")


def _drained(scene: Scene, step: StepRecord, targets: tuple[Target, ...]) -> Progress:
    health = scene.region.targets.health(targets)
    for target in targets:
        if target in health and health[target].state != "draining":
            scene.region.targets.deregister(target)
    health = scene.region.targets.health(targets)
    if not health:
        return done("deregistered and drained")
    if overdue(scene, step, _DRAIN_LIMIT):
        return done(f"deregistered; still draining after {_DRAIN_LIMIT}")
    return wait(", ".join(f"{_name(t)} {h.state}" for t, h in health.items()))


def _replacement_targets(scene: Scene) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The replacement's registrations, and those of the original that have no counterpart."""
    replacement = scene.replacement()
    if replacement is None:
        return (), ()
    targets: list[Target] = []
    lost: list[str] = []
    old = scene.former()
    for target in scene.wanted.targets:
        if target.target_id == scene.journal.instance_id:
            targets.append(replace(target, target_id=replacement.instance_id))
            continue
        place = counterpart(target.target_id, old, replacement.configuration)
        if place is None:
            lost.append(target.target_id)
        else:
            targets.append(replace(target, target_id=place[1]))
    return tuple(targets), tuple(lost)


def _name(target: Target) -> str:
    """``web port 80``: the group's name out of its ARN."""
    parts = target.group_arn.split("/")
    return f"{parts[1] if len(parts) > 1 else target.group_arn} port {target.port}"
