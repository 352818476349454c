"""Images: creating, naming, finding, registering, copying, sharing, disabling, deregistering."""

from datetime import timedelta
from typing import Any

import pytest

from tests.contract import scenes
from tests.contract.place import ABROAD, STRANGER, Place
from tests.contract.scenes import NOBODY, refused, tagged


def registered(place: Place, snapshot: str, **more: Any) -> str:  # noqa: ANN401
    """The id of an image registered with *snapshot* as its root."""
    usual = {
        "Name": place.unique("registered"),
        "RootDeviceName": "/dev/xvda",
        "Architecture": "x86_64",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    }
    return str(place.ec2.register_image(**{**usual, **more})["ImageId"])


def test_an_image_is_pending_and_then_available(place: Place) -> None:
    """EC2 User Guide, "Create an Amazon EBS-backed AMI"; EC2 API, Image.State."""
    source = scenes.machine(place)

    made = scenes.requested_image(place, source)

    assert scenes.image(place, made)["State"] == "pending"
    place.until(lambda: scenes.image(place, made)["State"] == "available", at_most=3600)
    found = scenes.image(place, made)
    assert found["SourceInstanceId"] == source
    assert found["OwnerId"] == place.account
    assert found["Public"] is False


def test_an_image_has_a_snapshot_of_every_attached_volume(place: Place) -> None:
    """EC2 User Guide, "Create an Amazon EBS-backed AMI": of root and all other volumes."""
    source = scenes.with_data(place)
    zone = scenes.instance(place, source)["Placement"]["AvailabilityZone"]
    late = scenes.free_volume(place, AvailabilityZone=zone)
    place.ec2.attach_volume(VolumeId=late, InstanceId=source, Device="/dev/sdg")
    place.until(lambda: scenes.volume(place, late)["State"] == "in-use")

    held = scenes.snapshots_in(scenes.image(place, scenes.image_of(place, source)))

    taken = {name: scenes.snapshot(place, id_)["VolumeId"] for name, id_ in held.items()}
    assert taken == scenes.volumes_of(place, source)
    assert set(taken) == {"/dev/xvda", scenes.DATA, "/dev/sdg"}


def test_an_images_mapping_keeps_size_type_and_flag(place: Place) -> None:
    """EC2 User Guide, "Block device mappings": the AMI records each volume's settings."""
    source = scenes.with_data(place)
    flags = [{"DeviceName": scenes.DATA, "Ebs": {"DeleteOnTermination": True}}]
    place.ec2.modify_instance_attribute(InstanceId=source, BlockDeviceMappings=flags)

    mapping = scenes.image(place, scenes.image_of(place, source))["BlockDeviceMappings"]

    data = next(each["Ebs"] for each in mapping if each["DeviceName"] == scenes.DATA)
    assert (data["VolumeSize"], data["VolumeType"]) == (2, "gp3")
    assert data["DeleteOnTermination"] is True


def test_image_and_snapshots_are_tagged_in_the_creating_call(place: Place) -> None:
    """EC2 API, CreateImageRequest.TagSpecifications: image and snapshot."""
    wanted = [*tagged("image", of="image"), *tagged("snapshot", of="snapshot")]
    made = scenes.image_of(place, scenes.with_data(place), TagSpecifications=wanted)

    found = scenes.image(place, made)
    assert place.tags(found) == {"of": "image"}
    for id_ in scenes.snapshots_in(found).values():
        assert place.tags(scenes.snapshot(place, id_)) == {"of": "snapshot"}


def test_create_image_tags_nothing_else(place: Place) -> None:
    """EC2 API, CreateImageRequest.TagSpecifications: another type fails the request."""
    source = scenes.machine(place)
    call = {"InstanceId": source, "Name": place.unique("image"), "NoReboot": True}

    code = refused(place.ec2.create_image, **call, TagSpecifications=tagged("volume", a="b"))
    assert code == "InvalidParameterValue"


