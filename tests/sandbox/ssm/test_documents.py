"""Documents: which content is one, their versions, who may use them."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, D102

import json
from typing import Any

import pytest
from moto.ssm.exceptions import SSMException

from sandbox.process import Sandbox
from sandbox.ssm import owned, schema
from tests.sandbox.scenes import code
from tests.sandbox.ssm.scenes import command_document, node, script_step, send

OTHER = "210987654321"
STEP: dict[str, Any] = {
    "action": "aws:runShellScript",
    "name": "one",
    "inputs": {"runCommand": ["true"]},
}
SLEEP: dict[str, Any] = {"name": "nap", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}


def branch(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A step that goes where a choice says."""
    return {
        "name": "fork",
        "action": "aws:branch",
        "inputs": {"Choices": list(choices)},
        **more,
    }


BROKEN_COMMANDS: dict[str, Any] = {
    "no steps": {"mainSteps": []},
    "a step that is no object": {"mainSteps": ["one"]},
    "an unknown element": {"mainSteps": [STEP], "outputs": []},
    "a description that is a number": {"mainSteps": [STEP], "description": 1},
    "an unknown plugin": {"mainSteps": [{**STEP, "action": "aws:sleep"}]},
    "no script": {"mainSteps": [{**STEP, "inputs": {}}]},
    "inputs that are a list": {"mainSteps": [{**STEP, "inputs": []}]},
    "no name": {"mainSteps": [{**STEP, "name": ""}]},
    "an unknown field": {"mainSteps": [{**STEP, "nextStep": "two"}]},
    "one name twice": {"mainSteps": [STEP, STEP]},
    "an onFailure of runbooks": {"mainSteps": [{**STEP, "onFailure": "Abort"}]},
    "an unknown onSuccess": {"mainSteps": [{**STEP, "onSuccess": "go"}]},
    "a finallyStep that is not the last": {
        "mainSteps": [{**STEP, "finallyStep": True}, {**STEP, "name": "two"}]
    },
    "an odd precondition": {"mainSteps": [{**STEP, "precondition": {"StringEquals": ["a"]}}]},
    "parameters that are a list": {"mainSteps": [STEP], "parameters": []},
    "a parameter that is a text": {"mainSteps": [STEP], "parameters": {"a": "String"}},
    "a type that is none": {"mainSteps": [STEP], "parameters": {"a": {"type": "Text"}}},
    "a resource type outside runbooks": {
        "mainSteps": [STEP],
        "parameters": {"a": {"type": "AWS::EC2::Instance::Id"}},
    },
    "a default of another type": {
        "mainSteps": [STEP],
        "parameters": {"a": {"type": "Boolean", "default": "true"}},
    },
    "a field of no parameter": {
        "mainSteps": [STEP],
        "parameters": {"a": {"type": "String", "required": True}},
    },
    "allowed values that are a text": {
        "mainSteps": [STEP],
        "parameters": {"a": {"type": "String", "allowedValues": "a"}},
    },
    "a pattern that is none": {
        "mainSteps": [STEP],
        "parameters": {"a": {"type": "String", "allowedPattern": "("}},
    },
    "an undeclared reference": {
        "mainSteps": [{**STEP, "inputs": {"runCommand": ["echo {{ who }}"]}}]
    },
}
BROKEN_RUNBOOKS: dict[str, Any] = {
    "no steps": [],
    "a step that is no object": ["nap"],
    "a name with a dash": [{**SLEEP, "name": "a-nap"}],
    "one name twice": [SLEEP, SLEEP],
    "an action of command documents": [{**SLEEP, "action": "aws:runShellScript"}],
    "a missing input": [{"name": "image", "action": "aws:createImage", "inputs": {}}],
    "inputs that are a list": [{**SLEEP, "inputs": []}],
    "an unknown field": [{**SLEEP, "precondition": {}}],
    "a nextStep that is not there": [{**SLEEP, "nextStep": "nowhere"}],
    "an onFailure that is not there": [{**SLEEP, "onFailure": "step:nowhere"}],
    "an onFailure of command documents": [{**SLEEP, "onFailure": "exit"}],
    "an onCancel that is not there": [{**SLEEP, "onCancel": "step:nowhere"}],
    "an onCancel to a sleep": [{**SLEEP, "onCancel": "step:nap"}],
    "attempts that are none": [{**SLEEP, "maxAttempts": 0}],
    "a timeout in words": [{**SLEEP, "timeoutSeconds": "soon"}],
    "an isEnd in words": [{**SLEEP, "isEnd": "maybe"}],
    "an output without a selector": [{**SLEEP, "outputs": [{"Name": "a"}]}],
    "an output of no type": [
        {**SLEEP, "outputs": [{"Name": "a", "Selector": "$.a", "Type": "Text"}]}
    ],
    "a choice without a next step": [branch({"Variable": "a", "StringEquals": "a"})],
    "a choice without an operation": [branch({"NextStep": "nap", "Variable": "a"}), SLEEP],
    "an operation that is none": [
        branch({"NextStep": "nap", "Not": {"Variable": "a", "Matches": "a"}}),
        SLEEP,
    ],
    "a loop of next steps": [
        {**SLEEP, "nextStep": "two"},
        {**SLEEP, "name": "two", "nextStep": "nap"},
    ],
    "a branch back": [
        SLEEP,
        branch({"NextStep": "nap", "Variable": "a", "StringEquals": "a"}),
    ],
    "an output of a step that is not there": [
        {**SLEEP, "inputs": {"Duration": "{{ before.Output }}"}}
    ],
}


