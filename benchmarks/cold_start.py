"""Measures each function's start: the CPU time and memory of importing its module and of creating its DynamoDB client.

The reference is importing boto3 and creating a DynamoDB client.
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
from scripts.optimize_layers import UNUSED
from tests.support import import_closure, stack
from tests.support.template import ROOT, function_environment, resources

RUNS = 3
QUICK_RUNS = 1
# One function of each kind.
QUICK_FUNCTIONS = ("GetContact", "CreateCampaign", "SendMessages", "ProcessMessageChanges", "ReceiveTwilio")

# The reference is measured again and again between the functions, because the machine's load changes.
_REFERENCE_EVERY = 10
_API_TARGET = 2.0
_WORKER_TARGET = 1.4
_REFERENCE = "import boto3; boto3.client('dynamodb')"
_FUNCTION = "import runpy; runpy.run_path({path!r})"
# Measures CPU time, because other processes delay this one, and the peak of resident memory in KB. openpyxl imports
# numpy where that is installed, but no layer has it.
_PROBE = """
import json, pathlib, sys, time
sys.modules["numpy"] = None
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
    """The cost of an import in a new process.

    Attributes:
        seconds: CPU time of the import.
        ready: CPU time of the import and of creating a DynamoDB client, if the function has one.
        megabytes: peak memory.
    """

    seconds: float
    ready: float
    megabytes: float


def measure(*, quick: bool = False) -> list[Figure]:
    """Measure all functions, and the reference between them."""
    functions = stack.functions()
    names = QUICK_FUNCTIONS if quick else tuple(functions)
    runs = QUICK_RUNS if quick else RUNS
    samples: dict[str, list[Import]] = {name: [] for name in ("reference", "nothing", *names)}
    # The layers of a build are compiled too.
    compileall.compile_dir(str(ROOT / "layers/outreach"), quiet=2)
    for _ in range(runs):
        for place, name in enumerate(names):
            if place % _REFERENCE_EVERY == 0:
                samples["reference"].append(_probe(_REFERENCE))
            samples[name].append(_probe(_FUNCTION.format(path=str(stack.folder(functions[name]) / "app.py"))))
        samples["nothing"].append(_probe("pass"))
    typical = {name: _median(imports) for name, imports in samples.items()}
    return [*_figures(typical), *_sizes()]


def _median(imports: list[Import]) -> Import:
    return Import(*(median(getattr(entry, name) for entry in imports) for name in ("seconds", "ready", "megabytes")))


def is_api(name: str) -> bool:
    """Whether a function belongs to the REST API; the authorizer does too."""
    return str(stack.functions()[name]["CodeUri"]).split("/")[1] not in ("workers", "webhooks")


def _figures(typical: dict[str, Import]) -> Iterator[Figure]:
    reference, nothing = typical.pop("reference"), typical.pop("nothing")
    boto3 = "importing boto3 and creating a DynamoDB client"
    yield Figure("reference", f"{boto3}: CPU time", reference.seconds, "s")
    yield Figure("reference", f"{boto3}: memory beyond Python's own", reference.megabytes - nothing.megabytes, "MB")
    for name, cost in sorted(typical.items(), key=lambda entry: (not is_api(entry[0]), entry[0])):
        target = _API_TARGET if is_api(name) else _WORKER_TARGET
        yield Figure(f"function {name}", "import", cost.seconds / reference.seconds, "×", at_most=target)
        yield Figure(f"function {name}", "with DynamoDB client", cost.ready / reference.seconds, "×")
        yield Figure(f"function {name}", "memory", cost.megabytes - nothing.megabytes, "MB", at_most=128)


def _sizes() -> Iterator[Figure]:
    """The sizes of the layers when trimmed, compiled and unpacked, computed from the packages installed here."""
    megabytes = {name: sum(map(_bytes, _layer_files(name))) / 1e6 for name in resources(stack.LAYER)}
    for name, size in megabytes.items():
        yield Figure("layers", name, size, "MB")
    sizes = [sum(megabytes[stack.target(layer)] for layer in function["Layers"]) for function in stack.functions().values()]
    largest = max(sizes)
    yield Figure("layers", "all layers of the largest function", largest, "MB", at_most=120)


def _layer_files(name: str) -> Iterator[Path]:
    folder = ROOT / resources(stack.LAYER)[name]["ContentUri"]
    yield from folder.rglob("*.py")
    for line in (folder / "requirements.txt").read_text().splitlines():
        if "==" in line:
            for path in files(import_closure.normalised(line.split("==")[0])) or []:
                if not str(path).startswith((*UNUSED, "..")) and path.suffix != ".pyc":
                    yield Path(str(path.locate()))


def _bytes(path: Path) -> int:
    """The size of a file and, for a module, of its compiled form."""
    compiled = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
    return sum(
        entry.stat().st_size for entry in (path, compiled if path.suffix == ".py" else path.parent / "?") if entry.is_file()
    )


def _probe(code: str) -> Import:
    own = {"PYTHONPATH": str(ROOT / "layers/outreach"), "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {**os.environ, **function_environment({}), **own}
    process = subprocess.run(
        [sys.executable, "-c", _PROBE.format(code=code)], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
    )
    seconds, ready, kilobytes = json.loads(process.stdout.splitlines()[-1])
    return Import(seconds, ready, kilobytes / 1024)
