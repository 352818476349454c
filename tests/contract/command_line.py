"""The AWS CLI as a client: ``client.describe_images(...)`` is ``aws ec2 describe-images ...``.

The CLI's own driver runs in this process (a process for each command takes half a second);
``test_command_line`` shows that the ``aws`` executable does the same.
"""

import base64
import io
import json
import os
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime
from functools import cache
from typing import Any

from awscli.clidriver import (  # type: ignore[import-untyped]
    CLIDriver,
    create_clidriver,
)
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from sandbox.inside import SECRET

_REFUSED = re.compile(
    r"An error occurred \((?P<code>[^)]+)\) when calling the (?P<operation>\w+) operation"
    r"(?: \(reached max retries: \d+\))?: (?P<message>.*)",
    re.DOTALL,
)


class CommandError(Exception):
    """The command failed on its own side of the wire; the message is what it printed."""


class CommandLine:
    """``aws`` for any account, against one endpoint."""

    def __init__(self, url: str) -> None:
        self._url = url

    def client(self, service: str, region: str, account: str) -> "Commands":
        """The commands of *service*, as methods."""
        common = (
            *("--endpoint-url", self._url, "--region", region),
            *("--output", "json", "--no-paginate"),
        )
        return Commands(service, account, common)


class Commands:
    """One service's commands in the guise of a boto3 client."""

    def __init__(self, service: str, account: str, common: tuple[str, ...]) -> None:
        self._service = service
        self._account = account
        self._common = common
        self._model = _model(service)
        self._operations = {_dashed(name): name for name in self._model.operation_names}

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        """The command that boto3 calls *method*."""
        command = method.replace("_", "-")
        if command not in self._operations:
            raise AttributeError(f"aws {self._service} has no command {command}")

        def run(**parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the model has
            return self._run(command, parameters)

        return run

    def _run(self, command: str, parameters: dict[str, Any]) -> dict[str, Any]:
        given = ("--cli-input-json", json.dumps(parameters, default=_in_json))
        out, err = io.StringIO(), io.StringIO()
        driver = _driver(self._account, self._service, command)
        with redirect_stdout(out), redirect_stderr(err):
            status = driver.main([*self._common, self._service, command, *given])
        if status:
            raise refusal(err.getvalue())
        shape = self._model.operation_model(self._operations[command]).output_shape
        answer: dict[str, Any] = _as_boto3(shape, json.loads(out.getvalue() or "{}"))
        return answer


def refusal(printed: str) -> Exception:
    """What the CLI printed on its way out, as boto3 would raise it."""
    said = _REFUSED.search(printed)
    if said is None:
        return CommandError(printed.strip())
    return ClientError(
        {"Error": {"Code": said["code"], "Message": said["message"].strip()}}, said["operation"]
    )


@cache
def _driver(account: str, service: str, command: str) -> CLIDriver:
    """A driver for one command, that is *account* and reads nobody's configuration.

    Commands leave handlers behind in their driver, which are in the way of other commands.
    """
    driver: CLIDriver = create_clidriver()
    session = driver.session
    session.register_component("data_loader", _loader())
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    session.set_config_variable("max_attempts", 1)
    session.set_credentials(account, SECRET)
    session.create_client = cache(session.create_client)
    # Each run would add its handlers to those of the runs before it.
    driver._emit_session_event = _once(driver._emit_session_event)
    return driver


@cache
def _loader() -> object:
    """One reader of the models for all drivers: EC2's takes a tenth of a second."""
    return create_clidriver().session.get_component("data_loader")


@cache
def _model(service: str) -> ServiceModel:
    model: ServiceModel = create_clidriver().session.get_service_model(service)
    return model


def _once(emit: Callable[[object], None]) -> Callable[[object], None]:
    done: list[bool] = []

    def emit_first(parsed: object) -> None:
        if not done:
            done.append(True)
            emit(parsed)

    return emit_first


@cache
def _dashed(operation: str) -> str:
    return str(xform_name(operation, "-"))


def _in_json(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode()
    assert isinstance(value, datetime), value
    return value.isoformat()


def _as_boto3(shape: Shape | None, value: Any) -> Any:  # noqa: ANN401 - as deep as the model
    """What the CLI wrote as text, in the types that boto3 has for it."""
    if isinstance(shape, StructureShape):
        return {name: _as_boto3(shape.members.get(name), each) for name, each in value.items()}
    if isinstance(shape, ListShape):
        return [_as_boto3(shape.member, each) for each in value]
    if isinstance(shape, MapShape):
        return {name: _as_boto3(shape.value, each) for name, each in value.items()}
    if shape is not None and shape.type_name == "timestamp":
        return parse_timestamp(value)
    if shape is not None and shape.type_name == "blob":
        return base64.b64decode(value)
    return value
