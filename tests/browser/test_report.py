"""The report in a real browser: it fits wide and narrow, light and dark, and asks nobody for anything."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from edge.replay import report
from tests.browser.conftest import MARKS
from tests.replay.sample import FACTS, sample_record

pytestmark = MARKS


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    return report.write(folder, sample_record(300, stopped="SIGINT"), FACTS).as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_fits_and_asks_for_nothing(
    browser: Browser, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    assert asked == [address]
    assert said == []
    # the page itself never scrolls sideways; wide tables and plots scroll in their own frame
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for svg in page.locator("figure svg").all():
        box = svg.bounding_box()
        assert box is not None
        assert box["width"] >= 600
        assert box["height"] >= 100
    # words stand out from the paper, in plots too
    contrast = page.evaluate(
        """() => {
            const light = c => {
                const [r, g, b] = c.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
                    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            const paper = light(getComputedStyle(document.body).backgroundColor);
            const of = (element, key) => {
                const ink = light(getComputedStyle(element)[key]);
                return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
            };
            return [...document.querySelectorAll('h1, td, p')].map(e => of(e, 'color'))
                .concat([...document.querySelectorAll('svg text')].map(e => of(e, 'fill')));
        }"""
    )
    assert len(contrast) > 100
    assert min(contrast) >= 4.5
    context.close()


def test_a_reader_finds_plots_by_their_words(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    for words in ("Road users counted", "Signal and passings", "Vehicles queued"):
        expect(page.get_by_role("img", name=words)).to_be_visible()
    expect(page.get_by_role("note").first).to_contain_text("Stopped after frame 7500 of 7500")
    page.get_by_text("Settings of counting and tracking").click()
    expect(page.get_by_text("counting.band_m")).to_be_visible()
    page.close()


def test_it_prints_on_paper(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    printed = page.pdf(format="A4", print_background=True)
    assert printed.startswith(b"%PDF")
    assert 1 <= printed.count(b"/Type /Page\n") <= 4
    page.close()
