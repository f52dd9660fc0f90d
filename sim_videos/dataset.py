"""Labelled pictures from scenarios without limit, in YOLO's layout, for training and testing a detector.

A set is made of scenes: one street with its own traffic, seen by a few cameras, of which every
picture is at least `GAP_S` after the one before, so that pictures differ.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.errors import ConfigError, StorageError
from edge.frames import ImageBGR
from edge.types import KINDS
from sim_videos.film import written_whole
from sim_videos.labels import LabelledBox, labels_of
from sim_videos.plan_lamps import PlanLamps, seconds_ns
from sim_videos.render import Renderer
from sim_videos.render.camera import camera_of
from sim_videos.render.randomise import random_look, random_style
from sim_videos.scenario import CameraSpec, LookSpec, Scenario
from sim_videos.state import WorldFrame
from sim_videos.street import Street
from sim_videos.vary import varied

#: Pictures of one scene: from so many cameras, so many each, so far apart.
CAMERAS, SHOTS, GAP_S = 2, 8, 3.5
_JPEG_QUALITY = 88
#: Of the distance at which fog hides all, the part up to which a person would still draw a box.
_FOG_REACH = 0.7
_COLUMNS = ("split", "image", "part", "scenario", "camera", "seed", "t_s", "hour", "light", "boxes", "skipped")


@dataclass(frozen=True, slots=True)
class DatasetOrder:
    """What to make. plain: the scenarios' own light and cameras; split: `train` or `val`."""

    scenarios: tuple[Scenario, ...]
    out: Path
    images: int
    seed: int
    split: str = "train"
    plain: bool = False

    def __post_init__(self) -> None:
        if self.split not in {"train", "val"}:
            raise ConfigError(f"--split {self.split}: is neither train nor val")


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled picture."""

    name: str
    image: ImageBGR
    labels: list[LabelledBox]
    skipped: list[LabelledBox]
    row: dict[str, object]


def make_dataset(order: DatasetOrder, on_image: Callable[[int], None] = lambda _: None) -> Counter[str]:
    """Write the set; how many boxes of each class it has.

    `order.out` must be new or empty, and appears when the set is whole. StorageError where it
    cannot be written; ConfigError of the scenarios.
    """
    out = order.out
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise StorageError(f"{out}: is there already; give a new folder with --out")
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror or error}; give another folder with --out") from error
    boxes: Counter[str] = Counter({kind.value: 0 for kind in KINDS})
    with written_whole(out) as part:
        for folder in ("images", "labels"):
            (part / folder / order.split).mkdir(parents=True)
        (part / "data.yaml").write_text(_data_yaml(), encoding="utf-8")
        index_path, skip_path = part / "index.csv", part / "ignore.jsonl"
        with index_path.open("w", newline="", encoding="utf-8") as rows, skip_path.open("w", encoding="utf-8") as skips:
            index = csv.DictWriter(rows, _COLUMNS)
            index.writeheader()
            for number, sample in enumerate(samples(order), start=1):
                _write(part, order.split, sample)
                index.writerow(sample.row)
                if sample.skipped:
                    skipped = [[float(field) for field in box.line.split()] for box in sample.skipped]
                    skips.write(json.dumps({"image": f"{order.split}/{sample.name}", "boxes": skipped}) + "\n")
                boxes.update(KINDS[box.kind].value for box in sample.labels)
                on_image(number)
                if number == order.images:
                    break
    return boxes


def samples(order: DatasetOrder) -> Iterator[Sample]:
    """Pictures without end, scene after scene; `order.images` is not looked at."""
    for scene in itertools.count():
        rng = np.random.default_rng((order.seed, scene))
        scenario = order.scenarios[scene % len(order.scenarios)]
        yield from _scene(order, scenario, scene, rng)


def _scene(order: DatasetOrder, scenario: Scenario, number: int, rng: np.random.Generator) -> Iterator[Sample]:
    """The pictures of one scene. A camera that sees no lane, or whose lens cannot be, is left out."""
    from sim_videos.world import SumoWorld

    if not order.plain:
        scenario = varied(scenario, rng, cameras=CAMERAS)
    seed = int(rng.integers(1, 2**31))
    gap = max(1, round(GAP_S * scenario.fps))
    with SumoWorld(scenario, seed=seed) as world:
        lamps = PlanLamps(world.street.signal, world.street.plan)
        eyes = _eyes(order, scenario, world.street, rng)
        if not eyes:
            return
        world.warm_up(lamps)
        for frame in range(gap * SHOTS * len(eyes)):
            shown = world.step(*lamps(seconds_ns(frame / scenario.fps)))
            if frame % gap == 0:
                eye = eyes[frame // gap % len(eyes)]
                yield _sample(order, scenario, eye, shown, f"{number:05d}_{frame // gap:02d}")


@dataclass(frozen=True, slots=True)
class _Eye:
    """One camera of a scene with what it looks like through it."""

    spec: CameraSpec
    look: LookSpec
    renderer: Renderer


def _eyes(order: DatasetOrder, scenario: Scenario, street: Street, rng: np.random.Generator) -> list[_Eye]:
    eyes = []
    for spec in scenario.cameras:
        try:
            camera = camera_of(spec, street)
        except ConfigError:
            if order.plain:
                raise
            continue
        look = scenario.look if order.plain else random_look(rng)
        style = None if order.plain else random_style(rng)
        eyes.append(_Eye(spec, look, Renderer(street, camera, look, seed=int(rng.integers(2**31)), style=style)))
    return eyes


def _sample(order: DatasetOrder, scenario: Scenario, eye: _Eye, shown: WorldFrame, tail: str) -> Sample:
    picture = eye.renderer.frame(shown)
    kinds = {user.user_id: user.kind for user in shown.users}
    eye_m = eye.renderer.camera.pos_m[:2]
    reach_m = math.inf if eye.look.fog_m is None else _FOG_REACH * eye.look.fog_m
    veiled = {user.user_id for user in shown.users if math.dist(user.pos_m, eye_m) > reach_m}
    labels, skipped = labels_of(picture.users, kinds, eye.spec.size_px, veiled)
    name = f"{scenario.id}_{tail}"
    light = light_of(eye.look)
    row = dict(
        zip(
            _COLUMNS,
            (
                order.split,
                f"{name}.jpg",
                f"rendered_{light}",
                scenario.id,
                eye.spec.id,
                order.seed,
                round(shown.t_s, 2),
                round(eye.look.hour, 2),
                light,
                len(labels),
                len(skipped),
            ),
            strict=True,
        )
    )
    return Sample(name, picture.image, labels, skipped, row)


def light_of(look: LookSpec) -> str:
    """`day`, `dusk` or `night`, with `_rain` where it rains: a part of a set that is scored by itself."""
    if 7.0 <= look.hour < 18.5:
        light = "day"
    elif 5.0 <= look.hour < 7.0 or 18.5 <= look.hour < 20.75:
        light = "dusk"
    else:
        light = "night"
    return f"{light}_rain" if look.rain > 0.1 else light


def _write(part: Path, split: str, sample: Sample) -> None:
    ok, jpeg = cv2.imencode(".jpg", sample.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not ok:
        raise StorageError(f"{sample.name}: OpenCV cannot encode the picture")
    (part / "images" / split / f"{sample.name}.jpg").write_bytes(jpeg.tobytes())
    lines = "".join(f"{box.line}\n" for box in sample.labels)
    (part / "labels" / split / f"{sample.name}.txt").write_text(lines, encoding="utf-8")


def _data_yaml() -> str:
    names = "".join(f"  {number}: {kind.value}\n" for number, kind in enumerate(KINDS))
    return f"train: images/train\nval: images/val\nnc: {len(KINDS)}\nnames:\n{names}"
