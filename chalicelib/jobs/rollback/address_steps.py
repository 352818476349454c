"""The step that moves one Elastic IP, and moves it back. Never from a third party."""

from chalicelib.domain.rollback.journal import StepRecord
from chalicelib.jobs.rollback.scene import Progress, Scene, counterpart, done, fail, wait


def move(scene: Scene, step: StepRecord) -> Progress:
    """Take the address off the original and put it on the replacement's counterpart place."""
    replacement = scene.replacement()
    if replacement is None:
        return fail("the replacement is gone")
    place = counterpart(step.params["from_private_ip"], scene.former(), replacement.configuration)
    if place is None:
        return fail(
            f"the replacement has no address that stands for {step.params['from_private_ip']}"
        )
    progress = _bring(scene, step.params["allocation"], step.params["from_interface"], place)
    return progress if progress is not None else fail("the address was released or taken elsewhere")


def move_back(scene: Scene, step: StepRecord) -> Progress:
    """Put the address where it stood; one that a third party has by now is left alone."""
    replacement = scene.replacement()
    held_by = "" if replacement is None else _interfaces(scene)
    place = (step.params["from_interface"], step.params["from_private_ip"])
    progress = _bring(scene, step.params["allocation"], held_by, place)
    if progress is None:
        return done("the address was released or taken elsewhere by now: it is left alone")
    return progress


def _bring(scene: Scene, allocation: str, holders: str, place: tuple[str, str]) -> Progress | None:
    """One look and at most two calls towards *place*; ``None`` if the address is not ours to move.

    *holders* are the interfaces that it may be taken from, separated by spaces.
    """
    addresses = scene.region.addresses
    now = addresses.find(allocation)
    if now is None:
        return None
    if (now.interface_id, now.private_ip) == place:
        return done(f"{now.public_ip} is on {place[1]}")
    if now.association_id:
        if now.interface_id not in holders.split():
            return None
        addresses.disassociate(now.association_id)
    addresses.associate(allocation, *place)
    seen = addresses.find(allocation)
    if seen is not None and (seen.interface_id, seen.private_ip) == place:
        return done(f"{seen.public_ip} is on {place[1]}")
    return wait(f"{now.public_ip} is on its way to {place[1]}")


def _interfaces(scene: Scene) -> str:
    replacement = scene.replacement()
    if replacement is None:
        return ""
    return " ".join(i.interface_id for i in replacement.configuration.interfaces)
