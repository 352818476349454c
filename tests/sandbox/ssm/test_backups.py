"""Application-consistent backups: freeze, take, thaw on Linux; VSS on Windows; patch hooks."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: D102

from typing import Any

from sandbox.process import Sandbox
from tests.sandbox.ssm.scenes import (
    WINDOWS,
    command,
    command_document,
    node,
    script_step,
    send,
    states,
)

HOOKS = "AWS-RunPatchBaselineWithHooks"
VSS = "AWSEC2-VssInstallAndSnapshot"
DISK = {"DeviceName": "/dev/xvdf", "Ebs": {"VolumeSize": 1}}


def tags(found: dict[str, Any]) -> dict[str, str]:
    """The tags of a snapshot or image."""
    return {each["Key"]: each["Value"] for each in found.get("Tags", [])}


def own_snapshots(aws: Sandbox) -> list[dict[str, Any]]:
    """The account's snapshots."""
    found: list[dict[str, Any]] = aws.client("ec2").describe_snapshots(OwnerIds=["self"])[
        "Snapshots"
    ]
    return found


class TestFreezing:
    """Commands around CreateImage."""

    def test_the_image_is_taken_while_the_file_system_is_frozen(self, aws: Sandbox) -> None:
        instance, ec2 = node(aws), aws.client("ec2")
        [volume] = [
            each["Ebs"]["VolumeId"]
            for each in ec2.describe_instances(InstanceIds=[instance])["Reservations"][0][
                "Instances"
            ][0]["BlockDeviceMappings"]
        ]
        aws.disks.write(volume, "flushed")

        freeze = send(aws, instance, script="fsfreeze -f /data")
        aws.clock.advance(3)
        assert states(aws, freeze) == {instance: "Success"}
        image = ec2.create_image(InstanceId=instance, Name="frozen", NoReboot=True)["ImageId"]
        aws.clock.advance(2)
        send(aws, instance, script="fsfreeze -u /data")
        aws.disks.write(volume, "written after the thaw")
        aws.clock.advance(60)

        frozen, thawed = aws.commands.log(instance)
        [snapshot] = own_snapshots(aws)
        taken = snapshot["StartTime"].isoformat()
        assert str(frozen["ended"]) <= taken <= str(thawed["started"])
        assert (frozen["status"], thawed["status"]) == ("Success", "Success")
        assert aws.disks.read(image)["holds"] == "flushed"

    def test_a_freeze_that_hangs_ends_by_its_timeout_and_can_still_be_thawed(
        self, aws: Sandbox
    ) -> None:
        instance = node(aws)
        aws.commands.set(instance=instance, contains="fsfreeze -f", outcome="hang")
        parameters = {"commands": ["fsfreeze -f /data"], "executionTimeout": ["10"]}
        freeze = send(aws, instance, Parameters=parameters)
        aws.clock.advance(5)
        assert states(aws, freeze) == {instance: "InProgress"}
        thaw = send(aws, instance, script="fsfreeze -u /data")
        aws.clock.advance(60)

        assert states(aws, freeze) == {instance: "ExecutionTimedOut"}
        assert states(aws, thaw) == {instance: "Success"}
        frozen, thawed = aws.commands.log(instance)
        assert frozen["ended"] is not None
        assert thawed["status"] == "Success"


