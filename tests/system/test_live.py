"""`stopline live` as a process: a recording played as a camera, killed decoders, a killed process, hung cameras."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cli import main as cli
from edge.clock import SystemClock
from edge.frames import ImageBGR
from edge.messages import Stream, parse_record
from edge.telemetry.hires_read import outbox_source
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Description, Outbox
from tests import tiny_models
from tests.replay.test_replay_command import SITE
from tests.source_videos import FPS, SIZE_PX, process_lives, until

ROOT = Path(__file__).parents[2]
#: A car needs so many frames to cross the picture; then the next one comes.
CAR_FRAMES = 75
CARS = 3

Start = Callable[..., subprocess.Popen[str]]


def car_at(x_px: int) -> ImageBGR:
    """A red car of 4 m × 3 m on a road that the light falls on from one side."""
    road = np.tile(np.linspace(0, 60, SIZE_PX[0]).astype(np.uint8)[None, :, None], (SIZE_PX[1], 1, 3))
    return cv2.rectangle(road, (x_px, 100), (x_px + 40, 130), (0, 0, 255), -1).astype(np.uint8)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a site, a video of three cars, and packages that detect what is red (tests.fake_ultralytics)."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "site.toml").write_text(SITE)
    writer = cv2.VideoWriter(str(folder / "cars.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE_PX)
    for index in range(CARS * CAR_FRAMES):
        writer.write(car_at(4 * (index % CAR_FRAMES)))
    writer.release()
    for name, content in (
        ("ultralytics", "from tests.fake_ultralytics import YOLO\n"),
        ("torch", "def set_num_threads(threads: int) -> None: ...\n"),
    ):
        (folder / "packages" / name).mkdir(parents=True)
        (folder / "packages" / name / "__init__.py").write_text(content)
    (folder / "red.pt").write_text("weights")
    return folder


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def start(place: Path, outbox: Path) -> Iterator[Start]:
    """Starts the command; whatever still runs at the end of the test is ended by its process id."""
    started: list[subprocess.Popen[str]] = []

    def run(*more: str, source: str = str(place / "cars.mp4")) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "edge.cli.main", "live", "--site", str(place / "site.toml")]
        command += ["--source", source, "--model", str(place / "red.pt"), "--threads", "1", "--outbox", str(outbox)]
        process = subprocess.Popen(
            [*command, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{place / 'packages'}:{ROOT}"},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def told(outbox: Path, stream: Stream) -> list[dict[str, Any]]:
    """Records of a stream in the order of seq, as another process sees them now."""
    if not outbox.exists():
        return []
    with closing(sqlite3.connect(f"file:{outbox}?mode=ro", uri=True)) as db:
        try:
            rows = db.execute("SELECT payload FROM record WHERE stream = ? ORDER BY seq", (stream,)).fetchall()
        except sqlite3.OperationalError:
            return []  # it is being begun
    return [json.loads(payload) for (payload,) in rows]


def without_gaps(outbox: Path) -> dict[Stream, int]:
    """How many records each stream has; fails where a seq is missing, doubled or a record cannot be read."""
    counts = {}
    for stream in Stream:
        records = told(outbox, stream)
        assert [record["seq"] for record in records] == list(range(1, len(records) + 1)), stream
        assert all(parse_record(json.dumps(record)).stream is stream for record in records)
        assert len({record["epoch"] for record in records}) <= 1
        counts[stream] = len(records)
    return counts


def counted(outbox: Path) -> int:
    """Cars in all summaries together."""
    return sum(
        sum((movement["counts"] or {}).values())
        for record in told(outbox, Stream.SUMMARY)
        for movement in record["body"]["movements"]
    )


def decoder_of(process: subprocess.Popen[str]) -> int:
    """Process id of its decode child."""
    found: list[int] = []

    def there() -> bool:
        for children in Path(f"/proc/{process.pid}/task").glob("*/children"):
            found.extend(int(pid) for pid in children.read_text().split())
        return bool(found)

    until(there, "a decoder runs")
    return found[0]


def end(process: subprocess.Popen[str], number: signal.Signals | None = None) -> tuple[int, str, str]:
    """Exit code and output, after a signal or by itself."""
    if number is not None:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_recording_played_as_a_camera_is_counted_into_the_outbox(start: Start, outbox: Path) -> None:
    code, out, err = end(start())
    assert code == 0, err
    assert "no lamp is driven" in out
    assert f"send them with: stopline publish --outbox {outbox}" in out
    assert "ended (end of the stream)" in out
    crossings = told(outbox, Stream.CROSSING)
    assert [record["body"]["movement"] for record in crossings] == ["EBT"] * CARS
    assert all(11 > record["body"]["speed_mps"] > 9 for record in crossings)
    # Wall time of the events, three seconds apart, not of their writing.
    assert [b["t_ns"] - a["t_ns"] for a, b in pairwise(crossings)] == [
        pytest.approx(CAR_FRAMES / FPS * 1e9, rel=0.1)
    ] * (CARS - 1)
    assert counted(outbox) == CARS
    streams = without_gaps(outbox)
    assert streams[Stream.LANES] >= 8
    assert streams[Stream.SIGNAL] >= 2
    health = [record["body"] for record in told(outbox, Stream.HEALTH)]
    assert [(body["state"], body["reason"]) for body in health[:2]] == [("degraded", "no frame yet"), ("ok", None)]
    assert (health[-1]["detector"], health[-1]["camera_restarts"]) == ("red.pt", 0)
    with Outbox(outbox, identity=NodeIdentity("town", "sample", "cabinet"), clock=SystemClock()) as box:
        assert box.description() == Description(("EBT",), ("E1",))


def test_lamps_are_asked_by_demand_over_a_bridge(start: Start, outbox: Path) -> None:
    code, out, err = end(start("--bridge", "simulated", "--control", "actuated", "--max-seconds", "3"))
    assert code == 0, err
    assert re.search(r"plan \S+, actuated control, on a simulated core\n", out)
    assert told(outbox, Stream.SIGNAL)
    code, _, err = end(start("--bridge", "serial:/dev/nosuch"))
    assert (code, err.count("\n")) == (69, 1)
    assert "/dev/nosuch" in err
    code, _, err = end(start("--control", "magic"))
    assert code == 78
    assert "write one of fixed, actuated" in err


def test_what_a_camera_sees_decides_in_the_process_of_control(start: Start, place: Path) -> None:
    with TemporaryDirectory(prefix="sl-") as bus:
        camera = start("--no-plan", "--bus", bus)
        command = [sys.executable, "-m", "edge.cli.main", "control", str(place / "site.toml")]
        control = subprocess.Popen(
            [*command, "--control", "actuated", "--demand", f"ipc:{bus}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            assert control.stdout is not None
            levels = (line for line in control.stdout if " s  actuated: " in line or " s  fixed: " in line)
            assert "fixed: no actuated control: no lane is known" in next(levels)
            assert " s  actuated: " in next(levels)
            camera.kill()
            assert "fixed: no actuated control: no lane is known" in next(levels)
            control.send_signal(signal.SIGTERM)
            out, err = control.communicate(timeout=30)
            assert control.returncode == 143, err
            assert "ended (SIGTERM)" in out
        finally:
            control.kill()
            control.communicate()


def test_a_decoder_that_is_killed_is_replaced_and_counting_goes_on(start: Start, outbox: Path) -> None:
    process = start()
    until(lambda: told(outbox, Stream.CROSSING) != [], "a car is counted")
    killed = decoder_of(process)
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(told(outbox, Stream.CROSSING)) >= 2, "a car is counted after it")
    assert decoder_of(process) != killed
    code, out, err = end(process, signal.SIGTERM)
    assert code == 0, err
    assert "ended (SIGTERM)" in out
    assert "camera restarts 1," in out
    assert "the decoder was ended by SIGKILL; restart 1" in err
    assert counted(outbox) == without_gaps(outbox)[Stream.CROSSING] >= 2


def test_a_process_that_is_killed_leaves_an_outbox_without_gaps_and_the_next_one_goes_on(
    start: Start, outbox: Path
) -> None:
    process = start()
    until(lambda: told(outbox, Stream.CROSSING) != [], "a car is counted")
    decoder = decoder_of(process)
    process.kill()
    process.wait()
    before = without_gaps(outbox)
    assert before[Stream.CROSSING] >= 1
    assert before[Stream.LANES] >= 2
    assert outbox_source(outbox).total > 0, "high-resolution events are in it before their minute is over"
    until(lambda: not process_lives(decoder), "its decoder has ended too")
    code, _, err = end(start("--max-seconds", "2"))
    assert code == 0, err
    after = without_gaps(outbox)
    assert all(after[stream] >= before[stream] for stream in Stream)
    assert after[Stream.SUMMARY] == before[Stream.SUMMARY] + 1


def test_a_camera_that_never_answers_holds_up_neither_control_nor_its_end(start: Start, outbox: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = start(source=f"http://operator:hunter2@127.0.0.1:{silent.getsockname()[1]}/ch1")

        def failed() -> bool:
            return any(record["body"]["state"] == "failed" for record in told(outbox, Stream.HEALTH))

        until(failed, "the camera is told to have failed")
        code, out, err = end(process, signal.SIGTERM)
    assert code == 0, err
    assert "hunter2" not in out + err + outbox.read_bytes().decode("latin-1")
    steps = re.search(r"control steps left out (\d+) of (\d+)", out)
    assert steps is not None
    late, of = map(int, steps.groups())
    assert of >= 50
    assert late <= of / 4  # none on a machine that is not busy
    (lanes,) = told(outbox, Stream.LANES)
    assert [lane["presence"] for lane in lanes["body"]["lanes"]] == [None]
    summaries = [record["body"] for record in told(outbox, Stream.SUMMARY)]
    assert summaries != []
    assert all(m["counts"] is None and m["known_s"] == 0 for body in summaries for m in body["movements"])
    without_gaps(outbox)


def test_ctrl_c_keeps_the_part_of_the_minute(start: Start, outbox: Path) -> None:
    process = start()
    until(lambda: told(outbox, Stream.CROSSING) != [], "a car is counted")
    code, out, err = end(process, signal.SIGINT)
    assert code == 130, err
    assert "ended (Ctrl-C)" in out
    assert counted(outbox) == without_gaps(outbox)[Stream.CROSSING] >= 1


def test_a_real_model_file_without_outbox_or_plan(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_models.write_tflite(place / "tiny.tflite", names=dict(enumerate(tiny_models_names())))
    arguments = ["live", "--site", str(place / "site.toml"), "--source", str(place / "cars.mp4")]
    assert cli.main([*arguments, "--model", str(model), "--max-seconds", "2", "--no-plan"]) == 0
    out = capsys.readouterr().out
    assert "cars.mp4 → tiny.tflite" in out
    assert "no plan runs, and no lamp is driven" in out
    assert "no record is kept" in out
    frames = re.search(r"ended \(--max-seconds 2\): frames (\d+), counted", out)
    assert frames is not None
    assert int(frames[1]) > 0


def tiny_models_names() -> list[str]:
    return ["car", "truck", "bus", "motorcycle", "bicycle", "person"]


@pytest.mark.parametrize(
    ("change", "code", "sentence"),
    [
        ({"--source": "nowhere.mp4"}, 65, "nowhere.mp4 does not exist: check the path"),
        ({"--source": "ftp://host/a"}, 78, "source 'ftp://host/a' is not one that can be read"),
        ({"--camera": "west"}, 78, "site sample has no camera 'west', only cam"),
        ({"--model": "nothing.tflite"}, 79, "nothing.tflite: there is no such file"),
        ({"--org": "My Town", "--outbox": "x.db"}, 78, "org, site and node name the node on the wire"),
        ({"--outbox": "no/such/folder/x.db"}, 74, "no/such/folder"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_its_code(
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    model = tiny_models.write_tflite(tmp_path / "tiny.tflite", names=dict(enumerate(tiny_models_names())))
    options = {"--site": str(place / "site.toml"), "--source": str(place / "cars.mp4"), "--model": str(model)}
    assert cli.main(["live", *(part for pair in (options | change).items() for part in pair)]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert sentence in lines[0]
