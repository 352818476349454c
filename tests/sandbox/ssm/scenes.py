"""What tests of Systems Manager have in common: a managed node, a command, a runbook."""

import json
from typing import Any

from sandbox.process import Sandbox

LINUX = "ami-0abc0000000000001"
WINDOWS = "ami-0abc0000000000004"
SHELL = "AWS-RunShellScript"


def node(aws: Sandbox, image: str = LINUX, *, profile: bool = True, **more: Any) -> str:  # noqa: ANN401
    """An instance that has been up for a minute, a managed node unless it has no *profile*."""
    iam = aws.client("iam")
    wanted: dict[str, Any] = {}
    if profile:
        if not iam.list_instance_profiles()["InstanceProfiles"]:
            iam.create_instance_profile(InstanceProfileName="node")
        wanted = {"IamInstanceProfile": {"Name": "node"}}
    answer = aws.client("ec2").run_instances(
        ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, **wanted, **more
    )
    aws.clock.advance(60)
    return str(answer["Instances"][0]["InstanceId"])


def send(aws: Sandbox, *instances: str, script: str = "true", **more: Any) -> str:  # noqa: ANN401
    """The id of a command that has just been sent."""
    request: dict[str, Any] = {
        "DocumentName": SHELL,
        "Parameters": {"commands": [script]},
        **({"InstanceIds": list(instances)} if instances else {}),
        **more,
    }
    return str(aws.client("ssm").send_command(**request)["Command"]["CommandId"])


def command(aws: Sandbox, command_id: str) -> dict[str, Any]:
    """The command as ListCommands tells it now."""
    found: dict[str, Any] = aws.client("ssm").list_commands(CommandId=command_id)["Commands"][0]
    return found


def states(aws: Sandbox, command_id: str) -> dict[str, str]:
    """``StatusDetails`` by instance."""
    answer = aws.client("ssm").list_command_invocations(CommandId=command_id)
    return {each["InstanceId"]: each["StatusDetails"] for each in answer["CommandInvocations"]}


def command_document(*steps: dict[str, Any], **more: Any) -> str:  # noqa: ANN401
    """The content of a command document."""
    return json.dumps({"schemaVersion": "2.2", "mainSteps": list(steps), **more})


def script_step(name: str, script: str, **inputs: Any) -> dict[str, Any]:  # noqa: ANN401
    """One step that runs a script."""
    return {
        "action": "aws:runShellScript",
        "name": name,
        "inputs": {"runCommand": [script], **inputs},
    }


def run(aws: Sandbox, *steps: dict[str, Any], seconds: float = 3600, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """The execution of a new runbook, *seconds* after its start."""
    ssm = aws.client("ssm")
    parameters = more.pop("Parameters", {})
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": list(steps), **more})
    name = f"Runbook-{len(aws.calls.all())}"
    ssm.create_document(Name=name, DocumentType="Automation", Content=content)
    given = {"Parameters": parameters} if parameters else {}
    started = ssm.start_automation_execution(DocumentName=name, **given)
    aws.clock.advance(seconds)
    return execution(aws, started["AutomationExecutionId"])


def execution(aws: Sandbox, execution_id: str) -> dict[str, Any]:
    """One execution as it is now."""
    answer = aws.client("ssm").get_automation_execution(AutomationExecutionId=execution_id)
    found: dict[str, Any] = answer["AutomationExecution"]
    return found


def steps_of(found: dict[str, Any]) -> dict[str, str]:
    """The status of each step."""
    return {each["StepName"]: each["StepStatus"] for each in found["StepExecutions"]}


def step(found: dict[str, Any], name: str) -> dict[str, Any]:
    """One step of an execution."""
    return next(each for each in found["StepExecutions"] if each["StepName"] == name)


def told(aws: Sandbox) -> list[dict[str, Any]]:
    """The events of Systems Manager so far."""
    return [dict(each) for each in aws.events.all() if each["source"] == "aws.ssm"]
