"""The catalogue's table is there before anybody deploys it."""

from sandbox.process import Sandbox


def test_the_table_is_in_every_account_and_region(aws: Sandbox) -> None:
    """Keys, billing and expiry as the product expects them."""
    for account, region in (("123456789012", "us-east-1"), ("111122223333", "eu-west-1")):
        dynamodb = aws.client("dynamodb", region=region, account=account)
        table = dynamodb.describe_table(TableName="snapback")["Table"]
        expiry = dynamodb.describe_time_to_live(TableName="snapback")["TimeToLiveDescription"]

        assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [
            ("pk", "HASH"),
            ("sk", "RANGE"),
        ]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}


def test_an_item_can_be_written_and_read(aws: Sandbox) -> None:
    """A table that works, not only one that is listed."""
    dynamodb = aws.client("dynamodb")
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, "n": {"N": "1"}}
    dynamodb.put_item(TableName="snapback", Item=item)

    assert (
        dynamodb.get_item(TableName="snapback", Key={"pk": item["pk"], "sk": item["sk"]})["Item"]
        == item
    )


def test_a_deleted_table_stays_deleted(aws: Sandbox) -> None:
    """It is the user's; and so are the others that they make."""
    dynamodb = aws.client("dynamodb")
    dynamodb.delete_table(TableName="snapback")
    dynamodb.create_table(
        TableName="other",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    assert dynamodb.list_tables()["TableNames"] == ["other"]
