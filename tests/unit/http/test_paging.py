"""Lists by page (contract, Lists)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aws_lambda_powertools.event_handler import APIGatewayRestResolver

from outreach.http import api, paging
from outreach.http.paging import Page, PageIndex, PageSize, SortOrder
from outreach.settings import settings
from tests.unit.http.requests import ask, event

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/things")
def list_things(page_index: PageIndex = 1, page_size: PageSize = 10, sort_order: SortOrder = "asc") -> list[Any]:
    return [page_index, page_size, sort_order]


handler = api.entry_point(app, scope=None)


@pytest.fixture(autouse=True)
def _base_url(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://api.customer.example")
    settings.cache_clear()


@pytest.mark.parametrize(
    ("query", "understood"),
    [
        ({}, [1, 10, "asc"]),
        ({"pageIndex": ["2"], "pageSize": ["0"]}, [2, 0, "asc"]),
        ({"pageSize": ["500"], "sortOrder": ["DESC"]}, [1, 500, "desc"]),
    ],
)
def test_pages_have_defaults_and_bounds(query: dict[str, list[str]], understood: list[Any]) -> None:
    assert ask(handler, event(query=query)).body == understood


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("pageIndex", value) for value in ("0", "-1", "x", "1.5", "")],
        *[("pageSize", value) for value in ("501", "-1", "x", "")],
        ("sortOrder", "up"),
    ],
)
def test_what_is_out_of_bounds_is_400_and_named(name: str, value: str) -> None:
    answer = ask(handler, event(query={name: [value]}))
    assert answer.status == 400
    assert [error["pointer"] for error in answer.body["errors"]] == [name]


@pytest.mark.parametrize(
    ("page", "window"),
    [
        (Page(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Page(3, 10), [20, 21, 22, 23, 24]),
        (Page(4, 10), []),
        (Page(1, 0), list(range(25))),
    ],
)
def test_a_page_is_a_part_of_the_list(page: Page, window: list[int]) -> None:
    assert list(range(25))[page.window] == window


@pytest.mark.parametrize(
    ("page", "total", "previous", "following"),
    [
        (Page(1, 10), 25, None, 2),
        (Page(2, 10), 25, 1, 3),
        (Page(3, 10), 25, 2, None),
        (Page(9, 10), 25, 3, None),
        (Page(1, 10), 10, None, None),
        (Page(1, 10), 0, None, None),
        (Page(5, 10), 0, 1, None),
        (Page(1, 0), 25, None, None),
    ],
)
def test_links_lead_to_the_pages_beside_this_one(page: Page, total: int, previous: int | None, following: int | None) -> None:
    links = paging.links(event(), "10000", page, total)
    assert [_page_of(links["previous_page"]), _page_of(links["next_page"]), links["total"]] == [previous, following, total]


def test_a_link_keeps_every_parameter_and_names_the_site() -> None:
    given = {"keywords": ["a b&c", "d"], "PageIndex": ["1"], "pageSize": ["10"], "SiteId": ["10000"]}
    link = paging.links(event(query=given), "10000", Page(1, 10), 11)["next_page"]
    pairs = [("keywords", "a b&c"), ("keywords", "d"), ("pageSize", "10"), ("pageIndex", "2"), ("siteId", "10000")]
    assert parse_qsl(urlsplit(link).query) == pairs


def test_a_link_is_absolute_and_its_path_is_the_routes() -> None:
    asked = event(resource="/campaigns/{id}/records", path="/campaigns/7/records/", parameters={"id": "7"})
    assert paging.links(asked, "1", Page(1, 1), 2)["next_page"].startswith("https://api.customer.example/campaigns/7/records?")


def test_without_a_public_address_links_have_the_gateways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "")
    settings.cache_clear()
    assert paging.links(event(), "1", Page(1, 1), 2)["next_page"].startswith("https://api.example/v1/things?")


@dataclass(frozen=True)
class Thing:
    id: str
    sent_time: str | None


def test_things_are_ordered_by_an_attribute_then_by_id_and_those_without_come_first() -> None:
    things = [Thing("c", "2"), Thing("b", "2"), Thing("d", None), Thing("a", "3")]
    assert [thing.id for thing in paging.ordered(things, "sentTime", "asc")] == ["d", "b", "c", "a"]
    assert [thing.id for thing in paging.ordered(things, "sentTime", "desc")] == ["a", "c", "b", "d"]


def _page_of(link: str | None) -> int | None:
    return int(dict(parse_qsl(urlsplit(link).query))["pageIndex"]) if link else None
