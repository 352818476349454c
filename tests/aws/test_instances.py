"""Reading instances: by tag, by id, by token, and what each member of the answer becomes."""

# ruff: noqa: N802

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.aws import instances as module
from chalicelib.aws.instances import InstanceReader, read_instance
from chalicelib.aws.session import Session
from chalicelib.domain.configuration import Metadata, Placement
from chalicelib.domain.instance import InstanceState
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import LINUX, REGION, Machine, later, launch_plain

PLAN = "snapback:plan"
RECORDINGS = sorted((Path(__file__).parents[1] / "data" / "describe-instances").glob("*.json"))
MINIMAL: dict[str, Any] = {
    "InstanceId": "i-0123456789abcdef0",
    "State": {"Name": "running"},
    "LaunchTime": datetime(2026, 1, 1, tzinfo=UTC),
}


@pytest.fixture
def reader(session: Session) -> InstanceReader:
    """Instances of us-east-1."""
    return InstanceReader(session.ec2(REGION), REGION)


def test_F19_every_page_is_read(
    sandbox: Sandbox,
    reader: InstanceReader,
    heard: Heard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Twenty-three instances at five a page are twenty-three instances."""
    monkeypatch.setattr(module, "_PAGE", 5)
    made = launch_plain(sandbox, 23, **{PLAN: "daily"})
    found = reader.tagged(PLAN)

    assert sorted(i.instance_id for i in found) == sorted(made)
    assert len(heard.parameters("DescribeInstances")) == 5


def test_tagged_tells_instances_in_any_state_and_no_others(
    sandbox: Sandbox, reader: InstanceReader
) -> None:
    """Whether a stopped machine is due is a decision, not a filter."""
    runs, stops = launch_plain(sandbox, 2, **{PLAN: "off"})
    launch_plain(sandbox, 1)
    sandbox.client("ec2").stop_instances(InstanceIds=[stops])
    later(sandbox, minutes=5)

    assert {i.instance_id: i.state for i in reader.tagged(PLAN)} == {
        runs: InstanceState.RUNNING,
        stops: InstanceState.STOPPED,
    }


@pytest.mark.parametrize(
    "slip", ["Snapback:Plan", "SNAPBACK:PLAN", "Snapback:plan", "snapback:plan ", "snapback:pla"]
)
def test_F17_a_slip_in_the_tags_key_is_found(
    sandbox: Sandbox, reader: InstanceReader, slip: str
) -> None:
    """EC2's filters are case-sensitive: a typo would silently mean "not backed up"."""
    made = launch_plain(sandbox, 1, **{slip: "daily"})

    assert [i.instance_id for i in reader.resembling(PLAN)] == made


def test_F35_one_bad_id_spoils_no_batch(sandbox: Sandbox, reader: InstanceReader) -> None:
    """Forty-nine of fifty are found; asking by id would have been one error for all."""
    made = launch_plain(sandbox, 49)
    found = reader.find([*made[:20], "i-0ffffffffffffffff", *made[20:]])

    assert {i.instance_id for i in found} == set(made)


def test_more_ids_than_a_filter_takes_are_asked_for_in_parts(
    sandbox: Sandbox, reader: InstanceReader, heard: Heard
) -> None:
    """EC2 takes two hundred values in a filter."""
    [real] = launch_plain(sandbox)
    strangers = [f"i-{n:017x}" for n in range(1, 450)]
    found = reader.find([*strangers, real])

    assert [i.instance_id for i in found] == [real]
    assert [len(p["Filters"][0]["Values"]) for p in heard.parameters("DescribeInstances")] == [
        200,
        200,
        50,
    ]


def test_nothing_asked_for_asks_nothing(reader: InstanceReader, heard: Heard) -> None:
    """An empty filter would mean every instance."""
    assert reader.find([]) == ()
    assert reader.using_images([]) == {}
    assert heard.calls == []


def test_a_launch_is_found_by_its_token(sandbox: Sandbox, reader: InstanceReader) -> None:
    """How a rollback finds what an earlier try launched."""
    made = sandbox.client("ec2").run_instances(
        ImageId=LINUX, InstanceType="t3.micro", MinCount=1, MaxCount=1, ClientToken="t-1"
    )["Instances"][0]["InstanceId"]
    found = reader.launched_with("t-1")

    assert found is not None
    assert found.instance_id == made
    assert reader.launched_with("t-2") is None


def test_an_image_is_used_by_every_instance_but_terminated_ones(
    sandbox: Sandbox, reader: InstanceReader
) -> None:
    """A stopped instance still needs its image for nothing, yet is told: it may be rebuilt."""
    runs, stops, gone = launch_plain(sandbox, 3)
    ec2 = sandbox.client("ec2")
    ec2.stop_instances(InstanceIds=[stops])
    ec2.terminate_instances(InstanceIds=[gone])
    later(sandbox, minutes=5)
    users = reader.using_images([LINUX, LINUX, "ami-0fffffffffffffff0"])

    assert {image: set(by) for image, by in users.items()} == {LINUX: {runs, stops}}


def test_a_whole_machine_is_read(web: Machine, reader: InstanceReader) -> None:
    """Each part is where the launch will look for it."""
    [seen] = reader.find([web.id])
    whole = seen.configuration

    assert (seen.region, seen.state) == (REGION, InstanceState.RUNNING)
    assert (whole.instance_type, whole.key_name, whole.vpc_id) == ("t3.micro", "ops", web.vpc)
    assert whole.tags == {"Name": "web", PLAN: "daily"}
    assert [(d.device, d.volume_id) for d in whole.disks] == [
        ("/dev/sdf", web.data),
        ("/dev/xvda", web.root),
    ]
    assert whole.primary is not None
    assert whole.primary.interface_id == web.interface
    assert whole.primary.private_ips == (web.private_ip,)
    assert whole.primary.auto_public_ip == ""
    assert whole.root_device == "/dev/xvda"


def test_members_that_ec2_leaves_out_take_its_defaults() -> None:
    """An answer of the three members that are always there is an instance all the same."""
    seen = read_instance(MINIMAL, REGION)  # type: ignore[arg-type]

    assert seen.configuration.metadata == Metadata()
    assert seen.configuration.placement == Placement(zone="")
    assert (seen.configuration.root_device_type, seen.scaling_group, seen.managed_by) == (
        "ebs", "", "",
    )  # fmt: skip


def test_every_optional_member_is_read() -> None:
    """Fields of newer machines, each under the name that the launch uses."""
    described: dict[str, Any] = (
        {
            **MINIMAL,
            "StateReason": {"Code": "Server.SpotInstanceTermination", "Message": "gone"},
            "Operator": {"Managed": True, "Principal": "eks.amazonaws.com"},
            "Tags": [{"Key": "aws:autoscaling:groupName", "Value": "fleet"}, {"Key": "bare"}],
            "CpuOptions": {"CoreCount": 4, "ThreadsPerCore": 1},
            "HibernationOptions": {"Configured": True},
            "EnclaveOptions": {"Enabled": True},
            "MaintenanceOptions": {"AutoRecovery": "disabled", "RebootMigration": "default"},
            "PrivateDnsNameOptions": {
                "HostnameType": "resource-name",
                "EnableResourceNameDnsARecord": True,
                "EnableResourceNameDnsAAAARecord": True,
            },
            "CapacityReservationSpecification": {
                "CapacityReservationPreference": "open",
                "CapacityReservationTarget": {"CapacityReservationId": "cr-1"},
            },
            "NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"},
            "Licenses": [{"LicenseConfigurationArn": "arn:lic"}, {}],
            "InstanceLifecycle": "spot",
            "PlatformDetails": "Windows",
            "Monitoring": {"State": "pending"},
            "IamInstanceProfile": {"Arn": "arn:profile"},
            "Placement": {
                "AvailabilityZone": "us-east-1a", "Tenancy": "host", "HostId": "h-1",
                "Affinity": "host", "GroupName": "pg", "PartitionNumber": 2,
            },
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/sdb"},
                {"DeviceName": "/dev/sda1", "Ebs": {"VolumeId": "vol-1"}},
            ],
            "NetworkInterfaces": [
                {
                    "NetworkInterfaceId": "eni-2",
                    "Attachment": {"DeviceIndex": 1, "NetworkCardIndex": 1},
                    "PrivateIpAddress": "10.0.0.9",
                    "Ipv6Addresses": [{"Ipv6Address": "2001:db8::1"}],
                    "InterfaceType": "efa",
                },
                {
                    "NetworkInterfaceId": "eni-1",
                    "Attachment": {"DeviceIndex": 0, "DeleteOnTermination": False},
                    "PrivateIpAddresses": [
                        {"PrivateIpAddress": "10.0.0.6", "Primary": False},
                        {"PrivateIpAddress": "10.0.0.5", "Primary": True},
                    ],
                    "Association": {"IpOwnerId": "amazon", "PublicIp": "203.0.113.9"},
                },
            ],
        }
    )  # fmt: skip
    seen = read_instance(described, REGION)  # type: ignore[arg-type]
    whole = seen.configuration

    assert seen.state_reason == "Server.SpotInstanceTermination: gone"
    assert (seen.managed_by, seen.scaling_group) == ("eks.amazonaws.com", "fleet")
    assert whole.tags["bare"] == ""
    assert (whole.core_count, whole.threads_per_core) == (4, 1)
    assert (whole.hibernation, whole.enclave, whole.monitoring) == (True, True, True)
    assert (whole.auto_recovery, whole.reboot_migration) == ("disabled", "default")
    assert (whole.hostname_type, whole.resource_name_a, whole.resource_name_aaaa) == (
        "resource-name", True, True,
    )  # fmt: skip
    assert (whole.capacity_preference, whole.capacity_reservation_id) == ("open", "cr-1")
    assert (whole.bandwidth_weighting, whole.licenses) == ("vpc-1", ("arn:lic",))
    assert (whole.lifecycle, whole.platform, whole.profile_arn) == (
        "spot", "Windows", "arn:profile",
    )  # fmt: skip
    assert whole.placement == Placement(
        zone="us-east-1a", tenancy="host", group="pg", partition=2, host_id="h-1", affinity="host"
    )
    assert [d.device for d in whole.disks] == ["/dev/sda1"]
    assert [i.interface_id for i in whole.interfaces] == ["eni-1", "eni-2"]
    assert whole.interfaces[0].private_ips == ("10.0.0.5", "10.0.0.6")
    assert whole.interfaces[0].auto_public_ip == "203.0.113.9"
    assert whole.interfaces[0].delete_on_termination is False
    assert (whole.interfaces[1].private_ips, whole.interfaces[1].ipv6) == (
        ("10.0.0.9",), ("2001:db8::1",),
    )  # fmt: skip


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.stem)
def test_recordings_of_real_accounts_are_read(path: Path) -> None:
    """Whatever old accounts answer with (EC2-Classic leftovers included)."""
    document = json.loads(path.read_text())
    described = [i for r in document["Reservations"] for i in r["Instances"] if "State" in i]
    at: dict[str, Any] = {"LaunchTime": datetime(2026, 1, 1, tzinfo=UTC)}
    read = [read_instance(i | at, REGION) for i in described]

    assert [i.instance_id for i in read] == [i["InstanceId"] for i in described]
    assert all(i.configuration.instance_type for i in read)