class TestSchema:
    """What is a document, and what is none."""

    @pytest.mark.parametrize("content", BROKEN_COMMANDS.values(), ids=BROKEN_COMMANDS.keys())
    def test_a_command_document_cannot_have(self, content: dict[str, Any]) -> None:
        with pytest.raises(SSMException) as caught:
            schema.check(json.dumps({"schemaVersion": "2.2", **content}), "Command", "JSON")

        assert caught.value.code == "InvalidDocumentContent"

    @pytest.mark.parametrize("steps", BROKEN_RUNBOOKS.values(), ids=BROKEN_RUNBOOKS.keys())
    def test_a_runbook_cannot_have(self, steps: list[Any]) -> None:
        with pytest.raises(SSMException) as caught:
            schema.check(
                json.dumps({"schemaVersion": "0.3", "mainSteps": steps}), "Automation", "JSON"
            )

        assert caught.value.code == "InvalidDocumentContent"

    def test_a_runbook_cannot_promise_an_output_without_a_step(self) -> None:
        content = {"schemaVersion": "0.3", "mainSteps": [SLEEP], "outputs": ["nap"]}

        with pytest.raises(SSMException, match="must be the name of a step"):
            schema.check(json.dumps(content), "Automation", "JSON")

    @pytest.mark.parametrize(
        ("content", "kind", "refusal"),
        [
            ("{", "Command", "InvalidDocumentContent"),
            ("[]", "Command", "InvalidDocumentContent"),
            ("{}", "Command", "InvalidDocumentContent"),
            ('{"schemaVersion": "0.3"}', "Command", "InvalidDocumentSchemaVersion"),
            ('{"schemaVersion": "2.2"}', "Automation", "InvalidDocumentSchemaVersion"),
            ('{"schemaVersion": "1.2"}', "Command", "InvalidDocumentContent"),
            (
                '{"schemaVersion": "1.2", "runtimeConfig": {"aws:x": {}}}',
                "Command",
                "InvalidDocumentContent",
            ),
            (
                '{"schemaVersion": "1.2", "runtimeConfig": {"aws:runShellScript": {}}}',
                "Command",
                "InvalidDocumentContent",
            ),
            (" " * 65_537, "Command", "MaxDocumentSizeExceeded"),
        ],
    )
    def test_content_that_is_no_document_is_refused(
        self, content: str, kind: str, refusal: str
    ) -> None:
        with pytest.raises(SSMException) as caught:
            schema.check(content, kind, "JSON")

        assert caught.value.code == refusal

    def test_documents_that_nothing_runs_are_only_kept(self, aws: Sandbox) -> None:
        made = aws.client("ssm").create_document(
            Name="Shell", DocumentType="Session", Content='{"schemaVersion": "1.0"}'
        )

        assert made["DocumentDescription"]["SchemaVersion"] == "1.0"

    @pytest.mark.parametrize("name", owned.CONTENTS)
    def test_amazons_own_documents_keep_the_schema(self, name: str) -> None:
        kind, content = owned.CONTENTS[name]

        schema.check(json.dumps(content), kind, "JSON")


