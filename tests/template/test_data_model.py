"""docs/data-model.md describes the tables, indexes and buckets of template.yaml, and the keys in the code."""

from __future__ import annotations

import re
from typing import Any

from tests.support.stack import consumers, statements
from tests.support.template import BUCKET, QUEUE, ROOT, TABLE, resources, template

PAGE = (ROOT / "docs" / "data-model.md").read_text()
SOURCES = [path.read_text() for path in (ROOT / "layers" / "outreach").rglob("*.py")]


def rows(heading: str) -> list[list[str]]:
    """The cells of a section's table, without its heading; code marks are removed, and a dash is an empty cell."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`").replace("–", "") for cell in line] for line in lines[1:]]


def keys(schema: list[dict[str, str]]) -> tuple[str, str]:
    """The partition key and the sort key of a schema; no sort key is an empty one."""
    by_type = {entry["KeyType"]: entry["AttributeName"] for entry in schema}
    return by_type["HASH"], by_type.get("RANGE", "")


def table(name: str, properties: dict[str, Any]) -> tuple[str, ...]:
    expiry = properties.get("TimeToLiveSpecification", {"AttributeName": ""})["AttributeName"]
    return (name, *keys(properties["KeySchema"]), expiry, "yes" if "StreamSpecification" in properties else "")


def test_the_tables_are_those_of_the_template() -> None:
    described = sorted(tuple(row[:5]) for row in rows("Tables"))
    assert described == sorted(table(name, properties) for name, properties in resources(TABLE).items())


def test_an_expiry_attribute_is_enabled() -> None:
    settings = [properties.get("TimeToLiveSpecification", {"Enabled": True}) for properties in resources(TABLE).values()]
    assert all(setting["Enabled"] is True for setting in settings)


def test_the_indexes_are_those_of_the_template() -> None:
    indexes = [
        (index["IndexName"], name, *keys(index["KeySchema"]), index["Projection"]["ProjectionType"])
        for name, properties in resources(TABLE).items()
        for index in properties.get("GlobalSecondaryIndexes", [])
    ]
    assert sorted(tuple(row[:5]) for row in rows("Indexes")) == sorted(indexes)


def test_every_table_has_a_section_with_its_items() -> None:
    assert [name for name in resources(TABLE) if not rows(name)] == []


def test_the_prefixes_are_those_that_functions_may_read_or_write() -> None:
    resources_of = [str(statement["Resource"]) for _, statement in statements()]
    granted = set(re.findall(r"\$\{(\w+Bucket)\.Arn\}/([\w-]+/)\*", "\n".join(resources_of)))
    assert {(row[0], row[1]) for row in rows("Buckets")} == granted


def test_objects_are_deleted_after_the_days_that_the_page_says() -> None:
    rules = [(name, rule) for name in resources(BUCKET) for rule in resources(BUCKET)[name]["LifecycleConfiguration"]["Rules"]]
    deleted = {(name, rule["Prefix"], str(rule["ExpirationInDays"])) for name, rule in rules if "Prefix" in rule}
    assert {(row[0], row[1], row[3]) for row in rows("Buckets") if row[3]} == deleted


def test_the_queues_are_those_of_the_template_with_their_consumers() -> None:
    assert {(row[0], row[3]) for row in rows("Queues")} == {(queue, name) for name, queue, _ in consumers(QUEUE)}
    assert {row[0] for row in rows("Queues")} == {name for name in resources(QUEUE) if not name.endswith("DeadLetterQueue")}


def test_every_prefix_of_a_key_in_the_code_is_described() -> None:
    prefixes = {prefix for text in SOURCES for prefix in re.findall(r"\b[A-Z]{3,}(?=#)|(?<=#)[A-Z]{3,}\b(?![/?!])", text)}
    assert {prefix for prefix in prefixes if not re.search(rf"\b{prefix}\b", PAGE)} == set()


def test_every_module_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(outreach(?:\.\w+)+)`", PAGE))
    modules = [ROOT / "layers" / "outreach" / f"{name.replace('.', '/')}.py" for name in named]
    assert [module for module in modules if not module.is_file()] == []


def test_every_resource_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`([A-Z]\w*[a-z]\w*)`", PAGE))
    assert named <= {*template()["Resources"], *template()["Parameters"]}
