"""Documents: kept as moto keeps them, with content that SSM would have taken.

Source: SSM API, CreateDocument, UpdateDocument, DescribeDocument, GetDocument, ListDocuments,
DescribeDocumentPermission; Systems Manager User Guide, "Using shared SSM documents".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.ssm.exceptions import (
    InvalidDocument,
    InvalidDocumentVersion,
    SSMException,
    ValidationException,
)
from moto.ssm.models import Document, Documents, SimpleSystemManagerBackend, ssm_backends
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ssm import schema
from sandbox.ssm.document_filters import fits
from sandbox.ssm.owned import owned, platforms_of

MOST = 500
RESERVED = ("aws", "amazon", "amzn")
"""Source: botocore's model, CreateDocumentRequest.Name."""
NOT_THERE = "The specified SSM document doesn't exist."


class DocumentRules(SimpleSystemManagerBackend):
    """The documents of one account and region, and those it may use of others."""

    @override
    def create_document(
        self,
        content: Any,
        requires: Any,
        attachments: Any,
        name: str,
        version_name: str,
        document_type: str,
        document_format: str,
        target_type: str,
        tags: Any,
    ) -> Documents:
        """A new document, of type ``Command`` and in JSON unless said otherwise.

        ``DocumentAlreadyExists``; ``DocumentLimitExceeded`` beyond 500; and what the content
        deserves (``sandbox.ssm.schema.check``). The exact code for a reserved name is [NV].
        """
        if name.lower().startswith(RESERVED):
            raise ValidationException(
                f"The document name {name} begins with a prefix that is reserved: "
                f"{', '.join(RESERVED)}"
            )
        if len(self._documents) >= MOST:
            raise SSMException(
                "DocumentLimitExceeded", f"You can have at most {MOST} active SSM documents."
            )
        document_type, document_format = document_type or "Command", document_format or "JSON"
        if isinstance(content, str):
            schema.check(content, document_type, document_format)
        made = super().create_document(
            content,
            requires,
            attachments,
            name,
            version_name,
            document_type,
            document_format,
            target_type,
            tags,
        )
        _finish(made.get_latest_version())
        return made

    @override
    def update_document(
        self,
        content: str,
        attachments: Any,
        name: str,
        version_name: str,
        document_version: str,
        document_format: str,
        target_type: str,
    ) -> dict[str, Any]:
        """A new version of the latest one; without a change it is ``DuplicateDocumentContent``."""
        known = self._documents.get(name)
        if known is None:
            raise InvalidDocument(NOT_THERE)
        kind = known.get_default_version().document_type
        schema.check(content, kind, document_format or "JSON")
        described = super().update_document(
            content,
            attachments,
            name,
            version_name,
            document_version,
            document_format or "JSON",
            target_type,
        )
        latest = known.get_latest_version()
        _finish(latest)
        return {
            **described,
            "CreatedDate": latest.created_date,
            "PlatformTypes": latest.platform_types,
        }

    @override
    def delete_document(
        self, name: str, document_version: str, version_name: str, force: bool
    ) -> None:
        """One of the account's own; a version that is not there is ``InvalidDocumentVersion``."""
        known = self._documents.get(name)
        if known is None:
            raise InvalidDocument(NOT_THERE)
        if document_version or version_name:
            self.version_of(known, document_version, version_name)
        super().delete_document(name, document_version, version_name, force)

    @override
    def update_document_default_version(self, name: str, document_version: str) -> dict[str, Any]:
        """Of one of the account's own, to a version that is there."""
        known = self._documents.get(name)
        if known is None:
            raise InvalidDocument(NOT_THERE)
        self.version_of(known, document_version, None)
        return super().update_document_default_version(name, document_version)

    @override
    def _get_documents(self, name: str) -> Documents:
        return self.usable_document(name)

    def usable_document(self, name: str) -> Documents:
        """The document of that name, or of that ARN if it is shared with this account."""
        plain = name.rpartition(":document/")[2]
        owner = name.split(":")[4] if name.startswith("arn:") else ""
        if owner in ("", self.account_id) and plain in self._documents:
            return self._documents[plain]
        if plain in owned() and owner in ("", "aws"):
            return owned()[plain]
        if owner and owner != self.account_id:
            shared = ssm_backends[owner][self.region_name]._documents.get(plain)
            if shared is not None and {"all", self.account_id} & set(shared.permissions):
                return shared
        raise InvalidDocument(NOT_THERE)

    def version_of(
        self, documents: Documents, version: str | None, version_name: str | None
    ) -> Document:
        """One version: a number, ``$LATEST``, ``$DEFAULT`` or by its name; else the default."""
        wanted = None if version == "$DEFAULT" else version
        found = documents.find(wanted, version_name, strict=False)
        if found is None:
            raise InvalidDocumentVersion("The document version isn't valid or doesn't exist.")
        return found

    @override
    def describe_document(
        self, name: str, document_version: str, version_name: str
    ) -> dict[str, Any]:
        """``DocumentDescription`` of the model."""
        documents = self.usable_document(name)
        version = self.version_of(documents, document_version, version_name)
        tags = self._get_documents_tags(name)
        return documents.describe(version.document_version, None, tags=tags)

    @override
    def get_document(
        self, name: str, document_version: str, version_name: str, document_format: str
    ) -> dict[str, Any]:
        """Its content, in JSON unless said otherwise."""
        documents = self.usable_document(name)
        version = self.version_of(documents, document_version, version_name)
        found = super()._generate_document_information(version, document_format or "JSON")
        return {**found, "CreatedDate": version.created_date}

    def find_documents(self, filters: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """``DocumentIdentifier`` of the model: the account's own and Amazon's, by name."""
        everything = sorted({**owned(), **self._documents}.items())
        found = []
        for name, documents in everything:
            version = documents.get_default_version()
            tags = self._get_documents_tags(name)
            if fits(version, tags, filters, account=self.account_id, shared=documents.is_shared()):
                identifier = version.list_describe(tags=tags)
                found.append({**identifier, "CreatedDate": version.created_date})
        return found


def _finish(document: Document) -> None:
    """What moto leaves open: when it was made, by the sandbox's clock, and for whom it is."""
    document.created_date = clock.now()
    document.platform_types = platforms_of(document.content_json)
