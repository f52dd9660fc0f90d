"""The truth beside a rendered scene: written whole or not at all, read back the same, refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from calibration.site import Site
from edge.errors import InputError
from edge.replay.evaluate import load_truth
from edge.types import Interval, Kind, PedInterval
from sim_videos.scenario import Scenario
from sim_videos.site import site_of
from sim_videos.state import ActiveIncident, IncidentKind, RoadUser, WorldFrame
from sim_videos.street import Street
from sim_videos.truth import TruthRecorder, TruthWriter, load_scene_truth, read_frames
from tests.plain_street import STOP_M, WIDE_M, scenario, street

FPS = 10.0


@dataclass(frozen=True)
class SeenBox:
    user_id: int
    box_px: tuple[float, float, float, float]
    visible: float


@cache
def scene() -> tuple[Scenario, Street, Site]:
    plan = scenario(camera_faults=[{"camera": "mast", "kind": "dark", "at_s": 1.0, "for_s": 0.5}])
    return plan, street(), site_of(plan, street())


def recorder() -> TruthRecorder:
    plan, junction, site = scene()
    return TruthRecorder(plan, junction, plan.cameras[0], site)


def northbound(t_s: float) -> RoadUser:
    """A car straight on through the junction in lane NB2, at 10 m/s, its front at the stop line after about 1 s."""
    y = -STOP_M - 12.04 + 10.0 * t_s
    x = 1.5 * WIDE_M
    to_stop = -STOP_M - (y + 2.3)
    lane = "NB2" if to_stop > 0 else None
    return RoadUser(
        7, "saloon", Kind.CAR, 3, (x, y), math.pi / 2, 10.0, approach="NB", lane=lane, movement="NBT",
        to_stop_m=to_stop if lane else None,
    )  # fmt: skip


def world(index: int) -> WorldFrame:
    t_s = index / FPS
    crash = ActiveIncident(0, IncidentKind.CRASH, "NB1", (8.0, -30.0), 0.5, (7,))
    return WorldFrame(
        t_s,
        (northbound(t_s),),
        (),
        {2: Interval.GREEN, 4: Interval.RED},
        {4: PedInterval.WALK, 2: PedInterval.DARK},
        (crash,) if t_s >= 0.5 else (),
    )


def written(path: Path, frames: int = 40) -> Path:
    record = recorder()
    with TruthWriter(path, record.header) as writer:
        for index in range(frames):
            writer.add(record.frame(world(index), [SeenBox(7, (100.0, 50.0, 140.04, 90.0), 0.875)]))
    return path


def test_it_reads_back_and_says_who_crossed(tmp_path: Path) -> None:
    truth = load_scene_truth(written(tmp_path / "a.truth.jsonl"))
    assert truth.header.size == (640, 360)
    assert truth.header.eye_m[2] == 10.0
    assert len(truth.frames) == 40
    first = truth.frames[0]
    assert first.users[0][:4] == (7, Kind.CAR, "saloon", 100.0)
    assert first.users[0].lane == "NB2"
    assert first.walk == {4: PedInterval.WALK}
    crossings = [(frame.frame, row.movement, row.lane) for frame in truth.frames for row in frame.crossings]
    gate = truth.header.movements["NBT"].exit
    # it passes the exit gate where its front, half a saloon before its middle, reaches the gate's y
    expected = math.ceil((gate.a_m[1] - (northbound(0).pos_m[1] + 2.3)) / 10.0 * FPS - 1e-9)
    assert crossings == [(expected, "NBT", "NB2")]
    assert [frame.frame for frame in truth.frames if frame.faults] == [10, 11, 12, 13, 14]
    assert next(frame.frame for frame in truth.frames if frame.incidents) == 5


def test_the_same_scene_gives_the_same_bytes_and_a_hand_count(tmp_path: Path) -> None:
    one, two = written(tmp_path / "a.truth.jsonl"), written(tmp_path / "b.truth.jsonl")
    assert one.read_bytes() == two.read_bytes()
    count = load_truth(tmp_path / "a.truth.json")
    assert count.counts is not None
    assert count.counts["NBT"] == 1
    assert count.counts["NBL"] == 0
    assert count.frames == 40
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.truth.json", "a.truth.jsonl", "b.truth.json", "b.truth.jsonl",
    ]  # fmt: skip


def test_a_writer_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = written(tmp_path / "a.truth.jsonl")
    before = path.read_bytes()
    record = recorder()
    again = record.frame(world(0), [])

    def write() -> None:
        with TruthWriter(path, record.header) as writer:
            writer.add(again)
            writer.add(again)

    with pytest.raises(ValueError, match="frame 1 is next"):
        write()
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.part"))


def test_a_small_or_hidden_road_user_has_no_box() -> None:
    record = recorder()
    frame = record.frame(world(0), [SeenBox(7, (0.0, 0.0, 1.5, 10.0), 1.0)])
    assert frame.users == ()
    assert record.frame(world(1), [SeenBox(7, (0.0, 0.0, 30.0, 10.0), 0.0)]).users == ()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: lines[:0], "is empty"),
        (lambda lines: ["{}", *lines[1:]], "line 1: schema"),
        (lambda lines: [lines[0].replace("truth/2", "truth/1"), *lines[1:]], "older form"),
        (lambda lines: [lines[0], lines[1].replace('"t_s":0.0', '"t_s":"soon"'), *lines[2:]], "line 2: t_s"),
        (lambda lines: [lines[0], lines[2], *lines[2:]], "line 2: frame: is 1, 0 is next"),
        (lambda lines: lines[:-1], "was cut off after 5 frames"),
        (lambda lines: [*lines[:-1], '{"frames":4}'], "line 7: frames: says 4, there are 5"),
        (lambda lines: [*lines, lines[1]], "line 8: comes after the last line"),
        (lambda lines: [lines[0], lines[1].replace('"car"', '"tram"'), *lines[2:]], "line 2: users.0.1"),
        (lambda lines: [lines[0], lines[1][:-9], *lines[2:]], "line 2: "),
    ],
)
def test_damage_is_named(tmp_path: Path, spoil: Callable[[list[str]], list[str]], said: str) -> None:
    path = written(tmp_path / "a.truth.jsonl", 5)
    path.write_text("".join(f"{line}\n" for line in spoil(path.read_text().splitlines())))
    with pytest.raises(InputError, match=r"a\.truth\.jsonl") as refused:
        load_scene_truth(path)
    assert said in str(refused.value)


def test_no_such_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        list(read_frames(tmp_path / "none.truth.jsonl"))
    (tmp_path / "x.truth.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not text"):
        list(read_frames(tmp_path / "x.truth.jsonl"))


def test_lines_are_plain_json(tmp_path: Path) -> None:
    lines = written(tmp_path / "a.truth.jsonl", 3).read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows[0]["schema"] == "stopline-scene-truth/2"
    assert rows[-1] == {"frames": 3}
    assert "faults" not in rows[1]
