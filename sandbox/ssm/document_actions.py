"""Documents on the wire."""

from typing import Any

from moto.core.responses import ActionResult
from typing_extensions import override

from sandbox.ssm.pages import page
from sandbox.ssm.wire import AskedActions

USUAL_PAGE = 10


class DocumentActions(AskedActions):
    """What moto's wire format of documents lacks."""

    @override
    def list_documents(self) -> ActionResult:
        """In pages of up to 50; the older ``DocumentFilterList`` is understood, too."""
        backend: Any = self.ssm_backend
        asked = self.asked
        filters = list(asked.get("Filters") or [])
        filters += [
            {"Key": each["key"], "Values": [each["value"]]}
            for each in asked.get("DocumentFilterList") or []
        ]
        shown, token = page(
            "ListDocuments",
            backend.find_documents(filters),
            asked.get("MaxResults"),
            asked.get("NextToken"),
            usual=USUAL_PAGE,
        )
        return ActionResult({"DocumentIdentifiers": shown, "NextToken": token})

    @override
    def update_document(self) -> ActionResult:
        """UpdateDocument; the new version is ``Updating`` as yet.

        Source: Systems Manager API Reference, UpdateDocument, the sample response.
        """
        answer: Any = super().update_document()
        document = answer.result["DocumentDescription"]
        return ActionResult({"DocumentDescription": {**document, "Status": "Updating"}})

    @override
    def create_document(self) -> ActionResult:
        """CreateDocument, described as DescribeDocument would, but ``Creating`` as yet.

        Source: Systems Manager API Reference, CreateDocument, the sample response.
        """
        super().create_document()
        backend: Any = self.ssm_backend
        document = backend.describe_document(self.asked["Name"], "$LATEST", None)
        return ActionResult({"DocumentDescription": {**document, "Status": "Creating"}})
