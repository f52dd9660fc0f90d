"""Where every rigid body of a frame stands, and in what order to draw them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_videos.makes import MAKES
from sim_videos.render.camera import NEAR_M, PinholeCamera
from sim_videos.render.mesh import Mesh
from sim_videos.render.shapes import STRIDE_POSES, mesh_of
from sim_videos.state import RoadUser, Thing, WorldFrame

Array = NDArray[np.float64]

#: Strides (two steps) a second of a walker, and turns of a cyclist's pedals.
_STRIDES_HZ = 0.95
#: Slower than this a walker stands.
_WALKS_MPS = 0.15
#: How far footprints may overlap and still be told apart.
_OVERLAP_M = 0.15


@dataclass(frozen=True, slots=True)
class Body:
    """One rigid body. user is its index in the frame's users, None for a thing; trailer: the hind body of that user."""

    mesh: Mesh
    x_m: float
    y_m: float
    heading_rad: float
    user: int | None
    thing: int | None = None
    trailer: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """Bodies before one camera, far ones first. Row by row: distance_m along the ground from the camera,
    outline pixels (clamped to just ahead of the camera), box_px (n, 4) of each outline, uncut."""

    bodies: tuple[Body, ...]
    distance_m: Array
    outlines: tuple[Array, ...]
    box_px: Array


def bodies_of(world: WorldFrame) -> tuple[Body, ...]:
    """Every body of the frame, in the order of its users and then its things."""
    bodies: list[Body] = []
    for index, user in enumerate(world.users):
        bodies.extend(_user_bodies(user, index, world.t_s))
    bodies.extend(_thing_body(thing, index) for index, thing in enumerate(world.things))
    return tuple(bodies)


def _user_bodies(user: RoadUser, index: int, t_s: float) -> list[Body]:
    make = MAKES[user.make]
    x, y = user.pos_m
    ahead_x, ahead_y = math.cos(user.heading_rad), math.sin(user.heading_rad)
    if make.trailer_m is None:
        pose = stride_pose(user, t_s)
        return [Body(mesh_of(user.make, 0, pose), x, y, user.heading_rad, index)]
    cab_m = make.length_m - make.trailer_m
    cab_ahead_m = (make.length_m - cab_m) / 2
    hitch_m = make.length_m / 2 - cab_m
    tail_rad = user.heading_rad if user.tail_heading_rad is None else user.tail_heading_rad
    back_m = make.trailer_m / 2
    trailer_x = x + ahead_x * hitch_m - math.cos(tail_rad) * back_m
    trailer_y = y + ahead_y * hitch_m - math.sin(tail_rad) * back_m
    return [
        Body(mesh_of(user.make, 1), trailer_x, trailer_y, tail_rad, index, trailer=True),
        Body(mesh_of(user.make), x + ahead_x * cab_ahead_m, y + ahead_y * cab_ahead_m, user.heading_rad, index),
    ]


def _thing_body(thing: Thing, index: int) -> Body:
    return Body(mesh_of(thing.make), *thing.pos_m, thing.heading_rad, None, thing=index)


def stride_pose(user: RoadUser, t_s: float) -> int:
    """Which of the poses of a stride somebody on foot or on a bicycle is in; 0 standing."""
    if user.make not in {"person", "bicycle"} or user.speed_mps < _WALKS_MPS:
        return 0
    return 1 + int((t_s * _STRIDES_HZ + user.user_id * 0.37) * STRIDE_POSES) % STRIDE_POSES


def turned(points: Array, body: Body) -> Array:
    """(n, 3) points of a body's own frame of reference → the street's."""
    cos, sin = math.cos(body.heading_rad), math.sin(body.heading_rad)
    return np.column_stack(
        (
            points[:, 0] * cos - points[:, 1] * sin + body.x_m,
            points[:, 0] * sin + points[:, 1] * cos + body.y_m,
            points[:, 2],
        )
    )


def place(bodies: Sequence[Body], camera: PinholeCamera) -> Placed:
    """The bodies whose outline touches the picture, in drawing order."""
    counts = [len(body.mesh.outline) for body in bodies]
    if not counts:
        return Placed((), np.empty(0), (), np.empty((0, 4)))
    seen = in_camera(np.concatenate([body.mesh.outline for body in bodies]), bodies, np.array(counts), camera)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    nearest = np.minimum.reduceat(seen[:, 2], starts)
    seen[:, 2] = np.maximum(seen[:, 2], NEAR_M)
    px = camera.project(seen)
    low, high = np.minimum.reduceat(px, starts), np.maximum.reduceat(px, starts)
    width, height = camera.size_px
    # A body that reaches behind the camera projects without meaning; it is off the lower edge or under the mast.
    kept = np.flatnonzero(
        (high[:, 0] > 0) & (low[:, 0] < width) & (high[:, 1] > 0) & (low[:, 1] < height) & (nearest > NEAR_M)
    )
    chosen = [bodies[int(i)] for i in kept]
    order = drawing_order(chosen, low[kept], high[kept], camera)
    rows = kept[order]
    bases = np.array([(bodies[i].x_m, bodies[i].y_m) for i in map(int, rows)]).reshape(-1, 2)
    return Placed(
        bodies=tuple(bodies[int(i)] for i in rows),
        distance_m=np.hypot(*(bases - camera.eye_m[:2]).T),
        outlines=tuple(px[starts[i] : starts[i] + counts[i]] for i in rows),
        box_px=np.column_stack((low[rows], high[rows])),
    )


