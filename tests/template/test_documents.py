"""What the documents say of the code and of each other is true."""

from __future__ import annotations

import ast
import inspect
import json
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from local_stack.seeds import CALLBACK_SECRET
from standardwebhooks import WebhookVerificationError

from outreach.callbacks import signature
from outreach.callbacks.delivery_state import AttemptOutcome
from outreach.campaigns.campaign_records import RecordStatus
from outreach.campaigns.ledger import Cell
from outreach.carriers import telnyx, twilio
from outreach.carriers.error_scopes import ACCOUNT_WIDE, ErrorScope
from outreach.contacts.filters.models import Operator
from outreach.errors import OutreachError
from outreach.http.caller import SCOPES
from outreach.http.job_status import JobStatus
from outreach.messages.models import ClaimState
from outreach.messages.status import MessageStatus, SkipReason
from outreach.site_api.schemas import ChannelAccountResponse
from outreach.sites.rate_limits import DEFAULT_RATES
from tests.support import functions, gateway, pipeline
from tests.support.crash_points import Crash
from tests.support.template import ROOT

DOCS = ROOT / "docs"
SOURCES = [path for folder in ("layers/outreach", "functions", "tools", "scripts") for path in (ROOT / folder).rglob("*.py")]
API_HEADINGS = [
    "Paths",
    "Sites and API keys",
    "JSON and HTTP",
    "Text, numbers and addresses",
    "Lists",
    "Contacts",
    "Opt-outs",
    "Filters",
    "Merge fields",
    "Import",
    "Export",
    "Campaigns",
    "Messages",
    "Replies",
    "Callbacks",
    "Events",
    "Outbound Unichannel",
    "Tickets",
    "Errors",
]
CARRIER_HEADINGS = ["Senders", "Twilio", "Telnyx", "Refusals", "Webhooks", "Segments", "Quiet hours", "Add a carrier"]
# An import's row fails with it; the API shows the row's message and not the code.
INTERNAL_CODES = {("ambiguous", 409)}


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text()


def headings(name: str) -> list[str]:
    return re.findall(r"^## (.+)$", page(name), re.MULTILINE)


def section(name: str, heading: str) -> str:
    return page(name).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def example(name: str, heading: str) -> dict[str, Any]:
    """What the Python example of a section defines, once it is executed."""
    indented = re.search(r"^( *)```python\n(.*?)\n *```", section(name, heading), re.DOTALL | re.MULTILINE)
    assert indented
    namespace: dict[str, Any] = {}
    exec(inspect.cleandoc(indented[2]), namespace)  # noqa: S102 - our own example
    return namespace


def raised_codes() -> Iterator[tuple[str, int]]:
    """Code and status of every error in the source."""
    functions.load("api/route_not_found")
    known: list[type[OutreachError]] = [OutreachError, *OutreachError.__subclasses__()]
    errors = {error.__name__: error for error in known if error.__module__.startswith(("outreach.", "functions."))}
    yield from ((error.code, error.status) for error in errors.values())
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in errors:
                codes = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                yield from ((_constant(code), errors[node.func.id].status) for code in codes)


def _constant(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    assert isinstance(value, ast.Name)
    return str(getattr(inspect.getmodule(OutreachError), value.id))


def gateway_codes() -> set[tuple[str, int]]:
    """Code and status of every error that API Gateway answers itself; 400 stands for any 4xx."""
    return {
        (gateway.gateway_problem(name)["code"], response.get("StatusCode", 400))
        for name, response in gateway.gateway_responses().items()
    }


def statuses(noun: str) -> set[str]:
    """The statuses that the glossary's table lists for a noun."""
    rows = re.findall(r"^\|([^|]*)\|([^|]*)\|", section("architecture", "Glossary"), re.MULTILINE)
    listed: dict[str, set[str]] = {}
    current = ""
    for name, values in rows:
        current = name.strip() or current
        listed.setdefault(current, set()).update(re.findall(r"`(\w+)`", values))
    return listed[noun]


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.stem)
def test_no_cell_of_a_table_refers_to_the_row_above(path: Path) -> None:
    """A row that is inserted in between would give such a cell another meaning."""
    assert re.findall(r"^.*\| the same(?: \||[,;:]).*$", path.read_text(), re.MULTILINE) == []


