"""A page in Debian's Chromium, offline, and axe, which finds what a screen reader cannot use.

Nothing here lifts a page's Content-Security-Policy: what it forbids, it forbids in the tests too.
"""

from __future__ import annotations

import shutil

import pytest

QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-quic"]
"""What keeps Chromium itself from calling anyone, beside what Playwright turns off."""


@pytest.fixture(scope="session")
def browser():
    """One Chromium for all tests of the session."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed: sudo apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def page(browser):
    """A fresh page without network; ``page.faults`` lists what its console and policy reported."""
    context = browser.new_context(offline=True, locale="en-GB", reduced_motion="reduce")
    made = context.new_page()
    made.faults = []
    made.on("pageerror", lambda error: made.faults.append(str(error)))
    made.on(
        "console",
        lambda line: made.faults.append(line.text) if line.type in ("error", "warning") else None,
    )
    made.on("requestfailed", lambda request: made.faults.append(f"request to {request.url}"))
    yield made
    context.close()


@pytest.fixture
def inaccessible(page):
    """Return a function that lists what axe finds wrong in the page that is open."""
    from axe_playwright_python.base import AXE_SCRIPT

    def find() -> list[str]:
        devtools = page.context.new_cdp_session(page)  # its Runtime.evaluate needs no eval
        for expression in (AXE_SCRIPT, "axe.run(document, {resultTypes: ['violations']})"):
            answer = devtools.send(
                "Runtime.evaluate",
                {"expression": expression, "awaitPromise": True, "returnByValue": True},
            )
            assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return [
            f"{fault['id']} ({fault['impact']}): {node['html']}"
            for fault in answer["result"]["value"]["violations"]
            for node in fault["nodes"]
        ]

    return find
