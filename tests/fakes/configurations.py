"""Capturing configurations from the fake cloud, and the vault that seals user data."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from chalicelib.domain.configuration import Attributes, Configuration, Target, UserData
from chalicelib.domain.instance import Instance
from tests.fakes.place import FakeMachine, Place
from tests.fakes.wire import Wire, port, refusal


@dataclass(slots=True)
class FakeVault:
    """``ports.Vault``; without a key nothing is kept."""

    wire: Wire
    has_key: bool = True

    @property
    def region(self) -> str:
        """The home region's."""
        return ""

    def seal(self, lineage: str, secret: bytes) -> str:
        """Ciphertext of a kind: it names whom it opens for."""
        return f"{lineage}|{b64encode(secret).decode()}" if self.has_key else ""

    @port("vault.unseal")
    def unseal(self, lineage: str, sealed: str) -> bytes:
        """For its own lineage only, and only while the key is there."""
        owner, _, body = sealed.partition("|")
        if owner != lineage or not self.has_key:
            raise refusal("decrypt user data from the catalogue", "InvalidCiphertextException")
        return b64decode(body)


@dataclass(frozen=True, slots=True)
class FakeConfigurations:
    """``ports.Configurations`` over one place."""

    place: Place
    wire: Wire
    vault: FakeVault

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("configurations.describe")
    def describe(self, instances: Sequence[Instance]) -> dict[str, Configuration]:
        """Volumes, addresses and targets added to what DescribeInstances told."""
        self.place.settle()
        return {i.instance_id: self._described(i) for i in instances}

    @port("configurations.attributes")
    def attributes(self, instance_id: str, lineage: str) -> tuple[Attributes, tuple[str, ...]]:
        """Protections, and user data by its digest."""
        machine = self._machine(instance_id)
        secret = machine.user_data.encode()
        sealed = UserData()
        if secret:
            sealed = UserData(
                digest=sha256(lineage.encode() + b"\0" + secret).hexdigest(),
                length=len(secret),
                sealed=self.vault.seal(lineage, secret),
            )
        return replace(machine.attributes, user_data=sealed), self.place.unreadable

    @port("configurations.user_data")
    def user_data(self, instance_id: str) -> str:
        """Base64, as EC2 tells it."""
        return self._machine(instance_id).user_data

    @port("configurations.missing")
    def missing(self, configuration: Configuration) -> tuple[str, ...]:
        """The subnets that are gone."""
        wanted = {i.subnet_id for i in configuration.interfaces}
        lost = sorted(wanted & self.place.gone_subnets)
        return tuple(f"the subnet {subnet} no longer exists" for subnet in lost)

    def _machine(self, instance_id: str) -> FakeMachine:
        machine = self.place.machines.get(instance_id)
        if machine is None:
            raise refusal(f"read attributes of {instance_id}", "InvalidInstanceID.NotFound")
        return machine

    def _described(self, instance: Instance) -> Configuration:
        machine = self.place.machines[instance.instance_id]
        interfaces = [i.interface_id for i in machine.configuration.interfaces]
        return replace(
            instance.configuration,
            disks=machine.configuration.disks,
            addresses=tuple(
                a for _, a in sorted(self.place.addresses.items()) if a.interface_id in interfaces
            ),
            targets=self._targets(machine),
        )

    def _targets(self, machine: FakeMachine) -> tuple[Target, ...]:
        ips = {ip for i in machine.configuration.interfaces for ip in i.private_ips}
        return tuple(
            Target(group_arn=arn, target_id=target, port=number)
            for (arn, target, number), held in sorted(self.place.registrations.items())
            if (target == machine.id or target in ips) and held.draining_since is None
        )