@pytest.mark.parametrize(("name", "wanted"), [("api", API_HEADINGS), ("carriers", CARRIER_HEADINGS)])
def test_a_page_that_the_code_cites_has_its_headings(name: str, wanted: list[str]) -> None:
    assert headings(name) == wanted


def test_every_citation_of_a_heading_leads_to_it() -> None:
    templates = [ROOT / "template.yaml", *(ROOT / "scripts").glob("*.yaml"), *(ROOT / "tests").rglob("*.py"), *DOCS.glob("*.md")]
    texts = {path: path.read_text() for path in [*SOURCES, *templates] if path != Path(__file__)}
    cited = [(path.name, *found) for path, text in texts.items() for found in re.findall(r'docs/(\w+)\.md, "([^"\n]+)"', text)]
    wrong = [entry for entry in cited if not re.search(rf"^#+ {re.escape(entry[2])}$", page(entry[1]), re.MULTILINE)]
    assert wrong == []


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name)
def test_links_lead_to_pages_and_headings_that_exist(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([\w-]*))?\)", path.read_text())
    targets = [((path.parent / file if file else path), anchor) for file, anchor in links]
    assert [target for target, _ in targets if not target.exists()] == []
    anchors = [(target, anchor) for target, anchor in targets if anchor]
    assert [(target, anchor) for target, anchor in anchors if anchor not in _anchors(target)] == []


def _anchors(path: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", ["api", "architecture", "carriers", "contributing", "data-model", "testing"])
def test_files_and_modules_that_a_page_names_exist(name: str) -> None:
    paths = set(re.findall(r"`((?:layers|functions|tests|scripts|tools|events|docs)/[\w./-]*)`", page(name)))
    modules = set(re.findall(r"`(outreach(?:\.[a-z_]+)+)(?:\.[A-Z]\w*)?`", page(name)))
    missing = {path for path in paths if "thing" not in path and not (ROOT / path).exists()}
    unknown = {module for module in modules if not _is_module(ROOT / "layers" / "outreach" / module.replace(".", "/"))}
    assert (missing, unknown) == (set(), set())


def _is_module(path: Path) -> bool:
    """Whether a path is a package, a module, or a function of a module."""
    return path.is_dir() or path.with_suffix(".py").is_file() or path.parent.with_suffix(".py").is_file()


def test_the_kinds_of_tests_are_described() -> None:
    kinds = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.rglob("test_*.py"))}
    assert set(re.findall(r"^\| `tests/(\w+)` \|", page("testing"), re.MULTILINE)) == kinds


def test_the_table_of_errors_is_complete() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", section("api", "Errors"), re.MULTILINE)
    described = [(code, int(status)) for code, status in rows]
    assert sorted(described) == sorted((set(raised_codes()) | gateway_codes()) - INTERNAL_CODES)


def test_the_scopes_rates_and_operators_of_the_api_are_described() -> None:
    assert set(re.findall(r"^\| `(\w+:\w+)` \|", section("api", "Sites and API keys"), re.MULTILINE)) == set(SCOPES)
    bursts = re.findall(r"\| (\d+) \|$", section("api", "Sites and API keys"), re.MULTILINE)
    assert sorted(map(int, bursts)) == sorted(rate.burst for rate in DEFAULT_RATES.values())
    operators = re.findall(r"`((?:[A-Z]\w+ ?)+)`", "\n".join(re.findall(r"^\| `.*", section("api", "Filters"), re.MULTILINE)))
    assert set(operators) >= set(Operator)


def test_the_reasons_of_skips_are_described() -> None:
    assert set(SkipReason) <= set(re.findall(r"^\| `(\w+)` \|", section("api", "Campaigns"), re.MULTILINE))


@pytest.mark.parametrize(
    ("noun", "values"),
    [
        ("record", set(RecordStatus)),
        ("message", set(MessageStatus)),
        ("claim", set(ClaimState)),
        ("channel account", set(get_args(ChannelAccountResponse.model_fields["status"].annotation))),
        ("cell", {cell.name.lower() for cell in Cell}),
        ("callback attempt", set(AttemptOutcome)),
        ("job (import, export, list result)", set(JobStatus)),
    ],
)
def test_the_glossary_has_the_statuses_of_the_code(noun: str, values: set[str]) -> None:
    assert statuses(noun) == values