def test_a_snapshot_says_which_image_it_was_taken_for(place: Place) -> None:
    """EC2 User Guide, "Deregister an AMI": "Created by CreateImage(i-...) for ami-..."."""
    source = scenes.machine(place)
    made = scenes.image_of(place, source)

    root = scenes.snapshots_in(scenes.image(place, made))["/dev/xvda"]
    said = scenes.snapshot(place, root)["Description"]
    assert said.startswith(f"Created by CreateImage({source}) for {made}")


def test_an_image_name_is_used_once(place: Place) -> None:
    """EC2 API error codes, InvalidAMIName.Duplicate; the message names the holder [NV]."""
    source, name = scenes.machine(place), place.unique("image")
    scenes.requested_image(place, source, Name=name)

    code = refused(place.ec2.create_image, InstanceId=source, Name=name, NoReboot=True)
    assert code == "InvalidAMIName.Duplicate"


def test_a_disabled_image_still_holds_its_name(place: Place) -> None:
    """EC2 API error codes, InvalidAMIName.Duplicate: until deregistered. [NV] disabled ones."""
    source, name = scenes.machine(place), place.unique("image")
    place.ec2.disable_image(ImageId=scenes.image_of(place, source, Name=name))

    code = refused(place.ec2.create_image, InstanceId=source, Name=name, NoReboot=True)
    assert code == "InvalidAMIName.Duplicate"


def test_a_deregistered_images_name_is_free_again(place: Place) -> None:
    """EC2 API error codes, InvalidAMIName.Duplicate: free once deregistration has propagated."""
    source, name = scenes.machine(place), place.unique("image")
    first = scenes.image_of(place, source, Name=name)
    place.ec2.deregister_image(ImageId=first)

    assert scenes.image_of(place, source, Name=name) != first


def test_other_characters_in_an_image_name_are_malformed(place: Place) -> None:
    """EC2 API error codes, InvalidAMIName.Malformed; CreateImageRequest.Name."""
    source = scenes.machine(place)

    for name in ("stars*", "äöü", "semi;colon"):
        code = refused(place.ec2.create_image, InstanceId=source, Name=name, NoReboot=True)
        assert code == "InvalidAMIName.Malformed", name


def test_create_image_leaves_a_device_out(place: Place) -> None:
    """EC2 API, BlockDeviceMapping.NoDevice: an empty string excludes a volume."""
    source = scenes.with_data(place)
    without = [{"DeviceName": scenes.DATA, "NoDevice": ""}]

    made = scenes.image_of(place, source, BlockDeviceMappings=without)

    assert set(scenes.snapshots_in(scenes.image(place, made))) == {"/dev/xvda"}


def test_create_image_changes_only_the_flag_of_an_attached_volume(place: Place) -> None:
    """EC2 API, CreateImageRequest.BlockDeviceMappings: you can only change DeleteOnTermination."""
    source = scenes.with_data(place)
    bigger = [{"DeviceName": scenes.DATA, "Ebs": {"VolumeSize": 3}}]
    call = {"InstanceId": source, "Name": place.unique("image"), "NoReboot": True}

    code = refused(place.ec2.create_image, **call, BlockDeviceMappings=bigger)
    assert code in ("InvalidBlockDeviceMapping", "InvalidParameterValue", "InvalidRequest")


def test_a_stopped_instance_can_be_imaged(place: Place) -> None:
    """EC2 API, CreateImage: an instance that is either running or stopped."""
    source = scenes.machine(place)
    scenes.stopped(place, source)

    made = scenes.image_of(place, source)

    assert scenes.image(place, made)["State"] == "available"
    assert scenes.state(place, source) == "stopped"


