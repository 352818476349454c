"""The DNS names that EC2 gives to addresses (VPC User Guide, "DNS attributes for your VPC")."""

from typing import Any


def private_dns_name(region: str, address: str) -> str:
    """The IP-based host name of a private address."""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"


def public_dns_name(backend: Any, vpc_id: str, address: str) -> str:  # noqa: ANN401 - moto's backend
    """The public host name of a public address; empty where the VPC gives no host names."""
    vpc = backend.vpcs.get(vpc_id)
    if vpc is None or str(vpc.enable_dns_hostnames).lower() != "true":
        return ""
    region = backend.region_name
    domain = (
        "compute-1.amazonaws.com" if region == "us-east-1" else f"{region}.compute.amazonaws.com"
    )
    return f"ec2-{address.replace('.', '-')}.{domain}"
