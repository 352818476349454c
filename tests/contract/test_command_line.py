"""The AWS CLI as a process does what its driver does in ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from sandbox import world
from sandbox.process import ENVIRONMENT
from sandbox.server import Server
from tests.contract.command_line import CommandError, CommandLine, refusal
from tests.contract.place import HOME, NOON, OWNER

AWS = Path(sys.executable).parent / "aws"


def test_the_executable_answers_as_its_driver_does() -> None:
    """`aws ec2 describe-images`, in a process of its own and in ours."""
    world.begin(NOON, frozen=True)
    with Server() as server:
        ran = subprocess.run(  # noqa: S603 - the installed CLI, with our own arguments
            [
                *(str(AWS), "--endpoint-url", server.url, "--output", "json"),
                *("ec2", "describe-images", "--owners", "amazon", "--no-paginate"),
            ],
            env={**ENVIRONMENT, "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        ours = CommandLine(server.url).client("ec2", HOME, OWNER).describe_images(Owners=["amazon"])
    world.reset()

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == ours
    assert ours["Images"]


def test_a_refusal_is_told_apart_from_a_bad_command() -> None:
    """What AWS said has a code; what the CLI itself said has none."""
    said = refusal(
        "\nAn error occurred (InvalidAMIID.NotFound) when calling the DescribeImages operation"
        " (reached max retries: 0): The image id '[ami-1]' does not exist\n"
    )
    assert isinstance(said, ClientError)
    assert said.response["Error"]["Code"] == "InvalidAMIID.NotFound"
    assert said.response["Error"]["Message"] == "The image id '[ami-1]' does not exist"
    assert isinstance(refusal("Unknown options: --bogus"), CommandError)
    assert not isinstance(refusal("Parameter validation failed"), ParamValidationError)


def test_a_command_that_does_not_exist_has_no_method() -> None:
    """As with boto3."""
    ec2 = CommandLine("http://127.0.0.1:9").client("ec2", HOME, OWNER)

    with pytest.raises(AttributeError, match="no command bake-bread"):
        _ = ec2.bake_bread
