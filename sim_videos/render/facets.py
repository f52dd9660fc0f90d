"""Flat faces and balls of leaves that make up what stands still, and how they get into a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim_videos.render.camera import NEAR_M, PinholeCamera
from sim_videos.render.light import Light, bgr

Array = NDArray[np.float64]
Image = NDArray[np.uint8]

_SHIFT = 4
#: Coordinates are kept within what OpenCV's fixed point can hold.
_FAR_PX = 16000.0


@dataclass(frozen=True, slots=True)
class Facet:
    """points (n, 3), its outward normal (3,), albedo; glow (0..1) by night; lamp: a street lamp's own face."""

    points: Array
    normal: Array
    albedo: Array
    glow: float = 0.0
    glass: bool = False
    lamp: bool = False


@dataclass(frozen=True, slots=True)
class Blob:
    """A ball of leaves at `at`, `way` being where from the crown's middle it lies."""

    at: Array
    way: Array
    radius_m: float
    albedo: Array


@dataclass(frozen=True, slots=True)
class Piece:
    """One standing thing. foot (n, 2) are corners of what it stands on; outline (n, 3) casts its shadow."""

    facets: tuple[Facet, ...]
    blobs: tuple[Blob, ...]
    foot: Array
    outline: Array

    def distance_m(self, camera: PinholeCamera) -> float:
        """Along the ground from the camera to its nearest corner."""
        return float(np.hypot(*(self.foot - camera.eye_m[:2]).T).min())


def block(
    middle: Array,
    along: Array,
    aside: Array,
    size_m: tuple[float, float],
    z_m: tuple[float, float],
    albedo: Array,
    *,
    top: Array,
) -> Iterator[Facet]:
    """An upright box: four walls and a top."""
    a, b = along * size_m[0] / 2, aside * size_m[1] / 2
    corners = (middle + a + b, middle + a - b, middle - a - b, middle - a + b)
    low, high = z_m
    for one, two, normal in zip(corners, (*corners[1:], corners[0]), (along, -aside, -along, aside), strict=True):
        yield Facet(np.array(((*one, low), (*two, low), (*two, high), (*one, high))), np.array((*normal, 0.0)), albedo)
    yield Facet(np.array([(*corner, high) for corner in corners]), np.array((0.0, 0.0, 1.0)), top)


def fitted_block(foot: Array, half_m: float, z_m: tuple[float, float], albedo: Array) -> Iterator[Facet]:
    """A square pole."""
    east, north = np.array((1.0, 0.0)), np.array((0.0, 1.0))
    return block(foot, east, north, (2 * half_m, 2 * half_m), z_m, albedo, top=albedo)


def bar(
    a: tuple[float, float, float], b: tuple[float, float, float], half_m: float, albedo: Array, *, lamp: bool = False
) -> Iterator[Facet]:
    """A level bar: its two sides and its underside."""
    start, end = np.array(a), np.array(b)
    along = (end - start)[:2]
    aside = np.array((-along[1], along[0])) / max(float(np.hypot(*along)), 1e-9) * half_m
    for sign in (1.0, -1.0):
        edge = np.array((*(aside * sign), 0.0))
        up = np.array((0.0, 0.0, half_m))
        normal = edge / half_m
        yield Facet(
            np.array((start + edge - up, end + edge - up, end + edge + up, start + edge + up)),
            normal,
            albedo,
            lamp=lamp,
        )
        flat = np.array(
            (
                start - np.array((*aside, 0.0)),
                end - np.array((*aside, 0.0)),
                end + np.array((*aside, 0.0)),
                start + np.array((*aside, 0.0)),
            )
        )
        yield Facet(flat + sign * up, np.array((0.0, 0.0, sign)), albedo, lamp=lamp)


def outline_px(points: Array, camera: PinholeCamera) -> NDArray[np.int32] | None:
    """A flat face cut just ahead of the camera → fixed-point pixels for OpenCV; None where it is behind."""
    seen = (points - camera.eye_m) @ camera.axes.T
    ahead = seen[:, 2] > NEAR_M
    if not ahead.any():
        return None
    if not ahead.all():
        seen = _cut_near(seen, ahead)
    px = np.clip(camera.project(seen), -_FAR_PX, _FAR_PX)
    return np.asarray(np.round((px - 0.5) * (1 << _SHIFT)), np.int32)


