"""Steps that make the replacement: launch it, prove it, configure it, protect it."""

from datetime import timedelta

from chalicelib.domain.errors import SnapbackError
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.launch import LaunchRequest, launch_tags
from chalicelib.domain.records import InstanceRecord, Role
from chalicelib.domain.rollback.journal import StepRecord, StepState
from chalicelib.jobs.rollback.scene import (
    Progress,
    Scene,
    client_token,
    done,
    fail,
    overdue,
    wait,
)

_LAUNCH_LIMIT = timedelta(minutes=10)
_PROOF_LIMIT = timedelta(minutes=20)
_VISIBLE = timedelta(minutes=5)
"""How long EC2 may take to show what it has just made (eventual consistency page)."""
_SERVING = ("join-targets", "move-address", "stop-original")


def launch(scene: Scene, step: StepRecord) -> Progress:
    """Launch the replacement, once: the client token makes a second try find the first."""
    del step
    token = client_token(scene.journal.id, "launch")
    found = scene.region.instances.launched_with(token)
    if found is None:
        tags, _ = launch_tags(
            scene.wanted, lineage=scene.journal.lineage, rollback=scene.journal.id
        )
        request = LaunchRequest(
            image_id=scene.journal.image_id,
            token=token,
            configuration=scene.wanted,
            tags=tags,
            devices=scene.journal.devices,
        )
        replacement = scene.region.machines.launch(request, _user_data(scene))
    else:
        replacement = found.instance_id
    scene.catalogue.put_instances([_record(scene, replacement, Role.REPLACEMENT)])
    return done(f"launched {replacement}", replacement=replacement)


def later(scene: Scene, step: StepRecord, note: str) -> Progress:
    """What a launch that EC2 put off comes to: another try, until it has been too long."""
    if overdue(scene, step, _LAUNCH_LIMIT):
        return fail(f"EC2 would not launch it within {_LAUNCH_LIMIT}: {note}")
    return wait(note)


def unlaunch(scene: Scene, step: StepRecord) -> Progress:
    """Put the replacement away: terminated if it never served, else stopped and kept."""
    found = scene.region.instances.launched_with(client_token(scene.journal.id, "launch"))
    if found is None:
        # EC2's own refusal is proof that nothing was launched; a lost answer is not.
        certain = step.facts.get("refused", "IdempotentParameterMismatch")
        if certain == "IdempotentParameterMismatch" and not overdue(scene, step, _VISIBLE):
            return wait("making sure that nothing was launched")
        return done("there is no replacement")
    if found.state is InstanceState.TERMINATED:
        return done(f"{found.instance_id} is terminated")
    if any(
        s.name.startswith(_SERVING) and s.state is not StepState.TODO for s in scene.journal.steps
    ):
        return _keep_stopped(scene, found)
    return _terminate(scene, found)


def prove(scene: Scene, step: StepRecord) -> Progress:
    """Wait until the replacement runs and passes every status check."""
    replacement = scene.replacement()
    if replacement is None:
        if overdue(scene, step, _VISIBLE):
            return fail("EC2 does not know the replacement")
        return wait("waiting for EC2 to show the replacement")
    if replacement.state not in (InstanceState.PENDING, InstanceState.RUNNING):
        reason = replacement.state_reason or "no reason given"
        return fail(f"the replacement is {replacement.state.value} ({reason})")
    if replacement.state is InstanceState.PENDING:
        note = "the replacement is pending"
    else:
        health = scene.region.machines.health(replacement.instance_id)
        if health.passed:
            return done("running, and every status check is ok")
        note = f"running; {health}"
    if overdue(scene, step, _PROOF_LIMIT):
        return fail(f"not proven within {_PROOF_LIMIT}: {note}")
    return wait(note)


def configure(scene: Scene, step: StepRecord) -> Progress:
    """Tag the replacement's volumes and set what RunInstances has no parameter for."""
    del step
    replacement = scene.replacement()
    if replacement is None:
        return fail("the replacement is gone")
    machines = scene.region.machines
    places = {
        (i.network_card_index, i.device_index): i for i in replacement.configuration.interfaces
    }
    for interface in scene.wanted.interfaces:
        twin = places.get((interface.network_card_index, interface.device_index))
        if twin is not None and twin.source_dest_check != interface.source_dest_check:
            machines.set_source_dest_check(twin.interface_id, checked=interface.source_dest_check)
    if scene.wanted.reboot_migration not in ("", replacement.configuration.reboot_migration):
        machines.set_maintenance(
            replacement.instance_id, reboot_migration=scene.wanted.reboot_migration
        )
    return done(f"{_tag_volumes(scene, replacement)} volume(s) tagged")


