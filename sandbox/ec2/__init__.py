"""EC2 with its real rules: moto's backend and responses, corrected by mixins.

Each module holds ``<Family>Rules`` (mixed into moto's backend: the state and the
rules) and, where the wire format needs it, ``<Family>Actions`` (mixed into moto's
responses). Listing one here is all it takes to put it in force.
"""

from moto.ec2 import urls
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.responses import EC2Response


class SandboxEC2Backend(
    EC2Backend,
):
    """moto's EC2 for one account and region, corrected."""


class SandboxEC2Response(
    EC2Response,
):
    """moto's EC2 wire format, corrected."""


def install() -> None:
    """Put the corrected EC2 in moto's place for this whole process (idempotent)."""
    ec2_backends.backend = SandboxEC2Backend
    urls.url_paths = {"{0}/": SandboxEC2Response.dispatch}
