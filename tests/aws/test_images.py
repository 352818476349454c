"""Images and snapshots: what is asked of EC2 (DESIGN rule 8), and what its answers become."""

# ruff: noqa: N802

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from chalicelib.aws import images as module
from chalicelib.aws.images import ImageGateway
from chalicelib.aws.session import Session
from chalicelib.domain.errors import InUseError, NameTakenError
from chalicelib.domain.image import DeleteCode, ImageRequest, SnapshotState
from chalicelib.domain.names import PointName, slot_key
from chalicelib.domain.point_tags import PointTags, build_tags
from chalicelib.domain.recovery_point import Kind, State
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import REGION, Machine, images, later

SLOT = datetime(2026, 11, 23, 3, tzinfo=UTC)
GONE = "ami-0fffffffffffffff0"


@pytest.fixture
def gateway(session: Session) -> ImageGateway:
    """Images of us-east-1 and the deployment ``default``."""
    return ImageGateway(session.ec2(REGION), REGION, "default")


def request(
    web: Machine, key: str = "", *, deployment: str = "default", **changes: object
) -> ImageRequest:
    """A scheduled point of the web server."""
    name = str(PointName(web.id, Kind.SCHEDULED, key or slot_key(SLOT)))
    tags, _ = build_tags(
        PointTags(
            deployment=deployment,
            lineage=web.id,
            instance_id=web.id,
            kind=Kind.SCHEDULED,
            at=SLOT,
            plans=("daily",),
            retain="daily=7",
            manifest="0" * 32,
        ),
        {"Name": "web"},
    )
    given: dict[str, Any] = {
        "instance_id": web.id, "name": name, "description": "a point", "tags": tags,
        "reboot": False, "excluded": (),
    }  # fmt: skip
    return ImageRequest(**{**given, **changes})


def made(sandbox: Sandbox, gateway: ImageGateway, wanted: ImageRequest) -> str:
    """An image that is available."""
    image = gateway.create(wanted)
    later(sandbox, minutes=30)
    return image


@pytest.mark.parametrize("reboot", [False, True])
def test_F10_create_image_always_says_whether_to_reboot_and_tags_in_the_same_call(
    web: Machine, gateway: ImageGateway, heard: Heard, reboot: bool
) -> None:
    """EC2's own default is to reboot; a run that dies after the call leaves nothing unowned."""
    wanted = request(web, reboot=reboot, excluded=("/dev/sdf",))
    image = gateway.create(wanted)
    [asked] = heard.parameters("CreateImage")
    tagged = {s["ResourceType"]: s["Tags"] for s in asked["TagSpecifications"]}

    assert image.startswith("ami-")
    assert asked["NoReboot"] is not reboot
    assert asked["Name"] == wanted.name
    assert set(tagged) == {"image", "snapshot"}
    assert tagged["image"] == tagged["snapshot"]
    assert {t["Key"]: t["Value"] for t in tagged["image"]} == wanted.tags
    assert asked["BlockDeviceMappings"] == [{"DeviceName": "/dev/sdf", "NoDevice": ""}]


def test_F01_image_and_snapshots_are_ours_from_the_first_moment(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """No second call is needed for the sweep to know them."""
    image = made(sandbox, gateway, request(web))
    [point] = gateway.points()
    snapshots = sandbox.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]

    assert (point.image_id, point.lineage, point.kind) == (image, web.id, Kind.SCHEDULED)
    assert (point.state, point.is_available, point.problems) == (State.PENDING, True, ())
    assert {s.device for s in point.snapshots} == {"/dev/xvda", "/dev/sdf"}
    assert {s["SnapshotId"] for s in snapshots} == {s.snapshot_id for s in point.snapshots}
    assert all(
        {"Key": "snapback:managed-by", "Value": "snapback/default"} in s["Tags"] for s in snapshots
    )


