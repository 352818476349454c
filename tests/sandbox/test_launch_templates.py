"""Launch templates: versions, defaults, tokens, ranges, deletions, and what is kept secret."""

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.ec2 import template_rules
from sandbox.process import Sandbox
from tests.sandbox.scenes import LINUX, code

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

DATA: Any = {"ImageId": LINUX, "InstanceType": "t3.micro"}


def create(ec2: "EC2Client", name: str = "web", **more: Any) -> str:  # noqa: ANN401
    """A template; answers its id."""
    asked: dict[str, Any] = {"LaunchTemplateName": name, "LaunchTemplateData": DATA, **more}
    return str(ec2.create_launch_template(**asked)["LaunchTemplate"]["LaunchTemplateId"])


def described(ec2: "EC2Client", **asked: Any) -> list[int]:  # noqa: ANN401
    """The numbers of the versions that are described."""
    found = ec2.describe_launch_template_versions(**asked)["LaunchTemplateVersions"]
    return [each["VersionNumber"] for each in found]


def test_a_template_is_made_once_for_its_token(ec2: "EC2Client") -> None:
    """Its tags are its own; what it launches has those of its data."""
    tags: Any = [{"ResourceType": "launch-template", "Tags": [{"Key": "a", "Value": "b"}]}]

    first = create(ec2, TagSpecifications=tags, ClientToken="once")

    assert create(ec2, TagSpecifications=tags, ClientToken="once") == first
    other: dict[str, Any] = {"LaunchTemplateName": "x-y", "LaunchTemplateData": DATA}
    assert code(ec2.create_launch_template, **other, ClientToken="once") == (
        "IdempotentParameterMismatch"
    )
    [found] = ec2.describe_launch_templates()["LaunchTemplates"]
    assert (found["DefaultVersionNumber"], found["LatestVersionNumber"]) == (1, 1)
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    [version] = ec2.describe_launch_template_versions(LaunchTemplateId=first)[
        "LaunchTemplateVersions"
    ]
    assert "TagSpecifications" not in version["LaunchTemplateData"]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("short", {"LaunchTemplateName": "ab"}, "InvalidLaunchTemplateName.MalformedException"),
    ("space", {"LaunchTemplateName": "a b c"}, "InvalidLaunchTemplateName.MalformedException"),
    ("taken", {"LaunchTemplateName": "web"}, "InvalidLaunchTemplateName.AlreadyExistsException"),
    ("empty", {"LaunchTemplateData": {}}, "MissingParameter"),
    ("user data", {"LaunchTemplateData": {"UserData": "!"}}, "InvalidUserData.Malformed"),
    ("description", {"VersionDescription": "x" * 256}, "InvalidParameterValue"),
    ("token", {"ClientToken": "x" * 129}, "InvalidParameterValue"),
    (
        "tags",
        {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a"}]}]},
        "InvalidParameterValue",
    ),
    ("dry run", {"DryRun": True}, "DryRunOperation"),
]


def test_what_cannot_be_a_template_is_refused(ec2: "EC2Client") -> None:
    """Its data is not looked at: what is wrong with it is a warning."""
    create(ec2)
    right: dict[str, Any] = {"LaunchTemplateName": "other", "LaunchTemplateData": DATA}
    for name, wrong, refusal in REFUSED:
        assert code(ec2.create_launch_template, **{**right, **wrong}) == refusal, name

    data: Any = {"ImageId": "ami-0fffffffffffffff0", "InstanceType": "t9.nano"}
    warned = ec2.create_launch_template(LaunchTemplateName="other", LaunchTemplateData=data)

    codes = [each["Code"] for each in warned["Warning"]["Errors"]]
    assert codes == ["InvalidAMIID.NotFound", "InvalidParameterValue"]


def test_amazons_images_are_no_reason_for_a_warning(ec2: "EC2Client") -> None:
    """What can be launched is valid, whoever owns it."""
    made = ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=DATA)
    version = ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=DATA)

    assert "Warning" not in made
    assert "Warning" not in version


def test_a_version_inherits_all_but_the_snapshots(ec2: "EC2Client") -> None:
    """SourceVersion; what is given replaces what was there."""
    disk = {"DeviceName": "/dev/sdf", "Ebs": {"SnapshotId": "snap-0123456789abcdef0"}}
    sized = {"DeviceName": "/dev/sdg", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 9}}
    secret = base64.b64encode(b"secret").decode()
    data: Any = {**DATA, "UserData": secret, "BlockDeviceMappings": [disk, sized]}
    identity = create(ec2, LaunchTemplateData=data)

    made = ec2.create_launch_template_version(
        LaunchTemplateId=identity,
        SourceVersion="$Default",
        LaunchTemplateData={"InstanceType": "t3.small"},
        VersionDescription="bigger",
        ClientToken="once",
    )["LaunchTemplateVersion"]
    again = ec2.create_launch_template_version(
        LaunchTemplateId=identity,
        SourceVersion="$Default",
        LaunchTemplateData={"InstanceType": "t3.small"},
        VersionDescription="bigger",
        ClientToken="once",
    )["LaunchTemplateVersion"]

    assert made["VersionNumber"] == again["VersionNumber"] == 2
    assert not made["DefaultVersion"]
    kept = made["LaunchTemplateData"]
    assert (kept["ImageId"], kept["InstanceType"]) == (LINUX, "t3.small")
    assert kept["UserData"] == secret
    assert kept["BlockDeviceMappings"] == [
        {"DeviceName": "/dev/sdf"},
        {"DeviceName": "/dev/sdg", "Ebs": {"VolumeSize": 9}},
    ]


