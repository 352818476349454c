"""``aws:executeAwsApi``, ``aws:waitForAwsResourceProperty``, ``aws:assertAwsResourceProperty``.

Source: Systems Manager User Guide, the pages of these three actions and "Working with inputs
and outputs"; the calls are made in this process, as the execution's account and region.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from sandbox.ssm.arguments import as_text
from sandbox.ssm.automation_model import StepFailed
from sandbox.ssm.json_path import PathError, select
from sandbox.ssm.schema_parameters import PYTHON_TYPES
from sandbox.ssm.steps.task import CALL_TAKES, Task, Work, next_poll

NOT_OF_THE_CALL = frozenset({"Service", "Api", "PropertySelector", "DesiredValues"})


def execute(task: Task) -> Work:
    """Call, and keep what the step's ``outputs`` select."""
    response = _call(task)
    yield CALL_TAKES
    return selected(task, response)


def wait_for(task: Task) -> Work:
    """Call again and again until the property has one of the desired values."""
    while not _is_as_desired(task, _call(task)):
        yield next_poll(task.begun)
    yield CALL_TAKES
    return {}


def assert_property(task: Task) -> Work:
    """Call once; fail unless the property has one of the desired values."""
    response = _call(task)
    yield CALL_TAKES
    if not _is_as_desired(task, response):
        found = as_text(_property(task, response))
        raise StepFailed(
            f"Step fails when it is asserting {task.text('PropertySelector')}: it is {found}, "
            f"not one of {', '.join(_desired(task))}."
        )
    return {}


def selected(task: Task, source: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """The declared outputs of the step, of their types, out of *source*.

    One that is not there has no value; one of another type fails the step [NV].
    """
    found = {}
    for output in task.step.definition.get("outputs") or []:
        try:
            value = select(source, output["Selector"])
        except PathError:
            continue
        kind = output.get("Type", "String")
        expected = str if kind == "String" else PYTHON_TYPES[kind]
        if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
            raise StepFailed(f"The output {output['Name']} is not a {kind}: {as_text(value)}")
        found[output["Name"]] = value
    return found


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever boto3 answers
    """An answer as JSON: times as texts, no metadata."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise StepFailed("Streaming and binary answers aren't supported.")


def _call(task: Task) -> Any:  # noqa: ANN401 - any JSON value
    service, api = task.text("Service"), task.text("Api")
    try:
        methods = task.methods(service)
    except UnknownServiceError as error:
        raise StepFailed(f"The service {service} doesn't exist.") from error
    method = xform_name(api)
    if method not in methods:
        raise StepFailed(f"The service {service} has no API {api}.")
    parameters = {key: each for key, each in task.inputs.items() if key not in NOT_OF_THE_CALL}
    return plain(task.call(service, method, **parameters))


def _property(task: Task, response: Any) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return select(response, task.text("PropertySelector"))
    except PathError:
        return None


def _desired(task: Task) -> list[str]:
    wanted = task.inputs["DesiredValues"]
    return [as_text(each) for each in (wanted if isinstance(wanted, list) else [wanted])]


def _is_as_desired(task: Task, response: Any) -> bool:  # noqa: ANN401 - any JSON value
    """A list is as desired when all of it is, and there is something in it [NV]."""
    found = _property(task, response)
    values = found if isinstance(found, list) else [found]
    return bool(values) and all(
        each is not None and as_text(each) in _desired(task) for each in values
    )
