"""``{{ssm:name}}``: values from Parameter Store in documents and in what is given to them.

Source: Systems Manager User Guide, "Data elements and parameters": String and StringList can
be referred to, SecureString cannot.
"""

from typing import Any

from moto.ssm.models import SimpleSystemManagerBackend

from sandbox.ssm.arguments import ArgumentError

SPACE = "ssm:"


class StoredValues(SimpleSystemManagerBackend):
    """Looks references up in the account's Parameter Store."""

    def stored_value(self, name: str) -> Any:  # noqa: ANN401 - a text or a list of texts
        """What ``{{name}}`` stands for; anything but ``ssm:`` stays as it was written."""
        if not name.startswith(SPACE):
            return f"{{{{ {name} }}}}"
        found = self.get_parameter(name.removeprefix(SPACE))
        if found is None:
            raise ArgumentError(f"There is no parameter {name.removeprefix(SPACE)}.")
        if found.parameter_type == "SecureString":
            raise ArgumentError(f"{name} is a SecureString and cannot be referred to.")
        return found.value.split(",") if found.parameter_type == "StringList" else found.value
