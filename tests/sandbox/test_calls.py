"""Every call is remembered: who, where, what, with which outcome."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.process import Sandbox

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


def last(aws: Sandbox) -> dict[str, Any]:
    """The newest call."""
    return dict(aws.calls.all()[-1])


def test_a_call_is_remembered_with_everything_about_it(aws: Sandbox) -> None:
    """Time is the sandbox's; parameters are named as in the API."""
    ec2 = aws.client("ec2", region="eu-west-1", account="111122223333")
    ec2.describe_instances(Filters=[{"Name": "tag:a", "Values": ["b", "c"]}], MaxResults=5)

    assert last(aws) == {
        "time": "2026-11-23T12:00:00+00:00",
        "account": "111122223333",
        "region": "eu-west-1",
        "service": "ec2",
        "action": "DescribeInstances",
        "parameters": {"Filters": [{"Name": "tag:a", "Values": ["b", "c"]}], "MaxResults": 5},
        "outcome": "ok",
    }


def test_a_refused_call_is_remembered_with_its_code(aws: Sandbox, ec2: "EC2Client") -> None:
    """The code the client saw, in every protocol."""
    lost = "i-0123456789abcdef0"
    with pytest.raises(ClientError):
        ec2.describe_instances(InstanceIds=[lost])
    assert last(aws)["outcome"] == "InvalidInstanceID.NotFound"

    with pytest.raises(ClientError):
        aws.client("ssm").get_parameter(Name="/none")
    assert last(aws)["outcome"] == "ParameterNotFound"

    with pytest.raises(ClientError):
        aws.client("lambda").get_function(FunctionName="none")
    assert last(aws)["outcome"] == "ResourceNotFoundException"

    with pytest.raises(ClientError):
        aws.client("s3").get_object(Bucket="none-such-bucket", Key="k")
    assert last(aws)["outcome"] == "NoSuchBucket"


def test_user_data_and_secrets_are_masked(aws: Sandbox, ec2: "EC2Client") -> None:
    """A record may be printed and passed around."""
    ec2.run_instances(ImageId="ami-0abc0000000000001", MinCount=1, MaxCount=1, UserData="hush")
    assert last(aws)["parameters"]["UserData"] == "*****"

    aws.client("ssm").put_parameter(Name="/p", Value="hush", Type="SecureString")
    assert last(aws)["parameters"] == {"Name": "/p", "Value": "*****", "Type": "SecureString"}

    [instance] = ec2.describe_instances()["Reservations"][0]["Instances"]
    aws.clock.advance(10)
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    aws.clock.advance(10)
    ec2.modify_instance_attribute(InstanceId=instance["InstanceId"], UserData={"Value": b"hush"})
    assert "hush" not in str(aws.calls.all())


@pytest.mark.parametrize(
    ("service", "method", "parameters", "named"),
    [
        ("elbv2", "describe_load_balancers", {}, "DescribeLoadBalancers"),
        ("elb", "describe_load_balancers", {}, "DescribeLoadBalancers"),
        ("dynamodb", "list_tables", {}, "ListTables"),
        ("dynamodbstreams", "list_streams", {}, "ListStreams"),
        ("cloudwatch", "list_metrics", {}, "ListMetrics"),
        ("resourcegroupstaggingapi", "get_resources", {}, "GetResources"),
        ("stepfunctions", "list_state_machines", {}, "ListStateMachines"),
        ("lambda", "list_functions", {}, "ListFunctions"),
        ("s3", "list_buckets", {}, "ListBuckets"),
        ("sqs", "list_queues", {}, "ListQueues"),
        ("events", "list_rules", {}, "ListRules"),
        ("sts", "get_caller_identity", {}, "GetCallerIdentity"),
    ],
)
def test_services_go_by_botocores_names(
    aws: Sandbox, service: str, method: str, parameters: dict[str, Any], named: str
) -> None:
    """Whatever name they are signed with."""
    getattr(aws.client(service), method)(**parameters)

    call = last(aws)
    assert (call["service"], call["action"], call["outcome"]) == (service, named, "ok")


def test_the_record_can_be_cleared(aws: Sandbox, ec2: "EC2Client") -> None:
    """A test begins its count where it likes."""
    ec2.describe_vpcs()
    aws.calls.clear()

    assert aws.calls.all() == []


def test_binary_and_times_are_told_in_words(aws: Sandbox) -> None:
    """The record is plain JSON."""
    aws.client("lambda")
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"hush")
    assert last(aws)["parameters"]["Plaintext"] == "*****"

    aws.client("cloudwatch").get_metric_statistics(
        Namespace="n",
        MetricName="m",
        StartTime="2026-11-23T00:00:00Z",
        EndTime="2026-11-23T01:00:00Z",
        Period=60,
        Statistics=["Sum"],
    )
    assert last(aws)["parameters"]["StartTime"].startswith("2026-11-23T00:00:00")

    dynamodb = aws.client("dynamodb")
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "raw": {"B": b"abc"}, "none": {"NULL": True}}
    dynamodb.put_item(TableName="snapback", Item=item)
    assert last(aws)["parameters"]["Item"]["pk"] == {"S": "a"}
