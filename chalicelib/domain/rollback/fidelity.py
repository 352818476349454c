"""The fidelity report: for each property in question, what becomes of it and why."""

import enum
from dataclasses import dataclass

from chalicelib.domain.configuration import Configuration, Disk, Interface


class Fate(enum.Enum):
    """What a relaunch does with a property."""

    RESTORED = "restored"
    SUBSTITUTED = "substituted"
    LOST = "not restorable"


@dataclass(frozen=True, slots=True)
class Line:
    """One property of the machine."""

    name: str
    fate: Fate
    value: str
    why: str = ""
    observed: str = ""
    """After the launch: what EC2 says it is now; empty in a plan."""

    def as_json(self) -> dict[str, str]:
        """The line as plans and reports print it."""
        return {
            "property": self.name,
            "fate": self.fate.value,
            "value": self.value,
            "why": self.why,
            "observed": self.observed,
        }


def properties(configuration: Configuration) -> dict[str, str]:
    """What can be compared before and after a relaunch, by property name.

    Ids that EC2 gives anew and addresses are not among them: they can only differ.
    """
    c = configuration
    told = {
        "instance type": c.instance_type,
        "availability zone": c.placement.zone,
        "tenancy": c.placement.tenancy,
        "placement group": c.placement.group,
        "key pair": c.key_name,
        "instance profile": c.profile_arn,
        "detailed monitoring": _yes(c.monitoring),
        "EBS optimized": _yes(c.ebs_optimized),
        "credit specification": c.credit,
        "auto recovery": c.auto_recovery,
        "reboot migration": c.reboot_migration,
        "metadata options": (
            f"tokens {c.metadata.tokens}, hops {c.metadata.hop_limit}, "
            f"endpoint {c.metadata.endpoint}, ipv6 {c.metadata.ipv6}, "
            f"tags {c.metadata.instance_tags}"
        ),
        "shutdown behavior": c.attributes.shutdown_behavior,
        "termination protection": _yes(c.attributes.api_termination_disabled),
        "stop protection": _yes(c.attributes.api_stop_disabled),
        "hibernation": _yes(c.hibernation),
        "enclave": _yes(c.enclave),
        "hostname type": c.hostname_type,
        "market": c.lifecycle or "on-demand",
        "tags": ", ".join(f"{k}={v}" for k, v in sorted(own_tags(c).items())),
    }
    for disk in c.disks:
        told[f"volume {disk.device}"] = spell_disk(disk)
    for interface in c.interfaces:
        told[f"interface {interface.device_index}"] = spell_interface(interface)
    return told


def own_tags(configuration: Configuration) -> dict[str, str]:
    """The user's own tags: neither AWS's nor those that Snapback sets."""
    ours = ("snapback:lineage", "snapback:rollback")
    return {
        k: v
        for k, v in configuration.tags.items()
        if not k.lower().startswith("aws:") and k not in ours
    }


def spell_disk(disk: Disk) -> str:
    """A volume in a few words: ``8 GiB gp3, 3000 IOPS, 125 MiB/s, encrypted, goes with ...``."""
    parts = [f"{disk.size_gib} GiB {disk.volume_type}".strip()]
    if disk.iops and disk.volume_type != "gp2":
        parts.append(f"{disk.iops} IOPS")
    if disk.throughput:
        parts.append(f"{disk.throughput} MiB/s")
    parts.append(f"encrypted {disk.kms_key_id}".strip() if disk.encrypted else "not encrypted")
    parts.append(f"deleted at termination: {_yes(disk.delete_on_termination)}")
    return ", ".join(parts)


def spell_interface(interface: Interface) -> str:
    """What of an interface a relaunch can repeat; EC2 tells groups in no order."""
    return (
        f"{interface.subnet_id}, groups {'+'.join(sorted(interface.groups)) or 'none'}, "
        f"{len(interface.private_ips)} private address(es), "
        f"source/dest check {_yes(interface.source_dest_check)}"
    )


def compare(wanted: Configuration, observed: Configuration) -> tuple[Line, ...]:
    """After a launch: each property of *wanted* beside what EC2 says of the replacement.

    What the original's description left open is not compared: EC2 fills it with defaults.
    """
    before, after = properties(wanted), properties(observed)
    return tuple(
        _compared(name, value, after.get(name, "")) for name, value in before.items() if value
    )


def _compared(name: str, wanted: str, observed: str) -> Line:
    if observed == wanted:
        return Line(name, Fate.RESTORED, wanted, observed=observed)
    return Line(name, Fate.SUBSTITUTED, wanted, f"wanted {wanted}", observed or "absent")


def _yes(flag: bool) -> str:  # noqa: FBT001 (it spells the flag, it is no switch)
    return "yes" if flag else "no"
