"""The functions of the embedded stack log to the log group that the runbook searches."""

from __future__ import annotations

import json
from typing import Any

from local_stack import LocalStack

from outreach.sites import site_store
from tests.support.client import TIMEOUT_SECONDS, Client, until

GROUP = "/aws/lambda/outreach/functions"


def test_a_search_for_a_function_finds_its_lines_with_the_id_of_the_key(stack: LocalStack, site: Client) -> None:
    site.get("/site")
    key_id = site_store.key_id(site_store.hash_key(site.api_key))

    def lines() -> list[dict[str, Any]]:
        events = stack.aws.client("logs").filter_log_events(logGroupName=GROUP, filterPattern="Authorize")["events"]
        return [json.loads(event["message"]) for event in events if key_id in event["message"]]

    found = until(lines, bool, TIMEOUT_SECONDS)
    assert all("-Authorize-" in line["function_name"] for line in found)
    assert {line["message"] for line in found} == {"api key accepted"}


def test_no_function_has_a_log_group_of_its_own(stack: LocalStack) -> None:
    groups = stack.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
    assert [group["logGroupName"] for group in groups] == [GROUP]