def _cut_near(seen: Array, ahead: NDArray[np.bool_]) -> Array:
    """Sutherland and Hodgman 1974, against one plane."""
    near = NEAR_M * 1.001
    kept: list[Array] = []
    for i in range(len(seen)):
        a, b = seen[i - 1], seen[i]
        if ahead[i - 1] != ahead[i]:
            kept.append(a + (b - a) * (near - a[2]) / (b[2] - a[2]))
        if ahead[i]:
            kept.append(b)
    return np.array(kept)


def paint(image: Image, piece: Piece, camera: PinholeCamera, light: Light, *, mirrored: bool = False) -> None:
    """Draw a piece into an 8-bit picture of this camera's size; mirrored: as still water would show it."""
    distance = piece.distance_m(camera)
    clear = float(light.clear(np.array(distance)))
    flip = np.array((1.0, 1.0, -1.0)) if mirrored else np.ones(3)
    for facet in piece.facets:
        if not mirrored and float(facet.normal @ (camera.eye_m - facet.points[0])) <= 0:
            continue
        shape = outline_px(facet.points * flip, camera)
        if shape is not None:
            cv2.fillConvexPoly(image, shape, _shown(light, facet_light(facet, light), clear), cv2.LINE_AA, _SHIFT)
    if piece.blobs:
        _paint_blobs(image, piece, camera, light, clear, flip)


def _paint_blobs(image: Image, piece: Piece, camera: PinholeCamera, light: Light, clear: float, flip: Array) -> None:
    at = np.array([blob.at for blob in piece.blobs]) * flip
    depth = camera.depth_m(at)
    px = camera.to_px(at)
    sun = np.array(light.sun_direction)
    for i in np.argsort(-depth):
        blob = piece.blobs[int(i)]
        if depth[i] < 1.0 or np.abs(px[i]).max() > _FAR_PX:
            continue
        radius = camera.focal_px * blob.radius_m / depth[i]
        facing = 0.5 + 0.5 * float(blob.way @ sun)
        lit = light.sky * (0.40 + 0.45 * max(float(blob.way[2]), -0.4)) + light.sun * facing**1.5 * 0.8
        lit = lit + light.lamp * (0.03 * light.night)
        centre = (round((px[i, 0] - 0.5) * 16), round((px[i, 1] - 0.5) * 16))
        cv2.circle(
            image, centre, max(8, round(radius * 16)), _shown(light, blob.albedo * lit, clear), -1, cv2.LINE_AA, _SHIFT
        )


def facet_light(facet: Facet, light: Light) -> Array:
    """Linear light that leaves a face."""
    if facet.lamp and light.street_lamps:
        return np.asarray(light.lamp * 8.0, np.float64)
    up = float(facet.normal[2])
    lit = light.sky * (0.62 + 0.38 * up) + light.sun * max(float(facet.normal @ np.array(light.sun_direction)), 0.0)
    lit = lit + light.sky * 0.08
    if light.street_lamps:
        lit = lit + light.lamp * 0.035 * float(np.exp(-facet.points[:, 2].mean() / 4.0))
    out = facet.albedo * lit
    if facet.glass:
        out = out + light.horizon * 0.10
        if facet.glow > 0:
            out = out + bgr(1.0, 0.78, 0.45) * facet.glow * 0.16 * light.night**2
    return np.asarray(out, np.float64)


def _shown(light: Light, linear: Array, clear: float) -> tuple[float, float, float]:
    b, g, r = light.shown(linear * clear + light.horizon * (1 - clear))
    return float(b), float(g), float(r)


def stamp(depths: NDArray[np.float32], piece: Piece, camera: PinholeCamera) -> None:
    """Write a piece's distance where it stands in the way; pieces must come far ones first."""
    distance = piece.distance_m(camera)
    for facet in piece.facets:
        shape = outline_px(facet.points, camera)
        if shape is not None:
            cv2.fillConvexPoly(depths, shape, distance, cv2.LINE_8, _SHIFT)
    if piece.blobs:
        at = np.array([blob.at for blob in piece.blobs])
        depth, px = camera.depth_m(at), camera.to_px(at)
        for i, blob in enumerate(piece.blobs):
            if depth[i] > 1.0 and np.abs(px[i]).max() < _FAR_PX:
                centre = (round((px[i, 0] - 0.5) * 16), round((px[i, 1] - 0.5) * 16))
                radius = max(8, round(camera.focal_px * blob.radius_m / depth[i] * 16))
                cv2.circle(depths, centre, radius, distance, -1, cv2.LINE_8, _SHIFT)
