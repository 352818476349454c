"""Tags: setting, finding, deleting, and what no tag can be."""

from tests.contract import scenes
from tests.contract.place import Place
from tests.contract.scenes import NOBODY, refused, tagged


def pairs(**tags: str) -> list[dict[str, str]]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def listed(place: Place, *resources: str) -> dict[tuple[str, str], str]:
    """What DescribeTags says of resources, without the place's own tag."""
    filters = [{"Name": "resource-id", "Values": [*resources]}]
    found = place.ec2.describe_tags(Filters=filters)["Tags"]
    own = place.tag and place.tag[0]
    return {
        (each["ResourceId"], each["Key"]): each["Value"] for each in found if each["Key"] != own
    }


def test_one_call_tags_many_kinds_of_resources(place: Place) -> None:
    """EC2 API, CreateTags: adds or overwrites."""
    disk, nic = scenes.free_volume(place), scenes.free_interface(place)

    place.ec2.create_tags(Resources=[disk, nic], Tags=pairs(a="1", b="2"))
    place.ec2.create_tags(Resources=[disk], Tags=pairs(b="3"))

    assert listed(place, disk, nic) == {
        (disk, "a"): "1",
        (disk, "b"): "3",
        (nic, "a"): "1",
        (nic, "b"): "2",
    }


def test_tags_are_deleted_by_key_or_by_key_and_value(place: Place) -> None:
    """EC2 API, DeleteTags: with a value, only if it is the value; without, whatever it is."""
    disk = scenes.free_volume(place, TagSpecifications=tagged("volume", a="1", b="2", c="3"))

    place.ec2.delete_tags(Resources=[disk], Tags=[{"Key": "a"}, {"Key": "b", "Value": "other"}])

    assert listed(place, disk) == {(disk, "b"): "2", (disk, "c"): "3"}


def test_a_key_of_aws_is_refused(place: Place) -> None:
    """EC2 User Guide, "Tag restrictions": aws: is reserved; InvalidParameterValue [NV] code."""
    disk = scenes.free_volume(place)

    code = refused(place.ec2.create_tags, Resources=[disk], Tags=[{"Key": "aws:a", "Value": "b"}])
    assert code in ("InvalidParameterValue", "InvalidTagKey.Malformed")
    wanted = tagged("instance", **{"aws:a": "b"})
    call = scenes.small(place, TagSpecifications=wanted)
    assert refused(place.ec2.run_instances, **call) in (
        "InvalidParameterValue",
        "InvalidTagKey.Malformed",
    )


def test_the_51st_tag_is_refused_and_none_is_set(place: Place) -> None:
    """EC2 User Guide, "Tag restrictions": 50 a resource; error codes, TagLimitExceeded."""
    disk = scenes.free_volume(place)
    many = pairs(**{f"k{nth}": "v" for nth in range(51)})

    assert refused(place.ec2.create_tags, Resources=[disk], Tags=many) == "TagLimitExceeded"
    assert listed(place, disk) == {}


def test_the_longest_and_the_emptiest_tag_are_accepted(place: Place) -> None:
    """EC2 User Guide, "Tag restrictions": keys of 128, values of 256 characters, or empty."""
    disk, longest = scenes.free_volume(place), ("k" * 128, "v" * 256)
    place.ec2.create_tags(Resources=[disk], Tags=pairs(**dict([longest]), empty=""))

    assert listed(place, disk) == {(disk, longest[0]): longest[1], (disk, "empty"): ""}


def test_a_longer_tag_is_refused(place: Place) -> None:
    """EC2 User Guide, "Tag restrictions"; error codes, InvalidParameterValue. [NV] the code."""
    disk = scenes.free_volume(place)

    for tag in ({"Key": "k" * 129, "Value": "v"}, {"Key": "k", "Value": "v" * 257}):
        code = refused(place.ec2.create_tags, Resources=[disk], Tags=[tag])
        assert code in ("InvalidParameterValue", "InvalidTagKey.Malformed")


UNKNOWN = {
    f"i-{NOBODY}": "InvalidInstanceID.NotFound",
    f"ami-{NOBODY}": "InvalidAMIID.NotFound",
    f"snap-{NOBODY}": "InvalidSnapshot.NotFound",
    f"vol-{NOBODY}": "InvalidVolume.NotFound",
}


def test_what_does_not_exist_is_not_tagged(place: Place) -> None:
    """EC2 API error codes, Invalid*.NotFound."""
    disk = scenes.free_volume(place)

    for resource, code in UNKNOWN.items():
        said = refused(place.ec2.create_tags, Resources=[disk, resource], Tags=pairs(a="b"))
        assert said == code
    assert listed(place, disk) == {}


def test_keys_are_told_apart_by_case(place: Place) -> None:
    """EC2 User Guide, "Tag restrictions": keys and values are case-sensitive."""
    disk = scenes.free_volume(place, TagSpecifications=tagged("volume", Name="A", name="a"))

    assert listed(place, disk) == {(disk, "Name"): "A", (disk, "name"): "a"}


def test_a_tag_is_found_by_a_filter(place: Place) -> None:
    """EC2 API, DescribeTagsRequest.Filters."""
    word = place.unique("tag")
    disk = scenes.free_volume(place, TagSpecifications=tagged("volume", a=word, **{word: "x"}))

    for name, value in (("key", word), ("value", word), ("resource-type", "volume")):
        assert disk in found_by(place, name, value), name
    assert disk in found_by(place, "tag:a", word)


def found_by(place: Place, name: str, value: str) -> list[str]:
    """The resources whose tags a filter finds."""
    filters = [{"Name": name, "Values": [value]}]
    return [each["ResourceId"] for each in place.ec2.describe_tags(Filters=filters)["Tags"]]


def test_tags_say_of_what_they_are(place: Place) -> None:
    """EC2 API, TagDescription.ResourceType, as in TagSpecification."""
    made = {
        scenes.free_volume(place): "volume",
        scenes.free_interface(place): "network-interface",
        scenes.address(place): "elastic-ip",
        scenes.launch(place): "instance",
    }
    place.ec2.create_tags(Resources=[*made], Tags=pairs(a="b"))
    filters = [{"Name": "resource-id", "Values": [*made]}, {"Name": "key", "Values": ["a"]}]

    found = place.ec2.describe_tags(Filters=filters)["Tags"]
    assert {each["ResourceId"]: each["ResourceType"] for each in found} == made


def test_a_dry_run_tags_nothing(place: Place) -> None:
    """EC2 API, CreateTagsRequest.DryRun: DryRunOperation."""
    disk = scenes.free_volume(place)

    code = refused(place.ec2.create_tags, Resources=[disk], Tags=pairs(a="b"), DryRun=True)

    assert code == "DryRunOperation"
    assert listed(place, disk) == {}