def test_the_layers_are_those_of_the_contract_in_their_order() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    rows = re.findall(r"^\| (`.*?) \|", section("architecture", "Layers"), re.MULTILINE)
    described = re.findall(r"`(\w+)`", "\n".join(rows))
    assert described == layers, 'give each layer of pyproject.toml its row in "Layers" of docs/architecture.md, in the same order'


@pytest.mark.parametrize("path", sorted((ROOT / "statemachines").iterdir()), ids=lambda path: path.stem)
def test_the_diagram_of_a_state_machine_has_its_states(path: Path) -> None:
    machine = section("architecture", "The state machines").partition(f"\n`{path.name.removesuffix('.asl.json')}` ")[2]
    diagram = machine.partition("```mermaid\n")[2].partition("```")[0]
    drawn = set(re.findall(r"\b[A-Z]\w+", re.sub(r":.*", "", diagram)))
    assert drawn == set(states(json.loads(path.read_text())))


def states(machine: dict[str, Any]) -> Iterator[str]:
    """The names of a definition's states, those of its Map states included."""
    for name, state in machine["States"].items():
        yield name
        yield from states(state.get("ItemProcessor", {"States": {}}))


@pytest.mark.parametrize(("heading", "module"), [("Twilio", twilio), ("Telnyx", telnyx)])
def test_the_codes_and_statuses_of_a_carrier_are_those_of_its_module(heading: str, module: Any) -> None:
    source, text = inspect.getsource(module), section("carriers", heading)
    codes = re.findall(r"^\| (\d{5}) \| (.+) \| (.+) \|$", text, re.MULTILINE)
    assert codes == [(code, words, scope) for code, (scope, words) in sorted(module.CODES.items())]
    rows = re.findall(r"^\| (`[a-z].*?) \| `(\w+)`", text, re.MULTILINE)
    described = {(theirs, ours) for names, ours in rows for theirs in re.findall(r"`(\w+)`", names)}
    assert described == {(theirs, ours.lower()) for theirs, ours in re.findall(r'"(\w+)": MessageStatus\.(\w+)', source)}


def test_the_carriers_page_explains_every_scope_of_a_code() -> None:
    rows = re.findall(r"^\| ([\w, -]+) \| .+ \| .+ \| (.+) \|$", section("carriers", "Refusals"), re.MULTILINE)
    explained = {scope: consequence == "counts against the account" for scope, consequence in rows[1:]}
    assert explained == {scope: scope in ACCOUNT_WIDE for scope in ErrorScope}


@pytest.mark.parametrize(
    ("heading", "number", "function", "path"),
    [
        ("Contacts", 0, "contacts/create_contact", "/contact/contacts"),
        ("Contacts", 1, "contacts/create_field", "/contact/fields"),
        ("Filters", 0, "contacts/query_contacts", "/contact/contacts:query"),
        ("Campaigns", 0, "outreach/create_campaign", "/outreach/campaigns"),
    ],
)
def test_the_bodies_that_the_api_page_shows_are_accepted(aws: None, heading: str, number: int, function: str, path: str) -> None:
    pipeline.put_site()
    body = json.loads(re.findall(r"```json\n(.*?)\n```", section("api", heading), re.DOTALL)[number])
    answer = functions.call(function, "POST", path, body)
    assert answer.status in (200, 201), answer.body


def test_a_callback_is_verified_as_the_api_page_shows() -> None:
    shown, body = example("api", "Callbacks"), b'{"status": "delivered"}'
    assert shown["SECRET"] == CALLBACK_SECRET  # The page says that it is the local stack's.
    headers = signature.headers("id", body, datetime.now(UTC), [shown["SECRET"]])
    assert shown["receive"](body, headers) == {"status": "delivered"}
    with pytest.raises(WebhookVerificationError):
        shown["receive"](body + b" ", headers)


def test_the_worked_example_passes(aws: None) -> None:
    shown = example("testing", "A worked example")
    make_record = shown["record_id"].__wrapped__
    shown["test_a_contact_without_a_number_is_skipped"](make_record(None))


@pytest.mark.parametrize("step", [1, 7, 20])
def test_the_worked_example_of_a_crash_passes_and_crashes(aws: None, step: int) -> None:
    shown = example("testing", "A worked example")
    record_id = shown["record_id"].__wrapped__(None)
    shown["test_a_release_that_crashes_is_completed_by_the_next_one"](record_id, step)
    with pytest.raises(Crash), shown["dying_at"](step):
        pipeline.fan_out(pipeline.send(pipeline.create_campaign()["id"]))