def test_a_terminated_instance_cannot_be_imaged(place: Place) -> None:
    """EC2 API, CreateImage: running or stopped. [NV] the code."""
    source = scenes.machine(place)
    scenes.gone(place, source)

    code = refused(place.ec2.create_image, InstanceId=source, Name=place.unique("image"))
    assert code in ("IncorrectState", "IncorrectInstanceState", "InvalidInstanceID.NotFound")


def test_an_unknown_instance_cannot_be_imaged(place: Place) -> None:
    """EC2 API error codes, InvalidInstanceID.NotFound and InvalidInstanceID.Malformed."""
    call = place.ec2.create_image
    name = place.unique("image")

    assert refused(call, InstanceId=f"i-{NOBODY}", Name=name) == "InvalidInstanceID.NotFound"
    assert refused(call, InstanceId="i-none", Name=name) == "InvalidInstanceID.Malformed"


def test_create_image_reboots_unless_told_not_to(place: Place) -> None:
    """EC2 API, CreateImageRequest.NoReboot: default false; status checks begin again."""
    source = scenes.machine(place)

    def said() -> str:
        found = place.ec2.describe_instance_status(InstanceIds=[source])["InstanceStatuses"]
        return str(found[0]["InstanceStatus"]["Status"]) if found else ""

    place.until(lambda: said() == "ok")
    place.ec2.create_image(InstanceId=source, Name=place.unique("quiet"), NoReboot=True)
    assert said() == "ok"
    place.ec2.create_image(InstanceId=source, Name=place.unique("loud"))
    place.until(lambda: said() == "initializing", at_most=60)


def test_a_dry_run_makes_no_image(place: Place) -> None:
    """EC2 API, CreateImageRequest.DryRun: DryRunOperation."""
    source, name = scenes.machine(place), place.unique("image")

    code = refused(place.ec2.create_image, InstanceId=source, Name=name, DryRun=True)

    assert code == "DryRunOperation"
    filters = [{"Name": "name", "Values": [name]}]
    assert place.ec2.describe_images(Owners=["self"], Filters=filters)["Images"] == []


@pytest.mark.sandbox_only("six pending images of one instance")
def test_an_instance_has_few_pending_images_without_reboot(place: Place) -> None:
    """EC2 API error codes, ConcurrentCreateImageNoRebootLimitExceeded. [NV] the number."""
    source = scenes.machine(place)
    for nth in range(5):
        scenes.requested_image(place, source, Name=f"image-{nth}")
        place.later(1)

    code = refused(place.ec2.create_image, InstanceId=source, Name="sixth", NoReboot=True)
    assert code in (
        "ConcurrentCreateImageNoRebootLimitExceeded",
        "ConcurrentSnapshotLimitExceeded",
        "SnapshotCreationPerVolumeRateExceeded",
    )


def test_an_image_whose_instance_goes_away_can_fail(place: Place) -> None:
    """EC2 API, StateReason: Client.InstanceTerminated. [NV] that it always fails."""
    if place.name == "account":
        pytest.skip("EC2 may be quicker than the terminate")
    source = scenes.machine(place)
    made = scenes.requested_image(place, source)
    place.ec2.terminate_instances(InstanceIds=[source])

    place.until(lambda: scenes.image(place, made)["State"] == "failed")
    assert scenes.image(place, made)["StateReason"]["Code"]


def test_an_image_is_found_by_a_filter_and_by_nothing_else(place: Place) -> None:
    """EC2 API, DescribeImagesRequest.Filters."""
    source = scenes.machine(place)
    made = scenes.image_of(place, source, TagSpecifications=tagged("image", of="x"))
    found = scenes.image(place, made)
    values = {
        "name": found["Name"],
        "state": "available",
        "image-id": made,
        "tag:of": "x",
        "tag-key": "of",
        "source-instance-id": source,
        "block-device-mapping.snapshot-id": scenes.snapshots_in(found)["/dev/xvda"],
        "root-device-name": "/dev/xvda",
        "architecture": "x86_64",
        "creation-date": f"{found['CreationDate'][:10]}*",
    }

    def finds(name: str, value: str) -> bool:
        filters = [{"Name": name, "Values": [value]}]
        listed = place.ec2.describe_images(Owners=["self"], Filters=filters)["Images"]
        return made in [each["ImageId"] for each in listed]

    for name, value in values.items():
        assert finds(name, value), name
        assert not finds(name, "none"), name


