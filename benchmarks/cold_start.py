"""What a function costs before its first request: importing its module, against importing boto3 and making a DynamoDB client; and
making that client, too, where it needs one.
"""

from __future__ import annotations

import compileall
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from scripts.finish_build import UNUSED
from tests.support import imports, stack
from tests.support.template import ROOT, resources

RUNS = 3
QUICK_RUNS = 1
# One of each kind.
QUICK_FUNCTIONS = ("GetContact", "CreateCampaign", "SendMessages", "TrackMessages", "ReceiveTwilio")

# The reference is taken among the functions, for the machine's load changes.
_REFERENCE_EVERY = 10
_API_TARGET = 2.0
_WORKER_TARGET = 1.4
_REFERENCE = "import boto3; boto3.client('dynamodb')"
_FUNCTION = "import runpy; runpy.run_path({path!r})"
# CPU time, for others on the machine make it wait; resident memory at its highest, in KB.
_PROBE = """
import json, pathlib, sys, time
started = time.process_time()
{code}
imported = time.process_time() - started
if aws := sys.modules.get("outreach.aws"):
    aws.dynamodb()
ready = time.process_time() - started
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(json.dumps([imported, ready, int(status["VmHWM"].split()[0])]))
"""


@dataclass(frozen=True)
class Import:
    """CPU seconds and peak memory (MB) of a fresh process that imports something; ``ready`` with its DynamoDB client."""

    seconds: float
    ready: float
    megabytes: float


def measure(*, quick: bool = False) -> list[Figure]:
    """Every function; the reference is taken anew between them."""
    functions = stack.functions()
    names = QUICK_FUNCTIONS if quick else tuple(functions)
    runs = QUICK_RUNS if quick else RUNS
    found: dict[str, list[Import]] = {name: [] for name in ("reference", "nothing", *names)}
    # As a finished layer is.
    compileall.compile_dir(str(ROOT / "layers/outreach"), quiet=2)
    for _ in range(runs):
        for place, name in enumerate(names):
            if place % _REFERENCE_EVERY == 0:
                found["reference"].append(_probe(_REFERENCE))
            found[name].append(_probe(_FUNCTION.format(path=str(stack.folder(functions[name]) / "app.py"))))
        found["nothing"].append(_probe("pass"))
    typical = {name: _median(all_) for name, all_ in found.items()}
    return [*_figures(typical), *_sizes()]


def _median(all_: list[Import]) -> Import:
    return Import(*(median(getattr(one, name) for one in all_) for name in ("seconds", "ready", "megabytes")))


def is_api(name: str) -> bool:
    """Whether a function answers requests of the REST API (the authorizer does so, too)."""
    return str(stack.functions()[name]["CodeUri"]).split("/")[1] not in ("workers", "webhooks")


def _figures(typical: dict[str, Import]) -> Iterator[Figure]:
    reference, nothing = typical.pop("reference"), typical.pop("nothing")
    yield Figure("reference", "boto3 and a DynamoDB client: CPU", reference.seconds, "s")
    yield Figure(
        "reference", "boto3 and a DynamoDB client: memory beyond Python's", reference.megabytes - nothing.megabytes, "MB"
    )
    for name, one in sorted(typical.items(), key=lambda entry: (not is_api(entry[0]), entry[0])):
        target = _API_TARGET if is_api(name) else _WORKER_TARGET
        yield Figure(f"function {name}", "import", one.seconds / reference.seconds, "×", at_most=target)
        yield Figure(f"function {name}", "with its client", one.ready / reference.seconds, "×")
        yield Figure(f"function {name}", "memory", one.megabytes - nothing.megabytes, "MB", at_most=128)


def _sizes() -> Iterator[Figure]:
    """What the layers hold, unpacked, trimmed and compiled, from what is installed of them here."""
    megabytes = {name: sum(map(_bytes, _layer_files(name))) / 1e6 for name in resources(stack.LAYER)}
    for name, size in megabytes.items():
        yield Figure("layers", name, size, "MB")
    most = max(sum(megabytes[stack.target(layer)] for layer in function["Layers"]) for function in stack.functions().values())
    yield Figure("layers", "all layers of the largest function", most, "MB", at_most=120)


def _layer_files(name: str) -> Iterator[Path]:
    folder = ROOT / resources(stack.LAYER)[name]["ContentUri"]
    yield from folder.rglob("*.py")
    for line in (folder / "requirements.txt").read_text().splitlines():
        if "==" in line:
            for path in files(imports.normalised(line.split("==")[0])) or []:
                if not str(path).startswith((*UNUSED, "..")) and path.suffix != ".pyc":
                    yield Path(str(path.locate()))


def _bytes(path: Path) -> int:
    """A file's size, with that of its compiled module."""
    compiled = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
    return sum(
        entry.stat().st_size for entry in (path, compiled if path.suffix == ".py" else path.parent / "?") if entry.is_file()
    )


def _probe(code: str) -> Import:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers/outreach"), "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(code=code)], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
    )
    seconds, ready, kilobytes = json.loads(done.stdout.splitlines()[-1])
    return Import(seconds, ready, kilobytes / 1024)
