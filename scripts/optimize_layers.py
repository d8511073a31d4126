"""Removes unused files from the built layers and compiles the rest, which shortens cold starts. Run it after `sam build`.

Lambda cannot keep compiled modules: every cold start compiles the modules that are not compiled here.
Usage: python scripts/optimize_layers.py [.aws-sam/build]
"""

from __future__ import annotations

import compileall
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

# Relative to the `python` folder of a layer: locale data for Liquid's money and date filters, place names and carrier names of
# phone numbers, and command-line scripts.
UNUSED = (
    "babel/locale-data",
    "babel/global.dat",
    "phonenumbers/geodata",
    "phonenumbers/carrierdata",
    "bin",
)


def optimize(build: Path) -> None:
    """Remove unused files from each layer below ``build`` and compile the rest."""
    for layer in sorted(build.glob("*Layer/python")):
        size_before = _size(layer)
        for path in UNUSED:
            shutil.rmtree(layer / path, ignore_errors=True)
        for folder in [*layer.rglob("tests"), *layer.rglob("__pycache__")]:
            shutil.rmtree(folder, ignore_errors=True)
        # Bytecode is useful only if this Python has the version of the runtime.
        if _is_for_this_python(build):
            compileall.compile_dir(str(layer), quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        print(f"{layer.parent.name}: {size_before / 1e6:.1f} MB → {_size(layer) / 1e6:.1f} MB")


def _is_for_this_python(build: Path) -> bool:
    """Return whether the compiled extensions in the build are for this Python version."""
    return any(build.glob(f"*Layer/python/**/*.cpython-{sys.version_info.major}{sys.version_info.minor}-*.so"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    optimize(Path(sys.argv[1] if len(sys.argv) > 1 else ".aws-sam/build"))
