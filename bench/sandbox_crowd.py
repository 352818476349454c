"""Many clients at once, and the control paths when much has happened."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import urlopen

from bench.figures import Figure
from bench.served import Served
from bench.stopwatch import milliseconds, timed

GROUP = "16 clients at once"
CLIENTS = 16
CALLS_EACH = 10


def crowd(clients: list[Any], image_id: str, served: Served) -> list[Figure]:
    """The latency of a small call, and of a page, while 16 ask at the same time."""
    asked = {
        "DescribeImages by id": lambda ec2: ec2.describe_images(ImageIds=[image_id]),
        "DescribeImages, a page of 100": lambda ec2: ec2.describe_images(
            Owners=["self"], MaxResults=100
        ),
    }
    figures = []
    for name, ask in asked.items():
        before, begun = served.processor_time, time.perf_counter()
        with ThreadPoolExecutor(len(clients)) as pool:
            waited = list(pool.map(lambda ec2, ask=ask: _some(ec2, ask), clients))
        times = [each for some in waited for each in some]
        spent = (served.processor_time - before) * 1000 / len(times)
        figures.append(milliseconds(GROUP, name, times, spent=spent))
        rate = len(times) / (time.perf_counter() - begun)
        figures.append(
            Figure(group=GROUP, what=f"{name}: all", unit="calls/s", median=rate, worst=rate)
        )
    return figures


def control(served: Served) -> list[Figure]:
    """``/sandbox/calls`` and ``/sandbox/events`` with everything that has been done so far."""
    figures = []
    for name in ("calls", "events"):
        url = f"{served.url}/sandbox/{name}"
        with urlopen(url) as answer:  # noqa: S310 - our own address
            count = len(json.load(answer)[name])

        def ask(url: str = url) -> None:
            with urlopen(url) as answer:  # noqa: S310 - our own address
                answer.read()

        what = f"GET /sandbox/{name} with {count:,} entries"
        figures.append(milliseconds("control paths", what, [timed(ask) for _ in range(3)]))
    return figures


def _some(ec2: Any, ask: Any) -> list[float]:  # noqa: ANN401
    return [timed(lambda: ask(ec2)) for _ in range(CALLS_EACH)]
