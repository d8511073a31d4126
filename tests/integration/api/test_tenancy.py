"""Every endpoint of the template checks the scopes and the site of the API key (docs/api.md, "Sites and API keys")."""

from __future__ import annotations

import pytest

from outreach.http.caller import SCOPES
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.support.api_requests import CASES, IDS, NAMES, RANDOM, Case, resources_of_the_site, snapshot
from tests.support.pipeline import SITE
from tests.support.reliability_figures import tried, went_wrong
from tests.support.stack import events, folder, functions
from tests.support.template import ROOT

STRANGER = "20000"

# The endpoints that need no API key.
OPEN = {"RouteNotFound", "GetConsole", "GetDocs", "GetErrors", "GetOpenapi"}


def test_every_route_of_the_template_has_a_case() -> None:
    routes = {
        (str(folder(functions()[name]).relative_to(ROOT / "functions")), route["Method"].upper(), route["Path"])
        for name, route in events("Api")
        if name not in OPEN
    }
    cases = {case.route() for case in CASES}
    assert cases == routes, f"add or remove a line of CASES, or of OPEN if no key is needed: {cases ^ routes}"


def test_every_route_except_the_open_ones_uses_the_authorizer() -> None:
    assert {name for name, route in events("Api") if route.get("Auth")} == OPEN


@pytest.mark.parametrize("case", [case for case in CASES if case.scope], ids=str)
def test_a_key_needs_exactly_the_scope_of_the_endpoint(aws: None, case: Case) -> None:
    others = " ".join(scope for scope in SCOPES if scope != case.scope)
    refused = case.ask(RANDOM, site_id=SITE, scopes=others)
    tried["requests with a key without the scope"] += 1
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    assert snapshot() == {}
    assert case.ask(RANDOM, site_id=SITE, scopes=case.scope).status != 403


def test_resources_of_another_site_can_be_neither_read_nor_changed(served: str) -> None:
    site_store.put_site(Site(STRANGER))
    names = resources_of_the_site()
    before = snapshot(SITE)
    assert len(before) > len(NAMES)
    statuses = {}
    for case in CASES:
        answer = case.ask(names, site_id=STRANGER)
        statuses[str(case)] = answer.status
        shown = [name for name in IDS if names[name] in str(answer.body)]
        now = snapshot(SITE)
        tried["requests with another site's key and ids"] += 1
        went_wrong.update({"another site's data shown": len(shown), "another site's data changed": int(now != before)})
        assert shown == [], case
        assert now == before, case
    assert statuses == {str(case): case.status for case in CASES}
