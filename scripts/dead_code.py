"""Finds functions and classes that are unused or used only by tests. Ignores variables, because models declare many."""

from __future__ import annotations

import re
import subprocess
import sys

# Called by frameworks: routes, handlers of HTTP servers, validators.
DECORATORS = "@*.command,@app.*,@*_validator,@*_serializer,@*.exception_handler"
NAMES = "do_POST,do_GET,log_message,lambda_handler,stream"
FOLDERS = ("layers/outreach/outreach", "functions", "tools", "scripts", "benchmarks")


def main() -> int:
    command = [sys.executable, "-m", "vulture", *FOLDERS, "--ignore-decorators", DECORATORS, "--ignore-names", NAMES]
    findings = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    unused = [line for line in findings if re.search(r"unused (function|class|method|property)", line)]
    print("\n".join(unused), end="\n" if unused else "")
    return 1 if unused else 0


if __name__ == "__main__":
    sys.exit(main())
