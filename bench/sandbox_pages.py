"""Describes in a full world: pages, by filter, by id, whole."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any

from bench.stopwatch import Stopwatch
from bench.world import Size

A_PAGE = 1000
A_PAGE_TAKES = 500.0
ONE_TAKES = 50.0
ALL_TAGS_TAKE = 1000.0
"""Millions of values are looked at one by one: nobody asks for that often."""
TIMES = 3
PAGED = "pages of 1,000"
FILTERED = "pages of 1,000 by filter"
NAMED = "by id"
WHOLE = "whole listings, boto3's reading included"

Request = dict[str, Any]
Page = tuple[str, Request]


def measure(ec2: Any, watch: Stopwatch, size: Size) -> None:  # noqa: ANN401
    """Everything about describes; nothing is changed."""
    ids = _sample(ec2)
    for name, method, request in _pages():
        _paged(ec2, watch, name, (method, {**request, "MaxResults": A_PAGE}), size)
    for name, method, request in _filters(ids):
        asked = {"MaxResults": A_PAGE, **request}
        watch.answers(FILTERED, name, _again(ec2, method, asked), limit=A_PAGE_TAKES)
    unindexed = _again(ec2, "describe_tags", {"MaxResults": A_PAGE, **_by("value", "nobody's")})
    watch.answers(FILTERED, "DescribeTags, one value of all", unindexed, limit=ALL_TAGS_TAKE)
    for name, method, request, limit in _named(ids):
        watch.answers(NAMED, name, _again(ec2, method, request), limit=limit)
    watch.answers("not paged by EC2", "DescribeAddresses", _again(ec2, "describe_addresses", {}))
    for name, method, request in _pages()[:1]:
        pages = ec2.get_paginator(method).paginate(**request, PaginationConfig={"PageSize": A_PAGE})
        watch.whole(WHOLE, name, [partial(list, pages)])


def _pages() -> list[tuple[str, str, Request]]:
    return [
        ("DescribeImages, own", "describe_images", {"Owners": ["self"], "IncludeDisabled": True}),
        ("DescribeSnapshots, own", "describe_snapshots", {"OwnerIds": ["self"]}),
        ("DescribeInstances", "describe_instances", {}),
        ("DescribeVolumes", "describe_volumes", {}),
        ("DescribeTags", "describe_tags", {}),
        ("DescribeNetworkInterfaces", "describe_network_interfaces", {}),
        ("DescribeInstanceStatus", "describe_instance_status", {}),
    ]


def _filters(ids: dict[str, list[str]]) -> list[tuple[str, str, Request]]:
    own, theirs = {"Owners": ["self"]}, {"OwnerIds": ["self"]}
    return [
        ("DescribeImages, a tag all have", "describe_images", own | _by("tag-key", "Name")),
        ("DescribeImages, a tag few have", "describe_images", own | _by("tag:Name", "web")),
        ("DescribeImages, name with wildcards", "describe_images", own | _by("name", "*-02")),
        (
            "DescribeImages, one snapshot",
            "describe_images",
            own | _by("block-device-mapping.snapshot-id", ids["snapshots"][0]),
        ),
        ("DescribeImages, one state", "describe_images", own | _by("state", "available")),
        (
            "DescribeSnapshots, one volume",
            "describe_snapshots",
            theirs | _by("volume-id", ids["volumes"][0]),
        ),
        (
            "DescribeSnapshots, a tag all have",
            "describe_snapshots",
            theirs | _by("tag:snapback:kind", "scheduled"),
        ),
        ("DescribeInstances, a team's tag", "describe_instances", _by("tag:team", "team-1")),
        ("DescribeInstances, running", "describe_instances", _by("instance-state-name", "running")),
        ("DescribeInstances, stopped", "describe_instances", _by("instance-state-name", "stopped")),
        (
            "DescribeInstances, one volume",
            "describe_instances",
            _by("block-device-mapping.volume-id", ids["volumes"][0]),
        ),
        (
            "DescribeVolumes, one instance",
            "describe_volumes",
            _by("attachment.instance-id", ids["instances"][0]),
        ),
        ("DescribeTags, one resource", "describe_tags", _by("resource-id", ids["instances"][0])),
        ("DescribeTags, one key", "describe_tags", _by("key", "snapback:slot")),
    ]


def _named(ids: dict[str, list[str]]) -> list[tuple[str, str, Request, float]]:
    found: list[tuple[str, str, Request, float]] = []
    for method, parameter, kind in (
        ("describe_images", "ImageIds", "images"),
        ("describe_snapshots", "SnapshotIds", "snapshots"),
        ("describe_instances", "InstanceIds", "instances"),
        ("describe_volumes", "VolumeIds", "volumes"),
    ):
        for count, limit in ((1, ONE_TAKES), (100, A_PAGE_TAKES), (A_PAGE, A_PAGE_TAKES)):
            name = f"{method.replace('_', ' ')}, {count:,}"
            found.append((name, method, {parameter: ids[kind][:count]}, limit))
    return found


def _paged(
    ec2: Any,  # noqa: ANN401
    watch: Stopwatch,
    name: str,
    page: Page,
    size: Size,
) -> None:
    """The first page as it is the first time, then again and again, then later ones."""
    method, asked = page
    watch.answers(PAGED, f"{name}: first, cold", _again(ec2, *page, times=1), limit=A_PAGE_TAKES)
    watch.answers(PAGED, f"{name}: first", _again(ec2, *page), limit=A_PAGE_TAKES)
    token = getattr(ec2, method)(**asked).get("NextToken")
    if token and size.instances > 2 * A_PAGE:
        later = _again(ec2, method, {**asked, "NextToken": token})
        watch.answers(PAGED, f"{name}: a later one", later, limit=A_PAGE_TAKES)


def _again(ec2: Any, method: str, request: Request, times: int = TIMES) -> list[Callable[[], Any]]:  # noqa: ANN401
    return [lambda: getattr(ec2, method)(**request)] * times


def _by(name: str, *values: str) -> Request:
    return {"Filters": [{"Name": name, "Values": list(values)}]}


def _sample(ec2: Any) -> dict[str, list[str]]:  # noqa: ANN401
    """The ids of up to 1,000 of each, from all over the listing."""
    reservations = ec2.get_paginator("describe_instances").paginate(
        PaginationConfig={"PageSize": A_PAGE}
    )
    instances = [
        each["InstanceId"]
        for page in reservations
        for reservation in page["Reservations"]
        for each in reservation["Instances"]
    ]
    return {
        "instances": _spread(instances),
        "images": _spread(_ids(ec2, "describe_images", "Images", "ImageId", Owners=["self"])),
        "snapshots": _spread(
            _ids(ec2, "describe_snapshots", "Snapshots", "SnapshotId", OwnerIds=["self"])
        ),
        "volumes": _spread(_ids(ec2, "describe_volumes", "Volumes", "VolumeId")),
    }


def _ids(ec2: Any, method: str, member: str, name: str, **request: object) -> list[str]:  # noqa: ANN401
    pages = ec2.get_paginator(method).paginate(**request, PaginationConfig={"PageSize": A_PAGE})
    return [each[name] for page in islice(pages, 10) for each in page[member]]


def _spread(ids: Sequence[str]) -> list[str]:
    return list(ids[:: max(1, len(ids) // A_PAGE)][:A_PAGE])