class TestDocuments:
    """CreateDocument and all that follows."""

    def test_a_document_is_described_with_its_platforms_by_the_sandboxs_clock(
        self, aws: Sandbox
    ) -> None:
        step = {**STEP, "precondition": {"StringEquals": ["platformType", "Linux"]}}
        made = aws.client("ssm").create_document(Name="Freeze", Content=command_document(step))

        described = made["DocumentDescription"]

        assert described["DocumentType"] == "Command"
        assert described["PlatformTypes"] == ["Linux"]
        assert described["CreatedDate"] == aws.clock.now()
        assert described["Status"] == "Creating"
        again = aws.client("ssm").describe_document(Name="Freeze")["Document"]
        assert again == {**described, "Status": "Active"}

    def test_yaml_is_read_and_given_back_as_json(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        content = (
            "schemaVersion: '2.2'\nmainSteps:\n- action: aws:runShellScript\n  name: a\n"
            "  inputs:\n    runCommand: ['true']\n"
        )
        ssm.create_document(Name="Yaml", DocumentFormat="YAML", Content=content)

        answer = ssm.get_document(Name="Yaml", DocumentFormat="JSON")

        assert json.loads(answer["Content"])["mainSteps"][0]["name"] == "a"
        assert code(ssm.create_document, Name="Yaml2", DocumentFormat="YAML", Content="a: [") == (
            "InvalidDocumentContent"
        )

    def test_names_are_unique_and_amazons_are_reserved(self, aws: Sandbox) -> None:
        ssm, content = aws.client("ssm"), command_document(STEP)
        ssm.create_document(Name="Mine", Content=content)

        assert code(ssm.create_document, Name="Mine", Content=content) == "DocumentAlreadyExists"
        assert code(ssm.create_document, Name="AWS-Mine", Content=content) == "ValidationException"
        assert code(ssm.create_document, Name="a b", Content=content) == "ValidationException"
        assert code(ssm.delete_document, Name="AWS-RunShellScript") == "InvalidDocument"
        assert code(ssm.update_document, Name="AWS-Noop", Content=content) == "InvalidDocument"

    def test_an_update_makes_a_version_that_is_not_the_default_yet(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        ssm.create_document(Name="Mine", Content=command_document(STEP))
        again = {"Name": "Mine", "DocumentVersion": "$LATEST"}

        assert (
            code(ssm.update_document, Content=command_document(STEP), **again)
            == "DuplicateDocumentContent"
        )
        assert code(ssm.update_document, Content="{}", **again) == "InvalidDocumentContent"
        two = ssm.update_document(Content=command_document({**STEP, "name": "two"}), **again)

        assert two["DocumentDescription"]["DocumentVersion"] == "2"
        assert ssm.describe_document(Name="Mine")["Document"]["DocumentVersion"] == "1"
        latest = ssm.describe_document(Name="Mine", DocumentVersion="$LATEST")["Document"]
        assert latest["DocumentVersion"] == latest["LatestVersion"] == "2"
        default = ssm.describe_document(Name="Mine", DocumentVersion="$DEFAULT")["Document"]
        assert default["DocumentVersion"] == "1"
        ssm.update_document_default_version(Name="Mine", DocumentVersion="2")
        assert '"two"' in ssm.get_document(Name="Mine")["Content"]

    def test_a_version_that_is_not_there_is_refused(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        ssm.create_document(Name="Mine", Content=command_document(STEP))

        for act in (ssm.describe_document, ssm.get_document, ssm.delete_document):
            assert code(act, Name="Mine", DocumentVersion="7") == "InvalidDocumentVersion"
        assert (
            code(ssm.update_document_default_version, Name="Mine", DocumentVersion="7")
            == "InvalidDocumentVersion"
        )

    def test_a_document_that_is_not_there_is_refused(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")

        for act in (ssm.describe_document, ssm.get_document, ssm.delete_document):
            assert code(act, Name="Nowhere") == "InvalidDocument"
        assert (
            code(ssm.update_document_default_version, Name="Nowhere", DocumentVersion="1")
            == "InvalidDocument"
        )

    def test_deleted_is_gone(self, aws: Sandbox) -> None:
        ssm = aws.client("ssm")
        ssm.create_document(Name="Mine", Content=command_document(STEP))

        ssm.delete_document(Name="Mine")

        assert code(ssm.describe_document, Name="Mine") == "InvalidDocument"

    def test_lists_hold_the_accounts_own_and_amazons_and_can_be_narrowed(
        self, aws: Sandbox
    ) -> None:
        ssm = aws.client("ssm")
        tags = [{"Key": "app", "Value": "snapback"}]
        ssm.create_document(Name="Mine", Content=command_document(STEP), Tags=tags)

        def names(**asked: Any) -> list[str]:
            answer = ssm.list_documents(MaxResults=50, **asked)
            return [each["Name"] for each in answer["DocumentIdentifiers"]]

        def having(key: str, *values: str) -> list[str]:
            return names(Filters=[{"Key": key, "Values": list(values)}])

        assert {"Mine", "AWS-RunShellScript"} <= set(names())
        assert having("Owner", "Self") == having("Owner", "Private") == ["Mine"]
        assert having("tag:app", "snapback") == having("Name", "Mi") == ["Mine"]
        assert having("DocumentType", "Automation") == [
            "AWS-StartEC2Instance",
            "AWS-StopEC2Instance",
        ]
        assert "AWSEC2-CreateVssSnapshot" not in having("PlatformTypes", "Linux")
        assert "Mine" not in having("Owner", "Amazon")
        assert names(DocumentFilterList=[{"key": "Owner", "value": "Self"}]) == ["Mine"]
        bad = [{"Key": "Colour", "Values": ["red"]}]
        assert code(ssm.list_documents, Filters=bad) == "InvalidFilterKey"

    def test_a_shared_document_is_used_by_its_arn(self, aws: Sandbox) -> None:
        theirs = aws.client("ssm", account=OTHER)
        theirs.create_document(Name="Theirs", Content=command_document(STEP))
        arn = f"arn:aws:ssm:us-east-1:{OTHER}:document/Theirs"
        instance = node(aws)
        request: dict[str, Any] = {"InstanceIds": [instance], "DocumentName": arn}
        assert code(aws.client("ssm").send_command, **request) == "InvalidDocument"

        theirs.modify_document_permission(
            Name="Theirs", PermissionType="Share", AccountIdsToAdd=["123456789012"]
        )
        shared = theirs.describe_document_permission(Name="Theirs", PermissionType="Share")

        assert shared["AccountIds"] == ["123456789012"]
        assert send(aws, instance, DocumentName=arn, Parameters={})
        assert code(aws.client("ssm").send_command, **{**request, "DocumentName": "Theirs"}) == (
            "InvalidDocument"
        )

    def test_at_most_500_documents(self, aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sandbox.ssm.documents.MOST", 1)
        ssm = aws.client("ssm")
        ssm.create_document(Name="One", Content=command_document(script_step("a", "true")))

        refused = code(ssm.create_document, Name="Two", Content=command_document(STEP))

        assert refused == "DocumentLimitExceeded"
