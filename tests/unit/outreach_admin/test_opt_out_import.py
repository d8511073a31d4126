"""outreach-admin optout import: files of numbers, as other systems export them."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from tests.unit.outreach_admin.conftest import Result, Run

SITE = "10000"
NUMBERS = ["+12125550121", "+12125550122", "+442079460018"]


@pytest.fixture(autouse=True)
def _site(run: Run) -> None:
    run("site", "put", SITE)


def import_(run: Run, folder: Path, content: str | bytes, *options: str) -> Result:
    file = folder / "unsubscribed.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return run("optout", "import", SITE, str(file), *options)


def opted_out() -> list[str]:
    return sorted(opt_out.number for opt_out in opt_outs.list_opt_outs(SITE))


@pytest.mark.parametrize(
    "content",
    [
        "+12125550121\n(212) 555-0122\n+44 20 7946 0018\n",
        "\ufeffNumber\r\n+12125550121\r\n12125550122\r\n\r\n0044 20 7946 0018",
        "name;Phone Number;date\nAda;+12125550121;2024\nBob;212-555-0122;2024\n\nCat;+442079460018;\n",
        "Email Address,Phone (work),Why\na@b.co,+12125550121,\n,2125550122,\n,+442079460018,\n",
        "created,E-mail,SMS\n2024,a@b.co,+12125550121\n2024,,2125550122\n2024,,+442079460018\n",
        '"phone"\t"why"\n"+12125550121"\t"a\nb"\n"+12125550122"\t""\n"+442079460018"\t""\n',
        "+12125550121\n+12125550121\n2125550122\n+1 212 555 0122\n+442079460018\n",
        'number\n\'+12125550121\n="2125550122"\n\u2019+442079460018\n',  # protected from a spreadsheet, as in our exports
    ],
)
def test_the_numbers_of_a_file_are_opted_out(run: Run, tmp_path: Path, content: str) -> None:
    done = import_(run, tmp_path, content)
    assert (done.code, done.json["added"], done.json["wrong_lines"]) == (0, 3, 0), done.err
    assert opted_out() == NUMBERS
    (change,) = opt_outs.history(SITE, NUMBERS[0])
    assert (change.source, change.reason) == (Source.IMPORT, "imported from unsubscribed.csv")


def test_wrong_lines_are_named_and_not_quoted_and_the_others_imported(run: Run, tmp_path: Path) -> None:
    done = import_(run, tmp_path, "phone\n+12125550121\nn/a\n12\n+1212555012212345\nAda 0122\n1.23457E+15\n+442079460018\n")
    assert (done.code, opted_out()) == (1, ["+12125550121", "+442079460018"])
    assert [problem["line"] for problem in done.json["problems"]] == [3, 4, 5, 6, 7]
    assert "Line 4: is not a valid number; write it with + and its country code" in done.err
    assert "Ada" not in done.err + done.out


def test_a_number_with_its_country_code_need_not_be_valid(run: Run, tmp_path: Path) -> None:
    done = import_(run, tmp_path, "phone\n+33 214 561\n0033214562\n33214563\n")
    assert (done.code, opted_out()) == (1, ["+33214561", "+33214562"])
    assert [problem["line"] for problem in done.json["problems"]] == [4]


def test_a_dry_run_counts_the_numbers_that_are_not_opted_out_yet_and_opts_none_out(run: Run, tmp_path: Path) -> None:
    import_(run, tmp_path, NUMBERS[0])
    done = import_(run, tmp_path, "\n".join(NUMBERS), "--dry-run")
    assert (done.code, done.json["numbers"], done.json["would_add"]) == (0, 3, 2)
    assert opted_out() == NUMBERS[:1]
    assert import_(run, tmp_path, "\n".join(NUMBERS)).json["added"] == 2


def test_a_dry_run_shows_a_few_numbers_by_their_last_digits(run: Run, tmp_path: Path) -> None:
    done = import_(run, tmp_path, "\n".join(f"+1212555012{digit}" for digit in range(7)), "--dry-run")
    assert done.json["examples"] == [f"…012{digit}" for digit in range(5)]
    assert "+1212" not in done.out


def test_a_repeated_import_changes_nothing(run: Run, tmp_path: Path) -> None:
    import_(run, tmp_path, "+12125550121\n")
    again = import_(run, tmp_path, "+12125550121\n+12125550122\n")
    assert (again.json["numbers"], again.json["added"]) == (2, 1)
    assert len(opt_outs.history(SITE, NUMBERS[0])) == 1


@pytest.mark.parametrize("content", ["Größe\n".encode("latin-1"), b'"+12125550121\n+12125550122\n'])
def test_a_file_that_cannot_be_read_is_refused_whole(run: Run, tmp_path: Path, content: bytes) -> None:
    refused = import_(run, tmp_path, content)
    assert (refused.code, opted_out()) == (1, [])
    assert refused.err.startswith("The file is not")


def test_the_list_has_number_since_and_source(run: Run, tmp_path: Path) -> None:
    import_(run, tmp_path, "+12125550121\n")
    (entry,) = run("optout", "list", SITE).json
    assert (entry.keys(), entry["source"]) == ({"number", "since", "source"}, "import")
