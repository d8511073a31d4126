"""A browser that uses the console as a person does, and fails the test for what a person does not see.

A violation of the content security policy, an error in the browser's console, a request to another origin, and an API key outside
`sessionStorage` are such things.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, TimeoutError, expect, sync_playwright

DESKTOP = (1280, 800)
PHONE = (390, 844)
# Long enough for a cold start on a busy machine.
TIMEOUT_MILLISECONDS = 60_000
# Between two polls of a page whose clock is put forward.
_PAUSE_MILLISECONDS, _LONGEST_POLL_MILLISECONDS = 500, 16_000
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# Beside the page's own address: everything that must not hold the key.
_STORES = "JSON.stringify([document.documentElement.outerHTML, location.href, {...localStorage}, document.cookie])"
# Long lists whose rows do not fit.
_SCROLLING_LISTS = "[...document.querySelectorAll('.table:has(.stacks)')].some(table => table.scrollWidth > table.clientWidth)"
_AXE = Axe()
_AXE_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
# What the browser says of an answer that the page handles itself, such as a refused key.
_REFUSED = "Failed to load resource: the server responded with a status of"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the installed Chromium; skip the test where there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    expect.set_options(timeout=TIMEOUT_MILLISECONDS)
    with sync_playwright() as playwright:
        # The sandbox needs a user other than root. Tabs of one process compile the page once.
        options = ["--no-sandbox", "--disable-gpu", "--renderer-process-limit=1"]
        browser = playwright.chromium.launch(executable_path=path, args=options)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Console:
    """The console in one tab.

    Attributes:
        page: the tab, for everything else that a person does.
        base_url: the URL of the API.
        origins: where the page may send requests, apart from the API.
        size: the width and height of the window in pixels.
        other_sizes: sizes in which `check` looks at the page, too, before it returns to `size`.
        faults: what went wrong without being visible.
    """

    page: Page
    base_url: str
    origins: Sequence[str] = ()
    size: tuple[int, int] = DESKTOP
    other_sizes: Sequence[tuple[int, int]] = ()
    key: str = ""
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(TIMEOUT_MILLISECONDS)
        self.page.on("console", lambda message: self._note_message(message.type, message.text))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._note_request)

    def sign_in(self, key: str) -> None:
        """Open the console and type a key."""
        self.key = key
        self.page.goto(f"{self.base_url}/console")
        self.page.get_by_label("API key").fill(key)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_role("navigation", name="Pages").first.wait_for()

    def open(self, name: str) -> None:
        """Choose a page in the navigation."""
        self.page.get_by_role("navigation", name="Pages").first.get_by_role("link", name=name, exact=True).click()
        self.page.get_by_role("heading", level=1, name=name).wait_for()

    def take_clock(self) -> None:
        """Let `await_poll` set the clock of what is opened from now on."""
        self.page.clock.install()

    def await_poll(self, news: Locator) -> None:
        """Put the clock forward until the page has read something new, which it does at intervals of some seconds."""
        for _ in range(TIMEOUT_MILLISECONDS // _PAUSE_MILLISECONDS):
            self.page.clock.fast_forward(_LONGEST_POLL_MILLISECONDS)
            with suppress(TimeoutError):
                news.first.wait_for(timeout=_PAUSE_MILLISECONDS)
                return
        expect(news.first).to_be_visible(timeout=1)

    def check(self) -> None:
        """Check what a person does not see, on the page as it is now."""
        assert self.faults == []
        assert not self.key or self.key not in str(self.page.evaluate(_STORES))
        for size in self.other_sizes:
            self._resize(size)
            self._check_layout()
            self._resize(self.size)
        self._check_layout()

    def _resize(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def _check_layout(self) -> None:
        self.check_width()
        self.check_accessibility()

    def check_width(self) -> None:
        """Check that the page does not scroll sideways, and on a phone no long list either."""
        widths = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths[0] <= widths[1], f"the page is {widths[0]} px wide in a window of {widths[1]} px"
        assert widths[1] > PHONE[0] or not self.page.evaluate(_SCROLLING_LISTS)

    def check_accessibility(self) -> None:
        """Check the page by the rules of axe for WCAG 2.2 AA."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_AXE.axe_script)
        violations = self.page.evaluate("options => axe.run(options).then(result => result.violations)", _AXE_OPTIONS)
        serious = [violation for violation in violations if violation["impact"] in ("serious", "critical")]
        places = {violation["id"]: [node["html"][:200] for node in violation["nodes"][:3]] for violation in serious}
        assert places == {}

    def _note_message(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(_REFUSED):
            self.faults.append(f"{kind}: {text}")

    def _note_request(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("data", "blob"):
            return
        if f"{url.scheme}://{url.netloc}" not in (self.base_url, *self.origins):
            self.faults.append(f"request to {request.url}")
        if self.key and self.key in request.url:
            self.faults.append("the key is in a URL")


@contextmanager
def tab(
    browser: Browser,
    base_url: str,
    size: tuple[int, int],
    origins: Sequence[str] = (),
    other_sizes: Sequence[tuple[int, int]] = (),
) -> Iterator[Console]:
    """A new tab with an empty profile, checked once more at the end; the parameters are those of `Console`."""
    context = browser.contexts[0] if browser.contexts else _new_context(browser, base_url)
    context.pages[0].evaluate("localStorage.clear()")
    console = Console(context.new_page(), base_url, origins, size, other_sizes)
    try:
        console._resize(size)
        yield console
        console.check()
    finally:
        context.set_offline(False)
        console.page.close()


def _new_context(browser: Browser, base_url: str) -> BrowserContext:
    """A profile for all tabs. Its first tab stays open, because the process of the tabs ends with the last one."""
    context = browser.new_context(accept_downloads=True, locale="en-GB", reduced_motion="reduce")
    context.new_page().goto(f"{base_url}/console")
    return context
