"""The command line of the benchmarks."""

from __future__ import annotations

from typer.testing import CliRunner

from benchmarks.__main__ import app


def test_an_unknown_benchmark_is_refused_before_another_one_runs() -> None:
    refused = CliRunner().invoke(app, ["cost", "nothing"])
    assert (refused.exit_code, "no benchmark is named nothing" in refused.output) == (2, True)
