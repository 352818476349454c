"""What else there is of images: ancestry, allowed images, usage reports, fast restores, limits."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, ARG002, D102, D103

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.process import Sandbox
from sandbox.quotas import quotas
from tests.sandbox.scenes import LINUX, SMALL, code, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ZONE = "us-east-1a"
ME = "123456789012"
OTHER = "222233334444"
AMAZON = "137112412989"
ORGANIZATION = "arn:aws:organizations::123456789012:organization/o-abcdefghij"
UNIT = "arn:aws:organizations::123456789012:ou/o-abcdefghij/ou-abcd-12345678"


@pytest.fixture
def instance(aws: Sandbox, ec2: "EC2Client") -> str:
    made = str(launch(ec2)["InstanceId"])
    aws.clock.advance(60)
    return made


@pytest.fixture
def image(aws: Sandbox, ec2: "EC2Client", instance: str) -> str:
    made = ec2.create_image(InstanceId=instance, Name="point", NoReboot=True)["ImageId"]
    aws.clock.advance(60)
    return made


@pytest.fixture
def theirs(aws: Sandbox) -> "EC2Client":
    client: EC2Client = aws.client("ec2", account=OTHER)
    return client


def share(ec2: "EC2Client", image: str, **permission: str) -> None:
    added: Any = {"Add": [permission or {"UserId": OTHER}]}
    ec2.modify_image_attribute(ImageId=image, LaunchPermission=added)


def snapshot_of(ec2: "EC2Client", image: str) -> str:
    [found] = ec2.describe_images(ImageIds=[image])["Images"]
    return found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


class TestAncestry:
    """GetImageAncestry and DescribeInstanceImageMetadata."""

    def test_an_images_ancestors_are_told_to_the_root(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        there = aws.client("ec2", region="eu-west-1")
        copy = there.copy_image(SourceImageId=image, SourceRegion="us-east-1", Name="copy")[
            "ImageId"
        ]

        chain = there.get_image_ancestry(ImageId=copy)["ImageAncestryEntries"]

        assert [each["ImageId"] for each in chain] == [copy, image, LINUX]
        assert (chain[0]["SourceImageId"], chain[0]["SourceImageRegion"]) == (image, "us-east-1")
        assert chain[2]["ImageOwnerAlias"] == "amazon"
        assert "SourceImageId" not in chain[2]
        ec2.deregister_image(ImageId=image)
        chain = there.get_image_ancestry(ImageId=copy)["ImageAncestryEntries"]
        assert [each["ImageId"] for each in chain] == [copy]
        assert code(there.get_image_ancestry, ImageId="ami-01234567") == "InvalidAMIID.NotFound"

    def test_an_instance_tells_of_its_image_even_when_that_is_gone(
        self, ec2: "EC2Client", image: str, instance: str
    ) -> None:
        made = launch(ec2, ImageId=image)["InstanceId"]
        ec2.deregister_image(ImageId=image)

        [row] = ec2.describe_instance_image_metadata(InstanceIds=[made])["InstanceImageMetadata"]

        assert (row["AvailabilityZone"], row["OwnerId"]) == (ZONE, ME)
        assert row["ZoneId"].startswith("use1-az")
        assert row["State"]["Name"] in {"pending", "running"}
        told = row["ImageMetadata"]
        assert (told["ImageId"], told["Name"], told["State"]) == (image, "point", "deregistered")
        assert (told["OwnerId"], told["ImageAllowed"], told["IsPublic"]) == (ME, True, False)

        def found(name: str, value: str) -> set[str]:
            asked: Any = [{"Name": name, "Values": [value]}]
            rows = ec2.describe_instance_image_metadata(Filters=asked)["InstanceImageMetadata"]
            return {each["InstanceId"] for each in rows}

        assert found("owner-alias", "amazon") == {instance}
        assert found("instance-id", made) == {made}
        assert found("image-allowed", "true") == found("instance-type", "t3.*") == {instance, made}
        assert found("instance-state-name", "stopped") == set()
        assert code(ec2.describe_instance_image_metadata, InstanceIds=["i-01234567"]) == (
            "InvalidInstanceID.NotFound"
        )

    def test_uefi_data_are_those_of_a_machine_that_boots_with_uefi(
        self, ec2: "EC2Client", instance: str
    ) -> None:
        assert ec2.get_instance_uefi_data(InstanceId=instance)["UefiData"]
        windows = launch(ec2, ImageId="ami-0abc0000000000004")["InstanceId"]
        assert code(ec2.get_instance_uefi_data, InstanceId=windows) == "UnsupportedOperation"


class TestAllowedImages:
    """Allowed AMIs: for the images of others only."""

    def seen(self, ec2: "EC2Client", **more: Any) -> set[str]:
        return {each["ImageId"] for each in ec2.describe_images(**more)["Images"]}

    def test_only_images_that_meet_a_criterion_are_found_and_launched(
        self, ec2: "EC2Client", image: str
    ) -> None:
        assert ec2.get_allowed_images_settings()["State"] == "disabled"
        criteria: Any = [
            {"ImageProviders": ["111122223333"]},
            {"ImageProviders": ["amazon"], "ImageNames": ["Windows_*"]},
        ]
        ec2.replace_image_criteria_in_allowed_images_settings(ImageCriteria=criteria)
        assert LINUX in self.seen(ec2)

        ec2.enable_allowed_images_settings(AllowedImagesSettingsState="audit-mode")
        audited = ec2.describe_images()["Images"]
        allowed = {each["ImageId"] for each in audited if each["ImageAllowed"]}
        assert allowed == {image, "ami-0abc0000000000004"}
        assert launch(ec2)["ImageId"] == LINUX

        ec2.enable_allowed_images_settings(AllowedImagesSettingsState="enabled")
        assert self.seen(ec2) == allowed
        assert all(each["ImageAllowed"] for each in ec2.describe_images()["Images"])
        assert code(ec2.describe_images, ImageIds=[LINUX]) == "InvalidAMIID.NotFound"
        assert code(ec2.run_instances, **SMALL) == "InvalidAMIID.NotFound"
        copied = {"SourceImageId": LINUX, "SourceRegion": "us-east-1", "Name": "copy"}
        assert code(ec2.copy_image, **copied) == "InvalidAMIID.NotFound"
        rows = ec2.describe_instance_image_metadata(
            Filters=[{"Name": "image-allowed", "Values": ["false"]}]
        )["InstanceImageMetadata"]
        assert {each["ImageMetadata"]["ImageId"] for each in rows} == {LINUX}

        ec2.disable_allowed_images_settings()
        assert LINUX in self.seen(ec2)
        settings = ec2.get_allowed_images_settings()
        assert (settings["ImageCriteria"], settings["ManagedBy"]) == (criteria, "account")

    def test_a_criterion_joins_its_parameters_with_and(self, ec2: "EC2Client") -> None:
        ec2.enable_allowed_images_settings(AllowedImagesSettingsState="enabled")
        cases: list[tuple[Any, bool]] = [
            ({"CreationDateCondition": {"MaximumDaysSinceCreated": 7}}, True),
            ({"CreationDateCondition": {"MaximumDaysSinceCreated": 1}}, False),
            ({"DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": 0}}, True),
            ({"MarketplaceProductCodes": ["abc"]}, False),
            ({"ImageProviders": ["none"]}, False),
            ({"ImageProviders": [AMAZON]}, True),
            ({"ImageWatermarks": [{"WatermarkKey": "*"}]}, False),
        ]
        for criterion, allowed in cases:
            ec2.replace_image_criteria_in_allowed_images_settings(ImageCriteria=[criterion])
            assert (LINUX in self.seen(ec2, Owners=["amazon"])) is allowed, criterion

    def test_what_criteria_cannot_be_is_refused(self, ec2: "EC2Client") -> None:
        replace = ec2.replace_image_criteria_in_allowed_images_settings
        wrong: list[Any] = [
            [{"ImageNames": ["x"]}] * 11,
            [{"ImageProviders": ["somebody"]}],
            [{"ImageProviders": ["none", "amazon"]}],
            [{"ImageNames": ["x"] * 51}],
            [{"ImageNames": ["a#b"]}],
        ]
        for criteria in wrong:
            assert code(replace, ImageCriteria=criteria) == "InvalidParameterValue"
        enable = ec2.enable_allowed_images_settings
        assert code(enable, AllowedImagesSettingsState="on") == "InvalidParameterValue"


class TestUsageReports:
    """CreateImageUsageReport and its company."""

    def test_a_report_counts_what_other_accounts_have_of_the_image(
        self, aws: Sandbox, ec2: "EC2Client", image: str, theirs: "EC2Client"
    ) -> None:
        share(ec2, image)
        for _ in range(2):
            launch(theirs, ImageId=image)
        launch(ec2, ImageId=image)
        for each in (image, LINUX):
            theirs.create_launch_template(
                LaunchTemplateName=f"t-{each}", LaunchTemplateData={"ImageId": each}
            )
        aws.clock.advance(86_400)
        launch(theirs, ImageId=image)
        kinds: Any = [
            {"ResourceType": "ec2:Instance"},
            {
                "ResourceType": "ec2:LaunchTemplate",
                "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["3"]}],
            },
        ]
        tags: Any = [
            {"ResourceType": "image-usage-report", "Tags": [{"Key": "why", "Value": "audit"}]}
        ]
        asked: dict[str, Any] = {
            "ImageId": image,
            "ResourceTypes": kinds,
            "ClientToken": "t",
            "TagSpecifications": tags,
        }
        now = aws.clock.now()
        report = ec2.create_image_usage_report(**asked)["ReportId"]

        assert report.startswith("amiur-")
        assert ec2.create_image_usage_report(**asked)["ReportId"] == report
        again = {"ImageId": image, "ResourceTypes": kinds}
        assert code(ec2.create_image_usage_report, **again) == "ResourceLimitExceeded"
        [pending] = ec2.describe_image_usage_reports(ReportIds=[report])["ImageUsageReports"]
        assert pending == {
            "ImageId": image,
            "ReportId": report,
            "ResourceTypes": kinds,
            "State": "pending",
            "CreationTime": now,
            "ExpirationTime": now + timedelta(days=30),
            "Tags": [{"Key": "why", "Value": "audit"}],
        }
        assert ec2.describe_image_usage_report_entries()["ImageUsageReportEntries"] == []
        aws.clock.advance(60)
        rows = ec2.describe_image_usage_report_entries(ImageIds=[image])["ImageUsageReportEntries"]
        counted = {each["ResourceType"]: (each["AccountId"], each["UsageCount"]) for each in rows}
        assert counted == {"ec2:Instance": (OTHER, 2), "ec2:LaunchTemplate": (OTHER, 1)}
        ec2.create_tags(Resources=[report], Tags=[{"Key": "more", "Value": ""}])
        by_id: Any = [{"Name": "resource-id", "Values": [report]}]
        kinds_of_tags = {each["ResourceType"] for each in ec2.describe_tags(Filters=by_id)["Tags"]}
        assert kinds_of_tags == {"image-usage-report"}
        by_tag: Any = [{"Name": "tag-key", "Values": ["more"]}]
        assert len(ec2.describe_image_usage_reports(Filters=by_tag)["ImageUsageReports"]) == 1
        aws.clock.advance(30 * 86_400)
        assert ec2.describe_image_usage_reports()["ImageUsageReports"] == []

    def test_a_report_is_on_ones_own_image_and_of_what_can_be_checked(
        self, ec2: "EC2Client", image: str
    ) -> None:
        create = ec2.create_image_usage_report
        one: Any = [{"ResourceType": "ec2:Instance"}]
        assert code(create, ImageId=LINUX, ResourceTypes=one) == "AuthFailure"
        wrong: Any = [{"ResourceType": "ssm:Parameter"}]
        assert code(create, ImageId=image, ResourceTypes=wrong) == "InvalidParameterValue"
        deep: Any = {"OptionName": "version-depth", "OptionValues": ["10001"]}
        for kind in ("ec2:LaunchTemplate", "ec2:Instance"):
            kinds: Any = [{"ResourceType": kind, "ResourceTypeOptions": [deep]}]
            assert code(create, ImageId=image, ResourceTypes=kinds) == "InvalidParameterValue"
        report = create(ImageId=image, ResourceTypes=one, AccountIds=[OTHER])["ReportId"]
        assert ec2.delete_image_usage_report(ReportId=report)["Return"] is True
        assert code(ec2.delete_image_usage_report, ReportId=report) == (
            "InvalidImageUsageReportId.NotFound"
        )


class TestFastRestores:
    """Fast snapshot restore."""

    def test_it_is_enabling_then_optimizing_by_size_then_enabled_until_disabled(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        pair: dict[str, Any] = {
            "SourceSnapshotIds": [snapshot_of(ec2, image)],
            "AvailabilityZones": [ZONE],
        }

        def state() -> str:
            [found] = ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"]
            return found["State"]

        started = aws.clock.now()
        answer = ec2.enable_fast_snapshot_restores(**pair)
        [made] = answer["Successful"]
        assert answer["Unsuccessful"] == []
        assert (made["State"], made["EnablingTime"]) == ("enabling", started)
        assert made["StateTransitionReason"] == "Client.UserInitiated"
        aws.clock.advance(30)
        assert state() == "optimizing"
        aws.clock.advance(60 * 60 * 8 / 1024)
        assert state() == "enabled"
        [failed] = ec2.enable_fast_snapshot_restores(**pair)["Unsuccessful"]
        assert failed["FastSnapshotRestoreStateErrors"][0]["AvailabilityZone"] == ZONE
        [ending] = ec2.disable_fast_snapshot_restores(**pair)["Successful"]
        assert (ending["State"], ending["EnablingTime"]) == ("disabling", started)
        aws.clock.advance(30)
        assert state() == "disabled"
        [failed] = ec2.disable_fast_snapshot_restores(**pair)["Unsuccessful"]
        by_state: Any = [{"Name": "state", "Values": ["enabled"]}]
        found = ec2.describe_fast_snapshot_restores(Filters=by_state)
        assert found["FastSnapshotRestores"] == []

    def test_a_deleted_snapshot_loses_it_everywhere(
        self, aws: Sandbox, ec2: "EC2Client", image: str, theirs: "EC2Client"
    ) -> None:
        snapshot = snapshot_of(ec2, image)
        ec2.modify_snapshot_attribute(SnapshotId=snapshot, OperationType="add", UserIds=[OTHER])
        theirs.enable_fast_snapshot_restores(SourceSnapshotIds=[snapshot], AvailabilityZones=[ZONE])
        ec2.enable_fast_snapshot_restores(
            SourceSnapshotIds=[snapshot], AvailabilityZones=[ZONE, "us-east-1b"]
        )
        ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
        aws.clock.advance(60)

        rows = ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"]
        assert [each["State"] for each in rows] == ["disabled", "disabled"]
        [row] = theirs.describe_fast_snapshot_restores()["FastSnapshotRestores"]
        assert (row["State"], row["OwnerId"]) == ("disabled", OTHER)

    def test_what_cannot_be_is_refused_for_each_pair_or_whole(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        enable = ec2.enable_fast_snapshot_restores
        snapshot = snapshot_of(ec2, image)
        assert code(enable, SourceSnapshotIds=[snapshot]) == "InvalidParameterCombination"
        nowhere = {"SourceSnapshotIds": [snapshot], "AvailabilityZones": ["us-east-1z"]}
        assert code(enable, **nowhere) == "InvalidZone.NotFound"
        [row] = enable(SourceSnapshotIds=["snap-01234567"], AvailabilityZones=[ZONE])[
            "Unsuccessful"
        ]
        assert row["FastSnapshotRestoreStateErrors"][0]["Error"]["Code"] == (
            "InvalidSnapshot.NotFound"
        )
        ec2.disable_image(ImageId=image)
        ec2.modify_snapshot_tier(SnapshotId=snapshot)
        [row] = enable(SourceSnapshotIds=[snapshot], AvailabilityZoneIds=["use1-az1"])[
            "Unsuccessful"
        ]
        assert row["FastSnapshotRestoreStateErrors"][0]["Error"]["Code"] == "IncorrectState"

    def test_five_snapshots_have_it_at_most(self, aws: Sandbox, ec2: "EC2Client") -> None:
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1)["VolumeId"]
        made = []
        for _ in range(6):
            aws.clock.advance(60)
            made.append(ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
        aws.clock.advance(60)

        answer = ec2.enable_fast_snapshot_restores(SourceSnapshotIds=made, AvailabilityZones=[ZONE])

        assert [each["SnapshotId"] for each in answer["Unsuccessful"]] == made[5:]


class TestPermissions:
    """Launch permissions beyond accounts, and giving one's own up."""

    def test_an_account_can_give_up_what_is_shared_with_it(
        self, ec2: "EC2Client", image: str, theirs: "EC2Client"
    ) -> None:
        share(ec2, image)

        assert theirs.cancel_image_launch_permission(ImageId=image)["Return"] is True

        assert theirs.describe_images(ExecutableUsers=["self"])["Images"] == []
        for call, wanted in ((theirs, "InvalidAMIID.NotFound"), (ec2, "InvalidRequest")):
            assert code(call.cancel_image_launch_permission, ImageId=image) == wanted
        assert code(theirs.cancel_image_launch_permission, ImageId=LINUX) == "InvalidRequest"

    def test_organizations_are_named_by_their_arn(self, ec2: "EC2Client", image: str) -> None:
        share(ec2, image, OrganizationArn=ORGANIZATION)
        ec2.modify_image_attribute(
            ImageId=image,
            Attribute="launchPermission",
            OperationType="add",
            OrganizationalUnitArns=[UNIT],
        )
        answer = ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
        assert answer["LaunchPermissions"] == [
            {"OrganizationArn": ORGANIZATION},
            {"OrganizationalUnitArn": UNIT},
        ]
        wrong: Any = {"ImageId": image, "LaunchPermission": {"Add": [{"OrganizationArn": UNIT}]}}
        assert code(ec2.modify_image_attribute, **wrong) == "InvalidAMIAttributeItemValue"

    def test_sharing_has_its_quotas(self, ec2: "EC2Client", image: str) -> None:
        quotas.set({"shared_with": 1, "public_images": 0})
        ec2.disable_image_block_public_access()
        share(ec2, image)

        for more in ({"UserId": "333344445555"}, {"Group": "all"}):
            added: Any = {"Add": [more]}
            assert code(ec2.modify_image_attribute, ImageId=image, LaunchPermission=added) == (
                "ResourceLimitExceeded"
            )

    def test_imdsv2_is_for_good_and_a_pending_image_cannot_be_changed(
        self, ec2: "EC2Client", image: str, instance: str
    ) -> None:
        change = ec2.modify_image_attribute
        for value in ("v1.0", ""):
            assert code(change, ImageId=image, ImdsSupport={"Value": value}) == (
                "InvalidParameterValue"
            )
        assert code(change, ImageId=image, Description={"Value": "x" * 256}) == (
            "InvalidParameterValue"
        )
        pending = ec2.create_image(InstanceId=instance, Name="next", NoReboot=True)["ImageId"]
        assert code(change, ImageId=pending, Description={"Value": "x"}) == (
            "InvalidAMIID.Unavailable"
        )
        enable = ec2.enable_image_block_public_access
        assert code(enable, ImageBlockPublicAccessState="unblocked") == "InvalidParameterValue"


