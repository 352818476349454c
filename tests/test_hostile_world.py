"""A world of hostile images in the sandbox: what may go is known beforehand, and only that goes.

Through the command and real gateways, for two weeks of hourly runs; no call of expiry may
even try anything else.
"""

# A test's name is its sentence, and catalogue cases keep their number's capital.
# ruff: noqa: D103, N802

from typing import Any

from sandbox.process import Sandbox
from tests.aws.scenes import Machine, images, later, tags
from tests.conftest import Terminal

DELETING = ("DisableImage", "DeregisterImage", "DeleteSnapshot")
OURS = {"snapback:schedule": "hourly@:00", "snapback:retain": "last=2 min=1"}


def taken(sandbox: Sandbox, snapback: Terminal, web: Machine, count: int) -> list[str]:
    """Hourly points of the web server, oldest first; its retention keeps two."""
    sandbox.client("ec2").create_tags(Resources=[web.id], Tags=tags(**OURS))
    for _ in range(count):
        snapback.tick(hours=1)
    snapback.tick(minutes=30)
    listed = snapback.json("points", web.id)["points"]
    return [str(p["image"]) for p in reversed(listed)]


def snapshots_of(sandbox: Sandbox, image: str) -> list[str]:
    found = [i for i in images(sandbox) if i["ImageId"] == image]
    return [m["Ebs"]["SnapshotId"] for i in found for m in i["BlockDeviceMappings"] if "Ebs" in m]


def _spoil(sandbox: Sandbox, snapback: Terminal, points: list[str]) -> set[str]:
    """Give seven of the nine that would go a reason to stay; the two that may go."""
    ec2 = sandbox.client("ec2")
    template, locked, shared, public, parameter, protected, held, free, odd = points[:9]
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": template})
    for _ in range(12):
        ec2.create_launch_template_version(
            LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro"}
        )
    ec2.lock_snapshot(
        SnapshotId=snapshots_of(sandbox, locked)[1], LockMode="governance", LockDuration=30
    )
    ec2.modify_image_attribute(
        ImageId=shared, LaunchPermission={"Add": [{"UserId": "111122223333"}]}
    )
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshots_of(sandbox, public)[0],
        Attribute="createVolumePermission",
        OperationType="add",
        UserIds=["111122223333"],
    )
    sandbox.client("ssm").put_parameter(
        Name="/golden", Value=parameter, Type="String", DataType="aws:ec2:image"
    )
    ec2.enable_image_deregistration_protection(ImageId=protected)
    snapback.json("hold", held)
    ec2.create_tags(Resources=[odd], Tags=tags(**{"snapback:retain": "last=1"}))
    return {free}


def _strangers(sandbox: Sandbox, web: Machine, points: list[str]) -> set[str]:
    """Images and snapshots that only look like ours, or live on our snapshots."""
    ec2 = sandbox.client("ec2")
    described = next(i for i in images(sandbox) if i["ImageId"] == points[7])
    marks = [t for t in described["Tags"] if not t["Key"].startswith("aws:")]
    golden = ec2.register_image(
        Name="golden", RootDeviceName="/dev/xvda", Architecture="x86_64",
        VirtualizationType="hvm",
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda",
             "Ebs": {"SnapshotId": snapshots_of(sandbox, points[7])[0]}},
        ],
    )["ImageId"]  # fmt: skip
    forged = ec2.create_image(
        InstanceId=web.id, Name=f"snapback/{web.id}/scheduled/20200101T0000Z", NoReboot=True,
        TagSpecifications=[{"ResourceType": "image", "Tags": marks}],
    )["ImageId"]  # fmt: skip
    later(sandbox, minutes=1)  # EC2 wants 15 seconds between two snapshots of a volume
    mine = ec2.create_snapshot(
        VolumeId=web.data, TagSpecifications=[{"ResourceType": "snapshot", "Tags": marks}]
    )["SnapshotId"]
    later(sandbox, minutes=30)
    kept = {golden, forged, mine, *snapshots_of(sandbox, golden), *snapshots_of(sandbox, forged)}
    return {str(each) for each in kept}


def touched(sandbox: Sandbox, since: int) -> set[str]:
    """Every image and snapshot that a deleting call was about."""
    calls: list[dict[str, Any]] = sandbox.calls.all()[since:]
    asked = [c["parameters"] for c in calls if c["action"] in DELETING]
    return {str(p.get("ImageId") or p.get("SnapshotId")) for p in asked}


