"""Whatever is sent, the answer is one that AWS could have given."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D103

from typing import TYPE_CHECKING

import pytest
from moto.core.utils import camelcase_to_underscores

from sandbox.ec2 import SandboxEC2Response
from sandbox.ec2.id_kinds import KINDS
from sandbox.process import Sandbox
from tests.sandbox.bad_input import ask, filled, id_kinds, malformed_id, proper, service, wrongs
from tests.sandbox.scenes import code

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

EC2 = service("ec2")
HERE = [
    name
    for name in sorted(EC2.operation_names)
    if hasattr(SandboxEC2Response, camelcase_to_underscores(name))
]
"""The operations that the sandbox has."""
A_FEW = 1
SPARED = {
    "AssociateIamInstanceProfile": "needs a profile, which the least request has not",
    "BundleInstance": "not here",
    "CopyImage": "the source region comes first",
    "CopySnapshot": "the source region comes first",
    "CreateTrafficMirrorSession": "plain moto: any interface will do",
    "DescribeImageReferences": "needs one of two more parameters",
    "DisableFastSnapshotRestores": "needs zones, by name or by id",
    "EnableFastSnapshotRestores": "needs zones, by name or by id",
    "EnableVolumeIO": "not here",
    "ResetNetworkInterfaceAttribute": "not here",
    "ResetSnapshotAttribute": "not here",
}
"""Operations whose least request is refused for another reason."""


def test_no_operation_answers_bad_input_with_anything_but_an_error_of_aws(
    aws: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each operation in one wrong way, another than its neighbour; `make fuzz` does all."""
    complaints = []
    for at, name in enumerate(HERE):
        operation = EC2.operation_model(name)
        ways = list(wrongs(operation))
        for shift in range(A_FEW):
            how, document, more = ways[(A_FEW * at + shift) % len(ways)]
            answer = ask(operation, document, **more)
            if answer.complaint:
                complaints.append(f"{name}, {how}: {answer.complaint}")

    assert len(HERE) > 150
    assert complaints == []
    assert "failed inside" not in capsys.readouterr().err


def test_malformed_and_unknown_ids_have_the_codes_of_their_kind(aws: Sandbox) -> None:
    """EC2 API Reference, "Error codes": for each operation that requires an id."""
    wrong = []
    for name in HERE:
        operation = EC2.operation_model(name)
        kinds = [KINDS[each] for each in id_kinds(operation)]
        if not kinds or name in SPARED or operation.input_shape is None:
            continue
        unknown = ask(operation, filled(operation.input_shape, proper)).code
        malformed = ask(operation, filled(operation.input_shape, malformed_id)).code
        if malformed not in {kind.malformed for kind in kinds}:
            wrong.append((name, "malformed", malformed))
        if unknown not in {kind.unknown for kind in kinds}:
            wrong.append((name, "unknown", unknown))

    assert wrong == []


@pytest.mark.parametrize(
    "name", ["DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeRouteTables"]
)
def test_what_moto_lists_comes_in_pages(aws: Sandbox, ec2: "EC2Client", name: str) -> None:
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    for at in range(7):
        ec2.create_security_group(GroupName=f"g{at}", Description="x", VpcId=vpc)
    method = camelcase_to_underscores(name)
    member = {"DescribeVpcs": "Vpcs", "DescribeSubnets": "Subnets"}.get(name, name[8:])

    whole = getattr(ec2, method)()[member]
    pages = ec2.get_paginator(method).paginate(PaginationConfig={"PageSize": 5})  # type: ignore[call-overload]
    paged = [page[member] for page in pages]

    assert [each for page in paged for each in page] == whole
    assert all(len(page) <= 5 for page in paged)
    assert code(getattr(ec2, method), NextToken="bogus") == "InvalidParameterValue"
    assert code(getattr(ec2, method), MaxResults=1001) == "InvalidParameterValue"
    bogus = [{"Name": "bogus", "Values": ["x"]}]
    assert code(getattr(ec2, method), Filters=bogus) == "InvalidParameterValue"


@pytest.mark.parametrize("name", ["elbv2", "autoscaling", "ssm", "kms", "sts", "dynamodb"])
def test_the_other_services_refuse_what_is_missing_and_what_is_no_choice(
    aws: Sandbox, name: str
) -> None:
    model = service(name)
    complaints = []
    for at, each in enumerate(sorted(model.operation_names)):
        operation = model.operation_model(each)
        ways = list(wrongs(operation))
        answer = ask(operation, *ways[at % len(ways)][1:2])
        complaints += [f"{each}: {answer.complaint}"] if answer.complaint else []

    assert complaints == []


def test_what_the_sandbox_lacks_is_an_invalid_action_and_the_operator_is_told_once(
    aws: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    operation = EC2.operation_model("CreateVerifiedAccessInstance")

    answers = [ask(operation, {}) for _ in range(2)]

    assert [answer.code for answer in answers] == ["InvalidAction", "InvalidAction"]
    assert "sandbox" not in answers[0].body
    assert capsys.readouterr().err.count("CreateVerifiedAccessInstance is not here") == 1


def test_a_bug_of_ours_stays_loud(
    aws: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what moto's own code stumbles over is taken for the request's fault."""
    monkeypatch.delattr("sandbox.ec2.tags.TagRules.listings")

    answer = ask(EC2.operation_model("DescribeInstances"), {})

    assert (answer.status, answer.code) == (500, "InternalError")
    assert "Traceback" not in answer.body
    assert "Traceback" in capsys.readouterr().err
