"""After `sam build`: take out of the layers what no code reads, and compile the rest, for a function that starts in less time.

A layer is unpacked and imported at each cold start, on a file system that keeps no compiled modules: what isn't compiled here
is compiled there, every time. Usage: python scripts/finish_build.py [.aws-sam/build]
"""

from __future__ import annotations

import compileall
import shutil
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

# Relative to a layer's `python` folder. Locales of Liquid's filters for money and dates, and names of places and carriers of
# numbers: megabytes that we don't use.
UNUSED = (
    "babel/locale-data",
    "babel/global.dat",
    "phonenumbers/geodata",
    "phonenumbers/carrierdata",
    "bin",
)


def finish(build: Path) -> None:
    """Trim and compile every layer below ``build``."""
    for layer in sorted(build.glob("*Layer/python")):
        before = _bytes(layer)
        for path in UNUSED:
            shutil.rmtree(layer / path, ignore_errors=True)
        for tests in [*layer.rglob("tests"), *layer.rglob("__pycache__")]:
            shutil.rmtree(tests, ignore_errors=True)
        # By the runtime's own version only: another one's bytecode would be dead weight.
        if _is_for_this_python(build):
            compileall.compile_dir(str(layer), quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        print(f"{layer.parent.name}: {before / 1e6:.1f} MB → {_bytes(layer) / 1e6:.1f} MB")


def _is_for_this_python(build: Path) -> bool:
    """Compiled extensions tell which version the build is for."""
    return any(build.glob(f"*Layer/python/**/*.cpython-{sys.version_info.major}{sys.version_info.minor}-*.so"))


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    finish(Path(sys.argv[1] if len(sys.argv) > 1 else ".aws-sam/build"))
