"""Makes training pictures out of labelled ones: cut, enlarged or reduced, joined, flipped, darkened, spoilt."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from models.train.pictures import Boxes, Labelled

ImageBGR = NDArray[np.uint8]
#: Brightness of what lies outside a picture, as in the detector's letterbox.
PAD = 114
#: A box of which less than this is left after a cut is nothing to learn, but not background either.
_LEAST_LEFT = 0.35
_LEAST_PX = 3.0
#: Long sides of pictures as shares of the training picture's side: a camera seen whole, and some of it closer.
_REDUCED, _ENLARGED = 0.75, 2.2


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture of size s with boxes (n, 5) class and corners in pixels, doubtful (m, 4) in pixels, and
    weight (classes, s/4, s/4): how much "nothing is here" counts for each class, by the parts joined in it."""

    picture: ImageBGR
    boxes: Boxes
    doubtful: Boxes
    weight: NDArray[np.float32]


def sample(pictures: list[Labelled], shares: NDArray[np.float64], size_px: int, rng: Generator) -> Sample:
    """One training picture: a single one, or four joined at a random point."""
    long_px = (_REDUCED * size_px, _ENLARGED * size_px)
    if rng.random() < 0.5:
        return spoil(_tile(pictures[rng.choice(len(pictures), p=shares)], size_px, size_px, long_px, rng), rng)
    cut_x, cut_y = (rng.uniform(0.3, 0.7, 2) * size_px / 4).astype(int) * 4
    whole = Sample(
        np.full((size_px, size_px, 3), PAD, np.uint8),
        np.zeros((0, 5), np.float32),
        np.zeros((0, 4), np.float32),
        np.zeros((6, size_px // 4, size_px // 4), np.float32),
    )
    boxes, doubtful = [], []
    for x, y, width, height in (
        (0, 0, cut_x, cut_y),
        (cut_x, 0, size_px - cut_x, cut_y),
        (0, cut_y, cut_x, size_px - cut_y),
        (cut_x, cut_y, size_px - cut_x, size_px - cut_y),
    ):
        tile = _tile(pictures[rng.choice(len(pictures), p=shares)], int(width), int(height), long_px, rng)
        whole.picture[y : y + height, x : x + width] = tile.picture
        whole.weight[:, y // 4 : (y + height) // 4, x // 4 : (x + width) // 4] = tile.weight
        boxes.append(tile.boxes + np.array((0, x, y, x, y), np.float32))
        doubtful.append(tile.doubtful + np.array((x, y, x, y), np.float32))
    return spoil(Sample(whole.picture, np.concatenate(boxes), np.concatenate(doubtful), whole.weight), rng)


def _tile(one: Labelled, width: int, height: int, long_px: tuple[float, float], rng: Generator) -> Sample:
    """A window of width × height somewhere over the picture, whose long side measures something within long_px."""
    source = one.picture()
    high, wide = source.shape[:2]
    scale = float(np.exp(rng.uniform(*np.log(long_px)))) / max(high, wide)
    across = scale * float(np.exp(rng.normal(0, 0.08)))
    x0 = rng.uniform(*sorted((0.0, wide * across - width)))
    y0 = rng.uniform(*sorted((0.0, high * scale - height)))
    shrinks = scale < 0.7
    matrix = np.array(((across, 0, -x0), (0, scale, -y0)))
    if shrinks:  # area first, so that small vehicles do not dissolve in aliasing
        size = (max(1, round(wide * across)), max(1, round(high * scale)))
        source = np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, :2] = np.eye(2)
    warped = cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(PAD,) * 3)
    picture = np.asarray(warped, np.uint8)
    to_px = np.array((wide * across, high * scale) * 2, np.float32)
    shift = np.array((x0, y0) * 2, np.float32)
    boxes, cut = _cut(one.boxes[:, 1:] * to_px - shift, width, height)
    doubtful, _ = _cut(one.doubtful * to_px - shift, width, height, least=0.0)
    labels = one.boxes[:, :1]
    rows = np.concatenate((labels[~cut], boxes[~cut]), 1)
    lost = boxes[cut]
    certain = np.array([one.part.certain if label in one.part.labelled else 0.0 for label in range(6)], np.float32)
    weight = np.broadcast_to(certain[:, None, None], (6, -(-height // 4), -(-width // 4)))
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
        rows, lost, doubtful = (_mirror(each, width) for each in (rows, lost, doubtful))
    return Sample(np.ascontiguousarray(picture), rows, np.concatenate((lost, doubtful)), weight)


def _mirror(rows: Boxes, width: int) -> Boxes:
    out = rows.copy()
    out[:, -4], out[:, -2] = width - rows[:, -2], width - rows[:, -4]
    return out


def _cut(boxes: Boxes, width: int, height: int, least: float = _LEAST_LEFT) -> tuple[Boxes, NDArray[np.bool_]]:
    """Boxes cut at the window, and which of them have too little left to be learnt."""
    edge = np.array((width, height) * 2, np.float32)
    inside = boxes.clip(0, edge)
    before = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    sides = inside[:, 2:] - inside[:, :2]
    poor = (np.prod(sides, 1) < least * before) | (sides < _LEAST_PX).any(1)
    return inside, poor


def spoil(one: Sample, rng: Generator) -> Sample:
    """Other light, other camera: colour, gamma, grey, blur, noise, compression."""
    picture = one.picture
    if rng.random() < 0.8:
        hue = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV).astype(np.int16)
        hue[..., 0] = (hue[..., 0] + rng.integers(-5, 6)) % 180
        hue[..., 1] = hue[..., 1] * rng.uniform(0.4, 1.5)
        picture = np.asarray(cv2.cvtColor(hue.clip(0, 255).astype(np.uint8), cv2.COLOR_HSV2BGR), np.uint8)
    if rng.random() < 0.7:
        gamma, gain = np.exp(rng.normal(0, 0.3)), rng.uniform(0.7, 1.3)
        table = (np.power(np.arange(256) / 255, gamma) * 255 * gain + rng.uniform(-15, 15)).clip(0, 255)
        picture = np.asarray(cv2.LUT(picture, table.astype(np.uint8)), np.uint8)
    if rng.random() < 0.08:
        picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)[..., None].repeat(3, axis=2)
    if rng.random() < 0.15:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.2)), np.uint8)
    if rng.random() < 0.15:
        noise = rng.normal(0, rng.uniform(2, 12), picture.shape).astype(np.int16)
        picture = (picture + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        coded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))))[1]
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return Sample(picture, one.boxes, one.doubtful, one.weight)
