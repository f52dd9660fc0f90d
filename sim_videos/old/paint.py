"""One road user as shaded prisms with windows, wheels and lamps."""

from __future__ import annotations

import math

import numpy as np

from edge.types import Kind
from sim_videos.old.bodies import FACES, GLASS, Prism, Shape, colours_of, shape_of
from sim_videos.old.camera import PinholeCamera
from sim_videos.old.canvas import Array, Colour, ImageBGR, disc, fill, hazed, hull, shaded, stroke
from sim_videos.old.world import UserState

#: Where the sun stands (unit vector toward it), and how far a shadow falls per metre of height.
SUN = np.array((-0.60, -0.12, 0.79))
SHADOW_PER_M = np.array((0.70, 0.14))
_AMBER = (40, 165, 255)
_FACE_INDEX = np.array(list(FACES.values()))
#: Sides of a glazed face's panes, as shares of its width.
_ONE = ((0.07, 0.93),)
_PANES = {
    ("car", "side"): ((0.08, 0.48), (0.53, 0.90)),
    ("bus", "side"): tuple((0.03 + 0.135 * k, 0.03 + 0.135 * k + 0.115) for k in range(7)),
}


def world_points(user: UserState, own: Array) -> Array:
    """(n, 3) points of a user's own frame → the world's."""
    (x, y), (ax, ay) = user.pose.pos_m, user.pose.ahead
    turned = own[:, :2] @ np.array(((ax, ay), (-ay, ax)))
    return np.column_stack((turned + np.array((x, y)), own[:, 2]))


def paint_user(picture: ImageBGR, camera: PinholeCamera, user: UserState, t_s: float) -> None:
    """Draw one road user; its shadow lies on the ground already."""
    shape = shape_of(user.body.name)
    colours = colours_of(user.body, user.colour)
    eye = camera.eye_m
    reach = float(np.hypot(user.pose.pos_m[0] - eye[0], user.pose.pos_m[1] - eye[1]))
    pen = _Pen(picture, camera, user, shape, reach)
    if user.body.kind is Kind.BICYCLE:
        pen.bicycle()
    prisms = [(prism, world_points(user, prism.corners)) for prism in shape.prisms]
    first, *rest = prisms
    rest.sort(key=lambda pair: -float(np.linalg.norm(pair[1].mean(axis=0) - eye)))
    for prism, corners in (first, *rest):
        if user.body.kind is Kind.PERSON and prism is shape.prisms[0]:
            pen.legs(colours["trousers"], user.walked_m)
        else:
            pen.prism(prism, corners, colours[prism.colour])
        if prism is first[0] and user.body.kind not in {Kind.PERSON, Kind.BICYCLE}:
            pen.wheels()
    if user.body.kind not in {Kind.PERSON, Kind.BICYCLE}:
        pen.lamps(t_s)


