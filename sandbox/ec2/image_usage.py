"""Image usage reports: how many resources of other accounts use an image.

Source: EC2 User Guide, "View your AMI usage"; EC2 API pages CreateImageUsageReport,
DescribeImageUsageReports, DescribeImageUsageReportEntries, DeleteImageUsageReport.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_id
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.document_filters import document_tags, path_readers
from sandbox.ec2.errors import invalid_value
from sandbox.ec2.filters import select
from sandbox.ec2.image_references import INSTANCES, RECIPES, TEMPLATES, depth_of
from sandbox.ec2.images import ImageRules
from sandbox.ec2.sharing import neighbours, require_user
from sandbox.ec2.tags import TagActions
from sandbox.ec2.wire import DocumentResult

TAKES = timedelta(minutes=1)
"""How long a report is ``pending`` is not documented [NV]."""
KEPT = timedelta(days=30)
LATE = timedelta(hours=24)
"""Instance activity of the past 24 hours "might not appear in the report"; here it does not."""
DEFAULT_DEPTH = 20
MOST_ACCOUNTS = 200
MOST_PENDING = 2_000
KINDS = frozenset({INSTANCES, TEMPLATES, *RECIPES})

_FILTERS = path_readers({"creation-time": "CreationTime", "state": "State"})
_ENTRY_FILTERS = path_readers(
    {
        "account-id": "AccountId",
        "creation-time": "ReportCreationTime",
        "resource-type": "ResourceType",
    }
)

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report; what it says was counted when it was asked for."""

    id: str
    image_id: str
    kinds: Sequence[Mapping[str, Any]]
    accounts: Sequence[str]
    created: datetime
    entries: Sequence[Entry]

    @property
    def state(self) -> str:
        """``pending``, then ``available``."""
        return "available" if clock.now() >= self.created + TAKES else "pending"

    def described(self, tags: list[dict[str, str]]) -> dict[str, Any]:
        """It as DescribeImageUsageReports answers."""
        return {
            "ImageId": self.image_id,
            "ReportId": self.id,
            "ResourceTypes": self.kinds,
            "AccountIds": self.accounts or None,
            "State": self.state,
            "CreationTime": self.created,
            "ExpirationTime": self.created + KEPT,
            "Tags": tags,
        }


class ImageUsageRules(ImageRules):
    """The reports of one account and region; each is deleted after 30 days."""

    @property
    def usage_reports(self) -> dict[str, Report]:
        """By id."""
        return cast("dict[str, Report]", self.__dict__.setdefault("_usage_reports", {}))

    @override
    def keeps(self, resource_id: str) -> bool:
        """Reports can be tagged, too."""
        return super().keeps(resource_id) or resource_id in self.usage_reports

    def create_usage_report(
        self, image_id: str, kinds: Sequence[Mapping[str, Any]], accounts: Sequence[str]
    ) -> Report:
        """A report on one's own image; one at a time, 2,000 an account. The code is [NV]."""
        image = self.own_image(image_id)
        depths = {str(each.get("ResourceType")): _depth(each) for each in kinds}
        for each in accounts:
            require_user(each)
        pending = [each for each in self.usage_reports.values() if each.state == "pending"]
        if len(pending) >= MOST_PENDING or any(each.image_id == image.id for each in pending):
            raise EC2ClientError(
                "ResourceLimitExceeded",
                f"A usage report of the image '{image_id}' is already in progress",
            )
        report_id = random_id("amiur")
        now = clock.now()
        report = Report(
            id=report_id,
            image_id=image.id,
            kinds=kinds,
            accounts=accounts,
            created=now,
            entries=tuple(
                {**each, "ReportId": report_id, "ReportCreationTime": now}
                for each in self._count(image.id, depths, accounts)
            ),
        )
        self.usage_reports[report.id] = report
        self.timeline.at(report.created + KEPT, lambda _: self._drop(report.id))
        return report

    def usage_report(self, report_id: str) -> Report:
        """The report; the code for one that is not there is [NV]."""
        if report_id not in self.usage_reports:
            raise EC2ClientError(
                "InvalidImageUsageReportId.NotFound",
                f"The image usage report '{report_id}' does not exist",
            )
        return self.usage_reports[report_id]

    def delete_usage_report(self, report_id: str) -> None:
        """Delete it before its time."""
        self.usage_report(report_id)
        self._drop(report_id)

    def chosen_reports(self, images: Sequence[str], reports: Sequence[str]) -> list[Report]:
        """The reports of the ids, of the images, or all."""
        found = [self.usage_report(each) for each in reports] or list(self.usage_reports.values())
        return [each for each in found if not images or each.image_id in images]

    def _drop(self, report_id: str) -> None:
        self.usage_reports.pop(report_id, None)
        self.tags.pop(report_id, None)

    def _count(
        self, image_id: str, depths: Mapping[str, int], accounts: Sequence[str]
    ) -> Iterator[Entry]:
        for backend in neighbours(self):
            if accounts and backend.account_id not in accounts:
                continue
            counts = {
                INSTANCES: _instances(backend, image_id),
                TEMPLATES: _templates(backend, image_id, depths.get(TEMPLATES, DEFAULT_DEPTH)),
            }
            for kind in depths:
                if counts.get(kind):
                    yield {
                        "ResourceType": kind,
                        "UsageCount": counts[kind],
                        "AccountId": backend.account_id,
                        "ImageId": image_id,
                    }


