"""Whether a document's content is one: ``InvalidDocumentContent`` and its like.

Source: Systems Manager User Guide, "Data elements and parameters", "Schemas, features, and
examples"; SSM API, CreateDocument (errors, 64 KB).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]
from moto.ssm.exceptions import InvalidDocumentContent, SSMException

from sandbox.ssm import schema_automation, schema_command, schema_parameters

LARGEST = 64 * 1024
VERSIONS = {
    "Command": ("1.2", "2.0", "2.2"),
    "Policy": ("2.0", "2.2"),
    "Automation": ("0.3",),
    "Session": ("1.0",),
}
TOP_LEVEL = {
    "0.3": frozenset(
        {
            "schemaVersion",
            "description",
            "assumeRole",
            "parameters",
            "variables",
            "mainSteps",
            "outputs",
            "files",
        }
    ),
    "1.2": frozenset({"schemaVersion", "description", "parameters", "runtimeConfig"}),
    "2.0": frozenset({"schemaVersion", "description", "parameters", "mainSteps"}),
    "2.2": frozenset({"schemaVersion", "description", "parameters", "mainSteps"}),
}


def check(content: str, document_type: str, document_format: str) -> None:
    """Refuse what SSM would not make a document of.

    ``MaxDocumentSizeExceeded``, ``InvalidDocumentSchemaVersion``, ``InvalidDocumentContent``.
    Documents that nothing here runs (Session, Package, ...) are only read.
    """
    if len(content.encode()) > LARGEST:
        raise SSMException("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    if document_type not in VERSIONS:
        return
    document = parsed(content, document_format)
    version = str(document.get("schemaVersion", ""))
    if not version:
        raise _invalid("schemaVersion is required")
    if version not in VERSIONS[document_type]:
        raise SSMException(
            "InvalidDocumentSchemaVersion",
            f"The schema version {version} isn't supported for documents of type "
            f"{document_type}; it must be one of {', '.join(VERSIONS[document_type])}.",
        )
    for problem in _problems(document, version):
        raise _invalid(problem)


def parsed(content: str, document_format: str) -> dict[str, Any]:
    """The content as an object, out of JSON or YAML."""
    try:
        document = json.loads(content) if document_format == "JSON" else yaml.safe_load(content)
    except (ValueError, yaml.YAMLError) as error:
        raise _invalid(f"it is not {document_format}") from error
    if not isinstance(document, dict):
        raise _invalid("it must be an object")
    return document


def _problems(document: Mapping[str, Any], version: str) -> Iterator[str]:
    allowed = TOP_LEVEL.get(version)
    if allowed is None:
        return
    for name in document:
        if name not in allowed:
            yield f"{name} is not an element of schema version {version}"
    if not isinstance(document.get("description", ""), str):
        yield "description must be a string"
    yield from schema_parameters.problems(document, automation=version == "0.3")
    if version == "0.3":
        yield from schema_automation.problems(document)
    else:
        yield from schema_command.problems(document, version)


def _invalid(why: str) -> SSMException:
    return InvalidDocumentContent(f"The content for the document is not valid: {why}.")