def test_images_come_in_pages(place: Place) -> None:
    """EC2 API, DescribeImagesRequest.MaxResults and NextToken; 5 to 1000 a page."""
    source = scenes.machine(place)
    root = scenes.snapshot_of(place, scenes.volumes_of(place, source)["/dev/xvda"])
    word = place.unique("paged")
    made = [registered(place, root, Name=f"{word}-{nth}") for nth in range(7)]
    asked: dict[str, Any] = {"Owners": ["self"], "MaxResults": 5}
    asked["Filters"] = [{"Name": "name", "Values": [f"{word}-*"]}]

    first = place.ec2.describe_images(**asked)
    second = place.ec2.describe_images(**asked, NextToken=first["NextToken"])

    assert len(first["Images"]) == 5
    together = [each["ImageId"] for each in first["Images"] + second["Images"]]
    assert sorted(together) == sorted(made)
    assert not second.get("NextToken")


def test_an_unknown_image_and_a_malformed_id_have_their_own_codes(place: Place) -> None:
    """EC2 API error codes, InvalidAMIID.NotFound and InvalidAMIID.Malformed."""
    look = place.ec2.describe_images

    assert refused(look, ImageIds=[f"ami-{NOBODY}"]) == "InvalidAMIID.NotFound"
    assert refused(look, ImageIds=["ami-none"]) == "InvalidAMIID.Malformed"


def test_an_image_is_registered_from_a_snapshot(place: Place) -> None:
    """EC2 API, RegisterImage: available with the snapshot as its root, tags of the call."""
    source = scenes.machine(place)
    root = scenes.snapshot_of(place, scenes.volumes_of(place, source)["/dev/xvda"])
    made = registered(place, root, TagSpecifications=tagged("image", of="register"))

    place.until(lambda: scenes.image(place, made)["State"] == "available")
    found = scenes.image(place, made)
    assert scenes.snapshots_in(found) == {"/dev/xvda": root}
    assert place.tags(found) == {"of": "register"}
    again = {"Name": found["Name"], "RootDeviceName": "/dev/xvda"}
    again["BlockDeviceMappings"] = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": root}}]
    assert refused(place.ec2.register_image, **again) == "InvalidAMIName.Duplicate"


def test_a_disabled_image_is_listed_only_when_asked_for(place: Place) -> None:
    """EC2 User Guide, "Disable an AMI"; EC2 API, DescribeImagesRequest.IncludeDisabled."""
    made = scenes.image_of(place, scenes.machine(place))
    place.ec2.disable_image(ImageId=made)

    def listed(**more: Any) -> bool:  # noqa: ANN401
        found = place.ec2.describe_images(Owners=["self"], **more)["Images"]
        return made in [each["ImageId"] for each in found]

    assert not listed()
    assert listed(IncludeDisabled=True)
    assert scenes.image(place, made)["State"] == "disabled"
    place.ec2.enable_image(ImageId=made)
    assert listed()


def test_disabling_takes_launch_permissions_for_good(place: Place) -> None:
    """EC2 User Guide, "Disable an AMI": made private; enabling does not share it again."""
    if place.name == "account":
        pytest.skip("shares with nobody")
    made = scenes.image_of(place, scenes.machine(place))
    share = {"Add": [{"UserId": STRANGER}]}
    place.ec2.modify_image_attribute(ImageId=made, LaunchPermission=share)
    place.ec2.disable_image(ImageId=made)
    place.ec2.enable_image(ImageId=made)

    told = place.ec2.describe_image_attribute(ImageId=made, Attribute="launchPermission")
    assert told["LaunchPermissions"] == []


