"""The composition root: the one place where settings, gateways and jobs meet.

Everything is built on first use, so that importing ``app`` touches nothing.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from chalicelib.aws.addresses import AddressGateway
from chalicelib.aws.blocks import BlockGateway
from chalicelib.aws.catalogue import Catalogue
from chalicelib.aws.configurations import ConfigurationReader
from chalicelib.aws.images import ImageGateway
from chalicelib.aws.instances import InstanceReader
from chalicelib.aws.launchers import LauncherReader
from chalicelib.aws.machines import MachineGateway
from chalicelib.aws.parameters import read_parameter
from chalicelib.aws.session import Session
from chalicelib.aws.snapshots import SnapshotReader
from chalicelib.aws.table import Table
from chalicelib.aws.target_groups import TargetGroupGateway
from chalicelib.aws.vault import KmsVault
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.guards import Guard
from chalicelib.domain.plans import PlanBook, parse_plans
from chalicelib.jobs.lineages import Terms
from chalicelib.jobs.ports import Region, Site
from chalicelib.jobs.rollback.commands import Desk
from chalicelib.jobs.tick import Schedules
from chalicelib.settings import Settings


@dataclass(frozen=True)
class Wiring:
    """One caller, one home region, and everything that jobs need, built when asked for."""

    settings: Settings
    session: Session

    @cached_property
    def home(self) -> str:
        """The region of the catalogue; ``InvalidInputError`` when nothing names one."""
        home = self.settings.home_region or self.session.region
        return self._known(home)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions looked after, each with its gateways."""
        names = self.settings.regions or (self._known(self.session.region),)
        return tuple(self._region(self._known(n)) for n in names)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue in the home region."""
        return Catalogue(Table(self.session.dynamodb(self.home), self.settings.table))

    @cached_property
    def vault(self) -> KmsVault:
        """Where user data is sealed, if anywhere."""
        return KmsVault(lambda: self.session.kms(self.home), self.settings.kms_key)

    @cached_property
    def plans(self) -> PlanBook:
        """The built-in plans and the operator's."""
        return parse_plans(self._plan_text())

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every region with the catalogue and the deployment: what scheduled jobs work on."""
        deployment = self.settings.deployment
        return tuple(
            Site(region=region, catalogue=self.catalogue, deployment=deployment)
            for region in self.regions
        )

    @cached_property
    def schedules(self) -> Schedules:
        """The plans, and the tag that asks for them."""
        return Schedules(book=self.plans, plan_tag=self.settings.plan_tag)

    def terms(
        self,
        *,
        apply: bool,
        lineage: str = "",
        overrides: frozenset[Guard] = frozenset(),
        digest: str = "",
    ) -> Terms:
        """How expiry is run here."""
        return Terms(
            schedules=self.schedules,
            quarantine=self.settings.quarantine,
            apply=apply,
            lineage=lineage,
            overrides=overrides,
            digest=digest,
        )

    @property
    def caller(self) -> str:
        """Whose credentials these are, for the record."""
        return self.session.caller(self.home)

    @cached_property
    def desk(self) -> Desk:
        """What rollbacks work with."""
        return Desk(regions=self.regions, catalogue=self.catalogue, vault=self.vault)

    def _region(self, name: str) -> Region:
        ec2 = self.session.ec2(name)
        targets = TargetGroupGateway(self.session.elbv2(name))
        return Region(
            name=name,
            instances=InstanceReader(ec2, name),
            images=ImageGateway(
                ec2, name, self.settings.deployment, lambda: self.session.ssm(name)
            ),
            snapshots=SnapshotReader(ec2, name),
            blocks=BlockGateway(lambda: self.session.ebs(name)),
            launchers=LauncherReader(lambda: self.session.autoscaling(name), name),
            configurations=ConfigurationReader(ec2, targets, self.vault),
            machines=MachineGateway(ec2),
            addresses=AddressGateway(ec2),
            targets=targets,
        )

    def _known(self, region: str) -> str:
        if not region:
            raise InvalidInputError(
                "no region is set", hint="give --region, or set AWS_REGION or a profile with one"
            )
        if not self.session.is_region(region):
            raise InvalidInputError(
                f"region {region!r} is not a region of EC2",
                hint="it looks like eu-west-1; see --region, AWS_REGION and SNAPBACK_REGIONS",
            )
        return region

    def _plan_text(self) -> str:
        source = self.settings.plans
        if source.startswith("ssm:"):
            return read_parameter(self.session.ssm(self.home), source.removeprefix("ssm:"))
        if "\n" in source or "=" in source or not source:
            return source
        try:
            return Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as err:
            why = err.strerror if isinstance(err, OSError) else "it is no UTF-8 text"
            raise InvalidInputError(
                f"SNAPBACK_PLANS names {source!r}, which can not be read: {why}",
                hint="give a path, ssm:PARAMETER or the TOML text itself",
            ) from err


@cache
def deployed() -> Wiring:
    """The wiring of a Lambda: its environment and its role, kept between invocations."""
    settings = Settings.from_env()
    return Wiring(settings, Session(region=settings.client_region or None))
