"""What rules have in common: a machine, an image of it, a look, a refusal."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.place import Place

NOBODY = "0123456789abcdef0"
"""The end of an id that nothing has."""
DATA = "/dev/sdf"

Document = dict[str, Any]


def refused(call: Callable[..., Any], /, **parameters: Any) -> str:  # noqa: ANN401
    """The error code of a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def small(place: Place, **more: Any) -> Document:  # noqa: ANN401
    """The parameters of the smallest launch."""
    usual = {"ImageId": place.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    return {**usual, **more}


def launch(place: Place, **more: Any) -> str:  # noqa: ANN401
    """The id of a new instance, which is pending."""
    answer = place.ec2.run_instances(**small(place, **more))
    return str(answer["Instances"][0]["InstanceId"])


def machine(place: Place, **more: Any) -> str:  # noqa: ANN401
    """The id of a new instance that runs."""
    made = launch(place, **more)
    is_running(place, made)
    return made


def with_data(place: Place) -> str:
    """A running instance with a data volume of 2 GiB."""
    disk = {"DeviceName": DATA, "Ebs": {"VolumeSize": 2, "VolumeType": "gp3"}}
    return machine(place, BlockDeviceMappings=[disk])


def instance(place: Place, id_: str) -> Document:
    """One instance as DescribeInstances has it."""
    found = place.ec2.describe_instances(InstanceIds=[id_])["Reservations"]
    described: Document = found[0]["Instances"][0]
    return described


def state(place: Place, id_: str) -> str:
    """The name of an instance's state."""
    return str(instance(place, id_)["State"]["Name"])


def is_running(place: Place, id_: str) -> None:
    """Wait until an instance runs."""
    place.until(lambda: state(place, id_) == "running")


def stopped(place: Place, id_: str) -> None:
    """Stop an instance and wait for it."""
    place.ec2.stop_instances(InstanceIds=[id_])
    place.until(lambda: state(place, id_) == "stopped")


def gone(place: Place, id_: str) -> None:
    """Terminate an instance and wait for it."""
    place.ec2.terminate_instances(InstanceIds=[id_])
    place.until(lambda: state(place, id_) == "terminated")


def requested_image(place: Place, source: str, **more: Any) -> str:  # noqa: ANN401
    """The id of a new image, which is pending."""
    usual = {"InstanceId": source, "Name": place.unique("image"), "NoReboot": True}
    return str(place.ec2.create_image(**{**usual, **more})["ImageId"])


def image_of(place: Place, source: str, **more: Any) -> str:  # noqa: ANN401
    """The id of a new image that is available."""
    made = requested_image(place, source, **more)
    place.until(lambda: image(place, made)["State"] == "available", at_most=3600)
    return made


def image(place: Place, id_: str) -> Document:
    """One image as DescribeImages has it, disabled ones too."""
    found = place.ec2.describe_images(ImageIds=[id_], IncludeDisabled=True)["Images"]
    described: Document = found[0]
    return described


def snapshots_in(described: Document) -> dict[str, str]:
    """An image's snapshots by device."""
    return {
        each["DeviceName"]: each["Ebs"]["SnapshotId"]
        for each in described["BlockDeviceMappings"]
        if "SnapshotId" in each.get("Ebs", {})
    }


def volumes_of(place: Place, id_: str) -> dict[str, str]:
    """An instance's volumes by device."""
    mapping = instance(place, id_)["BlockDeviceMappings"]
    return {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in mapping}


def volume(place: Place, id_: str) -> Document:
    """One volume as DescribeVolumes has it."""
    described: Document = place.ec2.describe_volumes(VolumeIds=[id_])["Volumes"][0]
    return described


def free_volume(place: Place, **more: Any) -> str:  # noqa: ANN401
    """A new volume of 1 GiB in the default subnet's zone, available."""
    usual = {"AvailabilityZone": subnet(place)["AvailabilityZone"], "Size": 1}
    if "SnapshotId" in more:
        usual.pop("Size")
    made = str(place.ec2.create_volume(**{**usual, **more})["VolumeId"])
    place.until(lambda: volume(place, made)["State"] == "available")
    return made


def snapshot(place: Place, id_: str) -> Document:
    """One snapshot as DescribeSnapshots has it."""
    described: Document = place.ec2.describe_snapshots(SnapshotIds=[id_])["Snapshots"][0]
    return described


def snapshot_of(place: Place, volume_id: str, **more: Any) -> str:  # noqa: ANN401
    """The id of a new snapshot that is completed."""
    made = str(place.ec2.create_snapshot(VolumeId=volume_id, **more)["SnapshotId"])
    place.until(lambda: snapshot(place, made)["State"] == "completed", at_most=3600)
    return made


def subnet(place: Place, nth: int = 0) -> Document:
    """A default subnet, by zone."""
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    found = place.ec2.describe_subnets(Filters=filters)["Subnets"]
    described: Document = sorted(found, key=lambda each: str(each["AvailabilityZone"]))[nth]
    return described


def interface(place: Place, id_: str) -> Document:
    """One network interface as DescribeNetworkInterfaces has it."""
    found = place.ec2.describe_network_interfaces(NetworkInterfaceIds=[id_])["NetworkInterfaces"]
    described: Document = found[0]
    return described


def free_interface(place: Place, **more: Any) -> str:  # noqa: ANN401
    """A new interface in the first default subnet."""
    usual = {"SubnetId": subnet(place)["SubnetId"]}
    made = place.ec2.create_network_interface(**{**usual, **more})["NetworkInterface"]
    return str(made["NetworkInterfaceId"])


def address(place: Place) -> str:
    """The allocation id of a new Elastic IP address."""
    return str(place.ec2.allocate_address(Domain="vpc")["AllocationId"])


def tagged(kind: str, **tags: str) -> list[Document]:
    """TagSpecifications of one resource type."""
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind, "Tags": pairs}]
