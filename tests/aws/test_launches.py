"""RunInstances' parameters: each optional part is sent when the source has it, else not."""

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.aws.launches import run_parameters
from chalicelib.domain.configuration import Attributes, Configuration, Metadata, Placement
from chalicelib.domain.launch import LaunchRequest
from tests.builders import ADDRESS, CARD, DATA, IMAGE, ROOT, configuration

OPTIONAL = (
    "KeyName", "IamInstanceProfile", "CreditSpecification", "HibernationOptions",
    "EnclaveOptions", "MaintenanceOptions", "LicenseSpecifications", "PrivateDnsNameOptions",
    "CapacityReservationSpecification", "InstanceMarketOptions", "NetworkPerformanceOptions",
    "TagSpecifications", "UserData",
)  # fmt: skip


def parameters(
    wanted: Configuration | None = None,
    user_data: str = "",
    **changes: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """The parameters for launching *wanted*."""
    given: dict[str, Any] = {
        "image_id": IMAGE, "token": "t" * 64, "configuration": wanted or configuration(),
        "tags": {}, "devices": (ROOT.device, DATA.device),
    }  # fmt: skip
    return dict(run_parameters(LaunchRequest(**{**given, **changes}), user_data))


def bare() -> Configuration:
    """A machine with nothing optional."""
    return configuration(key_name="", profile_arn="")


def test_a_bare_machine_is_launched_with_nothing_optional() -> None:
    """EC2 refuses some of the options on types that do not know them."""
    asked = parameters(bare())

    assert not set(asked) & set(OPTIONAL)
    assert (asked["MinCount"], asked["MaxCount"]) == (1, 1)
    assert (asked["ImageId"], asked["ClientToken"]) == (IMAGE, "t" * 64)
    assert asked["InstanceType"] == "t3.micro"
    assert asked["Monitoring"] == {"Enabled": False}
    assert asked["EbsOptimized"] is False
    assert asked["InstanceInitiatedShutdownBehavior"] == "stop"
    assert not {"SubnetId", "SecurityGroupIds", "PrivateIpAddress"} & set(asked)


def test_all_five_metadata_options_are_always_sent() -> None:
    """What is not sent takes the account's defaults, which may have changed since."""
    options = Metadata(
        tokens="required", hop_limit=2, endpoint="disabled", ipv6="enabled", instance_tags="enabled"
    )

    assert parameters(configuration(metadata=options))["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 2,
        "HttpEndpoint": "disabled",
        "HttpProtocolIpv6": "enabled",
        "InstanceMetadataTags": "enabled",
    }


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"key_name": "ops"}, "KeyName", "ops"),
        ({"profile_arn": "arn:p"}, "IamInstanceProfile", {"Arn": "arn:p"}),
        ({"credit": "unlimited"}, "CreditSpecification", {"CpuCredits": "unlimited"}),
        ({"hibernation": True}, "HibernationOptions", {"Configured": True}),
        ({"enclave": True}, "EnclaveOptions", {"Enabled": True}),
        ({"auto_recovery": "disabled"}, "MaintenanceOptions", {"AutoRecovery": "disabled"}),
        (
            {"licenses": ("arn:l",)},
            "LicenseSpecifications",
            [{"LicenseConfigurationArn": "arn:l"}],
        ),
        (
            {"hostname_type": "ip-name", "resource_name_a": True},
            "PrivateDnsNameOptions",
            {
                "HostnameType": "ip-name",
                "EnableResourceNameDnsARecord": True,
                "EnableResourceNameDnsAAAARecord": False,
            },
        ),
        (
            {"capacity_preference": "none"},
            "CapacityReservationSpecification",
            {"CapacityReservationPreference": "none"},
        ),
        (
            {"capacity_preference": "open", "capacity_reservation_id": "cr-1"},
            "CapacityReservationSpecification",
            {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}},
        ),
        ({"lifecycle": "spot"}, "InstanceMarketOptions", {"MarketType": "spot"}),
        (
            {"bandwidth_weighting": "ebs-1"},
            "NetworkPerformanceOptions",
            {"BandwidthWeighting": "ebs-1"},
        ),
        ({"monitoring": True}, "Monitoring", {"Enabled": True}),
        ({"ebs_optimized": True}, "EbsOptimized", True),
        (
            {"attributes": Attributes(shutdown_behavior="terminate")},
            "InstanceInitiatedShutdownBehavior",
            "terminate",
        ),
    ],
)
def test_what_the_source_has_is_sent(changes: dict[str, Any], name: str, value: object) -> None:
    """And sent as that alone: one optional part never brings another along."""
    asked = parameters(replace(bare(), **changes))

    assert asked[name] == value
    assert set(asked) & set(OPTIONAL) <= {name}


