"""Real fleets: building in the sandbox what ``aws ec2 describe-instances`` printed.

Ids, tags, zones, addresses, times and states are kept; what a recording does not say
(the size of a disk, the range of a subnet) is made up plausibly.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.session import get_session
from moto.ec2.models import ec2_backends

from sandbox import base_images
from sandbox.fleet_documents import FleetError, Machine, parse, read
from sandbox.fleet_machines import build_machine
from sandbox.fleet_surroundings import Surroundings

__all__ = ["FleetError", "Machine", "build", "load", "parse", "read"]


def load(document: object) -> list[str]:
    """Build every instance in *document* and return their ids.

    Raises ``FleetError``, having built nothing, when the document is not what
    describe-instances prints, or when one of its ids is taken already.
    """
    return build(read(document))


def build(machines: Iterable[Machine]) -> list[str]:
    """Build the machines and what they stand in; all or, with ``FleetError``, none."""
    homes: dict[tuple[str, str], list[Machine]] = defaultdict(list)
    for machine in machines:
        homes[machine.account, machine.region].append(machine)
    backends = {home: _backend(*home, here) for home, here in homes.items()}
    _refuse_taken(homes, backends)
    for home, here in homes.items():
        Surroundings(backends[home], here).build()
        for machine in here:
            build_machine(backends[home], machine)
    return [machine.id for here in homes.values() for machine in here]


def _backend(account: str, region: str, here: list[Machine]) -> Any:  # noqa: ANN401 - ours by install()
    if region not in ec2_backends[account]:
        known = ", ".join(get_session().get_available_regions("ec2")[:3])
        raise FleetError(
            f"{here[0].id}: the zone {here[0].zone!r} is in no region of EC2 (like {known})"
        )
    base_images.prepare(account, region, "ec2")
    return ec2_backends[account][region]


def _refuse_taken(
    homes: dict[tuple[str, str], list[Machine]], backends: dict[tuple[str, str], Any]
) -> None:
    """Refuse ids that the sandbox has from before, and one instance listed twice."""
    instances = {each for regions in ec2_backends.values() for each in _instances(regions)}
    for home, here in homes.items():
        for machine in here:
            if machine.id in instances:
                raise _taken(machine, machine.id)
            instances.add(machine.id)
            for kind, taken in (
                ("volumes", _volume_ids(machine)),
                ("enis", _interface_ids(machine)),
            ):
                for each in taken:
                    if each in getattr(backends[home], kind):
                        raise _taken(machine, each)


def _instances(regions: dict[str, Any]) -> Iterator[str]:
    for backend in dict.values(regions):
        yield from backend.machines


def _taken(machine: Machine, what: str) -> FleetError:
    whose = "" if what == machine.id else f" (of {machine.id})"
    return FleetError(
        f"{what}{whose} is in the sandbox already; load each fleet once, into a fresh sandbox"
    )


def _volume_ids(machine: Machine) -> list[str]:
    mapping = machine.instance.get("BlockDeviceMappings") or ()
    return [(each.get("Ebs") or {}).get("VolumeId", "") for each in mapping]


def _interface_ids(machine: Machine) -> list[str]:
    interfaces = machine.instance.get("NetworkInterfaces") or ()
    return [each.get("NetworkInterfaceId", "") for each in interfaces]
