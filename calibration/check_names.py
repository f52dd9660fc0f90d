"""Ids that must be unique, references that must lead somewhere."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from calibration.finding import At, Finding, error, warning
from calibration.site import Lane, Movement, Site
from edge.types import Kind


def check_names(site: Site, at: At) -> Iterator[Finding]:
    """Duplicate ids, references to what the file does not describe, and names that contradict."""
    for table, ids in (
        ("cameras", [camera.id for camera in site.cameras]),
        ("approaches", [approach.id for approach in site.approaches]),
        ("lanes", [lane.id for lane in site.lanes]),
        ("movements", [movement.id for movement in site.movements]),
    ):
        for i, name in enumerate(ids):
            first = ids.index(name)
            if first < i:
                yield error(at(table, i, "id"), f'"{name}" is also the id of {table}[{first + 1}]', "give each its own")
    for i, lane in enumerate(site.lanes):
        yield from _shared_references(site, "lanes", i, lane, at)
    yield from _movements(site, at)
    used = {lane.approach for lane in site.lanes} | {movement.approach for movement in site.movements}
    for i, approach in enumerate(site.approaches):
        if approach.id not in used:
            yield warning(
                at("approaches", i), "no lane or movement belongs to it", "remove it, or name it in a lane's approach"
            )


def _movements(site: Site, at: At) -> Iterator[Finding]:
    lanes = {lane.id: lane for lane in site.lanes}
    cameras = {camera.id for camera in site.cameras}
    approaches = {approach.id for approach in site.approaches}
    for i, movement in enumerate(site.movements):
        yield from _shared_references(site, "movements", i, movement, at)
        on_foot = movement.id.startswith("P")
        heading = movement.id[: movement.id.find("B") + 1]
        if not on_foot and heading != movement.approach:
            yield error(
                at("movements", i, "approach"),
                f'"{movement.approach}" does not fit the movement\'s name {movement.id}',
                f'name the movement {movement.approach}…, or write approach = "{heading}"',
            )
        for j, name in enumerate(movement.lanes):
            where = at("movements", i, "lanes", j)
            if name not in lanes:
                yield _unknown(where, "lane", name, tuple(lanes))
                continue
            lane = lanes[name]
            if lane.camera not in cameras or lane.approach not in approaches:
                continue  # told at the lane
            if lane.camera != movement.camera:
                yield error(
                    where,
                    f'lane "{name}" is seen by camera "{lane.camera}", the movement by "{movement.camera}"',
                    "name only lanes of the movement's own camera",
                )
            elif not on_foot and lane.approach != movement.approach:
                yield error(
                    where,
                    f'lane "{name}" belongs to approach {lane.approach}, the movement to {movement.approach}',
                    "name only lanes of the movement's own approach",
                )
        if on_foot and Kind.PERSON not in movement.kinds:
            yield error(
                at("movements", i, "kinds"), "a pedestrian crossing counts no person", 'write kinds = ["person"]'
            )
        if not movement.kinds:
            yield error(at("movements", i, "kinds"), "is empty, so nothing is counted", "leave it out for all vehicles")


def _shared_references(site: Site, table: str, i: int, entry: Lane | Movement, at: At) -> Iterator[Finding]:
    approaches = tuple(approach.id for approach in site.approaches)
    if entry.approach not in approaches:
        yield _unknown(at(table, i, "approach"), "approach", entry.approach, approaches)
    cameras = tuple(camera.id for camera in site.cameras)
    if entry.camera not in cameras:
        yield _unknown(at(table, i, "camera"), "camera", entry.camera, cameras)
    if entry.phase is None:
        return
    where = at(table, i, "phase")
    if site.signal is None:
        yield error(where, f"phase {entry.phase} is named but there is no [signal]", "add [signal], or remove phase")
    else:
        phases = tuple(phase.number for phase in site.signal.phases)
        if entry.phase not in phases:
            listed = ", ".join(map(str, phases))
            yield error(
                where, f"there is no phase {entry.phase}", f"use one of {listed}, or add it to [[signal.phases]]"
            )


def _unknown(where: str, what: str, name: str, known: Sequence[str]) -> Finding:
    near = difflib.get_close_matches(name, known, n=1)
    fix = f'did you mean "{near[0]}"?' if near else f"use one of {', '.join(known)}, or describe it in the file"
    return error(where, f'there is no {what} "{name}"', fix)
