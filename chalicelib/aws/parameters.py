"""Reading one Systems Manager parameter: where operators may keep their plans."""

from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


def read_parameter(client: "SSMClient", name: str) -> str:
    """The parameter's text, decrypted if it is a SecureString; ``AwsError`` if there is none."""
    with translated(f"read the plans from the parameter {name}"):
        answer = client.get_parameter(Name=name, WithDecryption=True)
    return answer["Parameter"].get("Value", "")
