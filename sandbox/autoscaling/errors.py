"""Auto Scaling's refusals, in its own codes and words (botocore's model, ``*Fault``)."""

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError


def invalid(message: str) -> AutoscalingClientError:
    """``ValidationError``: what a parameter says cannot be."""
    return ValidationError(message)


def no_group(name: str | None) -> AutoscalingClientError:
    """There is no group of that name."""
    return invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")


def exists(message: str) -> AutoscalingClientError:
    """``AlreadyExists``: the name is taken."""
    return AutoscalingClientError("AlreadyExists", message)


def in_use(message: str) -> AutoscalingClientError:
    """``ResourceInUse``: something still needs it."""
    return AutoscalingClientError("ResourceInUse", message)


def busy(message: str) -> AutoscalingClientError:
    """``ScalingActivityInProgress``: not before what is going on has ended."""
    return AutoscalingClientError("ScalingActivityInProgress", message)


def too_many(message: str) -> AutoscalingClientError:
    """``LimitExceeded``: a quota is used up."""
    return AutoscalingClientError("LimitExceeded", message)