def test_I1_only_what_may_go_is_ever_touched(
    sandbox: Sandbox, snapback: Terminal, web: Machine
) -> None:
    points = taken(sandbox, snapback, web, 11)
    may_go = _spoil(sandbox, snapback, points)
    strangers = _strangers(sandbox, web, points)
    leftovers = {s for image in may_go for s in snapshots_of(sandbox, image)} - strangers
    before = len(sandbox.calls.all())
    ran: dict[str, Any] = {}
    for _ in range(14):
        later(sandbox, hours=12)
        ran = snapback("--output", "json", "run", "expire").payload

    left = {i["ImageId"] for i in images(sandbox)}
    snapshots = sandbox.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]
    there = {s["SnapshotId"] for s in snapshots}
    assert touched(sandbox, before) <= may_go | leftovers
    assert set(points) - left == may_go
    assert strangers <= left | there
    assert not leftovers & there
    guards = {o["subject"]: o.get("guard", "") for o in ran["outcomes"]}
    assert [guards[p] for p in points[:6]] == [
        "in-use", "locked", "shared", "shared", "in-use", "protected",
    ]  # fmt: skip


def test_an_operator_reads_the_plan_overrides_a_guard_and_only_then_it_goes(
    sandbox: Sandbox, snapback: Terminal, web: Machine
) -> None:
    points = taken(sandbox, snapback, web, 4)
    ec2 = sandbox.client("ec2")
    ec2.modify_image_attribute(
        ImageId=points[0], LaunchPermission={"Add": [{"UserId": "111122223333"}]}
    )
    read = snapback.json("expire", "--instance", web.id)
    named = ("expire", "--apply", "--instance", web.id, "--override", "shared")
    hard = snapback.json(*named[:-1], "in-use", "--digest", read["digest"], code=3)
    stale = snapback.json(*named, "--digest", "0" * 16, code=3)
    alone = snapback.json("expire", "--override", "shared", code=2)
    assert snapback("expire", "--apply", "--digest", "").code == 2
    done = snapback.json(*named, "--digest", read["digest"])

    [plan] = read["plans"]
    [machine] = plan["machines"]
    verdicts = {p["image"]: p["verdict"] for p in machine["points"]}
    assert verdicts[points[0]] == "stopped"
    assert plan["totals"]["gib"]["quarantine"] == 28 * list(verdicts.values()).count("quarantine")
    assert "nothing overrides" in hard["error"]["message"]
    assert "the plan has changed" in stale["error"]["message"]
    assert "go with --apply" in alone["error"]["message"]
    quarantined = {o["subject"] for o in done["outcomes"] if o["action"] == "quarantine"}
    assert points[0] in quarantined


def test_a_retention_is_shrunk_on_purpose_and_on_record(
    sandbox: Sandbox, snapback: Terminal, web: Machine
) -> None:
    points = taken(sandbox, snapback, web, 3)
    read = snapback.json("retain", web.id, "--retain", "last=9")
    shown = snapback("retain", points[0], "--retain", "last=9")
    refused = snapback.json("retain", web.id, "--retain", "last=9", "--apply", code=2)
    done = snapback.json(
        "retain", web.id, "--retain", "last=9", "--apply", "--digest", read["digest"]
    )

    assert {c["before"] for c in read["changes"]} == {"last=2"}
    assert "digest" in shown.out
    assert "--apply needs --digest" in refused["error"]["message"]
    assert done["counts"] == {"done": 3}
    assert ":root" in done["outcomes"][0]["reason"] or ":user/" in done["outcomes"][0]["reason"]
    assert {p["retain"] for p in snapback.json("points", web.id)["points"]} == {"last=9"}


def test_lint_and_explain_tell_of_rules_that_do_nothing(
    sandbox: Sandbox, snapback: Terminal, web: Machine
) -> None:
    """Advice is no error: the machine is backed up all the same."""
    wanted = {"snapback:plan": "monthly", "snapback:retain": "hourly=24"}
    sandbox.client("ec2").create_tags(Resources=[web.id], Tags=tags(**wanted))
    told = snapback.json("lint")
    explained = snapback.json("explain", "monthly")

    assert (told["ok"], told["problems"]) == (True, [])
    [advice] = told["advice"]
    assert (advice["instance"], advice["tag"]) == (web.id, "snapback:retain")
    assert "hourly=24 is never filled" in advice["message"]
    assert "ADVICE" in snapback("lint").out
    assert not [m for m in explained["meaning"] if "never filled" in m]
