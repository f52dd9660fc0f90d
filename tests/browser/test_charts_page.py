"""The control charts in a real browser: they fit wide and narrow, light and dark, and ask nobody for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from calibration.load import load_site
from edge.cli.incidents_charts import draw
from tests.browser.conftest import MARKS
from tests.unit.test_incidents_charts import made

pytestmark = MARKS


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder: Path = tmp_path_factory.mktemp("charts")
    draw(str(made(folder)), load_site("demo"), folder / "charts.html", 7, None)
    return (folder / "charts.html").as_uri()


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
    expect(page.get_by_role("img", name="congestion at Tue 2026-05-12 11:")).to_be_visible()
    # no name above the charts is cut off at their edge
    cut = page.evaluate(
        """() => [...document.querySelectorAll('figure svg')].flatMap(svg => {
            const whole = svg.getBoundingClientRect();
            return [...svg.querySelectorAll('text')].filter(text => {
                const box = text.getBoundingClientRect();
                return box.left < whole.left - 1 || box.right > whole.right + 1 || box.top < whole.top - 1;
            }).map(text => text.textContent);
        })"""
    )
    assert cut == []
    context.close()
