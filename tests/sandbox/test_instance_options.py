"""What is changed of an instance by an action of its own: placement, credits, profile."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from tests.sandbox.scenes import code, describe, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

LARGE: Any = {"InstanceType": "m5.large"}


@pytest.fixture
def stopped(aws: Sandbox, ec2: "EC2Client") -> str:
    """The id of a stopped instance."""
    one = str(launch(ec2, **LARGE)["InstanceId"])
    aws.clock.advance(20)
    ec2.stop_instances(InstanceIds=[one])
    aws.clock.advance(60)
    return one


def group_of(ec2: "EC2Client", instance_id: str) -> str:
    """The name of its placement group."""
    return str(describe(ec2, instance_id)["Placement"]["GroupName"])


def test_a_stopped_instance_moves_into_a_group_and_out_of_it(
    ec2: "EC2Client", stopped: str
) -> None:
    """ModifyInstancePlacement; an empty name takes it out."""
    group = ec2.create_placement_group(GroupName="near", Strategy="cluster")["PlacementGroup"]
    assert ec2.modify_instance_placement(InstanceId=stopped, GroupName="near")["Return"]
    assert group_of(ec2, stopped) == "near"
    in_use = code(lambda: ec2.delete_placement_group(GroupName="near"))
    assert in_use == "InvalidPlacementGroup.InUse"

    ec2.modify_instance_placement(InstanceId=stopped, GroupName="")
    assert group_of(ec2, stopped) == ""
    ec2.modify_instance_placement(InstanceId=stopped, GroupId=group["GroupId"])
    assert group_of(ec2, stopped) == "near"


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({}, "InvalidParameterCombination"),
        ({"GroupName": "nobody"}, "InvalidPlacementGroup.Unknown"),
        ({"Tenancy": "shared"}, "InvalidParameterValue"),
        ({"Affinity": "always"}, "InvalidParameterValue"),
        ({"GroupName": "apart", "Tenancy": "dedicated"}, "InvalidParameterCombination"),
        ({"GroupName": "apart", "PartitionNumber": 2}, "InvalidParameterCombination"),
    ],
)
def test_a_placement_that_cannot_be_is_refused(
    ec2: "EC2Client", stopped: str, given: dict[str, Any], refusal: str
) -> None:
    """ModifyInstancePlacement."""
    ec2.create_placement_group(GroupName="apart", Strategy="spread")

    assert code(lambda: ec2.modify_instance_placement(InstanceId=stopped, **given)) == refusal


def test_a_dedicated_host_is_not_left_and_a_running_instance_not_moved(
    aws: Sandbox, ec2: "EC2Client", stopped: str
) -> None:
    """InvalidRequest, IncorrectInstanceState; the affinity may change any time."""
    ec2.modify_instance_placement(InstanceId=stopped, Tenancy="host")
    leave = code(lambda: ec2.modify_instance_placement(InstanceId=stopped, Tenancy="default"))
    assert leave == "InvalidRequest"
    ec2.start_instances(InstanceIds=[stopped])
    aws.clock.advance(20)

    moved = code(lambda: ec2.modify_instance_placement(InstanceId=stopped, GroupName=""))

    assert moved == "IncorrectInstanceState"
    ec2.modify_instance_placement(InstanceId=stopped, Affinity="host")
    assert describe(ec2, stopped)["Placement"]["Affinity"] == "host"


def test_a_burstable_type_has_no_place_in_a_cluster(ec2: "EC2Client") -> None:
    """DescribeInstanceTypes, PlacementGroupInfo.SupportedStrategies."""
    ec2.create_placement_group(GroupName="near", Strategy="cluster")

    refused = code(lambda: launch(ec2, Placement={"GroupName": "near"}))

    assert refused == "InvalidParameterCombination"
    launch(ec2, **LARGE, Placement={"GroupName": "near"})


def test_the_accounts_default_of_credits_holds_for_new_launches(ec2: "EC2Client") -> None:
    """ModifyDefaultCreditSpecification."""
    before = launch(ec2)["InstanceId"]
    ec2.modify_default_credit_specification(InstanceFamily="t3", CpuCredits="standard")
    after = launch(ec2)["InstanceId"]
    wishing = launch(ec2, CreditSpecification={"CpuCredits": "unlimited"})["InstanceId"]

    found = ec2.describe_instance_credit_specifications(InstanceIds=[before, after, wishing])
    kinds = {
        each["InstanceId"]: each["CpuCredits"] for each in found["InstanceCreditSpecifications"]
    }
    assert kinds == {before: "unlimited", after: "standard", wishing: "unlimited"}
    shown = ec2.get_default_credit_specification(InstanceFamily="t2")
    assert shown["InstanceFamilyCreditSpecification"]["CpuCredits"] == "standard"


def test_credits_that_are_not_are_refused(ec2: "EC2Client") -> None:
    """Families, values and ids, each with its code."""
    family: Any = "m5"
    asked = code(lambda: ec2.get_default_credit_specification(InstanceFamily=family))
    assert asked == "InvalidParameterValue"
    assert (
        code(
            lambda: ec2.modify_default_credit_specification(InstanceFamily="t3", CpuCredits="many")
        )
        == "InvalidParameterValue"
    )
    answer = ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[
            {"InstanceId": each, "CpuCredits": "standard"}
            for each in ("i-foo", "i-0fffffffffffffff0", launch(ec2, **LARGE)["InstanceId"])
        ]
    )
    assert [
        each["Error"]["Code"] for each in answer["UnsuccessfulInstanceCreditSpecifications"]
    ] == [
        "InvalidInstanceID.Malformed",
        "InvalidInstanceID.NotFound",
        "InstanceCreditSpecification.NotSupported",
    ]


def test_a_profile_is_replaced_by_another_association(aws: Sandbox, ec2: "EC2Client") -> None:
    """ReplaceIamInstanceProfileAssociation: the instance has the new one."""
    arns = _profiles(aws, "first", "second")
    one = launch(ec2)["InstanceId"]
    aws.clock.advance(20)
    made = ec2.associate_iam_instance_profile(InstanceId=one, IamInstanceProfile={"Name": "first"})[
        "IamInstanceProfileAssociation"
    ]
    assert made["State"] == "associating"
    again = code(
        lambda: ec2.associate_iam_instance_profile(
            InstanceId=one, IamInstanceProfile={"Name": "second"}
        )
    )
    assert again == "IncorrectState"

    new = ec2.replace_iam_instance_profile_association(
        AssociationId=made["AssociationId"], IamInstanceProfile={"Arn": arns[1]}
    )["IamInstanceProfileAssociation"]

    assert new["AssociationId"] != made["AssociationId"]
    assert describe(ec2, one)["IamInstanceProfile"]["Arn"] == arns[1]
    [kept] = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    assert (kept["AssociationId"], kept["State"]) == (new["AssociationId"], "associated")


def test_a_profile_that_is_not_is_refused(aws: Sandbox, ec2: "EC2Client") -> None:
    """InvalidParameterValue, not IAM's NoSuchEntity."""
    _profiles(aws, "first")
    one = launch(ec2)["InstanceId"]
    for wanted, profile in (
        ("InvalidParameterValue", {"Name": "nobody"}),
        ("InvalidParameterCombination", {"Name": "a", "Arn": "b"}),
        ("MissingParameter", {}),
    ):
        given: Any = profile
        refused = code(
            lambda given=given: ec2.associate_iam_instance_profile(
                InstanceId=one, IamInstanceProfile=given
            )
        )
        assert refused == wanted
    unknown = code(
        lambda: ec2.replace_iam_instance_profile_association(
            AssociationId="iip-assoc-0fffffffffffffff0", IamInstanceProfile={"Name": "first"}
        )
    )
    assert unknown == "InvalidAssociationID.NotFound"
    ec2.terminate_instances(InstanceIds=[one])
    gone = code(
        lambda: ec2.associate_iam_instance_profile(
            InstanceId=one, IamInstanceProfile={"Name": "first"}
        )
    )
    assert gone == "IncorrectInstanceState"


def _profiles(aws: Sandbox, *names: str) -> list[str]:
    """The ARNs of new instance profiles."""
    iam = aws.client("iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(trust))
    found = []
    for name in names:
        made = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="role")
        found.append(made["Arn"])
    return found
