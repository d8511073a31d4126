"""Take the pictures of docs/console.md from the state that `make demo` leaves. Needs Chromium."""

from __future__ import annotations

import shutil
import sys

from local_stack import LocalStack, Settings
from local_stack.seeds import API_KEYS
from local_stack.settings import PROJECT
from playwright.sync_api import Page, ViewportSize, sync_playwright

IMAGES = PROJECT / "docs" / "images"
DEMO_STATE = PROJECT / ".local" / "demo"
# Headings of an address book, for which the API suggests fields.
FILE = PROJECT / "tests" / "integration" / "imports" / "cases" / "google_old.csv"
SIZE: ViewportSize = {"width": 1280, "height": 900}


def main() -> None:
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None or not DEMO_STATE.exists():
        sys.exit("Install Chromium, and run `make demo` first.")
    IMAGES.mkdir(exist_ok=True)
    with LocalStack(Settings(state_dir=DEMO_STATE)) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, locale="en-GB", color_scheme="light")
        _sign_in(page, stack.base_url)
        for name, show in {"start": _show_start, "import": _show_import, "campaign": _show_campaign, "send": _show_send}.items():
            show(page)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
            print(f"docs/images/{name}.png")


def _sign_in(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/console")
    page.get_by_label("API key").fill(API_KEYS["10000"])
    page.get_by_role("button", name="Sign in").click()


def _open(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pages").first.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", level=1, name=name).wait_for()


def _show_start(page: Page) -> None:
    _open(page, "Start")


def _show_import(page: Page) -> None:
    _open(page, "Imports")
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label("File", exact=True).set_input_files(FILE)
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("Nothing has been imported yet.").first.wait_for()


def _show_campaign(page: Page) -> None:
    _open(page, "Campaigns")
    page.get_by_role("list", name="Campaigns").get_by_role("link").first.click()
    page.get_by_role("heading", name="Text", exact=True).wait_for()


def _show_send(page: Page) -> None:
    _open(page, "Sends")
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_role("heading", name="Messages", exact=True).wait_for()


if __name__ == "__main__":
    main()