def in_camera(points: Array, bodies: Sequence[Body], counts: NDArray[np.int64], camera: PinholeCamera) -> Array:
    """(n, 3) points of bodies one after another, counts of each → along the camera's axes from its eye."""
    places = np.array([(body.x_m, body.y_m, math.cos(body.heading_rad), math.sin(body.heading_rad)) for body in bodies])
    x, y, cos, sin = np.repeat(places, counts, axis=0).T
    at = np.column_stack((points[:, 0] * cos - points[:, 1] * sin + x, points[:, 0] * sin + points[:, 1] * cos + y))
    seen = np.column_stack((at, points[:, 2])) - camera.eye_m
    return np.asarray(seen @ camera.axes.T, np.float64)


def drawing_order(bodies: Sequence[Body], low: Array, high: Array, camera: PinholeCamera) -> NDArray[np.int64]:
    """(n,) indices such that what hides comes after what it hides.

    All stand upright on the ground, so of two disjoint footprints the one on the camera's side of a
    line between them hides the other (Newell, Newell and Sancha 1972, in the plane). low, high
    (n, 2) are the corners of each body's box in the picture; bodies apart there may go in any order.
    """
    n = len(bodies)
    eye = camera.eye_m[:2]
    middles = np.array([(body.x_m, body.y_m) for body in bodies]).reshape(-1, 2)
    distance = np.hypot(*(middles - eye).T)
    if n < 2:
        return np.arange(n)
    corners = np.stack([_footprint(body) for body in bodies])
    edges = np.roll(corners, -1, axis=1) - corners
    normals = np.stack((edges[..., 1], -edges[..., 0]), axis=-1)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-9)
    offsets = (normals * corners).sum(axis=-1)
    camera_side = normals @ eye - offsets  # (n, 4)
    # apart[i, e, j]: how far body j lies outside edge e of body i.
    apart = (np.einsum("iec,jkc->iejk", normals, corners) - offsets[:, :, None, None]).min(axis=-1)
    best = apart.argmax(axis=1)  # (n, n) the edge of i that best separates it from j
    rows = np.arange(n)[:, None]
    margin = np.take_along_axis(apart, best[:, None, :], axis=1)[:, 0, :]
    nearer_j = camera_side[rows, best] > 0
    separated = margin >= np.maximum(margin.T, -_OVERLAP_M)
    before = np.where(separated, nearer_j, np.where(separated.T, ~nearer_j.T, distance[:, None] > distance[None, :]))
    touch = (
        (low[:, None, :] < high[None, :, :]).all(axis=-1)
        & (low[None, :, :] < high[:, None, :]).all(axis=-1)
        & ~np.eye(n, dtype=np.bool_)
    )
    # Where both say first (equal margins seen from both), the farther goes first.
    clash = before & before.T
    before &= ~clash | (distance[:, None] > distance[None, :])
    return _sorted(before & touch, distance)


def _footprint(body: Body) -> Array:
    cos, sin = math.cos(body.heading_rad), math.sin(body.heading_rad)
    at = body.mesh.footprint
    return np.column_stack((at[:, 0] * cos - at[:, 1] * sin + body.x_m, at[:, 0] * sin + at[:, 1] * cos + body.y_m))


def _sorted(before: NDArray[np.bool_], distance: Array) -> NDArray[np.int64]:
    """Farthest first among those with nothing left that must come before; a ring is cut at its farthest."""
    waits = before.sum(axis=0)
    ready = [(-distance[i], int(i)) for i in np.flatnonzero(waits == 0)]
    heapq.heapify(ready)
    done = np.zeros(len(distance), np.bool_)
    order: list[int] = []
    while len(order) < len(distance):
        if ready:
            i = heapq.heappop(ready)[1]
        else:
            left = np.flatnonzero(~done)
            i = int(left[distance[left].argmax()])
        if done[i]:
            continue
        done[i] = True
        order.append(i)
        for j in np.flatnonzero(before[i]):
            waits[j] -= 1
            if waits[j] == 0 and not done[j]:
                heapq.heappush(ready, (-distance[j], int(j)))
    return np.array(order, np.int64)
