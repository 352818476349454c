"""Elastic IPs: never taken from a third party, always looked at again after a move."""

from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated
from chalicelib.domain.configuration import ElasticAddress
from chalicelib.domain.errors import MissingError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


class AddressGateway:
    """The Elastic IPs of one region."""

    def __init__(self, client: "EC2Client") -> None:
        self._client = client

    def find(self, allocation_id: str) -> ElasticAddress | None:
        """Where the address stands now; all but its ids empty when it stands nowhere."""
        with translated(f"look up the address {allocation_id}"):
            answer = self._client.describe_addresses(
                Filters=[{"Name": "allocation-id", "Values": [allocation_id]}]
            )
        for found in answer["Addresses"]:
            return ElasticAddress(
                allocation_id=allocation_id,
                association_id=found.get("AssociationId", ""),
                public_ip=found.get("PublicIp", ""),
                interface_id=found.get("NetworkInterfaceId", ""),
                private_ip=found.get("PrivateIpAddress", ""),
            )
        return None

    def associate(self, allocation_id: str, interface_id: str, private_ip: str) -> str:
        """Put a free address on a private address; refused by EC2 if it stands elsewhere.

        ``AllowReassociation`` is false: by default EC2 would take the address from
        whoever holds it (AssociateAddress, API reference). Returns the association's id.
        """
        with translated(f"associate {allocation_id} with {interface_id}"):
            answer = self._client.associate_address(
                AllocationId=allocation_id,
                NetworkInterfaceId=interface_id,
                PrivateIpAddress=private_ip,
                AllowReassociation=False,
            )
        return answer["AssociationId"]

    def disassociate(self, association_id: str) -> bool:
        """Take the address off; false if that association no longer exists."""
        try:
            with translated(f"disassociate {association_id}"):
                self._client.disassociate_address(AssociationId=association_id)
        except MissingError:
            return False
        return True
