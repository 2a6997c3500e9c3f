"""What every test shares: one seeded hypothesis profile, and one browser."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from needs import HEADLESS
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

# The same examples on every machine, and no timed failures.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("repeatable")

# None of these is a test, and each needs what its own target brings: `make bench`, `make audit`, `make mutate`.
collect_ignore = ["audit", "bench", "mutate"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window; there can be only one of Playwright's loops in a process."""
    path = HEADLESS.path()
    if path is None:
        pytest.skip(HEADLESS.missing)
    expect.set_options(timeout=180_000)  # what is waited for comes: machines are busy, and Python takes time to start
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests that need none of their own: to open one takes a second of the processor."""
    opened = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    opened.set_default_timeout(180_000)
    yield opened
    opened.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A page of its own; what it stores is gone with it."""
    opened = window.new_page()
    yield opened
    if opened.url.startswith("http"):
        opened.evaluate("localStorage.clear(), sessionStorage.clear()")
    opened.close()