@pytest.mark.parametrize(
    ("placement", "sent"),
    [
        (Placement(zone="z"), {"AvailabilityZone": "z"}),
        (
            Placement(zone="z", tenancy="dedicated"),
            {"AvailabilityZone": "z", "Tenancy": "dedicated"},
        ),
        (
            Placement(zone="z", group="pg", partition=3),
            {"AvailabilityZone": "z", "GroupName": "pg", "PartitionNumber": 3},
        ),
        (
            Placement(zone="z", tenancy="host", host_id="h-1", affinity="host"),
            {"AvailabilityZone": "z", "Tenancy": "host", "HostId": "h-1", "Affinity": "host"},
        ),
    ],
)
def test_the_place_is_the_sources(placement: Placement, sent: dict[str, object]) -> None:
    """The zone always: it makes the client token zonal."""
    assert parameters(configuration(placement=placement))["Placement"] == sent


@pytest.mark.parametrize(
    ("changes", "sent"),
    [
        ({}, {}),
        ({"network_card_index": 1}, {"NetworkCardIndex": 1}),
        ({"description": "front"}, {"Description": "front"}),
        ({"interface_type": "efa"}, {"InterfaceType": "efa"}),
        ({"private_ips": ("10.0.0.1", "10.0.0.2", "10.0.0.3")},
         {"SecondaryPrivateIpAddressCount": 2}),
        ({"ipv6": ("2001:db8::1", "2001:db8::2")}, {"Ipv6AddressCount": 2}),
        ({"delete_on_termination": False}, {"DeleteOnTermination": False}),
    ],
)  # fmt: skip
def test_the_interface_is_the_sources_without_its_address(
    changes: dict[str, Any], sent: dict[str, object]
) -> None:
    """The original still holds its private addresses: a launch beside it gets others."""
    card = replace(CARD, **changes)
    [asked] = parameters(configuration(interfaces=(card,)))["NetworkInterfaces"]
    always = {
        "DeviceIndex": 0,
        "SubnetId": CARD.subnet_id,
        "Groups": list(CARD.groups),
        "DeleteOnTermination": True,
    }

    assert asked == {**always, **sent}


@pytest.mark.parametrize(
    ("public_ip", "addresses", "sent"),
    [("203.0.113.9", (), True), ("", (), False), ("203.0.113.9", (ADDRESS,), None)],
)
def test_a_public_address_is_asked_for_as_the_source_had_one(
    public_ip: str, addresses: tuple[Any, ...], sent: bool | None
) -> None:
    """With an Elastic IP to come, the subnet's own default decides."""
    card = replace(CARD, auto_public_ip=public_ip)
    [asked] = parameters(configuration(interfaces=(card,), addresses=addresses))[
        "NetworkInterfaces"
    ]

    assert asked.get("AssociatePublicIpAddress") is sent


def test_two_interfaces_get_no_public_address() -> None:
    """RunInstances refuses to associate one then."""
    two = (CARD, replace(CARD, device_index=1))
    asked = parameters(configuration(interfaces=two, addresses=()))["NetworkInterfaces"]

    assert [i["DeviceIndex"] for i in asked] == [0, 1]
    assert not any("AssociatePublicIpAddress" in i for i in asked)


@pytest.mark.parametrize(
    ("disk", "sent"),
    [
        (ROOT, {"VolumeSize": 8, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125}),
        (replace(ROOT, volume_type="io2", throughput=None),
         {"VolumeSize": 8, "VolumeType": "io2", "Iops": 3000}),
        (replace(ROOT, volume_type="gp2", iops=300), {"VolumeSize": 8, "VolumeType": "gp2"}),
        (replace(ROOT, volume_type="", size_gib=0, iops=None, throughput=None), {}),
        (replace(ROOT, encrypted=True, kms_key_id="arn:key"),
         {"VolumeSize": 8, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125}),
    ],
)  # fmt: skip
def test_each_volume_is_as_the_source_had_it(disk: Any, sent: dict[str, object]) -> None:  # noqa: ANN401
    """gp2 has no IOPS of its own; encryption follows the snapshot."""
    [asked] = parameters(configuration(disks=(disk,)))["BlockDeviceMappings"]

    assert asked == {"DeviceName": ROOT.device, "Ebs": {"DeleteOnTermination": True, **sent}}


def test_a_volume_that_the_image_has_no_snapshot_of_is_not_asked_for() -> None:
    """An excluded device would come up empty and look restored."""
    asked = parameters(devices=(ROOT.device,))["BlockDeviceMappings"]

    assert [m["DeviceName"] for m in asked] == [ROOT.device]


def test_tags_are_sorted_and_on_the_instance() -> None:
    """The same request on every try, or the client token refuses it."""
    asked = parameters(tags={"b": "2", "a": "1"})

    assert asked["TagSpecifications"] == [
        {
            "ResourceType": "instance",
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
        }
    ]


@pytest.mark.parametrize("raw", [b"#!/bin/sh\n", bytes(range(256)), "größe".encode()])
def test_user_data_is_handed_over_as_it_was(raw: bytes) -> None:
    """Botocore encodes once; text of ours would be encoded as UTF-8 first."""
    assert parameters(user_data=b64encode(raw).decode())["UserData"] == raw
