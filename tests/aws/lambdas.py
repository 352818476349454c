"""Calling the Lambda functions as AWS does: the handler of app.py, an event, a context."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import app


@dataclass(frozen=True, slots=True)
class Context:
    """What Lambda hands over beside the event."""

    function_name: str
    remaining_ms: int = 300_000
    memory_limit_in_mb: int = 512
    aws_request_id: str = "4e1a7c52-0000-4000-8000-000000000000"

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """How long Lambda lets it go on."""
        return self.remaining_ms


def scheduled(name: str, at: datetime | str, *, remaining_ms: int = 300_000) -> dict[str, Any]:
    """Run a scheduled function with an event whose time is *at*."""
    time = at if isinstance(at, str) else at.strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {
        "version": "0",
        "id": "0f0f0f0f-0000-4000-8000-000000000000",
        "account": "123456789012",
        "region": "us-east-1",
        "source": "aws.events",
        "detail-type": "Scheduled Event",
        "time": time,
        "resources": [f"arn:aws:events:us-east-1:123456789012:rule/{name}"],
        "detail": {},
    }
    answer: dict[str, Any] = getattr(app, name)(event, Context(name, remaining_ms))
    return answer


def invoked(name: str, payload: object) -> dict[str, Any]:
    """Invoke a function directly with *payload*."""
    answer: dict[str, Any] = getattr(app, name)(payload, Context(name))
    return answer
