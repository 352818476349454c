"""Starting and ending the one world that the process API and the server share."""

import os
from datetime import datetime
from functools import cache

from moto.core import responses
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.utils import method_names_from_class

from sandbox import accounts, base_images, dynamodb, ebs, ec2, event_rules, kms, rbin, ssm
from sandbox.agenda import agenda
from sandbox.calls import calls
from sandbox.clock import clock
from sandbox.commands import commands
from sandbox.disks import disks
from sandbox.events import events
from sandbox.faults import faults
from sandbox.functions import functions
from sandbox.health import health
from sandbox.mishaps import told
from sandbox.quotas import quotas

SETTINGS = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
"""moto's own 1,300 sample images would all belong to the user."""

_method_names = cache(method_names_from_class)
"""moto lists a service's methods anew for every call, which takes longer than the call."""

NOT_OURS = ("MOTO_ACCOUNT_ID", "MOTO_AMIS_PATH")
"""Settings of moto that would overrule who a request is from, and what exists."""


def begin(now: datetime | None = None, *, frozen: bool = False) -> None:
    """Put our rules in moto's place and set the clock; moto is empty after it."""
    os.environ.update(SETTINGS)
    for name in NOT_OURS:
        os.environ.pop(name, None)
    ec2.install()
    ebs.install()
    ssm.install()
    accounts.install()
    event_rules.install()
    kms.install()
    responses.method_names_from_class = _method_names  # type: ignore[attr-defined]
    reset()
    if frozen:
        clock.freeze()
    if now is not None:
        clock.move_to(now)


def reset() -> None:
    """Forget every resource, call, fault, disk and verdict; back to real time."""
    BackendDict.reset()
    reset_model_data()
    clock.reset()
    calls.clear()
    faults.clear()
    dynamodb.reset()
    base_images.reset()
    rbin.reset()
    accounts.home.reset()
    for part in (agenda, commands, disks, functions, health, events, quotas, told):
        part.reset()
