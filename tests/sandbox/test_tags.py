"""Tags: who may have which, and how they are found."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D103

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models import ec2_backends

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@pytest.fixture
def volume(ec2: "EC2Client") -> str:
    """The id of an empty volume."""
    return ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]


def tags_of(ec2: "EC2Client", resource: str) -> dict[str, str]:
    found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [resource]}])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_tags_are_set_replaced_and_listed(ec2: "EC2Client", volume: str) -> None:
    ec2.create_tags(Resources=[volume], Tags=[{"Key": "a", "Value": "1"}])
    ec2.create_tags(
        Resources=[volume], Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    )

    assert tags_of(ec2, volume) == {"a": "2", "b": ""}
    [described] = ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
    assert {tag["Key"] for tag in described["Tags"]} == {"a", "b"}


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"Name": "key", "Values": ["na*"]}, {"name"}),
        ({"Name": "value", "Values": ["web"]}, {"name"}),
        ({"Name": "resource-type", "Values": ["volume"]}, {"name", "tier"}),
        ({"Name": "resource-id", "Values": ["vol-*"]}, {"name", "tier"}),
        ({"Name": "resource-id", "Values": ["vol-00000000"]}, set()),
    ],
)
def test_tags_are_filtered(
    ec2: "EC2Client", volume: str, filter_: dict[str, object], found: set[str]
) -> None:
    ec2.create_tags(
        Resources=[volume], Tags=[{"Key": "name", "Value": "web"}, {"Key": "tier", "Value": "1"}]
    )

    rows = ec2.describe_tags(Filters=[filter_])["Tags"]  # type: ignore[list-item]

    assert {row["Key"] for row in rows} == found


def test_tags_are_listed_in_pages(ec2: "EC2Client", volume: str) -> None:
    ec2.create_tags(
        Resources=[volume], Tags=[{"Key": f"k{each}", "Value": ""} for each in range(12)]
    )

    pages = list(ec2.get_paginator("describe_tags").paginate(PaginationConfig={"PageSize": 5}))

    assert [len(page["Tags"]) for page in pages] == [5, 5, 2]


@pytest.mark.parametrize(
    ("tags", "delete", "left"),
    [
        ({"a": "1", "b": "2"}, [{"Key": "a"}], {"b"}),
        ({"a": "1", "b": "2"}, [{"Key": "a", "Value": "9"}], {"a", "b"}),
        ({"a": "1", "b": "2"}, [{"Key": "a", "Value": "1"}], {"b"}),
        ({"a": "1", "b": "2"}, [], set()),
    ],
)
def test_tags_are_deleted_by_key_by_value_or_all(
    ec2: "EC2Client",
    volume: str,
    tags: dict[str, str],
    delete: list[dict[str, str]],
    left: set[str],
) -> None:
    ec2.create_tags(
        Resources=[volume], Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
    )

    ec2.delete_tags(Resources=[volume], Tags=delete)  # type: ignore[arg-type]

    assert set(tags_of(ec2, volume)) == left


@pytest.mark.parametrize(
    ("resource", "code"),
    [
        ("i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
        ("ami-0123456789abcdef0", "InvalidAMIID.NotFound"),
        ("snap-0123456789abcdef0", "InvalidSnapshot.NotFound"),
        ("vol-0123456789abcdef0", "InvalidVolume.NotFound"),
        ("eni-0123456789abcdef0", "InvalidNetworkInterfaceID.NotFound"),
        ("vpc-0123456789abcdef0", "InvalidVpcID.NotFound"),
        ("subnet-0123456789abcdef0", "InvalidSubnetID.NotFound"),
        ("sg-0123456789abcdef0", "InvalidGroup.NotFound"),
        ("nonsense", "InvalidID"),
    ],
)
def test_an_unknown_resource_is_not_found_by_its_own_name(
    ec2: "EC2Client", resource: str, code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        ec2.create_tags(Resources=[resource], Tags=[{"Key": "a", "Value": "1"}])
    with pytest.raises(ClientError, match=code):
        ec2.delete_tags(Resources=[resource], Tags=[{"Key": "a"}])


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (
            {"Key": "aws:x", "Value": ""},
            "Tag keys starting with 'aws:' are reserved for internal use",
        ),
        ({"Key": "AWS:x", "Value": ""}, "reserved for internal use"),
        ({"Key": "k" * 129, "Value": ""}, "between 1 and 128"),
        ({"Key": "", "Value": ""}, "between 1 and 128"),
        ({"Key": "k", "Value": "v" * 257}, "maximum length of 256"),
    ],
)
def test_a_bad_tag_is_refused_by_every_way_to_set_it(
    ec2: "EC2Client", volume: str, tag: dict[str, str], message: str
) -> None:
    """Also in a creating call, which then creates nothing."""
    with pytest.raises(ClientError, match=message) as refused:
        ec2.create_tags(Resources=[volume], Tags=[tag])  # type: ignore[list-item]
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValue"

    tagged: Any = [{"ResourceType": "snapshot", "Tags": [tag]}]
    with pytest.raises(ClientError, match=message):
        ec2.create_snapshot(VolumeId=volume, TagSpecifications=tagged)
    assert ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


def test_a_key_given_twice_is_refused(ec2: "EC2Client", volume: str) -> None:
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]

    with pytest.raises(ClientError, match="Duplicate tag key"):
        ec2.create_tags(Resources=[volume], Tags=twice)  # type: ignore[arg-type]


def test_the_51st_tag_is_refused_and_none_is_set(ec2: "EC2Client", volume: str) -> None:
    ec2.create_tags(
        Resources=[volume], Tags=[{"Key": f"k{each}", "Value": ""} for each in range(49)]
    )

    with pytest.raises(ClientError, match="TagLimitExceeded"):
        ec2.create_tags(
            Resources=[volume], Tags=[{"Key": "x", "Value": ""}, {"Key": "y", "Value": ""}]
        )

    assert len(tags_of(ec2, volume)) == 49
    with pytest.raises(ClientError, match="TagLimitExceeded"):
        ec2.create_snapshot(
            VolumeId=volume,
            TagSpecifications=[
                {
                    "ResourceType": "snapshot",
                    "Tags": [{"Key": f"k{each}", "Value": ""} for each in range(51)],
                }
            ],
        )


def test_what_aws_itself_sets_is_kept_and_does_not_count(ec2: "EC2Client", volume: str) -> None:
    backend = ec2_backends["123456789012"]["us-east-1"]
    backend.create_tags([volume], {"aws:autoscaling:groupName": "web"})
    ec2.create_tags(
        Resources=[volume], Tags=[{"Key": f"k{each}", "Value": ""} for each in range(50)]
    )

    ec2.delete_tags(Resources=[volume])

    assert tags_of(ec2, volume) == {"aws:autoscaling:groupName": "web"}
    with pytest.raises(ClientError, match="reserved"):
        ec2.delete_tags(Resources=[volume], Tags=[{"Key": "aws:autoscaling:groupName"}])


def test_a_call_tags_1000_resources_at_most(ec2: "EC2Client", volume: str) -> None:
    with pytest.raises(ClientError, match="ResourceCountExceeded"):
        ec2.create_tags(Resources=[volume] * 1001, Tags=[{"Key": "a", "Value": "1"}])


def test_a_call_without_resources_or_tags_is_refused(ec2: "EC2Client", volume: str) -> None:
    with pytest.raises(ClientError, match="MissingParameter"):
        ec2.create_tags(Resources=[], Tags=[{"Key": "a", "Value": "1"}])
    with pytest.raises(ClientError, match="MissingParameter"):
        ec2.create_tags(Resources=[volume], Tags=[])


@pytest.mark.parametrize("operation", ["create_tags", "delete_tags"])
def test_a_dry_run_changes_nothing(ec2: "EC2Client", volume: str, operation: str) -> None:
    with pytest.raises(ClientError, match="DryRunOperation"):
        getattr(ec2, operation)(Resources=[volume], Tags=[{"Key": "a", "Value": "1"}], DryRun=True)

    assert tags_of(ec2, volume) == {}


def test_another_resource_type_is_refused_in_a_creating_call(ec2: "EC2Client") -> None:
    with pytest.raises(ClientError, match="'instance' is not a valid taggable resource type"):
        ec2.create_volume(
            AvailabilityZone="us-east-1a",
            Size=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}]}],
        )
    assert ec2.describe_volumes()["Volumes"] == []


def test_the_tags_of_a_deleted_resource_are_gone(ec2: "EC2Client", volume: str) -> None:
    snapshot = ec2.create_snapshot(
        VolumeId=volume,
        TagSpecifications=[{"ResourceType": "snapshot", "Tags": [{"Key": "a", "Value": "1"}]}],
    )["SnapshotId"]
    assert tags_of(ec2, snapshot) == {"a": "1"}

    ec2.delete_snapshot(SnapshotId=snapshot)

    assert tags_of(ec2, snapshot) == {}


def test_an_elastic_address_is_tagged_like_everything_else(ec2: "EC2Client") -> None:
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]

    ec2.create_tags(Resources=[allocation], Tags=[{"Key": "a", "Value": "b"}])

    assert tags_of(ec2, allocation) == {"a": "b"}