def test_a_deprecated_image_still_works_for_its_owner(place: Place) -> None:
    """EC2 User Guide, "Deprecate an AMI": its owner sees it and launches from it."""
    made = scenes.image_of(place, scenes.machine(place))
    created = scenes.image(place, made)["CreationDate"]
    place.ec2.enable_image_deprecation(ImageId=made, DeprecateAt="2030-01-01T00:00:00Z")

    found = place.ec2.describe_images(Owners=["self"], ImageIds=[made])["Images"]
    assert [each["DeprecationTime"] for each in found] == ["2030-01-01T00:00:00.000Z"]
    assert found[0]["CreationDate"] == created
    scenes.machine(place, ImageId=made)
    place.ec2.disable_image_deprecation(ImageId=made)
    assert "DeprecationTime" not in scenes.image(place, made)


def test_a_deprecation_in_the_past_is_refused(place: Place) -> None:
    """EC2 API, EnableImageDeprecationRequest.DeprecateAt: not in the past. [NV] the code."""
    made = scenes.image_of(place, scenes.machine(place))

    code = refused(
        place.ec2.enable_image_deprecation, ImageId=made, DeprecateAt="2020-01-01T00:00:00Z"
    )
    assert code == "InvalidParameterValue"


def test_a_protected_image_cannot_be_deregistered(place: Place) -> None:
    """EC2 User Guide, "Protect an AMI from deregistration". [NV] the code."""
    made = scenes.image_of(place, scenes.machine(place))
    place.ec2.enable_image_deregistration_protection(ImageId=made)

    assert scenes.image(place, made)["DeregistrationProtection"].startswith("enabled")
    code = refused(place.ec2.deregister_image, ImageId=made)
    assert code in ("OperationNotPermitted", "InvalidAMIID.Unavailable")
    place.ec2.disable_image_deregistration_protection(ImageId=made)
    place.ec2.deregister_image(ImageId=made)


@pytest.mark.sandbox_only("moves the clock by a day")
def test_protection_with_a_cooldown_lasts_a_day_longer(place: Place) -> None:
    """EC2 User Guide, "Protect an AMI from deregistration": the 24-hour cooldown period."""
    made = scenes.image_of(place, scenes.machine(place))
    place.ec2.enable_image_deregistration_protection(ImageId=made, WithCooldown=True)
    place.ec2.disable_image_deregistration_protection(ImageId=made)

    refused(place.ec2.deregister_image, ImageId=made)
    place.later(timedelta(hours=25).total_seconds())
    place.ec2.deregister_image(ImageId=made)


def test_snapshots_outlive_their_image_unless_told_otherwise(place: Place) -> None:
    """EC2 API, DeregisterImage: doesn't delete the snapshots; DeleteAssociatedSnapshots."""
    source = scenes.machine(place)
    kept, dropped = (scenes.image_of(place, source) for _ in range(2))
    ids = [scenes.snapshots_in(scenes.image(place, each))["/dev/xvda"] for each in (kept, dropped)]

    place.ec2.deregister_image(ImageId=kept)
    answer = place.ec2.deregister_image(ImageId=dropped, DeleteAssociatedSnapshots=True)

    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": ids[1], "ReturnCode": "success"}]
    assert scenes.snapshot(place, ids[0])["State"] == "completed"
    code = refused(place.ec2.describe_snapshots, SnapshotIds=[ids[1]])
    assert code == "InvalidSnapshot.NotFound"


def test_a_snapshot_that_another_image_uses_is_skipped(place: Place) -> None:
    """EC2 API, DeleteSnapshotReturnCode: skipped when associated with other AMIs."""
    first = scenes.image_of(place, scenes.machine(place))
    root = scenes.snapshots_in(scenes.image(place, first))["/dev/xvda"]
    second = registered(place, root)
    place.until(lambda: scenes.image(place, second)["State"] == "available")

    answer = place.ec2.deregister_image(ImageId=first, DeleteAssociatedSnapshots=True)

    assert answer["DeleteSnapshotResults"] == [{"SnapshotId": root, "ReturnCode": "skipped"}]
    assert scenes.snapshot(place, root)["State"] == "completed"