def test_versions_are_described_by_name_by_range_and_of_all(ec2: "EC2Client") -> None:
    """Newest first; $Latest and $Default of every template without one."""
    identity = create(ec2)
    other = create(ec2, "other")
    for type_ in ("t3.small", "t3.medium", "t3.large"):
        ec2.create_launch_template_version(
            LaunchTemplateName="web",
            SourceVersion="1",
            LaunchTemplateData={"InstanceType": type_},
        )
    ec2.modify_launch_template(LaunchTemplateId=identity, DefaultVersion="2")

    web = {"LaunchTemplateName": "web"}
    assert described(ec2, **web) == [4, 3, 2, 1]
    assert described(ec2, **web, Versions=["1", "$Latest", "$Default"]) == [1, 4, 2]
    assert described(ec2, **web, MinVersion="2", MaxVersion="3") == [3, 2]
    large = [{"Name": "instance-type", "Values": ["t3.large"]}]
    assert described(ec2, **web, Filters=large) == [4]
    default = [{"Name": "is-default-version", "Values": ["true"]}]
    assert described(ec2, **web, Filters=default) == [2]
    assert described(ec2, Versions=["$Latest", "$Default"]) == [4, 2, 1]
    pages = ec2.get_paginator("describe_launch_template_versions").paginate(
        LaunchTemplateName="web", PaginationConfig={"PageSize": 3}
    )
    numbers = [[v["VersionNumber"] for v in page["LaunchTemplateVersions"]] for page in pages]
    assert numbers == [[4, 3, 2], [1]]
    describe: Callable[..., Any] = ec2.describe_launch_template_versions
    assert code(describe) == "MissingParameter"
    assert code(describe, Versions=["1"]) == "InvalidParameterValue"
    assert code(describe, **web, Versions=["9"]) == "InvalidLaunchTemplateId.VersionNotFound"
    assert code(describe, **web, LaunchTemplateId=other) == "InvalidParameterCombination"
    assert code(describe, LaunchTemplateId="lt-1") == "InvalidLaunchTemplateId.Malformed"
    unknown = "lt-0fffffffffffffff0"
    assert code(describe, LaunchTemplateId=unknown) == "InvalidLaunchTemplateId.NotFound"
    assert code(describe, LaunchTemplateName="nobody") == (
        "InvalidLaunchTemplateName.NotFoundException"
    )
    assert code(describe, **web, MaxResults=201) == "InvalidParameterValue"
    named = ec2.describe_launch_templates(
        Filters=[{"Name": "launch-template-name", "Values": ["o*"]}]
    )["LaunchTemplates"]
    assert [each["LaunchTemplateId"] for each in named] == [other]


def test_versions_are_deleted_each_on_its_own(ec2: "EC2Client") -> None:
    """Not the default one; numbers are never used again."""
    identity = create(ec2)
    for _ in range(2):
        ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData=DATA)

    answer = ec2.delete_launch_template_versions(
        LaunchTemplateId=identity, Versions=["1", "3", "9"]
    )

    done = answer["SuccessfullyDeletedLaunchTemplateVersions"]
    refused = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [each["VersionNumber"] for each in done] == [3]
    assert {each["VersionNumber"]: each["ResponseError"]["Code"] for each in refused} == {
        1: "unexpectedError",
        9: "launchTemplateVersionDoesNotExist",
    }
    made = ec2.create_launch_template_version(LaunchTemplateId=identity, LaunchTemplateData=DATA)
    assert made["LaunchTemplateVersion"]["VersionNumber"] == 4
    gone = ec2.delete_launch_template_versions(LaunchTemplateName="nobody", Versions=["1"])
    [item] = gone["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert item["ResponseError"]["Code"] == "launchTemplateNameDoesNotExist"
    ec2.delete_launch_template(LaunchTemplateId=identity)
    assert code(ec2.delete_launch_template, LaunchTemplateName="web") == (
        "InvalidLaunchTemplateName.NotFoundException"
    )


def test_a_parameter_is_shown_or_resolved(aws: Sandbox, ec2: "EC2Client") -> None:
    """ResolveAlias; a launch resolves it each time."""
    aws.client("ssm").put_parameter(Name="/golden", Value=LINUX, Type="String")
    create(ec2, LaunchTemplateData={"ImageId": "resolve:ssm:/golden", "InstanceType": "t3.micro"})

    def image(**more: Any) -> str:  # noqa: ANN401
        found = ec2.describe_launch_template_versions(LaunchTemplateName="web", **more)
        return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"]

    assert image() == "resolve:ssm:/golden"
    assert image(ResolveAlias=True) == LINUX
    template: Any = {"LaunchTemplateName": "web"}
    one = ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)["Instances"][0]
    assert one["ImageId"] == LINUX


def test_the_user_data_of_a_template_is_in_no_record(aws: Sandbox, ec2: "EC2Client") -> None:
    """Masked in the record of calls, whoever asks."""
    secret = base64.b64encode(b"hunter2").decode()
    create(ec2, LaunchTemplateData={**DATA, "UserData": secret})
    described(ec2, LaunchTemplateName="web")

    assert secret not in str(aws.calls.all())
    assert "'UserData': '*****'" in str(aws.calls.all())


def test_quotas_end_it(ec2: "EC2Client", monkeypatch: pytest.MonkeyPatch) -> None:
    """5,000 templates a region and 10,000 versions a template; here, fewer."""
    create(ec2)
    monkeypatch.setattr(template_rules, "MOST_TEMPLATES", 1)
    monkeypatch.setattr(template_rules, "MOST_VERSIONS", 1)

    with pytest.raises(ClientError, match="limit"):
        create(ec2, "other")
    with pytest.raises(ClientError, match="limit"):
        ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=DATA)
