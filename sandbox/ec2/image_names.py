"""What an image may be called and described as.

Source: botocore's model, CreateImageRequest.Name and .Description; EC2 API error codes,
InvalidAMIName.Malformed.
"""

import re

from moto.ec2.exceptions import EC2ClientError

LONGEST_DESCRIPTION = 255

_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")


def check_name(name: str) -> None:
    """Refuse a malformed name."""
    if not _NAME.fullmatch(name):
        raise EC2ClientError(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, "
            "numbers, '(', ')', '[', ']', ' ', '.', '/', '-', ''', '@' and '_'",
        )


def checked_description(description: str | None) -> str | None:
    """The description, at most 255 characters; an empty one is none."""
    if description and len(description) > LONGEST_DESCRIPTION:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"The description can have at most {LONGEST_DESCRIPTION} characters, not "
            f"{len(description)}",
        )
    return description or None
