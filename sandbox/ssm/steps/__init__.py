"""The actions of runbooks: one generator each, listed here with its usual timeout."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

from sandbox.ssm.steps import api, code, flow, images, machines, runs
from sandbox.ssm.steps.task import Task, Work

Action: TypeAlias = Callable[[Task], Work]

ACTIONS: Mapping[str, Action] = {
    "aws:approve": flow.approve,
    "aws:assertAwsResourceProperty": api.assert_property,
    "aws:branch": flow.branch,
    "aws:changeInstanceState": machines.change_state,
    "aws:copyImage": images.copy,
    "aws:createImage": images.create,
    "aws:createTags": images.create_tags,
    "aws:deleteImage": images.delete,
    "aws:executeAutomation": runs.execute_automation,
    "aws:executeAwsApi": api.execute,
    "aws:invokeLambdaFunction": code.invoke_function,
    "aws:pause": flow.pause,
    "aws:runCommand": runs.run_command,
    "aws:sleep": flow.sleep,
    "aws:waitForAwsResourceProperty": api.wait_for,
}
"""Every other action of the schema ends in ``code.nothing_runs_here``."""

HOUR = timedelta(hours=1)
TIMEOUTS: Mapping[str, timedelta] = {
    "aws:approve": timedelta(days=7),
    "aws:changeInstanceState": HOUR,
    "aws:invokeLambdaFunction": timedelta(seconds=300),
    "aws:pause": timedelta(days=365),
    "aws:sleep": timedelta(days=8),
    "aws:waitForAwsResourceProperty": HOUR,
}
USUAL_TIMEOUT = timedelta(hours=12)
"""Where no page says how long an action may take [NV]."""


def action_of(name: str) -> Action:
    """What carries out an action."""
    return ACTIONS.get(name, code.nothing_runs_here)