class TestVss:
    """Amazon's two documents for Windows."""

    def test_snapshots_of_all_volumes_are_taken_and_tagged_as_the_command_runs(
        self, aws: Sandbox
    ) -> None:
        instance = node(aws, WINDOWS, BlockDeviceMappings=[DISK])
        parameters = {"tags": ["Key=Name,Value=nightly;Key=app,Value=web"], "description": ["d"]}
        sent = send(aws, instance, DocumentName="AWSEC2-CreateVssSnapshot", Parameters=parameters)
        aws.clock.advance(600)

        taken = own_snapshots(aws)

        assert {tags(each)["Device"] for each in taken} == {"/dev/sda1", "/dev/xvdf"}
        assert all(tags(each)["AppConsistent"] == "True" for each in taken)
        assert all("AwsVssConfig" in tags(each) for each in taken)
        assert all(tags(each)["Name"] == "nightly" and tags(each)["app"] == "web" for each in taken)
        [entry] = aws.commands.log()
        assert entry["snapshots"] == [each["SnapshotId"] for each in taken]
        for each in taken:
            assert str(entry["started"]) < each["StartTime"].isoformat() < str(entry["ended"])
        assert states(aws, sent) == {instance: "Success"}

    def test_an_image_is_made_where_one_is_wanted(self, aws: Sandbox) -> None:
        instance = node(aws, WINDOWS)
        sent = send(
            aws,
            instance,
            DocumentName=VSS,
            Parameters={"CreateAmi": ["True"], "AmiName": ["nightly/1"]},
        )
        aws.clock.advance(120)

        [image] = aws.client("ec2").describe_images(Owners=["self"])["Images"]

        assert (image["Name"], image["State"]) == ("nightly/1", "available")
        assert tags(image)["AppConsistent"] == "True"
        [snapshot] = own_snapshots(aws)
        assert tags(snapshot)["Device"] == "/dev/sda1"
        assert aws.commands.log()[-1]["image"] == image["ImageId"]
        assert command(aws, sent)["Status"] == "Success"

    def test_the_boot_volume_can_be_left_out(self, aws: Sandbox) -> None:
        instance = node(aws, WINDOWS, BlockDeviceMappings=[DISK])
        send(aws, instance, DocumentName=VSS, Parameters={"ExcludeBootVolume": ["True"]})
        aws.clock.advance(60)

        assert [tags(each)["Device"] for each in own_snapshots(aws)] == ["/dev/xvdf"]

    def test_a_failure_of_vss_takes_nothing(self, aws: Sandbox) -> None:
        instance = node(aws, WINDOWS)
        aws.commands.set(document=VSS, contains="VssSnapshot", outcome="fail", times=1)
        wrong: list[dict[str, list[str]]] = [
            {},
            {"tags": ["Key=Device,Value=mine"]},
            {"tags": ["Name=nightly"]},
            {"CreateAmi": ["True"]},
            {"CreateAmi": ["True"], "AmiName": ["a b"], "ExcludeBootVolume": ["True"]},
            {"CreateAmi": ["True"], "AmiName": ["no:colons"]},
        ]

        ends = []
        for parameters in wrong:
            sent = send(aws, instance, DocumentName=VSS, Parameters=parameters)
            aws.clock.advance(60)
            ends.append(states(aws, sent)[instance])

        assert ends == ["Failed"] * len(wrong)
        assert own_snapshots(aws) == []


class TestPatchHooks:
    """The hook points of AWS-RunPatchBaselineWithHooks."""

    def install(self, aws: Sandbox, instance: str, **more: list[str]) -> dict[str, str]:
        """Which documents ran on the node, and how the command ended."""
        ssm = aws.client("ssm")
        for name in ("Before", "After", "Leaving"):
            content = command_document(script_step(name, f"./{name}.sh"))
            ssm.create_document(Name=name, Content=content)
        parameters = {
            "Operation": ["Install"],
            "PreInstallHookDocName": ["Before"],
            "PostInstallHookDocName": ["After"],
            "OnExitHookDocName": ["Leaving"],
            **more,
        }
        sent = send(aws, instance, DocumentName=HOOKS, Parameters=parameters)
        aws.clock.advance(600)
        return states(aws, sent)

    def documents(self, aws: Sandbox) -> list[str]:
        """The documents inside, in the order they ran."""
        return [str(each["document"]) for each in aws.commands.log() if each["document"] != HOOKS]

    def test_the_hooks_run_around_the_installation_and_the_reboot(self, aws: Sandbox) -> None:
        instance = node(aws)
        before = len(aws.calls.all())

        assert self.install(aws, instance) == {instance: "Success"}
        patch = "AWS-RunPatchBaseline"
        assert self.documents(aws) == [patch, "Before", patch, "After", patch, "Leaving"]
        assert "RebootInstances" in [each["action"] for each in aws.calls.all()[before:]]

    def test_a_failed_hook_keeps_the_patches_away_and_still_leaves(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.commands.set(document="Before", outcome="fail")

        assert self.install(aws, instance) == {instance: "Failed"}
        assert self.documents(aws) == ["AWS-RunPatchBaseline", "Before", "Leaving"]

    def test_nothing_missing_means_nothing_but_the_exit_hook(self, aws: Sandbox) -> None:
        instance = node(aws)
        aws.health.set(instance=instance, patches="none")

        assert self.install(aws, instance) == {instance: "Success"}
        assert self.documents(aws) == ["AWS-RunPatchBaseline", "Leaving"]

    def test_no_reboot_and_no_hooks_where_none_are_wanted(self, aws: Sandbox) -> None:
        instance = node(aws)

        self.install(aws, instance, RebootOption=["NoReboot"])
        first = self.documents(aws)
        send(aws, instance, DocumentName=HOOKS, Parameters={"Operation": ["Scan"]})
        aws.clock.advance(60)

        assert self.documents(aws)[len(first) :] == ["AWS-RunPatchBaseline"]
        assert "RebootInstances" not in [each["action"] for each in aws.calls.all()]
