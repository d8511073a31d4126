"""Look for known vulnerabilities in all that is locked. What the database can't be asked about is named, and is no failure."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# What is known, has no remedy and does not concern us, and why.
ACCEPTED = {"CVE-2024-23342": "ecdsa signs in a time that tells of the key; checkov only verifies with it, and not for us"}
AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json"),
    *(f"--ignore-vuln={name}" for name in ACCEPTED),
)


def packages(file: Path) -> list[dict[str, Any]]:
    """What the database says of each package of a locked file; nothing when it can't be reached."""
    audit = subprocess.run([*AUDIT, "--requirement", str(file)], capture_output=True, text=True, check=False)
    return list(json.loads(audit.stdout)["dependencies"]) if audit.stdout else []


def main() -> int:
    """1 when a vulnerability is known."""
    known = 0
    files = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("layers/*/requirements.txt")]
    for file in sorted(file for file in files if file.read_text().strip()):
        told = [package for package in packages(file) if "vulns" in package]
        vulnerable = {package["name"]: [one["id"] for one in package["vulns"]] for package in told if package["vulns"]}
        result = f"{len(told)} packages looked up, vulnerable: {vulnerable or 'none'}" if told else "NOT CHECKED, nobody to ask"
        print(f"{file.relative_to(ROOT)}: {result}")
        known += len(vulnerable)
    return int(known > 0)


if __name__ == "__main__":
    sys.exit(main())
