"""The collector's page in a real browser: it is live, asks no other host, and stays readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser, Page, expect

from edge.incident import Stage
from edge.messages import RecordMessage, StatusMessage
from edge.types import Kind
from tests.browser.conftest import MARKS
from tests.collector_cabinet import Cabinet, crossing, health, incident, lanes, signal, summary
from tests.collector_process import CollectorProcess

#: Pixels of the chart that are neither transparent nor the grey of "unknown".
COLOURED_PIXELS = """canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const px = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  let n = 0;
  for (let i = 0; i < px.length; i += 4) {
    if (px[i + 3] > 200 && Math.max(px[i], px[i + 1], px[i + 2]) - Math.min(px[i], px[i + 1], px[i + 2]) > 60) n++;
  }
  return n;
}"""

pytestmark = MARKS


class Street:
    """A collector with its broker, and a cabinet that sends to it."""

    def __init__(self, collector: CollectorProcess) -> None:
        self.collector = collector
        self.cabinet = Cabinet("main-and-first")
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="street", protocol=MQTTv5)
        self._client.connect("127.0.0.1", collector.broker_port, clean_start=True)
        self._client.loop_start()

    def send(self, *messages: RecordMessage | StatusMessage) -> None:
        for message in messages:
            name = message.stream.value if isinstance(message, RecordMessage) else "status"
            self._client.publish(self.cabinet.topic(name), message.model_dump_json(), qos=1).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with CollectorProcess(tmp_path, "--embedded-broker", "--broker-port", "0") as collector:
        street = Street(collector)
        yield street
        street.close()


@contextmanager
def looking_at(
    browser: Browser, url: str, width: int = 1280, scheme: Literal["light", "dark"] = "light"
) -> Iterator[Page]:
    """A page at `url`; fails if anything was asked of another host or complained about."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    foreign: list[str] = []
    said: list[str] = []

    def asked(address: str) -> None:
        home = url.partition("://")[2].partition("/")[0]
        if not address.startswith((f"http://{home}/", f"ws://{home}/", "data:", "blob:")):
            foreign.append(address)

    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda link: asked(link.url))
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(url)
    yield page
    assert foreign == []
    assert said == []
    context.close()


def busy_hour(street: Street) -> None:
    cabinet = street.cabinet
    street.send(cabinet.status("online", ["NBT", "SBT", "EBL"], ["nb1", "nb2", "sb1"]))
    for minute in range(56, 60):
        street.send(*(cabinet.record(crossing("NBT"), 60 * minute + 7 * n) for n in range(5)))
        street.send(cabinet.record(summary({"NBT": {Kind.CAR: 5}, "SBT": {}, "EBL": None}), 60 * minute + 60))
    street.send(cabinet.record(lanes(nb1=4, nb2=0, sb1=None), 3599), cabinet.record(health(), 3599))


def test_counts_and_queues_change_without_a_reload(browser: Browser, street: Street) -> None:
    with looking_at(browser, street.collector.url) as page:
        expect(page).to_have_title("Stopline")
        expect(page.get_by_role("heading", name="No site has sent anything yet")).to_be_visible()
        page.evaluate("window.sameDocument = true")
        busy_hour(street)
        page.goto(street.collector.url)
        page.evaluate("window.sameDocument = true")
        expect(page.get_by_role("heading", name="main-and-first")).to_be_visible()
        expect(page.get_by_text("12:01–13:01 UTC")).to_be_visible()
        through = page.locator('tr[data-movement="NBT"] td.sl-main')
        expect(through).to_have_text("20")
        expect(page.locator('tr[data-movement="SBT"] td.sl-main')).to_have_text("0")
        left = page.locator('tr[data-movement="EBL"] td.sl-main')
        expect(left).to_have_text("–")
        expect(left.locator("[title=unknown]")).to_have_attribute("aria-label", "unknown")
        queue = page.locator('tr[data-lane="nb1"] td.sl-main')
        expect(queue).to_have_text("4")
        expect(page.locator('tr[data-lane="sb1"] td.sl-main')).to_have_text("–")
        node = page.locator('li[data-node="cabinet"]')
        expect(node).to_contain_text("online")
        expect(node).to_contain_text("Camera north")

        cabinet = street.cabinet
        street.send(cabinet.record(crossing("NBT"), 3600), cabinet.record(lanes(nb1=9, nb2=0, sb1=None), 3600))
        street.send(cabinet.record(health("degraded", "sun glare"), 3600))
        expect(through).to_have_text("21")
        expect(queue).to_have_text("9")
        expect(node).to_contain_text("degraded")
        expect(node).to_contain_text("sun glare")
        street.send(cabinet.status("offline"))
        expect(node).to_contain_text("offline")
        expect(page.get_by_text("last known, 13:00:00 UTC")).to_be_visible()
        assert page.evaluate("window.sameDocument")


