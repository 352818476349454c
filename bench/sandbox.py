"""The sandbox at scale: 10,000 instances, 100,000 images and 200,000 snapshots.

One region holds it all. AWS's default quotas are 50,000 AMIs and 100,000 snapshots a
region, which the sandbox enforces until they are raised: as they are here.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

from bench import sandbox_changes, sandbox_crowd, sandbox_pages
from bench.figures import Figure, Report
from bench.served import Served
from bench.stopwatch import Stopwatch
from bench.world import ACCOUNT, REGION, Size, fill

TITLE = "The sandbox at scale"
MOST_MEMORY = 3 * 1024.0
KIB = 1024


def arguments(parser: ArgumentParser) -> None:
    """How large the world is."""
    parser.add_argument("--instances", type=int, default=Size().instances)
    parser.add_argument("--images-each", type=int, default=Size().images_each)
    parser.add_argument("--addresses", type=int, default=Size().addresses)


def run(given: Namespace) -> Report:
    """Build the world, then measure in it."""
    size = Size(instances=given.instances, images_each=given.images_each, addresses=given.addresses)
    with Served() as served:
        ec2 = client(served)
        empty = served.resident
        took = fill(ec2, served, size)
        watch = Stopwatch(ec2, served)
        memory = list(_memory(size, empty, served.resident))
        sandbox_pages.measure(ec2, watch, size)
        sandbox_changes.measure(ec2, watch)
        image = ec2.describe_images(Owners=["self"], MaxResults=5)["Images"][0]["ImageId"]
        clients = [client(served) for _ in range(sandbox_crowd.CLIENTS)]
        others = sandbox_crowd.crowd(clients, image, served) + sandbox_crowd.control(served)
        memory.append(_mebibytes("after all that follows", served.resident))
    return Report(
        title=TITLE,
        notes=_notes(size, took),
        figures=(*memory, *watch.figures, *others),
    )


def client(served: Served) -> Any:  # noqa: ANN401 - boto3 makes client classes at run time
    """EC2 over HTTP, without retries."""
    return boto3.client(
        "ec2",
        endpoint_url=served.url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="sandbox",  # noqa: S106 - nobody checks it
        config=Config(read_timeout=600, retries={"total_max_attempts": 1}),
    )


def _memory(size: Size, empty: float, full: float) -> Iterator[Figure]:
    yield _mebibytes("an empty sandbox", empty)
    yield _mebibytes("the full world", full, MOST_MEMORY)
    things = size.instances + 3 * size.images + 3 * size.instances
    each = (full - empty) * KIB / things
    yield Figure(
        group="memory",
        what=f"each of {things:,} things (instance, interface, volume, image, snapshot)",
        unit="KiB",
        median=each,
        worst=each,
    )


def _mebibytes(what: str, value: float, limit: float | None = None) -> Figure:
    return Figure(group="memory", what=what, unit="MiB", median=value, worst=value, limit=limit)


def _notes(size: Size, took: dict[str, float]) -> tuple[str, ...]:
    return (
        f"world: {size.instances:,} instances with two volumes each, {size.images:,} images, "
        f"{2 * size.images:,} snapshots, {size.addresses:,} addresses, all in {REGION}; AWS's "
        "default quotas (50,000 AMIs, 100,000 snapshots a region) are raised",
        f"built by call over HTTP: instances in {took['launches']:.0f} s, addresses in "
        f"{took['addresses']:.0f} s; images by the rule behind CreateImage, called in the "
        f"server, in {took['images']:.0f} s",
        "times are over HTTP on loopback until the answer has arrived, one client unless said; "
        "what else the machine does shows in them, so limits hold for the server's processor "
        "time (known to 10 ms over all repetitions)",
    )
