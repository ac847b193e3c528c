"""The instruments of the browser tests notice what they are there to notice."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

STRICT = "default-src 'none'; style-src 'unsafe-inline'"
PAGE = """<!doctype html><html lang="en"><head><title>Probe</title>
<meta http-equiv="Content-Security-Policy" content="{policy}"></head>
<body><main><h1>Probe</h1>{body}</main></body></html>"""


def test_axe_finds_nothing_wrong_in_a_plain_page(page, inaccessible):
    page.set_content(PAGE.format(policy=STRICT, body="<p>Text</p>"))
    assert not inaccessible()
    assert not page.faults


def test_axe_finds_an_image_without_words_behind_a_strict_policy(page, inaccessible):
    page.set_content(PAGE.format(policy=STRICT, body='<img src="data:,">'))
    assert any(fault.startswith("image-alt") for fault in inaccessible())


def test_a_request_to_a_host_is_a_fault(page):
    page.set_content(PAGE.format(policy="", body='<img alt="dot" src="https://example.org/x.png">'))
    page.wait_for_load_state("load")
    assert any("example.org" in fault for fault in page.faults)


def test_a_forbidden_script_is_a_fault(page):
    page.set_content(PAGE.format(policy=STRICT, body="<script>document.title = 'run'</script>"))
    assert page.title() == "Probe"
    assert any("Content Security Policy" in fault for fault in page.faults)