def test_an_incident_comes_and_goes(browser: Browser, street: Street) -> None:
    busy_hour(street)
    with looking_at(browser, street.collector.url) as page:
        expect(page.get_by_role("heading", name="Incidents none going on")).to_be_visible()
        cabinet = street.cabinet
        street.send(cabinet.record(incident(Stage.START), 3600))
        shown = page.locator('[data-incident="20260501T120000Z-1"]')
        expect(shown).to_contain_text("Stopped vehicle")
        expect(shown).to_contain_text("nb1, 22 m before the stop line")
        expect(shown).to_contain_text("You might: look at the camera; send road patrol.")
        expect(shown.locator("[title=unknown]")).to_have_attribute("aria-label", "unknown")
        street.send(cabinet.record(incident(Stage.END, began_s=40.0, lasted_s=35.0), 3630))
        expect(shown).to_have_count(0)
        expect(page.get_by_role("cell", name="35 s")).to_be_visible()


def test_the_chart_has_bars_for_both_spans(browser: Browser, street: Street) -> None:
    busy_hour(street)
    with looking_at(browser, street.collector.url) as page:
        canvas = page.locator(".sl-chart canvas")
        expect(canvas).to_be_visible()
        expect(page.get_by_role("heading", name="Road users per 15 s")).to_be_visible()
        page.wait_for_function(f"() => ({COLOURED_PIXELS})(document.querySelector('.sl-chart canvas')) > 300")
        page.get_by_role("button", name="hour").click()
        expect(page.get_by_role("heading", name="Road users per minute")).to_be_visible()
        page.wait_for_function(f"() => ({COLOURED_PIXELS})(document.querySelector('.sl-chart canvas')) > 300")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_fits_and_contrasts(browser: Browser, street: Street, width: int, scheme: Literal["light", "dark"]) -> None:
    busy_hour(street)
    with looking_at(browser, street.collector.url, width, scheme) as page:
        expect(page.locator(".sl-chart canvas")).to_be_visible()
        expect(page.locator('tr[data-movement="NBT"]')).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("html").get_attribute("lang") == "en-US"
        expect(page.locator("body.body--dark")).to_have_count(1 if scheme == "dark" else 0)
        assert contrast(page, ".sl-quiet") >= 4.5
        assert contrast(page, ".sl h1") >= 7


def test_who_decides_and_why_is_told_as_it_changes(browser: Browser, street: Street) -> None:
    busy_hour(street)
    cabinet = street.cabinet
    one = signal().model_copy(update={"level": "adaptive", "reason": "11 queued on phase 4, oldest 38 s"})
    street.send(cabinet.record(one, 3590))
    with looking_at(browser, street.collector.url) as page:
        now = page.locator('[data-control="cabinet"]')
        expect(now).to_contain_text("Adaptive")
        expect(page.locator(".sl-decisions")).to_contain_text("11 queued on phase 4, oldest 38 s")
        why = "no adaptive control: 3 of 8 lanes are known"
        fallen = {"level": "actuated", "level_reason": why, "requested": [4, 8], "reason": f"{why}; phase 2 gapped out"}
        street.send(cabinet.record(signal().model_copy(update=fallen), 3599))
        expect(now).to_contain_text("Actuated")
        expect(now).to_contain_text("since 1 May 12:59:59 UTC")
        expect(now).to_contain_text(why)
        expect(page.locator(".sl-decisions tbody tr")).to_have_count(2)
        expect(page.locator(".sl-changed")).to_contain_text("phase 2 gapped out")


def test_a_broker_that_is_gone_is_told(browser: Browser, tmp_path: Path) -> None:
    with (
        CollectorProcess(tmp_path, "--broker", "127.0.0.1:1") as collector,
        looking_at(browser, collector.url) as page,
    ):
        expect(page.get_by_role("status")).to_contain_text("Broker not reachable")
        expect(page.get_by_role("alert")).to_contain_text("Nothing new arrives")


def contrast(page: Page, selector: str) -> float:
    """WCAG 2.2 contrast ratio of an element's text to the page behind it."""
    script = """selector => {
      const channels = text => text.match(/[0-9.]+/g).slice(0, 3).map(Number);
      const light = text => channels(text).map(c => c / 255)
        .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0);
      const ink = light(getComputedStyle(document.querySelector(selector)).color);
      const page = light(getComputedStyle(document.body).backgroundColor);
      return (Math.max(ink, page) + .05) / (Math.min(ink, page) + .05);
    }"""
    ratio = page.evaluate(script, selector)
    assert isinstance(ratio, int | float)
    return float(ratio)
