"""Whatever goes wrong inside, the client gets an error that AWS could have sent."""

import json

import pytest
from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException

from sandbox.replies import Refusal, Reply, code_of, from_exception, refusal


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (Refusal("Own", "m", 418), "Own", 418),
        (ServiceException("FromMoto", "m"), "FromMoto", 400),
        (ClientError({"Error": {"Code": "FromSdk", "Message": "m"}}, "op"), "FromSdk", 400),
        (ClientError({}, "op"), "ValidationError", 400),
        (NotImplementedError("The x action has not been implemented"), "InvalidAction", 400),
        (
            NotImplementedError("The filter 'bogus' for DescribeX has not been implemented"),
            "InvalidParameterValue",
            400,
        ),
        (
            NotImplementedError("Filter dicts have not been implemented in Moto for 'bogus' yet"),
            "InvalidParameterValue",
            400,
        ),
        (KeyError("oops"), "InternalError", 500),
    ],
)
def test_every_exception_stands_for_an_error_of_aws(
    error: Exception, code: str, status: int
) -> None:
    """Moto's own, the SDK's, missing actions, unknown filters, and plain mistakes."""
    said = from_exception("ec2", "DescribeX", error)

    assert (said.code, said.status) == (code, status)
    assert "oops" not in said.message


@pytest.mark.parametrize("protocol", ["ec2", "query", "rest-xml", "json", "rest-json"])
@pytest.mark.parametrize("status", [400, 500])
def test_an_error_can_be_read_back_in_every_protocol(protocol: str, status: int) -> None:
    """Code in body and header; markup in a message is escaped."""
    reply = refusal(protocol, Refusal("Some.Code", "a < b & c", status))

    assert reply.status == status
    assert code_of(reply) == "Some.Code"
    assert reply.headers["x-amzn-ErrorType"] == "Some.Code"
    assert b"a < b & c" in reply.body or b"a &lt; b &amp; c" in reply.body


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, {}, b""), "ok"),
        (Reply(404, {}, b""), "404"),
        (Reply(404, {"X-Amzn-ErrorType": "NotHere:http://aws"}, b""), "NotHere"),
        (Reply(400, {}, json.dumps({"__type": "com.amazon#Bad"}).encode()), "Bad"),
        (Reply(400, {}, json.dumps({"code": "Bad"}).encode()), "Bad"),
        (Reply(400, {}, b"[]"), "400"),
    ],
)
def test_the_code_of_an_answer_is_found_wherever_it_is(reply: Reply, code: str) -> None:
    """For the record of calls."""
    assert code_of(reply) == code