class TestLimits:
    """What an image cannot be made with, and how many there can be."""

    def test_what_create_image_cannot_take_is_refused(
        self, ec2: "EC2Client", instance: str
    ) -> None:
        asked: dict[str, Any] = {"InstanceId": instance, "Name": "point"}
        wrong: list[dict[str, Any]] = [
            {"SnapshotLocation": "regional"},
            {"BootModeOverride": "legacy-bios"},
            {"Description": "x" * 256},
        ]
        for each in wrong:
            assert code(ec2.create_image, **asked, **each) == "InvalidParameterValue"
        assert ec2.describe_images(Owners=["self"])["Images"] == []
        made = ec2.create_image(**asked, BootModeOverride="uefi", NoReboot=True)["ImageId"]
        assert ec2.describe_images(ImageIds=[made])["Images"][0]["BootMode"] == "uefi"

    def test_encryption_may_be_repeated_but_not_changed(
        self, aws: Sandbox, ec2: "EC2Client", instance: str
    ) -> None:
        volume = ec2.create_volume(AvailabilityZone=ZONE, Size=1, Encrypted=True)["VolumeId"]
        aws.clock.advance(5)
        ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")

        def mapping(device: str, *, encrypted: bool) -> Any:
            return [{"DeviceName": device, "Ebs": {"Encrypted": encrypted}}]

        asked: dict[str, Any] = {"InstanceId": instance, "NoReboot": True}
        for name, value in (("one", True), ("two", False)):
            made = ec2.create_image(
                **asked, Name=name, BlockDeviceMappings=mapping("/dev/sdf", encrypted=value)
            )["ImageId"]
            data = ec2.describe_images(ImageIds=[made])["Images"][0]["BlockDeviceMappings"][1]
            assert data["Ebs"]["Encrypted"] is True
        root = mapping("/dev/xvda", encrypted=True)
        assert code(ec2.create_image, **asked, Name="bad", BlockDeviceMappings=root) == (
            "InvalidBlockDeviceMapping"
        )

    def test_an_archived_snapshot_makes_no_image(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        snapshot = snapshot_of(ec2, image)
        ec2.disable_image(ImageId=image)
        ec2.modify_snapshot_tier(SnapshotId=snapshot, StorageTier="archive")
        aws.clock.advance(3600)
        mapping: Any = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}]
        asked: dict[str, Any] = {"Name": "again", "RootDeviceName": "/dev/xvda"}
        assert code(ec2.register_image, **asked, BlockDeviceMappings=mapping) == "IncorrectState"

    def test_images_in_the_bin_count_for_the_quota(
        self, aws: Sandbox, ec2: "EC2Client", image: str, instance: str
    ) -> None:
        quotas.set({"images": 1})
        aws.client("rbin").create_rule(
            ResourceType="EC2_IMAGE",
            RetentionPeriod={"RetentionPeriodValue": 1, "RetentionPeriodUnit": "DAYS"},
        )
        aws.clock.advance(1)
        ec2.deregister_image(ImageId=image)

        asked: dict[str, Any] = {"InstanceId": instance, "Name": "next", "NoReboot": True}
        assert code(ec2.create_image, **asked) == "ResourceLimitExceeded"
        aws.clock.advance(86_400)
        ec2.create_image(**asked)

    def test_an_asymmetric_key_fails_the_copy_later(
        self, aws: Sandbox, ec2: "EC2Client", image: str
    ) -> None:
        key = aws.client("kms").create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
        copy = ec2.copy_image(
            SourceImageId=image,
            SourceRegion="us-east-1",
            Name="copy",
            Encrypted=True,
            KmsKeyId=key["KeyMetadata"]["KeyId"],
        )["ImageId"]
        aws.clock.advance(120)

        assert ec2.describe_images(ImageIds=[copy])["Images"][0]["State"] == "failed"

    def test_users_must_be_accounts_or_aliases(self, ec2: "EC2Client") -> None:
        assert code(ec2.describe_images, Owners=["me"]) == "InvalidUserID.Malformed"
        assert code(ec2.describe_images, ExecutableUsers=["1234"]) == "InvalidUserID.Malformed"