def test_a_deregistered_image_cannot_be_deregistered_again(place: Place) -> None:
    """EC2 API error codes, InvalidAMIID.Unavailable (or, once forgotten, NotFound)."""
    made = scenes.image_of(place, scenes.machine(place))
    place.ec2.deregister_image(ImageId=made)

    code = refused(place.ec2.deregister_image, ImageId=made)
    assert code in ("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound")


def test_an_image_that_is_used_can_be_deregistered(place: Place) -> None:
    """EC2 User Guide, "Deregister an AMI": it doesn't affect instances launched from it."""
    made = scenes.image_of(place, scenes.machine(place))
    copy = scenes.machine(place, ImageId=made)

    place.ec2.deregister_image(ImageId=made)

    assert scenes.state(place, copy) == "running"


def test_instances_refer_to_their_image(place: Place) -> None:
    """EC2 API, DescribeImageReferences: ec2:Instance, in any state."""
    made = scenes.image_of(place, scenes.machine(place))
    copy = scenes.machine(place, ImageId=made)

    found = place.ec2.describe_image_references(
        ImageIds=[made], ResourceTypes=[{"ResourceType": "ec2:Instance"}]
    )["ImageReferences"]

    assert [(each["ImageId"], each["ResourceType"]) for each in found] == [(made, "ec2:Instance")]
    assert found[0]["Arn"].endswith(f":instance/{copy}")


def test_an_image_keeps_a_description_and_gets_another(place: Place) -> None:
    """EC2 API, ModifyImageAttribute.Description; DescribeImageAttribute."""
    made = scenes.image_of(place, scenes.machine(place), Description="first")
    place.ec2.modify_image_attribute(ImageId=made, Description={"Value": "second"})

    told = place.ec2.describe_image_attribute(ImageId=made, Attribute="description")
    assert told["Description"] == {"Value": "second"}
    assert scenes.image(place, made)["Description"] == "second"


@pytest.mark.sandbox_only("needs a second account")
def test_a_shared_image_is_seen_and_launched_by_the_other_account(place: Place) -> None:
    """EC2 User Guide, "Share an AMI with specific AWS accounts"."""
    made = scenes.image_of(place, scenes.machine(place))
    other = place.client("ec2", account=STRANGER)
    assert refused(other.describe_images, ImageIds=[made]) == "InvalidAMIID.NotFound"

    share = {"Add": [{"UserId": STRANGER}]}
    place.ec2.modify_image_attribute(ImageId=made, LaunchPermission=share)

    found = other.describe_images(ExecutableUsers=["self"])["Images"]
    assert [each["ImageId"] for each in found if each["OwnerId"] == place.account] == [made]
    assert other.describe_images(Owners=["self"])["Images"] == []
    launched = other.run_instances(**scenes.small(place, ImageId=made))["Instances"]
    assert launched[0]["ImageId"] == made


@pytest.mark.sandbox_only("needs a second account")
def test_another_accounts_image_cannot_be_deregistered(place: Place) -> None:
    """EC2 API error codes, AuthFailure / InvalidAMIID.NotFound. [NV] which."""
    made = scenes.image_of(place, scenes.machine(place))
    share = {"Add": [{"UserId": STRANGER}]}
    place.ec2.modify_image_attribute(ImageId=made, LaunchPermission=share)

    code = refused(place.client("ec2", account=STRANGER).deregister_image, ImageId=made)
    assert code in ("AuthFailure", "UnauthorizedOperation", "OperationNotPermitted")
    assert scenes.image(place, made)["State"] == "available"


