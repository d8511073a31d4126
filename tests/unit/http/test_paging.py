"""Paged lists (docs/api.md, "Lists")."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.params import Query

from outreach.contacts.schemas import Ids
from outreach.http import api, paging
from outreach.http.paging import Page, PageIndex, PageSize, SortOrder
from outreach.settings import settings
from tests.unit.http.gateway_requests import ask, event

app = APIGatewayRestResolver(**api.OPTIONS)


@app.get("/others")
def list_others(ids: Annotated[Ids | None, Query()] = None) -> list[str]:
    return ids or []


@app.get("/things")
def list_things(page_index: PageIndex = 1, page_size: PageSize = 10, sort_order: SortOrder = "asc") -> list[Any]:
    return [page_index, page_size, sort_order]


handler = api.entry_point(app, scope=None)
GUIDS = [f"f8383a83-48e9-4d0d-a3bd-fb19ce5c{number:04}" for number in range(100)]


@pytest.fixture(autouse=True)
def _base_url(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://api.customer.example")
    settings.cache_clear()


@pytest.mark.parametrize(
    ("query", "parsed"),
    [
        ({}, [1, 10, "asc"]),
        ({"pageIndex": ["2"], "pageSize": ["0"]}, [2, 0, "asc"]),
        ({"pageSize": ["500"], "sortOrder": ["DESC"]}, [1, 500, "desc"]),
        ({"pageIndex": ["2.0"], "pageSize": ["20.0"]}, [2, 20, "asc"]),
    ],
)
def test_pages_have_defaults_and_bounds(query: dict[str, list[str]], parsed: list[Any]) -> None:
    assert ask(handler, event(query=query)).body == parsed


@pytest.mark.parametrize("index", ["9" * 18, "9" * 20, "9" * 2_000, "9" * 20 + ".0"])
def test_a_page_of_any_index_past_the_end_is_empty(index: str) -> None:
    (parsed, size, _) = ask(handler, event(query={"pageIndex": [index]})).body
    assert ["entry"][Page(parsed, size).slice] == list(islice(["entry"], parsed * size, None)) == []


@pytest.mark.parametrize("query", [{"pageSize": ["1", "2"]}, {"pageSize": ["1"], "PAGESIZE": ["1"]}])
def test_a_parameter_that_is_given_twice_is_400_and_says_so(query: dict[str, list[str]]) -> None:
    answer = ask(handler, event(query=query))
    assert (answer.status, [error["message"] for error in answer.body["errors"]]) == (
        400,
        ["must be given once, but is given 2 times"],
    )


@pytest.mark.parametrize("values", [GUIDS, [",".join(GUIDS)]])
def test_an_optional_list_may_be_repeated_and_longer_than_a_text(values: list[str]) -> None:
    assert ask(handler, event("GET", "/others", query={"ids": values})).body == GUIDS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("pageIndex", value) for value in ("0", "-1", "x", "1.5", "")],
        *[("pageSize", value) for value in ("501", "-1", "x", "")],
        ("sortOrder", "up"),
    ],
)
def test_a_value_out_of_bounds_is_400_with_its_name(name: str, value: str) -> None:
    answer = ask(handler, event(query={name: [value]}))
    assert answer.status == 400
    assert [error["pointer"] for error in answer.body["errors"]] == [f"/{name}"]


@pytest.mark.parametrize(
    ("page", "entries"),
    [
        (Page(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Page(3, 10), [20, 21, 22, 23, 24]),
        (Page(4, 10), []),
        (Page(1, 0), list(range(25))),
    ],
)
def test_a_page_is_a_slice_of_the_list(page: Page, entries: list[int]) -> None:
    assert list(range(25))[page.slice] == entries


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
def test_links_lead_to_the_adjacent_pages(page: Page, total: int, previous: int | None, following: int | None) -> None:
    links = paging.links(event(), "10000", page, total)
    assert [_page_of(links["previous_page"]), _page_of(links["next_page"]), links["total"]] == [previous, following, total]


def test_a_link_keeps_every_parameter_and_names_the_site() -> None:
    given = {"keywords": ["a b&c", "d"], "PageIndex": ["1"], "pageSize": ["10"], "SiteId": ["10000"]}
    link = paging.links(event(query=given), "10000", Page(1, 10), 11)["next_page"]
    pairs = [("keywords", "a b&c"), ("keywords", "d"), ("pageSize", "10"), ("pageIndex", "2"), ("siteId", "10000")]
    assert parse_qsl(urlsplit(link).query) == pairs


def test_a_link_is_absolute_and_has_the_path_of_the_route() -> None:
    asked = event(resource="/campaigns/{id}/records", path="/campaigns/7/records/", parameters={"id": "7"})
    assert paging.links(asked, "1", Page(1, 1), 2)["next_page"].startswith("https://api.customer.example/campaigns/7/records?")


def test_without_a_public_base_url_links_use_that_of_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_BASE_URL", "")
    settings.cache_clear()
    assert paging.links(event(), "1", Page(1, 1), 2)["next_page"].startswith("https://api.example/v1/things?")


@dataclass(frozen=True)
class Thing:
    id: str
    sent_time: str | None


def test_entries_are_sorted_by_an_attribute_then_by_id_and_missing_values_come_first() -> None:
    things = [Thing("c", "2"), Thing("b", "2"), Thing("d", None), Thing("a", "3")]
    assert [thing.id for thing in paging.sort(things, "sentTime", "asc")] == ["d", "b", "c", "a"]
    assert [thing.id for thing in paging.sort(things, "sentTime", "desc")] == ["a", "c", "b", "d"]


def _page_of(link: str | None) -> int | None:
    return int(dict(parse_qsl(urlsplit(link).query))["pageIndex"]) if link else None
