"""Codes of EC2 that many of its actions answer with, each with a message of its own.

Source: EC2 API Reference, "Error codes for the Amazon EC2 API".
"""

from moto.ec2.exceptions import EC2ClientError


def invalid_value(message: str) -> EC2ClientError:
    """``InvalidParameterValue``."""
    return EC2ClientError("InvalidParameterValue", message)


def combination(message: str) -> EC2ClientError:
    """``InvalidParameterCombination``."""
    return EC2ClientError("InvalidParameterCombination", message)


def invalid_mapping(message: str) -> EC2ClientError:
    """``InvalidBlockDeviceMapping``."""
    return EC2ClientError("InvalidBlockDeviceMapping", message)