def protect(scene: Scene, step: StepRecord) -> Progress:
    """Give the replacement the protections of the original, last: they also bar undo."""
    del step
    asked = scene.wanted.attributes
    if not (asked.api_stop_disabled or asked.api_termination_disabled):
        return done("the original has no protections")
    scene.region.machines.protect(
        scene.journal.replacement_id,
        stop=asked.api_stop_disabled,
        terminate=asked.api_termination_disabled,
    )
    return done("protections set")


def unprotect(scene: Scene, step: StepRecord) -> Progress:
    """Lift the protections of the replacement, so that it can be stopped."""
    del step
    asked = scene.wanted.attributes
    guarded = asked.api_stop_disabled or asked.api_termination_disabled
    if guarded and scene.replacement() is not None:
        scene.region.machines.protect(scene.journal.replacement_id, stop=False, terminate=False)
    return done("no protections on the replacement")


def adopt(scene: Scene, step: StepRecord) -> Progress:
    """Make the replacement the machine of its lineage, from now on backed up in its place.

    This ends the rollback: whatever died on the way must be noticed now.
    """
    del step
    if absence := scene.absence():
        return fail(absence)
    replacement, original = scene.journal.replacement_id, scene.journal.instance_id
    scene.catalogue.put_instances(
        [
            _record(scene, replacement, Role.CURRENT),
            _record(scene, original, Role.SUPERSEDED),
        ]
    )
    return done(f"{replacement} is the current instance of {scene.journal.lineage}")


def unadopt(scene: Scene, step: StepRecord) -> Progress:
    """Make the original the machine of its lineage again."""
    del step
    original = scene.journal.instance_id
    records = [_record(scene, original, Role.CURRENT)]
    if scene.journal.replacement_id:
        records.append(_record(scene, scene.journal.replacement_id, Role.SUPERSEDED))
    scene.catalogue.put_instances(records)
    return done(f"{original} is the current instance of {scene.journal.lineage} again")


def _user_data(scene: Scene) -> str:
    source = scene.journal.user_data_from
    if source == "instance":
        return scene.region.configurations.user_data(scene.journal.instance_id)
    kind, _, digest = source.partition(":")
    if kind != "manifest":
        return ""
    manifest = scene.catalogue.manifest(scene.journal.lineage, digest)
    if manifest is None:
        raise SnapbackError(f"the manifest {digest} that holds the user data is lost")
    sealed = manifest.attributes.user_data.sealed
    return scene.vault.unseal(scene.journal.lineage, sealed).decode()


def _tag_volumes(scene: Scene, replacement: Instance) -> int:
    by_device = {d.device: d.volume_id for d in replacement.configuration.disks}
    tagged = 0
    for disk in scene.wanted.disks:
        tags = {k: v for k, v in disk.tags.items() if not k.lower().startswith("aws:")}
        if tags and disk.device in by_device:
            scene.region.machines.tag([by_device[disk.device]], tags)
            tagged += 1
    return tagged


def _terminate(scene: Scene, replacement: Instance) -> Progress:
    """Terminate it with its volumes: our token found it, so this rollback launched it."""
    if replacement.state is not InstanceState.SHUTTING_DOWN:
        machines = scene.region.machines
        keep = [d.device for d in replacement.configuration.disks if not d.delete_on_termination]
        if keep:
            machines.delete_volumes_at_termination(replacement.instance_id, keep)
        machines.terminate(replacement.instance_id)
    return wait(f"{replacement.instance_id} never served and is being terminated")


def _keep_stopped(scene: Scene, replacement: Instance) -> Progress:
    if replacement.state is InstanceState.STOPPED:
        return done(
            f"{replacement.instance_id} is stopped and kept: it holds what was written since"
        )
    if replacement.state is InstanceState.RUNNING:
        scene.region.machines.stop(replacement.instance_id)
    return wait(f"{replacement.instance_id} is {replacement.state.value}, to be stopped and kept")


def _record(scene: Scene, instance_id: str, role: Role) -> InstanceRecord:
    return InstanceRecord(
        instance_id=instance_id,
        region=scene.region.name,
        lineage=scene.journal.lineage,
        role=role,
        by_rollback=scene.journal.id,
    )