def test_a_device_left_out_has_no_snapshot(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """``snapback:options = exclude=/dev/sdf``."""
    made(sandbox, gateway, request(web, excluded=("/dev/sdf",)))
    [point] = gateway.points()

    assert [s.device for s in point.snapshots] == ["/dev/xvda"]


def test_a_name_that_is_taken_is_told_apart_from_every_other_failure(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """The one code that means: an earlier try made it."""
    first = gateway.create(request(web))
    with pytest.raises(NameTakenError):
        gateway.create(request(web))
    found = gateway.by_name(request(web).name)

    assert found is not None
    assert found.image_id == first
    assert gateway.by_name("snapback/nothing") is None
    assert len(images(sandbox)) == 1


def test_listings_ask_for_our_own_disabled_and_deprecated_ones_and_are_paged(
    sandbox: Sandbox,
    web: Machine,
    gateway: ImageGateway,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twelve points at five a page are twelve points, one of them disabled."""
    monkeypatch.setattr(module, "_PAGE", 5)
    wanted = {made(sandbox, gateway, request(web, f"k{n}")) for n in range(12)}
    disabled = min(wanted)
    gateway.disable(disabled)
    points = gateway.points()
    asked = heard.parameters("DescribeImages")

    assert {p.image_id for p in points} == wanted
    assert {p.image_id for p in points if not p.is_available} == {disabled}
    assert len(asked) == 3
    assert all(a["Owners"] == ["self"] for a in asked)
    assert all(a["IncludeDisabled"] is True and a["IncludeDeprecated"] is True for a in asked)


def test_another_deployments_points_are_not_listed(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """Two deployments in one account do not see each other."""
    made(sandbox, gateway, request(web, deployment="other"))

    assert gateway.points() == ()


def test_snapshot_states_leave_out_what_does_not_exist(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """Pending first, complete later; a stranger is simply not in the answer."""
    gateway.create(request(web))
    [point] = gateway.points()
    wanted = [s.snapshot_id for s in point.snapshots]
    before = gateway.snapshot_states([*wanted, "snap-0fffffffffffffff0"])
    later(sandbox, minutes=30)
    after = gateway.snapshot_states(wanted)

    assert set(before) == set(wanted)
    assert {s.state for s in before.values()} == {"pending"}
    assert after == {s: SnapshotState(s, "completed") for s in wanted}
    assert all(s.is_complete for s in after.values())
    assert gateway.snapshot_states([]) == {}


def test_F42_a_launch_template_that_names_an_image_is_found(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway, heard: Heard
) -> None:
    """Every version counts, not only the ten newest; ten images to a call."""
    image = made(sandbox, gateway, request(web))
    ec2 = sandbox.client("ec2")
    ec2.create_launch_template(
        LaunchTemplateName="web", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    found = gateway.references([image, *(f"ami-{n:017x}" for n in range(12))])
    asked = heard.parameters("DescribeImageReferences")
    template = next(
        t for t in asked[0]["ResourceTypes"] if t["ResourceType"] == "ec2:LaunchTemplate"
    )

    assert set(found) == {image}
    assert all(":launch-template/" in arn for arn in found[image])
    assert [len(a["ImageIds"]) for a in asked] == [10, 3]
    assert template["ResourceTypeOptions"] == [
        {"OptionName": "version-depth", "OptionValues": ["10000"]}
    ]


def test_images_that_share_a_snapshot_are_found_whoever_made_them(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """EC2 promises to protect only the root's snapshot, so data volumes are looked after here."""
    ours = made(sandbox, gateway, request(web))
    [point] = gateway.points()
    shared, other = (s.snapshot_id for s in point.snapshots)
    foreign = sandbox.client("ec2").register_image(
        Name="theirs",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": shared}}],
    )["ImageId"]
    users = gateway.images_using([shared, other, "snap-0fffffffffffffff0"])

    assert {s: set(by) for s, by in users.items()} == {shared: {ours, foreign}, other: {ours}}


def test_tags_go_on_and_off_in_calls_of_a_thousand(
    sandbox: Sandbox,
    web: Machine,
    gateway: ImageGateway,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CreateTags takes a thousand resources; nothing at all is no call."""
    monkeypatch.setattr(module, "_TAGGED", 2)
    wanted = [gateway.create(request(web, f"k{n}")) for n in range(3)]
    gateway.tag(wanted, {"snapback:hold": "forever", "a": "b"})
    gateway.untag(wanted, ["a"])
    gateway.tag([], {"a": "b"})
    gateway.untag([], ["a"])

    assert {p.hold for p in gateway.points()} == {"forever"}
    assert not any(t["Key"] == "a" for i in images(sandbox) for t in i["Tags"])
    assert [len(a["Resources"]) for a in heard.parameters("CreateTags")] == [2, 1]
    assert [len(a["Resources"]) for a in heard.parameters("DeleteTags")] == [2, 1]


def test_disabling_is_undone_by_enabling(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """The reversible half of a deletion."""
    image = made(sandbox, gateway, request(web))

    assert gateway.disable(image) is True
    assert [i["State"] for i in images(sandbox)] == ["disabled"]
    gateway.enable(image)
    assert [i["State"] for i in images(sandbox)] == ["available"]


def test_deregistering_takes_the_snapshots_along_and_says_so(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway, heard: Heard
) -> None:
    """A code for each snapshot, and nothing left."""
    image = made(sandbox, gateway, request(web))
    [point] = gateway.points()
    codes = gateway.deregister(image)

    assert codes == {s.snapshot_id: DeleteCode.SUCCESS for s in point.snapshots}
    assert images(sandbox) == []
    assert gateway.snapshot_states([s.snapshot_id for s in point.snapshots]) == {}
    assert heard.parameters("DeregisterImage") == [
        {"ImageId": image, "DeleteAssociatedSnapshots": True}
    ]


@pytest.mark.parametrize("where", ["client", "endpoint"])
def test_deregistering_where_the_parameter_is_unknown_leaves_the_snapshots_to_the_caller(
    sandbox: Sandbox, web: Machine, session: Session, where: str
) -> None:
    """Older than ``DeleteAssociatedSnapshots``: each snapshot is deleted by itself."""
    gateway = ImageGateway(session.ec2(REGION), REGION, "default")
    image = made(sandbox, gateway, request(web))
    [point] = gateway.points()
    shape = session.ec2(REGION).meta.service_model.operation_model("DeregisterImage").input_shape
    assert shape is not None
    members = cast("Any", shape).members
    held = members["DeleteAssociatedSnapshots"]
    if where == "client":
        del members["DeleteAssociatedSnapshots"]
    else:
        rule: Any = {"action": "DeregisterImage", "kind": "error", "code": "UnknownParameter",
                     "times": 1}  # fmt: skip
        sandbox.faults.set({"rules": [rule]})
    codes = gateway.deregister(image)
    again = gateway.deregister(image)
    members["DeleteAssociatedSnapshots"] = held

    assert (codes, again) == ({}, None)
    assert images(sandbox) == []
    assert all(gateway.delete_snapshot(s.snapshot_id) for s in point.snapshots)


def test_what_is_gone_already_is_a_success_and_says_so(gateway: ImageGateway) -> None:
    """Every deletion can be delivered twice."""
    assert gateway.disable(GONE) is False
    assert gateway.deregister(GONE) is None
    assert gateway.delete_snapshot("snap-0fffffffffffffff0") is False


def test_a_snapshot_that_an_image_needs_is_in_use(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """EC2 refuses, and its words are passed on."""
    image = made(sandbox, gateway, request(web))
    [point] = gateway.points()
    root = next(s.snapshot_id for s in point.snapshots if s.device == "/dev/xvda")
    with pytest.raises(InUseError) as caught:
        gateway.delete_snapshot(root)

    assert image in caught.value.aws_message
    assert root in gateway.snapshot_states([root])


def test_a_snapshot_that_outlived_its_image_is_deleted(
    sandbox: Sandbox, web: Machine, gateway: ImageGateway
) -> None:
    """What the sweep does with the rest."""
    image = made(sandbox, gateway, request(web))
    [point] = gateway.points()
    sandbox.client("ec2").deregister_image(ImageId=image)
    left = [s.snapshot_id for s in point.snapshots]

    assert [gateway.delete_snapshot(s) for s in left] == [True, True]
    assert gateway.snapshot_states(left) == {}


class Deregistered:
    """An EC2 that answers DeregisterImage with these results."""

    def __init__(self, *results: Mapping[str, str]) -> None:
        self._answer = {"Return": True, "DeleteSnapshotResults": [dict(r) for r in results]}

    def deregister_image(self, **given: object) -> dict[str, object]:
        """DeregisterImage."""
        del given
        return self._answer


def test_every_return_code_is_told_and_an_unknown_one_is_unknown() -> None:
    """A code that a later EC2 invents never counts as deleted."""
    results = [
        {"SnapshotId": f"snap-{n}", "ReturnCode": code}
        for n, code in enumerate(
            ("success", "skipped", "missing-permissions", "internal-error", "client-error", "new")
        )
    ]
    client = cast(
        "Any", Deregistered(*results, {"SnapshotId": "snap-6"}, {"ReturnCode": "success"})
    )

    assert ImageGateway(client, REGION, "default").deregister(GONE) == {
        "snap-0": DeleteCode.SUCCESS,
        "snap-1": DeleteCode.SKIPPED,
        "snap-2": DeleteCode.MISSING_PERMISSIONS,
        "snap-3": DeleteCode.INTERNAL_ERROR,
        "snap-4": DeleteCode.CLIENT_ERROR,
        "snap-5": DeleteCode.UNKNOWN,
        "snap-6": DeleteCode.UNKNOWN,
    }
