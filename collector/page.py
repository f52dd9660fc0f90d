"""The operator's page at `/`: one site live, without reloading.

Sections are drawn on the server and sent when they change. Everything is served from
here: no script, style, font or picture comes from another host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import FileResponse
from nicegui import ui
from nicegui.events import GenericEventArguments

from collector import render
from collector.chart import chart_options
from collector.view import QUARTER_S, PageView, SiteView, Views

REFRESH_S = 1.0
_WEB = Path(str(files("collector") / "web"))
_HOUR, _QUARTER = "hour", "15 min"
# Tells us once, and when it changes, whether the person prefers a dark page.
_SCHEME_JS = """
(() => {
  const prefers = matchMedia('(prefers-color-scheme: dark)');
  const tell = () => emitEvent('scheme', {dark: prefers.matches});
  prefers.addEventListener('change', tell);
  tell();
})()
"""


def mount_page(app: FastAPI, views: Views) -> None:
    """Serve the page from `app`; call last, since it takes every path that is still free."""

    @app.get("/favicon.svg", include_in_schema=False)
    def favicon() -> FileResponse:
        return FileResponse(_WEB / "favicon.svg", media_type="image/svg+xml")

    @ui.page("/", title="Stopline", favicon=_WEB / "favicon.svg", dark=None, language="en-US")
    async def page(site: str | None = None) -> None:
        first = await asyncio.to_thread(views.page, site)
        shown = _Page(first)

        async def refresh() -> None:
            shown.show(await asyncio.to_thread(views.page, site))

        ui.timer(REFRESH_S, refresh, immediate=False)

    ui.run_with(app, title="Stopline", favicon=_WEB / "favicon.svg", dark=None, show_welcome_message=False)


class _Section:
    """A part of the page that is sent again only when its HTML differs."""

    def __init__(self, draw: Callable[[PageView], str], classes: str = "") -> None:
        self._draw = draw
        self._element = ui.html("", sanitize=False).classes(classes)

    def show(self, view: PageView) -> None:
        html = self._draw(view)
        if html != self._element.content:
            self._element.set_content(html)


def _of_site(draw: Callable[[SiteView], str]) -> Callable[[PageView], str]:
    return lambda view: "" if view.selected is None else draw(view.selected)


class _Page:
    """The elements of one browser's page, and what this browser chose."""

    def __init__(self, view: PageView) -> None:
        ui.colors(primary="#0f4c81")
        ui.add_css((_WEB / "page.css").read_text("utf-8"))
        self._view = view
        self._dark = False
        self._drawn: dict[str, Any] = {}
        with ui.element("main").classes("sl"):
            self._sections = [_Section(render.top)]
            self._empty = ui.element("div")
            with self._empty:
                self._sections.append(_Section(render.empty))
            self._site = ui.element("div")
            with self._site:
                self._sections.append(_Section(_of_site(render.heading)))
                with ui.element("div").classes("sl-grid"):
                    self._sections.append(_Section(_of_site(render.incidents), "sl-card sl-wide"))
                    self._chart_card()
                    self._sections.append(_Section(_of_site(render.lanes), "sl-card"))
                    self._sections.append(_Section(_of_site(render.movements), "sl-card"))
                    self._sections.append(_Section(_of_site(render.devices), "sl-card"))
                    self._sections.append(_Section(_of_site(render.control), "sl-card sl-wide"))
            self._sections.append(_Section(render.foot))
        self.show(view)
        ui.on("scheme", self._take_scheme)
        ui.run_javascript(_SCHEME_JS)

    def show(self, view: PageView) -> None:
        """Bring the page up to `view`."""
        self._view = view
        self._empty.set_visibility(view.selected is None and not view.sites)
        self._site.set_visibility(view.selected is not None)
        for section in self._sections:
            section.show(view)
        self._show_chart()

    def _chart_card(self) -> None:
        with ui.element("section").classes("sl-card"):
            with ui.element("div").classes("sl-chart-head"):
                self._chart_title = ui.html("", sanitize=False)
                self._span = ui.toggle([_HOUR, _QUARTER], value=_first_span(self._view), on_change=self._show_chart)
                self._span.classes("sl-span")
                self._span.props('no-caps unelevated padding="2px 12px" aria-label="Time shown in the chart"')
            self._chart = ui.echart({}).classes("sl-chart")
            self._chart.props('role="img" aria-label="Chart of road users by movement over time"')

    def _show_chart(self) -> None:
        site = self._view.selected
        counts = None if site is None else site.hour if self._span.value == _HOUR else site.quarter
        if counts is None:
            return
        every = "minute" if counts.interval_s == 60 else f"{counts.interval_s} s"
        title = f'<h2>Road users per {every} <span class="sl-quiet">last {self._span.value} of data, UTC</span></h2>'
        if title != self._chart_title.content:
            self._chart_title.set_content(title)
        options = chart_options(counts, dark=self._dark)
        if options != self._drawn:
            self._drawn = options
            self._chart.options.clear()
            self._chart.options.update(options)
            self._chart.update()

    def _take_scheme(self, event: GenericEventArguments) -> None:
        self._dark = bool(event.args["dark"])
        self._show_chart()


def _first_span(view: PageView) -> str:
    """The hour; its last quarter while there is no older data, so that first bars are not slivers."""
    if view.selected is None or view.selected.hour is None:
        return _HOUR
    older = [
        interval
        for movement in view.selected.hour.movements
        for interval in movement.intervals[: -QUARTER_S // view.selected.hour.interval_s]
    ]
    return _HOUR if any(interval.counts is not None for interval in older) else _QUARTER
