"""The other services that Snapback uses: STS, ELB, Systems Manager, KMS, DynamoDB, Auto Scaling."""

from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import HOME, STRANGER, Place
from tests.contract.scenes import NOBODY, refused

pytestmark = pytest.mark.sandbox_only("a real account's ledger keeps only EC2's books")


def test_an_identity_is_an_account_and_a_role_is_assumed(place: Place) -> None:
    """STS API, GetCallerIdentity and AssumeRole."""
    sts = place.client("sts")
    assert sts.get_caller_identity()["Account"] == place.account

    role = f"arn:aws:iam::{STRANGER}:role/backup"
    answer = sts.assume_role(RoleArn=role, RoleSessionName="night")

    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{STRANGER}:assumed-role/backup/night"
    assert set(answer["Credentials"]) == {
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    }


def test_accounts_do_not_see_each_others_instances(place: Place) -> None:
    """IAM User Guide, "AWS account": resources belong to one account."""
    made = scenes.launch(place)
    other = place.client("ec2", account=STRANGER)

    assert refused(other.describe_instances, InstanceIds=[made]) == "InvalidInstanceID.NotFound"


def target_group(place: Place) -> str:
    """A group of instances behind a load balancer with a listener."""
    balancing = place.client("elbv2")
    subnets = [scenes.subnet(place, nth) for nth in (0, 1)]
    group = balancing.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"]
    )["TargetGroups"][0]["TargetGroupArn"]
    balancer = balancing.create_load_balancer(
        Name="front", Subnets=[each["SubnetId"] for each in subnets]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    balancing.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return str(group)


def health(place: Place, group: str) -> dict[str, str]:
    """The state of each target by instance."""
    found = place.client("elbv2").describe_target_health(TargetGroupArn=group)
    return {
        each["Target"]["Id"]: each["TargetHealth"]["State"]
        for each in found["TargetHealthDescriptions"]
    }


def test_a_target_is_initial_and_then_healthy(place: Place) -> None:
    """ELB User Guide, "Health checks for your target groups": target health status."""
    group, one = target_group(place), scenes.machine(place)
    place.client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": one}])

    assert health(place, group) == {one: "initial"}
    place.until(lambda: health(place, group) == {one: "healthy"})


def test_a_stopped_target_is_unused_and_comes_back(place: Place) -> None:
    """ELB User Guide, "Target health": unused, Target.InvalidState when stopped."""
    group, one = target_group(place), scenes.machine(place)
    place.client("elbv2").register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    scenes.stopped(place, one)

    assert health(place, group) == {one: "unused"}
    place.ec2.start_instances(InstanceIds=[one])
    place.until(lambda: health(place, group) == {one: "healthy"})


def test_a_deregistered_target_drains_and_goes(place: Place) -> None:
    """ELB User Guide, "Deregistration delay": draining, 300 seconds by default."""
    group, one = target_group(place), scenes.machine(place)
    balancing = place.client("elbv2")
    balancing.register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    place.until(lambda: health(place, group) == {one: "healthy"})

    balancing.deregister_targets(TargetGroupArn=group, Targets=[{"Id": one}])

    assert health(place, group) == {one: "draining"}
    place.later(299)
    assert health(place, group) == {one: "draining"}
    place.until(lambda: health(place, group) == {})


def test_a_target_that_is_no_instance_is_refused(place: Place) -> None:
    """ELB API, RegisterTargets: InvalidTarget."""
    group = target_group(place)
    register = place.client("elbv2").register_targets

    code = refused(register, TargetGroupArn=group, Targets=[{"Id": f"i-{NOBODY}"}])
    assert code == "InvalidTarget"


def test_an_unknown_target_group_is_refused(place: Place) -> None:
    """ELB API, DescribeTargetHealth: TargetGroupNotFound."""
    arn = f"arn:aws:elasticloadbalancing:{HOME}:{place.account}:targetgroup/none/0123456789abcdef"

    code = refused(place.client("elbv2").describe_target_health, TargetGroupArn=arn)
    assert code == "TargetGroupNotFound"


def test_a_secure_parameter_is_readable_only_when_decrypted(place: Place) -> None:
    """Systems Manager API, GetParameterRequest.WithDecryption; PutParameter versions."""
    ssm = place.client("ssm")
    ssm.put_parameter(Name="/snapback/secret", Value="one", Type="SecureString")
    again = ssm.put_parameter(
        Name="/snapback/secret", Value="two", Type="SecureString", Overwrite=True
    )

    shown = ssm.get_parameter(Name="/snapback/secret", WithDecryption=True)["Parameter"]
    assert (shown["Value"], shown["Version"], again["Version"]) == ("two", 2, 2)
    assert ssm.get_parameter(Name="/snapback/secret")["Parameter"]["Value"] != "two"


def test_a_parameter_is_not_overwritten_by_accident(place: Place) -> None:
    """Systems Manager API, PutParameter (ParameterAlreadyExists) and GetParameter."""
    ssm = place.client("ssm")
    call: dict[str, Any] = {"Name": "/snapback/plans", "Value": "x", "Type": "String"}
    ssm.put_parameter(**call)

    assert refused(ssm.put_parameter, **call) == "ParameterAlreadyExists"
    assert refused(ssm.get_parameter, Name="/snapback/none") == "ParameterNotFound"


def test_the_latest_amazon_linux_is_a_public_parameter(place: Place) -> None:
    """Systems Manager User Guide, "Calling AMI public parameters"."""
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = place.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]

    scenes.machine(place, ImageId=image)