class ImageUsageActions(TagActions, EC2Response):
    """The same on the wire."""

    @property
    def _usage(self) -> ImageUsageRules:
        return cast("ImageUsageRules", self.ec2_backend)

    def create_image_usage_report(self) -> ActionResult:
        """CreateImageUsageReport, once for each client token."""
        self.error_on_dryrun()
        backend = self._usage
        tokens = ClientTokens.of(backend, "CreateImageUsageReport")
        token = self._get_param("ClientToken")
        made = tokens.recall(token, self.params)
        if made is not None:
            return DocumentResult({"ReportId": made})
        tags = self.tag_specifications("image-usage-report").get("image-usage-report", {})
        accounts: list[str] = self._get_param("AccountIds", [])
        if len(accounts) > MOST_ACCOUNTS:
            raise invalid_value(f"A report can be limited to {MOST_ACCOUNTS} accounts")
        kinds: list[dict[str, Any]] = self._get_param("ResourceTypes", [])
        report = backend.create_usage_report(self._get_param("ImageId"), kinds, accounts)
        backend.create_tags([report.id], tags)
        tokens.remember(token, self.params, report.id)
        return DocumentResult({"ReportId": report.id})

    def describe_image_usage_reports(self) -> ActionResult:
        """DescribeImageUsageReports: by report, image and filter, in pages."""
        self.error_on_dryrun()
        backend = self._usage

        def find() -> list[dict[str, Any]]:
            rows = [each.described(backend.tag_set(each.id)) for each in self._reports_chosen()]
            return select(rows, self._get_param("Filters", []), _FILTERS, document_tags)

        return self._page("DescribeImageUsageReports", "ImageUsageReports", find)

    def describe_image_usage_report_entries(self) -> ActionResult:
        """DescribeImageUsageReportEntries: of the reports that are available."""
        self.error_on_dryrun()

        def find() -> list[dict[str, Any]]:
            ready = [each for each in self._reports_chosen() if each.state == "available"]
            rows = [entry for each in ready for entry in each.entries]
            return select(rows, self._get_param("Filters", []), _ENTRY_FILTERS, lambda _: {})

        return self._page("DescribeImageUsageReportEntries", "ImageUsageReportEntries", find)

    def delete_image_usage_report(self) -> ActionResult:
        """DeleteImageUsageReport."""
        self.error_on_dryrun()
        self._usage.delete_usage_report(self._get_param("ReportId"))
        return DocumentResult({"Return": True})

    def _reports_chosen(self) -> list[Report]:
        images, reports = self._get_param("ImageIds", []), self._get_param("ReportIds", [])
        return self._usage.chosen_reports(images, reports)

    def _page(self, operation: str, member: str, find: Any) -> ActionResult:  # noqa: ANN401
        rows, token = self._usage.listings.page(
            operation,
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            find,
            sizes=(1, 1000),
        )
        return DocumentResult({member: rows, "NextToken": token})


def _depth(kind: Mapping[str, Any]) -> int:
    if kind.get("ResourceType") not in KINDS:
        raise invalid_value(f"'{kind.get('ResourceType')}' is not a resource type of a report")
    for option in kind.get("ResourceTypeOptions", []):
        if kind["ResourceType"] != TEMPLATES or option.get("OptionName") != "version-depth":
            raise invalid_value(
                f"'{option.get('OptionName')}' is not an option of {kind['ResourceType']}"
            )
        [value] = option.get("OptionValues") or [str(DEFAULT_DEPTH)]
        return depth_of(value)
    return DEFAULT_DEPTH


def _instances(backend: EC2Backend, image_id: str) -> int:
    seen_until = clock.now() - LATE
    return sum(
        1
        for reservation in backend.reservations.values()
        for instance in reservation.instances
        if instance.image_id == image_id
        and instance.state != "terminated"
        and cast("Any", instance).facts["LaunchTime"] <= seen_until
    )


def _templates(backend: EC2Backend, image_id: str, depth: int) -> int:
    """Templates, not versions; how late they show is not said in numbers, so at once."""
    return sum(
        any(version.data.get("ImageId") == image_id for version in template.versions[-depth:])
        for template in backend.launch_templates.values()
    )