class _Pen:
    """What painting the parts of one user needs."""

    def __init__(self, picture: ImageBGR, camera: PinholeCamera, user: UserState, shape: Shape, reach_m: float) -> None:
        self._picture, self._camera, self._user, self._shape, self._reach_m = picture, camera, user, shape, reach_m
        self._scale = camera.focal_px / max(reach_m, 1.0)
        ahead = np.array(user.pose.ahead)
        to_eye = camera.eye_m[:2] - np.array(user.pose.pos_m)
        left = np.array((-ahead[1], ahead[0]))
        self._sees_front = float(to_eye @ ahead) > shape.nose_m
        self._sees_rear = float(to_eye @ ahead) < shape.tail_m
        self._sees_left = float(to_eye @ left) > shape.half_width_m
        self._sees_right = float(to_eye @ left) < -shape.half_width_m

    def prism(self, prism: Prism, corners: Array, colour: Colour) -> None:
        px = self._camera.to_px(corners)
        fill(self._picture, hull(px), hazed(shaded(colour, 0.5), self._reach_m))
        quads = corners[_FACE_INDEX]
        normals = -np.cross(quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        faces_eye = ((self._camera.eye_m - quads.mean(axis=1)) * normals).sum(axis=1) > 0
        for index, name in enumerate(FACES):
            if not faces_eye[index]:
                continue
            normal = normals[index]
            light = 0.60 + 0.34 * max(0.0, float(normal @ SUN)) + 0.10 * max(0.0, float(normal[1])) + 0.12 * normal[2]
            quad = px[_FACE_INDEX[index]]
            fill(self._picture, quad, hazed(shaded(colour, light), self._reach_m))
            if name in prism.glazed:
                self._panes(quad, name, prism.pane, float(normal[2]))

    def _panes(self, quad: Array, name: str, high: tuple[float, float], tilt: float) -> None:
        side = "side" if name in {"left", "right"} else name
        sky = 0.30 * max(0.0, tilt) + (0.06 if side == "side" else 0.0)
        b, g, r = (c + (s - c) * sky for c, s in zip(GLASS, (232.0, 215.0, 196.0), strict=True))
        a, c, d, e = quad
        for low_u, high_u in _PANES.get((self._user.body.kind.value, side), _ONE):
            pane = [
                (a + (c - a) * u) * (1 - v) + (e + (d - e) * u) * v
                for u, v in ((low_u, high[0]), (high_u, high[0]), (high_u, high[1]), (low_u, high[1]))
            ]
            fill(self._picture, np.array(pane), hazed((b, g, r), self._reach_m))

    def _quad(self, x: float, y: tuple[float, float], z: tuple[float, float], colour: Colour) -> None:
        own = np.array(((x, y[0], z[0]), (x, y[1], z[0]), (x, y[1], z[1]), (x, y[0], z[1])))
        fill(self._picture, self._camera.to_px(world_points(self._user, own)), hazed(colour, self._reach_m))

    def wheels(self) -> None:
        for side, seen in ((1, self._sees_left), (-1, self._sees_right)):
            if not seen:
                continue
            for x, radius in self._shape.wheels:
                for size, colour in ((radius, (34, 32, 32)), (0.55 * radius, (126, 126, 126))):
                    own = np.array(
                        [
                            (
                                x + size * math.cos(k * 0.5236),
                                side * self._shape.half_width_m,
                                radius + size * math.sin(k * 0.5236),
                            )
                            for k in range(12)
                        ]
                    )
                    fill(self._picture, self._camera.to_px(world_points(self._user, own)), hazed(colour, self._reach_m))

    def lamps(self, t_s: float) -> None:
        half, (low, high) = self._shape.half_width_m, self._shape.lamp_z
        blink = self._user.turning if (t_s * 1.4) % 1.0 < 0.5 else 0
        for end, seen, inner in (
            (self._shape.nose_m, self._sees_front, 0.40),
            (self._shape.tail_m, self._sees_rear, 0.34),
        ):
            if not seen:
                continue
            if end > 0:
                self._quad(end, (0.5 - half, half - 0.5), (low - 0.12, high - 0.06), (46, 44, 42))
                self._quad(end, (-0.26, 0.26), (low - 0.26, low - 0.15), (226, 230, 230))
            else:
                self._quad(end, (-0.26, 0.26), (low - 0.14, low - 0.02), (190, 214, 220))
            for side in (1, -1):
                y = (side * (half - 0.08), side * (half - inner - 0.08))
                self._quad(end, y, (low, high), self._lamp_colour(end > 0))
                if self._user.braking and end < 0:
                    own = np.array(((end, sum(y) / 2, (low + high) / 2),))
                    centre = self._camera.to_px(world_points(self._user, own))[0]
                    disc(self._picture, centre, 0.11 * self._scale, (70, 70, 255))
                if blink == side:
                    self._quad(end, (side * half, side * (half - 0.2)), (low - 0.02, high + 0.08), _AMBER)

    def _lamp_colour(self, front: bool) -> Colour:
        if front:
            return (232, 240, 244)
        return (40, 36, 250) if self._user.braking else (36, 30, 140)

    def bicycle(self) -> None:
        (front, radius), (rear, _) = self._shape.wheels
        for x in (front, rear):
            ring = [(x + radius * math.cos(k * 0.4488), 0.0, radius + radius * math.sin(k * 0.4488)) for k in range(15)]
            self._line(ring, (40, 38, 36), 0.05)
        frame = [(rear, 0.0, radius), (0.0, 0.0, 0.32), (0.35, 0.0, 0.80), (-0.15, 0.0, 0.82), (0.0, 0.0, 0.32)]
        self._line(frame, (150, 70, 40), 0.05)
        self._line([(front, 0.0, radius), (0.36, 0.0, 0.95), (0.36, 0.25, 1.0), (0.36, -0.25, 1.0)], (60, 58, 56), 0.05)
        swing = 0.16 * math.sin(self._user.pose.pos_m[1] * 1.6)
        for side in (-0.1, 0.1):
            foot = 0.32 + math.copysign(swing, side * swing) * (1 if side > 0 else -1)
            self._line([(-0.1, side, 0.85), (0.15, side, 0.62), (0.02, side, foot)], (80, 66, 56), 0.12)

    def legs(self, colour: Colour, walked_m: float) -> None:
        swing = 0.30 * math.sin(walked_m * 4.2)
        for side, step in ((0.09, swing), (-0.09, -swing)):
            self._line([(0.0, side, 0.88), (step * 0.55, side, 0.45), (step, side, 0.03)], colour, 0.17)

    def _line(self, own: list[tuple[float, float, float]], colour: Colour, wide_m: float) -> None:
        px = self._camera.to_px(world_points(self._user, np.array(own)))
        stroke(self._picture, px, hazed(colour, self._reach_m), wide_m * self._scale)