def test_a_key_encrypts_and_decrypts_with_its_context(place: Place) -> None:
    """KMS API, Encrypt and Decrypt: the encryption context must be the same."""
    kms = place.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    context = {"lineage": "i-1"}
    secret = kms.encrypt(KeyId=key, Plaintext=b"c2VjcmV0", EncryptionContext=context)
    blob = secret["CiphertextBlob"]
    if place.name == "cli":
        pytest.skip("the CLI takes blobs from files; the two bodies of boto3 hold this rule")

    shown = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert shown["Plaintext"] == b"c2VjcmV0"
    code = refused(kms.decrypt, CiphertextBlob=blob, EncryptionContext={"lineage": "i-2"})
    assert code == "InvalidCiphertextException"


def table(place: Place) -> Any:  # noqa: ANN401 - boto3 makes client classes at run time
    """DynamoDB with a table of two keys."""
    dynamodb = place.client("dynamodb")
    names = {"pk": "HASH", "sk": "RANGE"}
    dynamodb.create_table(
        TableName="rules",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in names],
        KeySchema=[{"AttributeName": each, "KeyType": kind} for each, kind in names.items()],
    )
    return dynamodb


def item(sk: str, **more: str) -> dict[str, dict[str, str]]:
    """An item of one partition."""
    return {key: {"S": value} for key, value in {"pk": "p", "sk": sk, **more}.items()}


def test_a_conditional_put_succeeds_once(place: Place) -> None:
    """DynamoDB API, PutItem: ConditionalCheckFailedException."""
    dynamodb = table(place)
    call = {
        "TableName": "rules",
        "Item": item("1"),
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    dynamodb.put_item(**call)

    assert refused(dynamodb.put_item, **call) == "ConditionalCheckFailedException"


def test_a_query_reads_one_partition_in_order_and_in_pages(place: Place) -> None:
    """DynamoDB API, Query: sorted by the range key; LastEvaluatedKey."""
    dynamodb = table(place)
    for sk in ("3", "1", "2"):
        dynamodb.put_item(TableName="rules", Item=item(sk))
    asked: dict[str, Any] = {
        "TableName": "rules",
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
        "Limit": 2,
        "ConsistentRead": True,
    }

    first = dynamodb.query(**asked)
    second = dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])

    found = [each["sk"]["S"] for each in first["Items"] + second["Items"]]
    assert found == ["1", "2", "3"]


def test_a_transaction_writes_all_or_nothing(place: Place) -> None:
    """DynamoDB API, TransactWriteItems: TransactionCanceledException."""
    dynamodb = table(place)
    dynamodb.put_item(TableName="rules", Item=item("held"))
    free = "attribute_not_exists(pk)"
    writes = [
        {"Put": {"TableName": "rules", "Item": item(sk), "ConditionExpression": free}}
        for sk in ("new", "held")
    ]

    code = refused(dynamodb.transact_write_items, TransactItems=writes)

    assert code == "TransactionCanceledException"
    assert "Item" not in dynamodb.get_item(TableName="rules", Key=item("new"))


def test_an_unknown_table_is_not_found(place: Place) -> None:
    """DynamoDB API, common errors: ResourceNotFoundException."""
    call = {"TableName": "contract-none", "Key": item("1")}

    assert refused(place.client("dynamodb").get_item, **call) == "ResourceNotFoundException"
