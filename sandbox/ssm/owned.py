"""The documents of Amazon that are there in every account.

Sources: Systems Manager User Guide, "About the AWS-RunPatchBaselineWithHooks SSM document"
(steps, parameters), "AWS-RunPatchBaseline"; EC2 User Guide, "Create VSS based snapshots with
Systems Manager command documents". What the scripts in them say is not Amazon's: nothing runs
them. The names of the steps are [NV].
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.ssm.models import Document, Documents

from sandbox.base_images import PUBLISHED
from sandbox.ssm.schema_command import platforms

AMAZON = "Amazon"
VSS_SNAPSHOT = "AWSEC2-CreateVssSnapshot"
VSS_INSTALL = "AWSEC2-VssInstallAndSnapshot"
VSS_STEP = "createVssSnapshot"
PATCH = "AWS-RunPatchBaseline"
PATCH_WITH_HOOKS = "AWS-RunPatchBaselineWithHooks"
NOOP = "AWS-Noop"
VSS_INPUTS = ("ExcludeBootVolume", "CreateAmi", "AmiName", "description", "tags")
AFTER_THE_SCAN = ("PreInstallHook", "InstallWithNoReboot", "PostInstallHook", "RebootAndReport")
"""The steps that a scan which finds nothing missing makes needless."""
REBOOT = "RebootAndReport"

SECONDS = "([1-9][0-9]{0,4}|1[0-6][0-9]{4}|17[0-1][0-9]{3}|172[0-7][0-9]{2}|172800)"
TRUTH = ["True", "False"]


def _text(default: str | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": "String", **({} if default is None else {"default": default}), **more}


def _script(plugin: str) -> dict[str, Any]:
    """AWS-RunShellScript and its like: schema 1.2, one plugin, named after itself."""
    return {
        "schemaVersion": "1.2",
        "description": "Run a script or specify the commands to run.",
        "parameters": {
            "commands": {"type": "StringList", "minItems": 1, "displayType": "textarea"},
            "workingDirectory": _text("", maxChars=4096),
            "executionTimeout": _text("3600", allowedPattern=SECONDS),
        },
        "runtimeConfig": {
            plugin: {
                "properties": [
                    {
                        "id": f"0.{plugin}",
                        "runCommand": "{{ commands }}",
                        "workingDirectory": "{{ workingDirectory }}",
                        "timeoutSeconds": "{{ executionTimeout }}",
                    }
                ]
            }
        },
    }


def _vss(*before: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schemaVersion": "2.2",
        "description": "Take application-consistent snapshots of the volumes with VSS.",
        "parameters": {
            "ExcludeBootVolume": _text("False", allowedValues=TRUTH),
            "CopyOnly": _text("False", allowedValues=TRUTH),
            "NoWriters": _text("False", allowedValues=TRUTH),
            "CreateAmi": _text("False", allowedValues=TRUTH),
            "SaveVssMetadata": _text("False", allowedValues=TRUTH),
            "CollectDiagnosticLogs": _text("False", allowedValues=TRUTH),
            "UseLegacyVSS": _text("False", allowedValues=TRUTH),
            "VssVersion": _text("default"),
            "AmiName": _text(""),
            "description": _text(""),
            "tags": _text("Key=Name,Value="),
            "executionTimeout": _text("120", allowedPattern=SECONDS),
        },
        "mainSteps": [
            *before,
            {
                "action": "aws:runPowerShellScript",
                "name": VSS_STEP,
                "precondition": {"StringEquals": ["platformType", "Windows"]},
                "inputs": {
                    "runCommand": ["New-VssSnapshot"],
                    "timeoutSeconds": "{{ executionTimeout }}",
                    "vss": {name: f"{{{{ {name} }}}}" for name in VSS_INPUTS},
                },
            },
        ],
    }


_INSTALL_COMPONENTS = {
    "action": "aws:runPowerShellScript",
    "name": "installVssComponents",
    "precondition": {"StringEquals": ["platformType", "Windows"]},
    "inputs": {"runCommand": ["Install-AwsVssComponents"], "onFailure": "exit"},
}
_OPERATION = {"type": "String", "allowedValues": ["Scan", "Install"]}
_REBOOT_OPTION = _text("RebootIfNeeded", allowedValues=["RebootIfNeeded", "NoReboot"])
_SNAPSHOT_ID = _text("", allowedPattern="(^$)|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def _patching(platform: str, plugin: str) -> dict[str, Any]:
    return {
        "action": plugin,
        "name": f"Patch{platform}",
        "precondition": {"StringEquals": ["platformType", platform]},
        "inputs": {"runCommand": ["PatchBaselineOperations {{ Operation }} {{ RebootOption }}"]},
    }


def _hook(name: str, document: str, **inputs: str) -> dict[str, Any]:
    return {
        "action": "aws:runDocument",
        "name": name,
        "precondition": {"StringEquals": ["{{ Operation }}", "Install"]},
        "inputs": {"documentType": "SSMDocument", "documentPath": document, **inputs},
    }


def _patch_step(name: str, operation: str, reboot: str) -> dict[str, Any]:
    parameters = json.dumps({"Operation": operation, "RebootOption": reboot})
    step = _hook(name, PATCH, documentParameters=parameters, onFailure="exit")
    return step if name != "Scan" else {key: step[key] for key in step if key != "precondition"}


_WITH_HOOKS: dict[str, Any] = {
    "schemaVersion": "2.2",
    "description": "Scan for or install patches, with hooks around the installation.",
    "parameters": {
        "Operation": _OPERATION,
        "SnapshotId": _SNAPSHOT_ID,
        "RebootOption": _REBOOT_OPTION,
        "PreInstallHookDocName": _text(NOOP),
        "PostInstallHookDocName": _text(NOOP),
        "OnExitHookDocName": _text(NOOP),
    },
    "mainSteps": [
        _patch_step("Scan", "Scan", "NoReboot"),
        _hook("PreInstallHook", "{{ PreInstallHookDocName }}", onFailure="exit"),
        _patch_step("InstallWithNoReboot", "Install", "NoReboot"),
        _hook("PostInstallHook", "{{ PostInstallHookDocName }}", onFailure="exit"),
        _patch_step(REBOOT, "Install", "{{ RebootOption }}"),
        _hook("OnExitHook", "{{ OnExitHookDocName }}", finallyStep="true"),
    ],
}


def _change_state(state: str) -> dict[str, Any]:
    return {
        "schemaVersion": "0.3",
        "description": f"Bring instances to the state {state}.",
        "assumeRole": "{{ AutomationAssumeRole }}",
        "parameters": {
            "InstanceId": {"type": "StringList"},
            "AutomationAssumeRole": _text(""),
        },
        "mainSteps": [
            {
                "name": f"{state}Instances",
                "action": "aws:changeInstanceState",
                "inputs": {"InstanceIds": "{{ InstanceId }}", "DesiredState": state},
            }
        ],
    }


CONTENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "AWS-RunShellScript": ("Command", _script("aws:runShellScript")),
    "AWS-RunPowerShellScript": ("Command", _script("aws:runPowerShellScript")),
    VSS_SNAPSHOT: ("Command", _vss()),
    VSS_INSTALL: ("Command", _vss(_INSTALL_COMPONENTS)),
    PATCH: (
        "Command",
        {
            "schemaVersion": "2.2",
            "description": "Scan for or install patches.",
            "parameters": {
                "Operation": _OPERATION,
                "SnapshotId": _SNAPSHOT_ID,
                "InstallOverrideList": _text(""),
                "BaselineOverride": _text(""),
                "RebootOption": _REBOOT_OPTION,
            },
            "mainSteps": [
                _patching("Windows", "aws:runPowerShellScript"),
                _patching("MacOS", "aws:runShellScript"),
                _patching("Linux", "aws:runShellScript"),
            ],
        },
    ),
    PATCH_WITH_HOOKS: ("Command", _WITH_HOOKS),
    NOOP: (
        "Command",
        {
            "schemaVersion": "2.2",
            "description": "Do nothing.",
            "parameters": {},
            "mainSteps": [
                {
                    "action": "aws:runPowerShellScript",
                    "name": "noop",
                    "inputs": {"runCommand": ["exit 0"]},
                }
            ],
        },
    ),
    "AWS-StopEC2Instance": ("Automation", _change_state("stopped")),
    "AWS-StartEC2Instance": ("Automation", _change_state("running")),
}


@cache
def owned() -> dict[str, Documents]:
    """They, by name: nobody can change them, so all accounts share them."""
    return {name: Documents(_document(name, *found)) for name, found in CONTENTS.items()}


def _document(name: str, document_type: str, content: dict[str, Any]) -> Document:
    made = Document(  # type: ignore[abstract]
        account_id=AMAZON,
        name=name,
        version_name="",
        content=json.dumps(content),
        document_type=document_type,
        document_format="JSON",
        requires=[],
        attachments=[],
        target_type="",
    )
    made.created_date = PUBLISHED
    made.platform_types = platforms_of(content)
    return made


def platforms_of(content: Mapping[str, Any]) -> list[str]:
    """``PlatformTypes`` of a document, as its steps say; a runbook has them all."""
    if str(content.get("schemaVersion")) == "0.3":
        return ["Windows", "Linux", "MacOS"]
    runtime = content.get("runtimeConfig") or {}
    return platforms(content.get("mainSteps") or [{"action": plugin} for plugin in runtime])
