"""[incidents]: whether the lanes, cameras, areas and preemptions that it names are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from calibration.finding import At, Finding, error
from calibration.site import Site


def check_incidents(site: Site, at: At) -> Iterator[Finding]:
    """What is wrong with [incidents]."""
    wanted = site.incidents
    lanes = [lane.id for lane in site.lanes]
    yield from _areas(site, at)
    for i, lane in enumerate(wanted.closed_lanes):
        yield from _known(at("incidents", "closed_lanes", i), "lane", lane, lanes)
    for lane in wanted.spillback_m:
        yield from _known(at("incidents", "spillback_m", lane), "lane", lane, lanes)
    for i, works in enumerate(wanted.works):
        for j, lane in enumerate(works.lanes):
            yield from _known(at("incidents", "works", i, "lanes", j), "lane", lane, lanes)
        if works.ends <= works.begins:
            yield error(at("incidents", "works", i, "ends"), "it is not after begins", "give a later time")
        if works.closes and not works.lanes:
            yield error(at("incidents", "works", i, "closes"), "it closes no lane", "name them in lanes = […]")
    numbers = [preempt.number for preempt in site.preempts]
    if wanted.preempt_on_crash is not None and wanted.preempt_on_crash not in numbers:
        where, number = at("incidents", "preempt_on_crash"), wanted.preempt_on_crash
        fix = f"use {', '.join(map(str, numbers))}" if numbers else "add [[preempts]], or remove the key"
        yield error(where, f"there is no preemption {number}", fix)


def _areas(site: Site, at: At) -> Iterator[Finding]:
    cameras = {camera.id: camera for camera in site.cameras}
    ids = Counter(area.id for area in site.incidents.areas)
    for i, area in enumerate(site.incidents.areas):
        if ids[area.id] > 1:
            yield error(at("incidents", "areas", i, "id"), f"area {area.id!r} is there twice", "name it anew")
            ids[area.id] = 1
        if area.camera not in cameras:
            yield from _known(at("incidents", "areas", i, "camera"), "camera", area.camera, list(cameras))
            continue
        width, height = cameras[area.camera].size_px
        for j, (x, y) in enumerate(area.polygon_px):
            if not (0 <= x <= width and 0 <= y <= height):
                where = at("incidents", "areas", i, "polygon_px", j)
                fix = f"keep x within 0..{width} and y within 0..{height}"
                yield error(where, f"({x:g}, {y:g}) lies outside the picture", fix)


def _known(where: str, what: str, name: str, known: Sequence[str]) -> Iterator[Finding]:
    if name not in known:
        yield error(where, f"there is no {what} {name!r}", f"use {', '.join(known)}")