def copied(place: Place, source: str, **more: Any) -> tuple[Any, str]:  # noqa: ANN401
    """A copy abroad: EC2 there and the image's id."""
    there = place.client("ec2", region=ABROAD)
    usual = {"SourceImageId": source, "SourceRegion": place.region, "Name": "copy"}
    return there, str(there.copy_image(**{**usual, **more})["ImageId"])


@pytest.mark.sandbox_only("copies to a second region")
def test_a_copy_has_snapshots_of_its_own_and_names_its_source(place: Place) -> None:
    """EC2 User Guide, "Copy an AMI"; EC2 API, Image.SourceImageId and SourceImageRegion."""
    made = scenes.image_of(place, scenes.with_data(place))
    there, copy = copied(place, made, Encrypted=True)
    look = there.describe_images(ImageIds=[copy])["Images"]
    assert [each["State"] for each in look] == ["pending"]

    place.until(
        lambda: there.describe_images(ImageIds=[copy])["Images"][0]["State"] == "available",
        at_most=7200,
    )

    found = there.describe_images(ImageIds=[copy])["Images"][0]
    assert (found["SourceImageId"], found["SourceImageRegion"]) == (made, place.region)
    own = scenes.snapshots_in(found)
    assert set(own) == {"/dev/xvda", scenes.DATA}
    assert not set(own.values()) & set(scenes.snapshots_in(scenes.image(place, made)).values())
    for each in there.describe_snapshots(SnapshotIds=[*own.values()])["Snapshots"]:
        assert each["Encrypted"] is True
        assert each["KmsKeyId"]


@pytest.mark.sandbox_only("copies to a second region")
def test_a_copy_drops_tags_permissions_and_its_instance(place: Place) -> None:
    """EC2 User Guide, "Copy an AMI": tags and launch permissions are not copied by default."""
    made = scenes.image_of(place, scenes.machine(place), TagSpecifications=tagged("image", of="x"))
    there, copy = copied(place, made)
    found = there.describe_images(ImageIds=[copy])["Images"][0]

    assert not found.get("Tags")
    assert "SourceInstanceId" not in found


@pytest.mark.sandbox_only("copies to a second region")
def test_a_copy_takes_the_images_tags_when_asked_and_its_own(place: Place) -> None:
    """EC2 API, CopyImageRequest.CopyImageTags and TagSpecifications."""
    made = scenes.image_of(place, scenes.machine(place), TagSpecifications=tagged("image", of="x"))
    own = [*tagged("image", own="y"), *tagged("snapshot", snap="z")]
    there, copy = copied(place, made, CopyImageTags=True, TagSpecifications=own)
    place.later(3600)
    found = there.describe_images(ImageIds=[copy])["Images"][0]

    assert place.tags(found) == {"of": "x", "own": "y"}
    root = scenes.snapshots_in(found)["/dev/xvda"]
    snapshot = there.describe_snapshots(SnapshotIds=[root])["Snapshots"][0]
    assert place.tags(snapshot) == {"snap": "z"}


@pytest.mark.sandbox_only("copies to a second region")
def test_the_same_client_token_copies_once(place: Place) -> None:
    """EC2 API, CopyImageRequest.ClientToken; EC2 Developer Guide, idempotency."""
    made = scenes.image_of(place, scenes.machine(place))
    copies = {copied(place, made, ClientToken="once")[1] for _ in range(2)}

    assert len(copies) == 1


@pytest.mark.sandbox_only("copies to a second region")
def test_a_copy_of_nothing_is_refused(place: Place) -> None:
    """EC2 API error codes, InvalidAMIID.NotFound."""
    there = place.client("ec2", region=ABROAD)
    call = {"SourceImageId": f"ami-{NOBODY}", "SourceRegion": place.region, "Name": "copy"}

    assert refused(there.copy_image, **call) == "InvalidAMIID.NotFound"
