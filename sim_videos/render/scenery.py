"""What stands beside the road for good: buildings, trees, lamp posts, signal poles; placed by a seed.

Nothing is put where it would stand between the camera and the lanes it watches, but
for signal poles and lamp posts, which are where they must be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import PinholeCamera, along_line
from sim_videos.render.facets import Blob, Facet, Piece, bar, block, fitted_block
from sim_videos.render.light import bgr
from sim_videos.render.roadbed import Roadbed
from sim_videos.street import Arm, SignalHead, Street

Array = NDArray[np.float64]

_PAVEMENT_M = 3.0
LAMP_HEIGHT_M = 8.0
#: Lanes are kept in sight for so far before the stop line.
_WATCHED_M = 70.0
_WALLS = (
    bgr(0.42, 0.25, 0.18), bgr(0.50, 0.34, 0.24), bgr(0.62, 0.56, 0.47), bgr(0.55, 0.53, 0.50),
    bgr(0.70, 0.66, 0.60), bgr(0.36, 0.32, 0.30), bgr(0.60, 0.45, 0.33),
)  # fmt: skip
_ROOFS = (bgr(0.16, 0.13, 0.12), bgr(0.25, 0.15, 0.11), bgr(0.20, 0.20, 0.21))
_LEAVES = (bgr(0.10, 0.17, 0.05), bgr(0.13, 0.19, 0.06), bgr(0.08, 0.14, 0.05))
_POLE = bgr(0.16, 0.17, 0.17)


@dataclass(frozen=True, slots=True)
class Scenery:
    """Pieces in no order, and where street lamps shine from, (n, 3)."""

    pieces: tuple[Piece, ...]
    lamps: Array


def scenery_of(street: Street, camera: PinholeCamera, bed: Roadbed, rng: np.random.Generator) -> Scenery:
    """The scenery of a street, as far as this camera can bear it."""
    watched = _watched(street, camera)
    pieces: list[Piece] = []
    lots: list[tuple[float, float, float]] = []
    lamps: list[tuple[float, float, float]] = []
    for arm in street.arms:
        for side in (1.0, -1.0):
            pieces.extend(_buildings(arm, side, bed, camera, rng, lots))
            pieces.extend(_trees(arm, side, bed, camera, watched, rng, lots))
        for piece, lamp in _lamp_posts(arm, bed, camera):
            pieces.append(piece)
            lamps.append(lamp)
    pieces.extend(signal_poles(street.heads, bed))
    return Scenery(tuple(pieces), np.array(lamps, np.float64).reshape(-1, 3))


def _watched(street: Street, camera: PinholeCamera) -> Array:
    """(n, 3) points just above the lanes and crossings that must stay in sight."""
    points = [along_line(np.array(lane.line_m)[::-1], 4.0)[: int(_WATCHED_M / 4)] for lane in street.inbound]
    points.append(np.array(street.outline_m))
    flat = np.concatenate(points)
    raised = np.column_stack((flat, np.full(len(flat), 1.0)))
    return raised[camera.inside(camera.to_px(raised))]


def _in_the_way(at: Array, radius_m: float, camera: PinholeCamera, watched: Array) -> bool:
    """Whether a ball there comes between the camera and a watched point."""
    if np.hypot(*(at[:2] - camera.eye_m[:2])) < radius_m + 4.0:
        return True
    to_point = watched - camera.eye_m
    to_ball = at - camera.eye_m
    share = np.clip((to_point @ to_ball) / np.maximum((to_point**2).sum(axis=1), 1e-9), 0.0, 1.0)
    return bool((np.linalg.norm(to_point * share[:, None] - to_ball, axis=1) < radius_m).any())


def _frame_of(arm: Arm, side: float) -> tuple[Array, Array, Array]:
    """The middle of the stop line, the direction out of town, and aside from the road."""
    out = -np.array((math.cos(arm.heading_rad), math.sin(arm.heading_rad)))
    return np.mean(np.array(arm.stop_line_m), axis=0), out, np.array((-out[1], out[0])) * side


def _kerb_m(start: Array, aside: Array, bed: Roadbed) -> float | None:
    """How far aside the kerb is; None where the raster ends first."""
    for step in range(1, 120):
        at = start + aside * step * 0.5
        if bed.edge_at(*at) > 0.2:
            return step * 0.5
    return None


def _buildings(
    arm: Arm,
    side: float,
    bed: Roadbed,
    camera: PinholeCamera,
    rng: np.random.Generator,
    lots: list[tuple[float, float, float]],
) -> Iterator[Piece]:
    stop, out, aside = _frame_of(arm, side)
    along = float(rng.uniform(-2, 10))
    setback = float(rng.uniform(2.0, 7.0))
    while along < 190:
        width, depth = float(rng.uniform(9, 24)), float(rng.uniform(9, 14))
        height = float(rng.choice((6.5, 9.0, 9.5, 12.5, 15.0)))
        gap = float(rng.choice((0.0, 0.0, 2.5, 9.0)))
        front = stop + out * (along + width / 2)
        along += width + gap
        kerb = _kerb_m(front, aside, bed)
        if kerb is None:
            return
        middle = front + aside * (kerb + _PAVEMENT_M + setback + depth / 2)
        corners = np.array(
            [
                middle + out * a * width / 2 + aside * b * depth / 2
                for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1), (0, -1))
            ]
        )
        clear = all(bed.edge_at(*corner) > _PAVEMENT_M + 0.3 for corner in corners)
        radius = math.hypot(width, depth) / 2
        apart = all(math.hypot(middle[0] - x, middle[1] - y) > 0.78 * (radius + r) for x, y, r in lots)
        if not clear or not apart or np.hypot(*(middle - camera.eye_m[:2])) < radius + 6:
            continue
        lots.append((float(middle[0]), float(middle[1]), radius))
        yield _building(middle, out, aside, (width, depth, height), rng)


def _building(
    middle: Array, out: Array, aside: Array, size: tuple[float, float, float], rng: np.random.Generator
) -> Piece:
    width, depth, height = size
    wall = _WALLS[int(rng.integers(len(_WALLS)))] * float(rng.uniform(0.75, 1.1))
    roof = _ROOFS[int(rng.integers(len(_ROOFS)))]
    facets = list(block(middle, out, aside, (width, depth), (0.0, height), wall, top=roof))
    pane = bgr(0.07, 0.085, 0.10)
    frame = bgr(0.6, 0.6, 0.58)
    storeys = max(1, int(height / 3.1))
    shop = bool(rng.random() < 0.4)
    faces = ((-aside, out, width, depth / 2), (out, aside, depth, width / 2), (-out, aside, depth, width / 2))
    for normal, along, span, reach in faces:
        bays = max(1, int(span / float(rng.uniform(2.2, 3.2))))
        for storey in range(storeys):
            for bay in range(bays):
                wide = span / bays * (0.85 if shop and storey == 0 else 0.5)
                centre = middle + normal * (reach + 0.03) + along * ((bay + 0.5) / bays - 0.5) * span
                low = 0.5 + storey * 3.1 + (0.0 if shop and storey == 0 else 0.5)
                high = low + (2.2 if shop and storey == 0 else 1.35)
                lit = float(rng.random() < (0.8 if shop and storey == 0 else 0.16)) * float(rng.uniform(0.2, 1.0))
                for grown, albedo, glow in ((0.09, frame, 0.0), (0.0, pane, lit)):
                    half = along * (wide / 2 + grown)
                    corners = np.array(
                        (
                            (*(centre - half), low - grown),
                            (*(centre + half), low - grown),
                            (*(centre + half), high + grown),
                            (*(centre - half), high + grown),
                        )
                    )
                    facets.append(Facet(corners, np.array((*normal, 0.0)), albedo, glow, glass=grown == 0.0))
    base = np.array(
        [middle + out * a * width / 2 + aside * b * depth / 2 for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    )
    outline = np.vstack((np.column_stack((base, np.zeros(4))), np.column_stack((base, np.full(4, height)))))
    return Piece(tuple(facets), (), base, outline)


def _trees(
    arm: Arm, side: float, bed: Roadbed, camera: PinholeCamera, watched: Array, rng: np.random.Generator,
    lots: list[tuple[float, float, float]],
) -> Iterator[Piece]:  # fmt: skip
    stop, out, aside = _frame_of(arm, side)
    along = float(rng.uniform(4, 14))
    spacing = float(rng.uniform(9, 22))
    while along < 180:
        at = stop + out * along
        along += spacing * float(rng.uniform(0.7, 1.5))
        kerb = _kerb_m(at, aside, bed)
        if kerb is None:
            return
        foot = at + aside * (kerb + float(rng.choice((2.4, 4.5, 6.0))))
        height, radius = float(rng.uniform(5.0, 8.5)), float(rng.uniform(1.5, 2.7))
        if bed.edge_at(*foot) < 1.2 or any(math.hypot(foot[0] - x, foot[1] - y) < r * 0.7 for x, y, r in lots):
            continue
        if _in_the_way(np.array((*foot, height - radius)), radius * 1.25, camera, watched):
            continue
        yield tree(foot, height, radius, rng)


def tree(foot: Array, height: float, radius: float, rng: np.random.Generator) -> Piece:
    """A trunk and a crown of many balls of leaves."""
    albedo = _LEAVES[int(rng.integers(len(_LEAVES)))] * float(rng.uniform(0.8, 1.25))
    middle = np.array((*foot, height - radius))
    blobs = []
    for _ in range(110):
        way = rng.standard_normal(3)
        way /= max(float(np.linalg.norm(way)), 1e-9)
        at = middle + way * radius * (0.35 + 0.65 * float(rng.random()) ** 0.5) * np.array((1.0, 1.0, 0.9))
        blobs.append(Blob(at, way, radius * float(rng.uniform(0.13, 0.30)), albedo * float(rng.uniform(0.7, 1.3))))
    trunk = tuple(fitted_block(foot, 0.16, (0.0, height - radius), bgr(0.10, 0.08, 0.06)))
    turn = np.linspace(0, 2 * math.pi, 9)[:-1]
    outline = np.array(
        [
            (foot[0] + radius * math.cos(a), foot[1] + radius * math.sin(a), height - radius + r)
            for a in turn
            for r in (-radius * 0.6, radius * 0.6)
        ]
    )
    return Piece(trunk, tuple(blobs), np.array((foot,)), outline)


def _lamp_posts(arm: Arm, bed: Roadbed, camera: PinholeCamera) -> Iterator[tuple[Piece, tuple[float, float, float]]]:
    """Every 30 m on alternate sides, an arm over the kerb."""
    for number, along in enumerate((-4.0, 26.0, 56.0, 86.0, 116.0, 146.0)):
        stop, out, aside = _frame_of(arm, 1.0 if number % 2 else -1.0)
        kerb = _kerb_m(stop + out * max(along, 0.0), aside, bed)
        if kerb is None:
            continue
        foot = stop + out * along + aside * (kerb + 0.9)
        if bed.edge_at(*foot) < 0.5 or np.hypot(*(foot - camera.eye_m[:2])) < 5.0:
            continue
        head = foot - aside * 1.9
        facets = list(fitted_block(foot, 0.075, (0.0, LAMP_HEIGHT_M), _POLE))
        facets += bar((*foot, LAMP_HEIGHT_M), (*head, LAMP_HEIGHT_M + 0.25), 0.045, _POLE)
        facets += bar(
            (*head, LAMP_HEIGHT_M + 0.25),
            (*(head - aside * 0.6), LAMP_HEIGHT_M + 0.25),
            0.10,
            bgr(0.3, 0.3, 0.3),
            lamp=True,
        )
        outline = np.array(
            ((*foot, 0.0), (*foot, LAMP_HEIGHT_M), (*head, LAMP_HEIGHT_M), (foot[0] + 0.1, foot[1] + 0.1, 0.0))
        )
        lamp = (float(head[0] - aside[0] * 0.3), float(head[1] - aside[1] * 0.3), LAMP_HEIGHT_M + 0.15)
        yield Piece(tuple(facets), (), np.array((foot,)), outline), lamp


def signal_poles(heads: tuple[SignalHead, ...], bed: Roadbed) -> Iterator[Piece]:
    """A pole for each head by the kerb, and a mast arm from the nearest one for a head over the road."""
    standing = [head for head in heads if bed.edge_at(*head.pos_m[:2]) > -0.4]
    for head in heads:
        foot = np.array(head.pos_m[:2]) - 0.2 * np.array((math.cos(head.facing_rad), math.sin(head.facing_rad)))
        if head in standing:
            yield _pole(foot, head.pos_m[2] + 0.45)
            continue
        same = [other for other in standing if abs(math.remainder(other.facing_rad - head.facing_rad, math.tau)) < 0.5]
        near = min(same, key=lambda other: math.dist(other.pos_m[:2], head.pos_m[:2]), default=None)
        if near is None or head.pos_m[2] < 4.0 or math.dist(near.pos_m[:2], head.pos_m[:2]) > 16:
            yield _pole(foot, head.pos_m[2] + 0.45)
            continue
        post = np.array(near.pos_m[:2]) - 0.2 * np.array((math.cos(head.facing_rad), math.sin(head.facing_rad)))
        top = head.pos_m[2] + 0.25
        facets = (*fitted_block(post, 0.09, (0.0, top), _POLE), *bar((*post, top), (*foot, top), 0.06, _POLE))
        yield Piece(
            facets,
            (),
            np.array((post,)),
            np.array(((*post, 0.0), (*post, top), (post[0] + 0.1, post[1], 0.0), (post[0], post[1] + 0.1, top))),
        )


def _pole(foot: Array, height: float) -> Piece:
    outline = np.array(((*foot, 0.0), (*foot, height), (foot[0] + 0.1, foot[1], 0.0), (foot[0], foot[1] + 0.1, height)))
    return Piece(tuple(fitted_block(foot, 0.06, (0.0, height), _POLE)), (), np.array((foot,)), outline)
