"""What an operator does with `outreach-admin`, against a stack that runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from local_stack.seeds import ACCOUNTS
from local_stack.settings import REGION

from tests.support.client import Client


@dataclass(frozen=True)
class IsolatedSite:
    """A site of its own, whose channel account has no other sends to wait for and whose totals nobody else changes."""

    id: str
    key: str
    api: Client
    account_id: str


@dataclass(frozen=True)
class Administration:
    """Runs `outreach-admin` against one local AWS."""

    aws_endpoint: str

    def run(self, *arguments: str, secret: str = "") -> dict[str, Any]:
        """Run a command; returns the object that it prints.

        Args:
            secret: what the command reads from standard input.
        """
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        command = [sys.executable, "-m", "outreach_admin", "--json", *arguments]
        process = subprocess.run(command, env=environment, input=secret, capture_output=True, text=True, check=False)  # noqa: S603
        assert process.returncode == 0, process.stderr
        return dict(json.loads(process.stdout))

    def create_key(self, site: str, *scopes: str) -> str:
        """Create an API key with these scopes, without any with all; returns the key."""
        options = [option for scope in scopes for option in ("--scope", scope)]
        return str(self.run("key", "create", site, "--name", "test", *options)["key"])

    def create_site(self, *options: str) -> str:
        """Create a site that nothing else uses, with options of `site put`; returns its id."""
        site = f"test-{uuid4().hex[:8]}"
        self.run("site", "put", site, "--default-region", "US", *options)
        return site

    def create_account(self, site: str, name: str, rate: float, token: str = "local-twilio-token") -> str:  # noqa: S107 - public
        """Create a channel account at simulated Twilio, with a pace of its own; returns its id.

        Args:
            rate: segments per second.
            token: one that is wrong makes the carrier refuse the account.
        """
        seeded = ACCOUNTS[1][0]
        carrier = ("--carrier", "twilio", "--number", seeded.number, "--carrier-account", seeded.carrier_account)
        return str(
            self.run("account", "put", site, *carrier, "--name", name, "--rate", str(rate), "--allow-duplicate", secret=token)[
                "id"
            ]
        )

    def create_isolated_site(self, base_url: str, rate: float) -> IsolatedSite:
        """Create a site with a key that may do everything and one channel account.

        Args:
            base_url: where the API is.
            rate: segments per second of the account.
        """
        site = self.create_site()
        key = self.create_key(site)
        return IsolatedSite(site, key, Client(base_url, key), self.create_account(site, "Shop line", rate))
