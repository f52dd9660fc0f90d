"""A contact sheet: one labelled frame of each scenario, to be looked at by a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.errors import ConfigError, StorageError
from edge.frames import ImageBGR
from sim_videos.plan_lamps import PlanLamps, seconds_ns
from sim_videos.scenario import Scenario, load_scenario

COLUMNS, CELL_PX, STRIP_PX = 4, (400, 225), 20
_LARGEST_BYTES = 690_000
_WARM_UP_S = 90.0
_ENDINGS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Shot:
    """One cell: a scenario at an instant, through its first camera."""

    scenario: Scenario
    at_s: float
    caption: str


#: Scenario → the second of its film that shows what it is about.
_CHOICE = {
    "quiet": 20.0,
    "rush": 40.0,
    "avenue": 35.0,
    "low_sun": 40.0,
    "dusk": 30.0,
    "night": 30.0,
    "night_rain": 35.0,
    "rain": 30.0,
    "fog": 30.0,
    "left_turn_bay": 60.0,
    "pedestrians": 33.0,
    "cyclists": 30.0,
    "lorries": 40.0,
    "stopped_lorry": 70.0,
    "wrong_way": 46.0,
    "crash": 80.0,
    "lost_load": 60.0,
    "lane_closed": 60.0,
    "blocked_box": 75.0,
    "spillback": 120.0,
    "walker_on_road": 45.0,
    "emergency": 42.0,
    "emergency_night": 42.0,
    "knocked_camera": 60.0,
    "dark_camera": 60.0,
    "dirty_camera": 60.0,
    "blurred_camera": 60.0,
    "small_camera": 40.0,
}


def shots(names: tuple[str, ...] | None = None) -> tuple[Shot, ...]:
    """What to show: a choice of the library, or these scenarios at a time that suits them."""
    chosen = dict.fromkeys(_CHOICE if names is None else names)
    return tuple(_shot(load_scenario(name)) for name in chosen)


def _shot(scenario: Scenario) -> Shot:
    begins = [incident.at_s for incident in scenario.incidents] + [fault.at_s for fault in scenario.camera_faults]
    at_s = _CHOICE.get(scenario.id, (min(begins) + 15.0) if begins else 30.0)
    return Shot(scenario, min(at_s, scenario.duration_s), scenario.id.replace("_", " "))


def check_name(out: Path) -> None:
    """ConfigError for a file whose ending is of no picture that a sheet can be."""
    if out.suffix.lower() not in _ENDINGS:
        raise ConfigError(f"--out: {out.name} ends in none of {', '.join(_ENDINGS)}; give for example scenes.jpg")


def make_sheet(chosen: tuple[Shot, ...], out: Path, on_shot: Callable[[int], None] = lambda _: None) -> None:
    """Write the sheet, a JPEG of at most about 690 kB or a PNG by its name.

    Raises ConfigError for a name of neither, StorageError where it cannot be written.
    """
    check_name(out)
    cells = []
    for number, shot in enumerate(chosen, start=1):
        cells.append(_cell(frame_of(shot), shot.caption))
        on_shot(number)
    blank = np.full_like(cells[0], 255)
    cells += [blank] * (-len(cells) % COLUMNS)
    rows = [np.hstack(cells[at : at + COLUMNS]) for at in range(0, len(cells), COLUMNS)]
    part = out.with_name(f"{out.name}.part")
    try:
        part.write_bytes(_encoded(np.vstack(rows), out.suffix.lower()))
        part.replace(out)
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror}; choose a file that can be written") from error


def frame_of(shot: Shot) -> ImageBGR:
    """The picture of a shot: the street runs there, unseen until its last seconds."""
    from sim_videos.render import CameraFeed, Renderer
    from sim_videos.render.camera import camera_of
    from sim_videos.world import SumoWorld

    scenario = shot.scenario.model_copy(update={"warm_up_s": min(shot.scenario.warm_up_s, _WARM_UP_S)})
    spec = scenario.cameras[0]
    with SumoWorld(scenario) as world:
        lamps = PlanLamps(world.street.signal, world.street.plan)
        with scenario.naming():
            renderer = Renderer(world.street, camera_of(spec, world.street), scenario.look, seed=scenario.seed)
        world.warm_up(lamps)
        for frame in range(round(shot.at_s * scenario.fps) + 1):
            shown = world.step(*lamps(seconds_ns(frame / scenario.fps)))
        feed = CameraFeed(renderer, scenario.camera_faults, camera=spec.id, seed=scenario.seed)
        arrived = feed.frames(shown)
        return arrived[-1].image if arrived else np.zeros((spec.size_px[1], spec.size_px[0], 3), np.uint8)


def _cell(image: ImageBGR, caption: str) -> ImageBGR:
    width, height = CELL_PX
    scale = min(width / image.shape[1], height / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cell = np.full((height + STRIP_PX, width, 3), 255, np.uint8)
    x, y = (width - small.shape[1]) // 2, STRIP_PX + (height - small.shape[0]) // 2
    cell[y : y + small.shape[0], x : x + small.shape[1]] = small
    cv2.putText(cell, caption, (4, STRIP_PX - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return cell


def _encoded(sheet: ImageBGR, ending: str) -> bytes:
    """As PNG, or as JPEG at the best quality that fits."""
    if ending == ".png":
        _, png = cv2.imencode(".png", sheet)
        return png.tobytes()
    for quality in range(88, 30, -4):
        _, jpeg = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if len(jpeg) <= _LARGEST_BYTES:
            break
    return jpeg.tobytes()
