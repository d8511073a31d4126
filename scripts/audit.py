"""Checks all locked packages for known vulnerabilities. Reports files that cannot be checked, without failing for them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# Vulnerabilities without a fix that do not affect this project, with the reason.
ACCEPTED = {"CVE-2024-23342": "timing attack on ecdsa signing; checkov only verifies signatures, and only for its own platform"}
AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json"),
    *(f"--ignore-vuln={name}" for name in ACCEPTED),
)


def audited_packages(file: Path) -> list[dict[str, Any]]:
    """Return the audit result of each package in a locked file, or nothing if the database is unreachable."""
    audit = subprocess.run([*AUDIT, "--requirement", str(file)], capture_output=True, text=True, check=False)
    return list(json.loads(audit.stdout)["dependencies"]) if audit.stdout else []


def main() -> int:
    """Return 1 if a vulnerability is known, otherwise 0."""
    vulnerability_count = 0
    files = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("layers/*/requirements.txt")]
    for file in sorted(file for file in files if file.read_text().strip()):
        checked = [package for package in audited_packages(file) if "vulns" in package]
        vulnerable = {package["name"]: [entry["id"] for entry in package["vulns"]] for package in checked if package["vulns"]}
        result = (
            f"{len(checked)} packages checked, vulnerable: {vulnerable or 'none'}"
            if checked
            else "NOT CHECKED: database unreachable"
        )
        print(f"{file.relative_to(ROOT)}: {result}")
        vulnerability_count += len(vulnerable)
    return int(vulnerability_count > 0)


if __name__ == "__main__":
    sys.exit(main())
