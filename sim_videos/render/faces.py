"""The faces of a frame's bodies, in drawing order, with where and in what colour each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import NEAR_M, PinholeCamera
from sim_videos.render.light import Light
from sim_videos.render.mesh import Mesh
from sim_videos.render.palette import Palette
from sim_videos.render.placing import Body, Placed
from sim_videos.render.shade import face_light, lamp_table
from sim_videos.state import WorldFrame

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_SHIFT = 4
_LIMIT_PX = 16000.0
#: A body smaller than this, in pixels across, is drawn without its details of that level.
_DETAIL_PX = (0.0, 26.0, 60.0)


@dataclass(frozen=True, slots=True)
class Faces:
    """Faces turned to the camera. body (f,) is the row of each in `Placed`, rising; corners (f, k, 2)
    fixed-point pixels, colours (f, 3) as shown, 0..255; starts (bodies + 1,) where each body's begin."""

    body: Ints
    corners: NDArray[np.int32]
    counts: Ints
    colours: Array
    material: Ints
    middles: Array
    starts: Ints


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What falls on each body: sunlit (n,) 0..1, lamp (n,) light of street lamps where it stands."""

    sunlit: Array
    lamp: Array


def faces_of(
    placed: Placed, world: WorldFrame, camera: PinholeCamera, light: Light, palette: Palette, around: Surroundings
) -> Faces:
    """Every face of these bodies that can be seen; hidden ones are among them where something else is before them."""
    meshes = [body.mesh for body in placed.bodies]
    vertex_counts = np.array([len(mesh.vertices) for mesh in meshes], np.int64)
    face_counts = np.array([len(mesh.material) for mesh in meshes], np.int64)
    n_faces = int(face_counts.sum())
    if n_faces == 0:
        return _none()
    eye = camera.eye_m
    body = np.repeat(np.arange(len(meshes)), face_counts)
    pose = np.array([(b.x_m, b.y_m, np.cos(b.heading_rad), np.sin(b.heading_rad)) for b in placed.bodies])
    local_eye = _local(eye, pose)
    normals = np.concatenate([mesh.normals for mesh in meshes])
    middles = np.concatenate([mesh.middles for mesh in meshes])
    detail = np.concatenate([mesh.detail for mesh in meshes])
    to_eye = local_eye[body] - middles
    reach = np.sqrt((to_eye**2).sum(axis=1))
    view = to_eye / reach[:, None]
    facing = (normals * view).sum(axis=1)
    across = (placed.box_px[:, 2:] - placed.box_px[:, :2]).max(axis=1)
    level = np.asarray(np.searchsorted(_DETAIL_PX, across, side="right") - 1, np.int64)
    kept = np.flatnonzero((facing > 0.01) & (detail <= level[body]))
    part = np.concatenate([mesh.part for mesh in meshes])[kept]
    layer = np.concatenate([mesh.layer for mesh in meshes])[kept]
    body = body[kept]
    split = np.array([mesh.split_x for mesh in meshes])
    ahead = np.where(local_eye[:, 0] >= split, 1, -1)[body]
    order = np.lexsort((-reach[kept], layer, part * ahead, body))
    kept, body = kept[order], body[order]
    px = _vertices_px(meshes, placed.bodies, vertex_counts, camera)
    offsets = np.repeat(np.concatenate(([0], np.cumsum(vertex_counts)[:-1])), face_counts)
    corners = px[np.concatenate([mesh.corners for mesh in meshes])[kept] + offsets[kept][:, None]]
    material = np.concatenate([mesh.material for mesh in meshes])[kept]
    colours = _colours(placed, world, light, palette, around, body, material, normals[kept], view[kept], middles[kept])
    clear = light.clear(np.asarray(reach[kept]))[:, None]
    shown = np.minimum(light.shown(colours * clear + light.horizon * (1 - clear)), 255.0)
    return Faces(
        body=body,
        corners=corners,
        counts=np.concatenate([mesh.counts for mesh in meshes])[kept],
        colours=np.asarray(shown, np.float64),
        material=material,
        middles=middles[kept],
        starts=np.searchsorted(body, np.arange(len(meshes) + 1)).astype(np.int64),
    )


def _colours(
    placed: Placed, world: WorldFrame, light: Light, palette: Palette, around: Surroundings, body: Ints, material: Ints,
    normals: Array, view: Array, middles: Array,
) -> Array:  # fmt: skip
    tables = np.stack(
        [
            palette.of("thing", 0)
            if b.user is None
            else palette.of(world.users[b.user].make, world.users[b.user].colour)
            for b in placed.bodies
        ]
    )
    # Sun and view are turned into each body's own frame of reference by turning its normals out of it.
    cos = np.array([np.cos(b.heading_rad) for b in placed.bodies])[body]
    sin = np.array([np.sin(b.heading_rad) for b in placed.bodies])[body]
    out = face_light(
        _turned(normals, cos, sin), middles[:, 2], tables[body, material], material, _turned(view, cos, sin),
        around.sunlit[body], around.lamp[body], light,
    )  # fmt: skip
    lamps = np.vstack((lamp_table(world.users, world.t_s, light), np.zeros((1, tables.shape[1], 3))))
    owner = np.array([len(world.users) if b.user is None else b.user for b in placed.bodies])[body]
    return np.asarray(out + lamps[owner, material], np.float64)


def _turned(vectors: Array, cos: Array, sin: Array) -> Array:
    return np.column_stack(
        (vectors[:, 0] * cos - vectors[:, 1] * sin, vectors[:, 0] * sin + vectors[:, 1] * cos, vectors[:, 2])
    )


def _local(eye: Array, pose: Array) -> Array:
    """(n, 3) the camera's place as each body sees it."""
    dx, dy = eye[0] - pose[:, 0], eye[1] - pose[:, 1]
    return np.column_stack(
        (dx * pose[:, 2] + dy * pose[:, 3], dy * pose[:, 2] - dx * pose[:, 3], np.full(len(pose), eye[2]))
    )


def _vertices_px(
    meshes: list[Mesh], bodies: tuple[Body, ...], counts: Ints, camera: PinholeCamera
) -> NDArray[np.int32]:
    points = np.concatenate([mesh.vertices for mesh in meshes])
    pose = np.array([(b.x_m, b.y_m, np.cos(b.heading_rad), np.sin(b.heading_rad)) for b in bodies])
    x, y, cos, sin = np.repeat(pose, counts, axis=0).T
    world = np.column_stack(
        (points[:, 0] * cos - points[:, 1] * sin + x, points[:, 0] * sin + points[:, 1] * cos + y, points[:, 2])
    )
    seen = (world - camera.eye_m) @ camera.axes.T
    seen[:, 2] = np.maximum(seen[:, 2], NEAR_M)
    px = np.clip(camera.project(seen), -_LIMIT_PX, _LIMIT_PX)
    return np.asarray(np.round((px - 0.5) * (1 << _SHIFT)), np.int32)


def _none() -> Faces:
    empty = np.empty(0, np.int64)
    return Faces(
        empty, np.empty((0, 1, 2), np.int32), empty, np.empty((0, 3)), empty, np.empty((0, 3)), np.zeros(1, np.int64)
    )
