"""CreateReplaceRootVolumeTask and DescribeReplaceRootVolumeTasks on the wire."""

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError

from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.filters import Reader, select
from sandbox.ec2.launch_checks import check_token
from sandbox.ec2.root_replacement import RootReplacementRules, RootTask
from sandbox.ec2.tags import TagActions
from sandbox.ec2.wire import DocumentResult

RESOURCE = "replace-root-volume-task"
PAGE_SIZES = (1, 50)
"""Source: botocore's model, DescribeReplaceRootVolumeTasksMaxResults."""

_ID = re.compile(r"replacevol-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_FILTERS: dict[str, Reader[RootTask]] = {"instance-id": lambda task: [task.instance.id]}


class RootActions(TagActions):
    """The two actions that are there for replacing roots."""

    def create_replace_root_volume_task(self) -> ActionResult:
        """CreateReplaceRootVolumeTask, once for each client token."""
        self.error_on_dryrun()
        backend = self._roots
        token = self._get_param("ClientToken")
        check_token(token)
        tags = self.tag_specifications(RESOURCE).get(RESOURCE, {})
        tokens = ClientTokens.of(backend, "CreateReplaceRootVolumeTask")
        made = tokens.recall(token, self.params)
        if made is not None:
            return _answer(backend.root_tasks[made])
        instance = backend.get_instance(self._get_param("InstanceId"))
        task = backend.replace_root(instance, self.params, tags)
        tokens.remember(token, self.params, task.id)
        return _answer(task)

    def describe_replace_root_volume_tasks(self) -> ActionResult:
        """DescribeReplaceRootVolumeTasks: by id and instance, in pages of 1 to 50."""
        self.error_on_dryrun()
        backend = self._roots
        ids: list[str] = self._get_param("ReplaceRootVolumeTaskIds", [])
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        tasks, token = backend.listings.page(
            "DescribeReplaceRootVolumeTasks",
            self._get_param("MaxResults"),
            self._get_param("NextToken"),
            lambda: select(_found(backend, ids), filters, _FILTERS, _tags),
            sizes=PAGE_SIZES,
        )
        described = [each.as_described() for each in tasks]
        return DocumentResult({"ReplaceRootVolumeTasks": described, "NextToken": token})

    @property
    def _roots(self) -> RootReplacementRules:
        backend: RootReplacementRules = self.ec2_backend
        return backend


def _found(backend: RootReplacementRules, ids: list[str]) -> list[RootTask]:
    """The tasks of these ids, or all. The codes for bad ids are [NV]."""
    known = backend.root_tasks
    for each in ids:
        if not _ID.fullmatch(each):
            raise EC2ClientError(
                "InvalidReplaceRootVolumeTaskId.Malformed", f'Invalid id: "{each}"'
            )
        if each not in known:
            raise EC2ClientError(
                "InvalidReplaceRootVolumeTaskId.NotFound",
                f"The replace root volume task ID '{each}' does not exist",
            )
    return [known[each] for each in dict.fromkeys(ids)] if ids else list(known.values())


def _answer(task: RootTask) -> ActionResult:
    return DocumentResult({"ReplaceRootVolumeTask": task.as_described()})


def _tags(task: RootTask) -> dict[str, str]:
    tags: dict[str, str] = task.instance.ec2_backend.tags_of(task.id)
    return tags
