"""Everything that can go wrong, in kinds that a caller may act upon.

A kind says what to do about it (fix the input, read the reason, try later); the
sentence says what happened. Exit codes are those of DESIGN section 6.
"""


class SnapbackError(Exception):
    """Anything this service reports instead of doing its work."""

    exit_code = 1
    code = "failed"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInputError(SnapbackError):
    """What was asked cannot be read: name the thing, the value and the way out."""

    exit_code = 2
    code = "invalid_input"


class RefusedError(SnapbackError):
    """A guard says no. Nothing was changed."""

    exit_code = 3
    code = "refused"


class NotFoundError(SnapbackError):
    """The instance, recovery point or rollback does not exist here."""

    exit_code = 4
    code = "not_found"


class AwsError(SnapbackError):
    """An AWS call failed; ``aws_code`` is AWS's own word for why."""

    def __init__(self, doing: str, aws_code: str, aws_message: str) -> None:
        super().__init__(f"could not {doing}: {aws_code}: {aws_message}")
        self.doing = doing
        self.aws_code = aws_code
        self.aws_message = aws_message


class MissingError(AwsError):
    """The resource is gone. For a delete, that is success."""


class InUseError(AwsError):
    """Something still needs the resource; a later run will manage."""


class NameTakenError(AwsError):
    """An image of this name exists already: ours from an earlier try, to be adopted."""


class DeniedError(AwsError):
    """The credentials may not do this, here."""


class LaterError(AwsError):
    """Throttled, unanswered, out of capacity, or in a state that passes: try again later."""


class ConflictError(AwsError):
    """Somebody else wrote the record first, or holds the lease."""
