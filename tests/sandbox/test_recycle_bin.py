"""The Recycle Bin: rules of its own service, and what EC2 keeps by them."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, ARG002, D102, D103

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.inside import NO_RETRIES
from sandbox.process import Sandbox
from sandbox.server import Server
from tests.sandbox.conftest import NOON
from tests.sandbox.scenes import code, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ZONE = "us-east-1a"
ME = "123456789012"
OTHER = "222233334444"
MARK = {"Key": "aws:recycle-bin:resource-in-bin", "Value": "true"}


def days(count: int) -> dict[str, Any]:
    return {"RetentionPeriodValue": count, "RetentionPeriodUnit": "DAYS"}


def delay(count: int) -> dict[str, Any]:
    return {"UnlockDelay": {"UnlockDelayValue": count, "UnlockDelayUnit": "DAYS"}}


def pair(key: str, *value: str) -> dict[str, str]:
    return dict(zip(("ResourceTagKey", "ResourceTagValue"), (key, *value), strict=False))


@pytest.fixture
def rbin(aws: Sandbox) -> Any:
    return aws.client("rbin")


def rule(aws: Sandbox, kind: str, count: int = 7, **more: Any) -> Any:
    """A rule that is at work when it is answered."""
    made = aws.client("rbin").create_rule(ResourceType=kind, RetentionPeriod=days(count), **more)
    aws.clock.advance(1)
    return made


class TestRules:
    """The service ``rbin``."""

    def test_a_rule_is_pending_when_it_is_made_then_available(
        self, aws: Sandbox, rbin: Any
    ) -> None:
        made = rbin.create_rule(
            ResourceType="EBS_SNAPSHOT",
            RetentionPeriod=days(14),
            Description="a fortnight",
            ResourceTags=[pair("keep", "yes")],
            Tags=[{"Key": "team", "Value": "ops"}],
        )

        assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 201
        rule_id = made["Identifier"]
        assert len(rule_id) == 11
        known = {
            "Identifier": rule_id,
            "RuleArn": f"arn:aws:rbin:us-east-1:{ME}:rule/{rule_id}",
            "Description": "a fortnight",
            "ResourceType": "EBS_SNAPSHOT",
            "RetentionPeriod": days(14),
            "ResourceTags": [pair("keep", "yes")],
            "ExcludeResourceTags": [],
        }
        assert made == {**known, "Status": "pending", "Tags": [{"Key": "team", "Value": "ops"}]}
        aws.clock.advance(1)
        described = rbin.get_rule(Identifier=rule_id)
        assert described.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        assert described == {**known, "Status": "available"}

    def test_rules_are_listed_by_what_they_keep_in_pages(self, aws: Sandbox, rbin: Any) -> None:
        made = [rule(aws, "EC2_IMAGE", each)["Identifier"] for each in (1, 2, 3)]
        tagged = rule(aws, "EC2_IMAGE", ResourceTags=[pair("a", "1"), pair("b", "2")])
        spared = rule(aws, "EC2_IMAGE", ExcludeResourceTags=[pair("tmp")])
        rule(aws, "EBS_VOLUME")

        def listed(**more: Any) -> list[str]:
            pages = rbin.get_paginator("list_rules").paginate(ResourceType="EC2_IMAGE", **more)
            return [each["Identifier"] for page in pages for each in page["Rules"]]

        everything = [*made, tagged["Identifier"], spared["Identifier"]]
        assert listed() == everything
        assert listed(PaginationConfig={"PageSize": 2}) == everything
        assert listed(ResourceTags=[pair("b", "2")]) == [tagged["Identifier"]]
        assert listed(ExcludeResourceTags=[pair("tmp")]) == [spared["Identifier"]]
        rbin.lock_rule(Identifier=made[1], LockConfiguration=delay(7))
        assert listed(LockState="locked") == [made[1]]
        with pytest.raises(ClientError) as refused:
            rbin.list_rules(ResourceType="EC2_IMAGE", NextToken="bm9uZQ==")
        assert refused.value.response["Reason"] == "INVALID_PAGE_TOKEN"  # type: ignore[typeddict-item]
        assert code(rbin.list_rules, ResourceType="EC2_IMAGE", NextToken="abc") == (
            "ValidationException"
        )

    def test_a_rule_can_be_changed_but_not_what_it_keeps(self, aws: Sandbox, rbin: Any) -> None:
        rule_id = rule(aws, "EC2_IMAGE", ResourceTags=[pair("keep")])["Identifier"]

        changed = rbin.update_rule(
            Identifier=rule_id,
            RetentionPeriod=days(30),
            Description="longer",
            ResourceTags=[pair("keep", "yes")],
        )

        assert (changed["RetentionPeriod"], changed["Description"]) == (days(30), "longer")
        assert changed["ResourceTags"] == [pair("keep", "yes")]
        exclude = {"ExcludeResourceTags": [pair("tmp")]}
        for more in ({"ResourceType": "EBS_VOLUME"}, exclude, {"RetentionPeriod": days(366)}):
            assert code(rbin.update_rule, Identifier=rule_id, **more) == "ValidationException"
        rbin.update_rule(Identifier=rule_id, ResourceTags=[], **exclude)
        assert rbin.get_rule(Identifier=rule_id)["ExcludeResourceTags"] == [pair("tmp")]

    def test_a_locked_rule_stays_until_its_unlock_delay_is_over(
        self, aws: Sandbox, rbin: Any
    ) -> None:
        rule_id = rule(aws, "EBS_SNAPSHOT", LockConfiguration=delay(7))["Identifier"]

        assert rbin.get_rule(Identifier=rule_id)["LockState"] == "locked"
        again = {"Identifier": rule_id, "LockConfiguration": delay(8)}
        assert code(rbin.lock_rule, **again) == "ConflictException"
        assert code(rbin.delete_rule, Identifier=rule_id) == "ConflictException"
        pending = rbin.unlock_rule(Identifier=rule_id)
        assert (pending["LockState"], pending["LockConfiguration"]) == ("pending_unlock", delay(7))
        assert pending["LockEndTime"] == NOON + timedelta(days=7, seconds=1)
        for refused in (rbin.unlock_rule, rbin.update_rule, rbin.delete_rule):
            assert code(refused, Identifier=rule_id) == "ConflictException"
        assert code(rbin.lock_rule, **again) == "ConflictException"
        aws.clock.advance(7 * 86_400)
        unlocked = rbin.get_rule(Identifier=rule_id)
        assert unlocked["LockState"] == "unlocked"
        assert "LockEndTime" not in unlocked
        assert code(rbin.unlock_rule, Identifier=rule_id) == "ConflictException"
        assert rbin.lock_rule(**again)["LockConfiguration"] == delay(8)

    def test_only_a_region_level_rule_without_exclusions_can_be_locked(
        self, aws: Sandbox, rbin: Any
    ) -> None:
        scopes: Any = ({"ResourceTags": [pair("a")]}, {"ExcludeResourceTags": [pair("a")]})
        for scope in scopes:
            made = rule(aws, "EC2_IMAGE", **scope)["Identifier"]
            asked = {"Identifier": made, "LockConfiguration": delay(7)}
            assert code(rbin.lock_rule, **asked) == "ValidationException"
            assert (
                code(
                    rbin.create_rule,
                    ResourceType="EC2_IMAGE",
                    RetentionPeriod=days(1),
                    LockConfiguration=delay(7),
                    **scope,
                )
                == "ValidationException"
            )

    def test_what_a_rule_cannot_be_is_refused(self, rbin: Any) -> None:
        wrong: list[dict[str, Any]] = [
            {"ResourceType": "EC2_INSTANCE"},
            {"ResourceType": "EBS_VOLUME", "RetentionPeriod": days(8)},
            {"RetentionPeriod": days(366)},
            {"RetentionPeriod": {"RetentionPeriodValue": 1, "RetentionPeriodUnit": "HOURS"}},
            {"Description": "x" * 256},
            {"LockConfiguration": delay(31)},
            {"ResourceTags": [pair("a")], "ExcludeResourceTags": [pair("b")]},
            {"ExcludeResourceTags": [pair(str(each)) for each in range(6)]},
            {"ResourceTags": [pair(str(each)) for each in range(51)]},
            {"Tags": [{"Key": "aws:x", "Value": ""}]},
        ]
        for each in wrong:
            asked = {"ResourceType": "EC2_IMAGE", "RetentionPeriod": days(1), **each}
            with pytest.raises(rbin.exceptions.ValidationException) as refused:
                rbin.create_rule(**asked)
            assert refused.value.response["Reason"] == "INVALID_PARAMETER_VALUE"

    def test_tags_of_a_rule_come_and_go(self, aws: Sandbox, rbin: Any) -> None:
        arn = rule(aws, "EC2_IMAGE", Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]

        rbin.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
        rbin.untag_resource(ResourceArn=arn, TagKeys=["a", "never"])

        assert rbin.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
        many = [{"Key": str(each), "Value": ""} for each in range(50)]
        with pytest.raises(rbin.exceptions.ServiceQuotaExceededException):
            rbin.tag_resource(ResourceArn=arn, Tags=many)

    def test_unknown_rules_are_not_found(self, aws: Sandbox, rbin: Any) -> None:
        gone = rule(aws, "EC2_IMAGE")
        assert (
            rbin.delete_rule(Identifier=gone["Identifier"])["ResponseMetadata"]["HTTPStatusCode"]
            == 204
        )

        for call in (rbin.get_rule, rbin.update_rule, rbin.delete_rule, rbin.unlock_rule):
            assert code(call, Identifier=gone["Identifier"]) == "ResourceNotFoundException"
        arn = gone["RuleArn"]
        assert code(rbin.list_tags_for_resource, ResourceArn=arn) == "ResourceNotFoundException"
        assert code(rbin.get_rule, Identifier="short") == "ValidationException"
        elsewhere = aws.client("rbin", region="eu-west-1")
        assert elsewhere.list_rules(ResourceType="EC2_IMAGE")["Rules"] == []

    def test_a_region_has_250_rules(self, aws: Sandbox, rbin: Any) -> None:
        for _ in range(250):
            rbin.create_rule(ResourceType="EC2_IMAGE", RetentionPeriod=days(1))
        with pytest.raises(rbin.exceptions.ServiceQuotaExceededException) as refused:
            rbin.create_rule(ResourceType="EC2_IMAGE", RetentionPeriod=days(1))
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402


@pytest.fixture
def image(aws: Sandbox, ec2: "EC2Client") -> str:
    """An available image with one snapshot, tagged."""
    instance = launch(ec2)["InstanceId"]
    aws.clock.advance(60)
    tags: Any = [
        {"ResourceType": kind, "Tags": [{"Key": "keep", "Value": "yes"}]}
        for kind in ("image", "snapshot")
    ]
    made = ec2.create_image(
        InstanceId=instance, Name="point", NoReboot=True, TagSpecifications=tags
    )["ImageId"]
    aws.clock.advance(60)
    return made


def snapshot_of(ec2: "EC2Client", image: str) -> str:
    [found] = ec2.describe_images(ImageIds=[image])["Images"]
    return found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


def bin_of(ec2: "EC2Client", kind: str, **more: Any) -> list[dict[str, Any]]:
    answer = getattr(ec2, f"list_{kind}s_in_recycle_bin")(**more)
    return list(answer[f"{kind.capitalize()}s"])


class TestImages:
    """AMIs, and the snapshots that go with them."""

    def test_image_and_snapshot_go_to_the_bin_and_come_back_in_order(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        rule(aws, "EC2_IMAGE", 7)
        rule(aws, "EBS_SNAPSHOT", 14)
        snapshot = snapshot_of(ec2, image)
        now = aws.clock.now()

        answer = ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)

        assert answer["DeleteSnapshotResults"] == [
            {"SnapshotId": snapshot, "ReturnCode": "success"}
        ]
        assert bin_of(ec2, "image") == [
            {
                "ImageId": image,
                "Name": "point",
                "RecycleBinEnterTime": now,
                "RecycleBinExitTime": now + timedelta(days=7),
            }
        ]
        [kept] = bin_of(ec2, "snapshot", SnapshotIds=[snapshot])
        assert kept["RecycleBinExitTime"] == now + timedelta(days=14)
        assert kept["Description"].startswith("Created by CreateImage(")
        assert ec2.describe_images(Owners=["self"], IncludeDisabled=True)["Images"] == []
        assert code(ec2.describe_snapshots, SnapshotIds=[snapshot]) == "InvalidSnapshot.NotFound"
        assert code(ec2.deregister_image, ImageId=image) == "InvalidAMIID.Unavailable"

        assert code(ec2.restore_image_from_recycle_bin, ImageId=image) == "IncorrectState"
        back = ec2.restore_snapshot_from_recycle_bin(SnapshotId=snapshot)
        assert (back["State"], back["Progress"], back["Encrypted"]) == ("recovering", "99%", False)
        assert code(ec2.restore_image_from_recycle_bin, ImageId=image) == "IncorrectState"
        aws.clock.advance(1)
        assert ec2.restore_image_from_recycle_bin(ImageId=image)["Return"] is True

        [described] = ec2.describe_images(ImageIds=[image])["Images"]
        assert (described["State"], described["Tags"]) == (
            "available",
            [{"Key": "keep", "Value": "yes"}],
        )
        assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"] == (
            "completed"
        )
        assert (bin_of(ec2, "image"), bin_of(ec2, "snapshot")) == ([], [])
        assert launch(ec2, ImageId=image)["ImageId"] == image
        assert code(ec2.delete_snapshot, SnapshotId=snapshot) == "InvalidSnapshot.InUse"

    def test_at_its_exit_time_it_is_gone_and_its_name_is_free(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        rule_id = rule(aws, "EC2_IMAGE", 1)["Identifier"]
        snapshot = snapshot_of(ec2, image)
        ec2.deregister_image(ImageId=image)
        aws.client("rbin").delete_rule(Identifier=rule_id)
        again: Any = {
            "Name": "point",
            "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        }

        aws.clock.advance(86_399)
        assert code(ec2.register_image, **again) == "InvalidAMIName.Duplicate"
        assert [each["ImageId"] for each in bin_of(ec2, "image")] == [image]
        aws.clock.advance(1)
        assert bin_of(ec2, "image") == []
        assert code(ec2.restore_image_from_recycle_bin, ImageId=image) == "InvalidAMIID.NotFound"
        ec2.register_image(**again)

    def test_without_its_snapshot_an_image_does_not_come_back(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        rule(aws, "EC2_IMAGE", 7)
        ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)

        assert bin_of(ec2, "snapshot") == []
        assert code(ec2.restore_image_from_recycle_bin, ImageId=image) == "IncorrectState"

    def test_sharing_is_lost_in_the_bin_and_comes_back(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        rule(aws, "EC2_IMAGE")
        ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": OTHER}]})
        theirs = aws.client("ec2", account=OTHER)

        ec2.deregister_image(ImageId=image)

        assert code(theirs.describe_images, ImageIds=[image]) == "InvalidAMIID.NotFound"
        ec2.restore_image_from_recycle_bin(ImageId=image)
        assert theirs.describe_images(ImageIds=[image])["Images"][0]["State"] == "available"

    def test_a_disabled_image_is_kept_and_stays_disabled(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        rule(aws, "EC2_IMAGE")
        ec2.disable_image(ImageId=image)
        ec2.deregister_image(ImageId=image)
        ec2.restore_image_from_recycle_bin(ImageId=image)

        [found] = ec2.describe_images(ImageIds=[image], IncludeDisabled=True)["Images"]
        assert found["State"] == "disabled"

    def test_tags_say_what_is_kept_and_the_longest_rule_how_long(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        spare = [pair("keep", "yes")]
        excluding = rule(aws, "EC2_IMAGE", 30, ExcludeResourceTags=spare)["Identifier"]
        rule(aws, "EC2_IMAGE", 30, ResourceTags=[pair("keep", "no")])
        ec2.deregister_image(ImageId=image)
        assert bin_of(ec2, "image") == []

        rule(aws, "EBS_SNAPSHOT", 2, ResourceTags=[pair("other", "x"), pair("keep", "yes")])
        rule(aws, "EBS_SNAPSHOT", 5, ResourceTags=[pair("keep")])
        rule(aws, "EBS_SNAPSHOT", 3)
        [snapshot] = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
        [kept] = bin_of(ec2, "snapshot")
        assert kept["RecycleBinExitTime"] == aws.clock.now() + timedelta(days=5)
        assert aws.client("rbin").get_rule(Identifier=excluding)["ExcludeResourceTags"] == spare

    def test_in_the_bin_tags_can_be_changed_but_not_the_mark(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        rule(aws, "EC2_IMAGE")
        ec2.deregister_image(ImageId=image)

        ec2.create_tags(Resources=[image], Tags=[{"Key": "late", "Value": "1"}])
        assert code(ec2.delete_tags, Resources=[image], Tags=[{"Key": MARK["Key"]}]) == (
            "InvalidParameterValue"
        )
        ec2.delete_tags(Resources=[image], Tags=[{"Key": "keep"}])

        by_id: Any = [{"Name": "resource-id", "Values": [image]}]
        tags = [
            {"Key": each["Key"], "Value": each["Value"]}
            for each in ec2.describe_tags(Filters=by_id)["Tags"]
        ]
        assert tags == [MARK, {"Key": "late", "Value": "1"}]
        ec2.restore_image_from_recycle_bin(ImageId=image)
        assert ec2.describe_images(ImageIds=[image])["Images"][0]["Tags"] == [
            {"Key": "late", "Value": "1"}
        ]

    def test_a_pending_image_is_not_kept(self, aws: Sandbox, ec2: "EC2Client", image: str) -> None:
        rule(aws, "EC2_IMAGE")
        [instance] = ec2.describe_instances()["Reservations"][0]["Instances"]
        pending = ec2.create_image(InstanceId=instance["InstanceId"], Name="new", NoReboot=True)
        ec2.deregister_image(ImageId=pending["ImageId"])

        assert bin_of(ec2, "image") == []


class TestSnapshots:
    """Snapshots of their own."""

    def test_permissions_and_tier_come_back(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        rule(aws, "EBS_SNAPSHOT")
        snapshot = snapshot_of(ec2, image)
        ec2.modify_snapshot_attribute(SnapshotId=snapshot, OperationType="add", UserIds=[OTHER])
        ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
        theirs = aws.client("ec2", account=OTHER)

        assert theirs.describe_snapshots(OwnerIds=[ME])["Snapshots"] == []
        ec2.restore_snapshot_from_recycle_bin(SnapshotId=snapshot)
        seen = theirs.describe_snapshots(OwnerIds=[ME])["Snapshots"]
        assert [each["SnapshotId"] for each in seen] == [snapshot]

    def test_pages_are_complete(self, aws: Sandbox, ec2: "EC2Client") -> None:
        rule(aws, "EBS_SNAPSHOT")
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        made = set()
        for _ in range(6):
            aws.clock.advance(60)
            made.add(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
        aws.clock.advance(60)
        for each in made:
            ec2.delete_snapshot(SnapshotId=each)

        pages = ec2.get_paginator("list_snapshots_in_recycle_bin").paginate(
            PaginationConfig={"PageSize": 5}
        )
        found = [[each["SnapshotId"] for each in page["Snapshots"]] for page in pages]
        assert [len(page) for page in found] == [5, 1]
        assert {each for page in found for each in page} == made


class TestVolumes:
    """Volumes, deleted by themselves or with their instance."""

    def test_a_deleted_volume_comes_back_with_its_content(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        rule(aws, "EBS_VOLUME", 3)
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=9, VolumeType="gp3")["VolumeId"]
        aws.clock.advance(5)
        aws.disks.write(volume, "precious")
        created = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["CreateTime"]

        ec2.delete_volume(VolumeId=volume)

        [kept] = bin_of(ec2, "volume")
        assert kept == {
            "VolumeId": volume,
            "VolumeType": "gp3",
            "State": "available",
            "Size": 9,
            "Iops": 3000,
            "Throughput": 125,
            "AvailabilityZone": ZONE,
            "AvailabilityZoneId": kept["AvailabilityZoneId"],
            "SnapshotId": "",
            "Operator": {"Managed": False},
            "CreateTime": created,
            "RecycleBinEnterTime": aws.clock.now(),
            "RecycleBinExitTime": aws.clock.now() + timedelta(days=3),
        }
        assert code(ec2.describe_volumes, VolumeIds=[volume]) == "InvalidVolume.NotFound"
        ec2.restore_volume_from_recycle_bin(VolumeId=volume)
        assert ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available"
        assert aws.disks.read(volume)["holds"] == "precious"

    def test_a_volume_that_dies_with_its_instance_is_kept(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        rule(aws, "EBS_VOLUME")
        instance = launch(ec2)["InstanceId"]
        aws.clock.advance(60)

        ec2.terminate_instances(InstanceIds=[instance])
        aws.clock.advance(120)

        assert [each["Size"] for each in bin_of(ec2, "volume")] == [8]


def test_ids_that_are_not_in_the_bin_are_not_found_and_others_malformed(
    aws: Sandbox, ec2: "EC2Client"
) -> None:
    image, snapshot, volume = "ami-01234567", "snap-01234567", "vol-01234567"
    assert code(ec2.list_images_in_recycle_bin, ImageIds=[image]) == "InvalidAMIID.NotFound"
    assert code(ec2.list_images_in_recycle_bin, ImageIds=["ami-x"]) == "InvalidAMIID.Malformed"
    assert code(ec2.list_images_in_recycle_bin, ImageIds=[image] * 21) == "InvalidParameterValue"
    assert code(ec2.list_images_in_recycle_bin, MaxResults=1001) == "InvalidParameterValue"
    assert code(ec2.restore_image_from_recycle_bin, ImageId=snapshot) == "InvalidAMIID.Malformed"
    restore = ec2.restore_snapshot_from_recycle_bin
    assert code(restore, SnapshotId=snapshot) == "InvalidSnapshot.NotFound"
    assert code(restore, SnapshotId="snap-x") == "InvalidSnapshotID.Malformed"
    assert code(ec2.restore_volume_from_recycle_bin, VolumeId=volume) == "InvalidVolume.NotFound"
    assert code(ec2.list_volumes_in_recycle_bin, VolumeIds=["x"]) == "InvalidVolumeID.Malformed"
    assert code(ec2.list_volumes_in_recycle_bin, MaxResults=501) == "InvalidParameterValue"


def test_a_dry_run_only_checks_permission(ec2: "EC2Client") -> None:
    restored = {"Image": "ami-01234567", "Snapshot": "snap-01234567", "Volume": "vol-01234567"}
    for noun, resource in restored.items():
        listing = getattr(ec2, f"list_{noun.lower()}s_in_recycle_bin")
        assert code(listing, DryRun=True) == "DryRunOperation"
        restore: Any = getattr(ec2, f"restore_{noun.lower()}_from_recycle_bin")
        assert code(restore, DryRun=True, **{f"{noun}Id": resource}) == "DryRunOperation"


def test_the_service_answers_over_http_too(server: Server) -> None:
    client = boto3.client(
        "rbin",
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id=ME,
        aws_secret_access_key="sandbox",
        config=NO_RETRIES,
    )
    arn = client.create_rule(ResourceType="EC2_IMAGE", RetentionPeriod=days(1))["RuleArn"]  # type: ignore[arg-type]

    client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a/b", "Value": "c d"}])

    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "a/b", "Value": "c d"}
    ]
    assert arn.startswith(f"arn:aws:rbin:eu-west-1:{ME}:rule/")
    assert code(client.get_rule, Identifier="0" * 11) == "ResourceNotFoundException"
