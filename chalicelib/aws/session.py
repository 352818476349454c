"""Clients: one session and one retry configuration for all of them."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from chalicelib.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ebs import EBSClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_ssm import SSMClient

# Every create that we retry carries a name or a client token, so a repeated attempt
# can not do its work twice; boto3's own default of three tries in a second loses
# backups as soon as a fleet meets EC2's token buckets (performance.md section 2).
_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=30,
    user_agent_extra="snapback",
)


class Session:
    """One caller's credentials, and the clients made with them.

    Clients are kept: making one reads its service's model, a quarter of a second of CPU.
    """

    def __init__(self, *, profile: str | None = None, region: str | None = None) -> None:
        """Raises ``AwsError`` for a profile that does not exist."""
        with translated(f"use the profile {profile!r}"):
            self._session = boto3.Session(profile_name=profile, region_name=region)
            # botocore itself may look only later, where nobody expects it (AWS_DATA_PATH).
            if profile is not None and profile not in self._session.available_profiles:
                raise ProfileNotFound(profile=profile)
        self.ec2 = cache(self._ec2)
        self.autoscaling = cache(self._autoscaling)
        self.elbv2 = cache(self._elbv2)
        self.dynamodb = cache(self._dynamodb)
        self.ebs = cache(self._ebs)
        self.kms = cache(self._kms)

    @property
    def region(self) -> str:
        """The client's region, or empty when neither argument nor environment names one."""
        return self._session.region_name or ""

    def is_region(self, name: str) -> bool:
        """Whether EC2 is known to have a region of this name, in any partition."""
        return any(
            name in self._session.get_available_regions("ec2", partition_name=partition)
            for partition in self._session.get_available_partitions()
        )

    def account(self, region: str) -> str:
        """The account id of the credentials (STS GetCallerIdentity)."""
        client = self._session.client("sts", region_name=region, config=_CONFIG)
        with translated("find out which account this is"):
            return client.get_caller_identity()["Account"]

    def caller(self, region: str) -> str:
        """The ARN of whoever these credentials are (STS GetCallerIdentity)."""
        client = self._session.client("sts", region_name=region, config=_CONFIG)
        with translated("find out who this is"):
            return client.get_caller_identity()["Arn"]

    def ssm(self, region: str) -> "SSMClient":
        """Systems Manager in *region*."""
        return self._session.client("ssm", region_name=region, config=_CONFIG)

    def _ec2(self, region: str) -> "EC2Client":
        return self._session.client("ec2", region_name=region, config=_CONFIG)

    def _ebs(self, region: str) -> "EBSClient":
        return self._session.client("ebs", region_name=region, config=_CONFIG)

    def _autoscaling(self, region: str) -> "AutoScalingClient":
        return self._session.client("autoscaling", region_name=region, config=_CONFIG)

    def _elbv2(self, region: str) -> "ElasticLoadBalancingv2Client":
        return self._session.client("elbv2", region_name=region, config=_CONFIG)

    def _dynamodb(self, region: str) -> "DynamoDBClient":
        return self._session.client("dynamodb", region_name=region, config=_CONFIG)

    def _kms(self, region: str) -> "KMSClient":
        return self._session.client("kms", region_name=region, config=_CONFIG)