DRY_RUNS: list[tuple[str, dict[str, Any]]] = [
    ("get_image_ancestry", {"ImageId": LINUX}),
    ("describe_instance_image_metadata", {}),
    ("get_instance_uefi_data", {"InstanceId": "i-01234567"}),
    ("get_allowed_images_settings", {}),
    ("enable_allowed_images_settings", {"AllowedImagesSettingsState": "enabled"}),
    ("disable_allowed_images_settings", {}),
    ("replace_image_criteria_in_allowed_images_settings", {}),
    ("create_image_usage_report", {"ImageId": LINUX, "ResourceTypes": [{"ResourceType": "x"}]}),
    ("describe_image_usage_reports", {}),
    ("describe_image_usage_report_entries", {}),
    ("delete_image_usage_report", {"ReportId": "amiur-1"}),
    ("enable_fast_snapshot_restores", {"SourceSnapshotIds": ["snap-1"]}),
    ("disable_fast_snapshot_restores", {"SourceSnapshotIds": ["snap-1"]}),
    ("describe_fast_snapshot_restores", {}),
    ("cancel_image_launch_permission", {"ImageId": LINUX}),
]


def test_a_dry_run_only_checks_permission(ec2: "EC2Client") -> None:
    for operation, asked in DRY_RUNS:
        assert code(getattr(ec2, operation), DryRun=True, **asked) == "DryRunOperation"
