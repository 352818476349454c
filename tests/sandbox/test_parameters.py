"""EC2 refuses parameters that its model does not have, before it looks at anything."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=123456789012/20261123/us-east-1/ec2/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


def ask(**form: str) -> tuple[int, str]:
    """Send a form to EC2 as it is, past what an SDK would check."""
    headers = HTTPHeaders()
    headers["Authorization"] = SIGNED
    headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    request = AWSPreparedRequest(
        "POST",
        "https://ec2.us-east-1.amazonaws.com/",
        headers,
        urlencode({"Version": "2016-11-15", **form}).encode(),
        stream_output=False,
    )
    answer: Any = botocore_stubber.process_request(request)
    status, _, body = answer
    return status, body.decode() if isinstance(body, bytes) else body


@pytest.mark.parametrize(
    ("form", "code", "named"),
    [
        ({"Action": "FlyToTheMoon"}, "InvalidAction", "FlyToTheMoon"),
        ({"Action": "DescribeVpcs", "Colour": "red"}, "UnknownParameter", "Colour"),
        ({"Action": "DescribeVpcs", "Filter.1.Nam": "x"}, "UnknownParameter", "Filter.1.Nam"),
        ({"Action": "DescribeVpcs", "Filter.x.Name": "x"}, "UnknownParameter", "Filter.x.Name"),
        ({"Action": "DescribeVpcs", "VpcId.1.Name": "x"}, "UnknownParameter", "VpcId.1.Name"),
        ({"Action": "CreateImage", "Name": "n"}, "MissingParameter", "InstanceId"),
        ({"Action": "TerminateInstances"}, "MissingParameter", "InstanceId"),
        (
            {"Action": "DescribeVpcs", "MaxResults": "many"},
            "InvalidParameterValue",
            "invalid: 'many' is not a number",
        ),
        ({}, "MissingAction", "Action"),
    ],
)
def test_ec2_names_what_is_wrong_with_a_request(
    aws: Sandbox, form: dict[str, str], code: str, named: str
) -> None:
    """EC2 API Reference, "Error codes": client errors for common parameters."""
    status, body = ask(**form)

    assert status == 400
    assert f"<Code>{code}</Code>" in body
    assert named in body


@pytest.mark.parametrize(
    "form",
    [
        {"Action": "DescribeVpcs", "Filter.1.Name": "vpc-id", "Filter.1.Value.1": "vpc-1"},
        {"Action": "DescribeVpcs", "DryRun": "false", "MaxResults": "5"},
        {"Action": "DescribeVpcs", "X-Amz-Security-Token": "x"},
        {"Action": "DescribeRegions"},
    ],
)
def test_what_the_model_knows_passes(aws: Sandbox, form: dict[str, str]) -> None:
    """Lists are numbered, structures dotted."""
    assert ask(**form)[0] == 200


def test_every_parameter_that_the_sdk_can_send_is_known(aws: Sandbox, ec2: "EC2Client") -> None:
    """Names as botocore writes them, nested ones included."""
    ec2.run_instances(
        ImageId="ami-0abc0000000000001",
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvdf", "Ebs": {"VolumeSize": 1}}],
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]},
        ],
        MetadataOptions={"HttpTokens": "required"},
        Placement={"Tenancy": "default"},
    )

    assert aws.calls.all()[-1]["outcome"] == "ok"
