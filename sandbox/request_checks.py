"""What the query and JSON services check before all else: the constraints of their models.

Source: Common Errors of each service's API Reference: ``ValidationError`` (query) and
``ValidationException`` (JSON), "The input fails to satisfy the constraints specified by an
AWS service"; a JSON body that cannot be read is a ``SerializationException``.
"""

from sandbox.calls import Call
from sandbox.constraints import sentence
from sandbox.replies import NOT_IN_XML, Refusal
from sandbox.values import leaves

CODES = {"query": "ValidationError", "json": "ValidationException"}


def check(call: Call) -> None:
    """Refuse a request that cannot be read, or that the model of its action does not allow.

    That a query service refuses text that XML cannot carry is [NV].
    """
    code = CODES[call.protocol]
    if call.malformed is not None and call.protocol == "json":
        raise Refusal("SerializationException", "The request body cannot be read.")
    if call.malformed is not None:
        raise Refusal(code, call.malformed)
    if call.forbidden:
        raise Refusal(code, sentence(call.forbidden))
    shape = call.operation.input_shape if call.operation else None
    if shape is None or call.protocol != "query":
        return
    for leaf in leaves(shape, call.parameters):
        if isinstance(leaf.value, str) and NOT_IN_XML.search(leaf.value):
            broken = f"Value at '{leaf.name}' has a character that is not allowed"
            raise Refusal(code, sentence([broken]))
