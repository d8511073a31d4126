"""Fixtures for tests of the console in a real browser, on the embedded stack.

``CONSOLE_URL`` and ``CONSOLE_AWS_URL`` name a stack that runs already, such as that of ``make run`` behind ``npm run dev``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from local_stack import Settings
from local_stack.aws import Aws
from local_stack.seeds import API_KEYS
from playwright.sync_api import Browser

from tests.support import browser as browsers
from tests.support.administration import Administration, IsolatedSite
from tests.support.browser import Console
from tests.support.client import Client


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser; it ends with these tests, because Playwright's event loop would keep others of the process from having one."""
    with browsers.chromium() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def addresses(request: pytest.FixtureRequest) -> tuple[str, str]:
    """The URLs of the API and of the local AWS, where the buckets are."""
    if "CONSOLE_URL" in os.environ:
        return os.environ["CONSOLE_URL"], os.environ["CONSOLE_AWS_URL"]
    stack = request.getfixturevalue("stack")
    return stack.base_url, stack.settings.aws_endpoint


@pytest.fixture
def api(addresses: tuple[str, str]) -> Client:
    """A client of site 10000, for what happens outside the console."""
    return Client(addresses[0], API_KEYS["10000"])


@pytest.fixture(scope="session")
def administration(addresses: tuple[str, str]) -> Administration:
    """What an operator does."""
    return Administration(addresses[1])


@pytest.fixture(scope="module")
def isolated_site(addresses: tuple[str, str], administration: Administration) -> IsolatedSite:
    """A site of the module alone, which sends five messages a second."""
    return administration.create_isolated_site(addresses[0], 5)


@pytest.fixture(scope="module")
def slow_account(isolated_site: IsolatedSite, administration: Administration) -> str:
    """Another account of that site. It sends a message a second, so that sends to few contacts take a while."""
    return administration.create_account(isolated_site.id, "Slow line", 1)


@pytest.fixture(scope="session")
def simulator_url(addresses: tuple[str, str]) -> str:
    """The carrier simulator that the stack talks to."""
    port = urlsplit(addresses[1]).port
    assert port
    return Aws(Settings(aws_port=port)).function_environment()["TWILIO_BASE_URL"]


@pytest.fixture
def console(browser: Browser, addresses: tuple[str, str]) -> Iterator[Console]:
    """The console on a desktop, signed in to site 10000 with a key that may do everything."""
    with browsers.tab(browser, addresses[0], browsers.DESKTOP, [addresses[1]]) as opened:
        opened.sign_in(API_KEYS["10000"])
        yield opened


@pytest.fixture
def isolated_site_console(browser: Browser, addresses: tuple[str, str], isolated_site: IsolatedSite) -> Iterator[Console]:
    """The console in the site of the module alone."""
    with browsers.tab(browser, addresses[0], browsers.DESKTOP, [addresses[1]]) as opened:
        opened.sign_in(isolated_site.key)
        yield opened


@pytest.fixture
def console_on_a_phone(browser: Browser, addresses: tuple[str, str]) -> Iterator[Console]:
    """The same on a phone. Its checks look at the page on a desktop, too."""
    with browsers.tab(browser, addresses[0], browsers.PHONE, [addresses[1]], [browsers.DESKTOP]) as opened:
        opened.sign_in(API_KEYS["10000"])
        yield opened
