"""What the query and JSON services check before all else: the constraints of their models.

Source: Common Errors of each service's API Reference: ``ValidationError`` (query) and
``ValidationException`` (JSON), "The input fails to satisfy the constraints specified by an
AWS service"; a JSON body that cannot be read is a ``SerializationException``.
"""

from botocore.validate import ParamValidator

from sandbox.calls import MASK, Call
from sandbox.replies import NOT_IN_XML, Refusal
from sandbox.values import leaves

CODES = {"query": "ValidationError", "json": "ValidationException"}

_validator = ParamValidator()


def check(call: Call) -> None:
    """Refuse a request that breaks a constraint: required, length, range, type, enum."""
    code = CODES[call.protocol]
    if call.malformed is not None:
        raise Refusal(
            code if call.protocol == "query" else "SerializationException", call.malformed
        )
    shape = call.operation.input_shape if call.operation else None
    if shape is None:
        return
    report = _validator.validate(call.parameters, shape)
    if report.has_errors():
        raise _broken(code, report.generate_report().partition("\n")[0])
    for leaf in leaves(shape, call.parameters):
        if (
            isinstance(leaf.value, str)
            and call.protocol == "query"
            and NOT_IN_XML.search(leaf.value)
        ):
            raise _broken(code, f"Value at '{leaf.name}' has a character that is not allowed")
        choices = leaf.shape.metadata.get("enum", [])
        if choices and leaf.value not in choices and leaf.value != MASK:
            raise _broken(
                code,
                f"Value '{leaf.value}' at '{leaf.name}' failed to satisfy constraint: Member must "
                f"satisfy enum value set: [{', '.join(choices)}]",
            )


def _broken(code: str, how: str) -> Refusal:
    return Refusal(code, f"1 validation error detected: {how}")
