"""`stopline replay` as a process: stopped by signals, fed damaged files, told to leave things out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cli import main as cli
from edge.errors import ConfigError, InputError, StorageError
from edge.frames import Detections
from edge.replay import files
from edge.replay.compose import sha256_of
from edge.replay.detections import DetectionRecorder
from edge.replay.record import read
from edge.telemetry.hires_read import outbox_source, table_source
from edge.telemetry.outbox import Outbox
from edge.vision.source import FileSource
from tests.source_videos import cut

SIZE = (320, 240)
SITE = """
schema_version = 1
id = "sample"
name = "Sample Street"
timezone = "Europe/London"

[[cameras]]
id = "cam"
size_px = [320, 240]
[cameras.homography]
pairs = [
  { px = [0, 0], m = [0, 0] },
  { px = [320, 0], m = [32, 0] },
  { px = [320, 240], m = [32, 24] },
  { px = [0, 240], m = [0, 24] },
]

[[approaches]]
id = "EB"
speed_limit_mps = 13.4

[[lanes]]
id = "E1"
approach = "EB"
camera = "cam"
polygon_px = [[20, 95], [180, 95], [180, 145], [20, 145]]
stop_line_px = [[175, 95], [175, 145]]
phase = 4

[[movements]]
id = "EBT"
approach = "EB"
camera = "cam"
lanes = ["E1"]
phase = 4
direction = "rightward"
entry = { line_px = [[100, 85], [100, 155]] }
exit = { line_px = [[220, 85], [220, 155]] }

[signal]
rings = [[[2], [4]]]
[[signal.phases]]
number = 2
min_green_s = 5
max_green_s = 30
yellow_s = 3.5
red_clearance_s = 1.5
[[signal.phases]]
number = 4
min_green_s = 5
max_green_s = 30
yellow_s = 3.5
red_clearance_s = 1.5

[plan]
name = "day"
cycle_s = 40
[plan.splits_s]
2 = 20
4 = 20
"""


def boxes_at(index: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """One car every 60 frames, 5 px a frame to the right."""
    x = 5.0 * (index % 60)
    return np.array([[x, 105, x + 40, 130]], np.float32)


def write_video(path: Path, frames: int, fourcc: str, size_px: tuple[int, int], black_from: int | None = None) -> Path:
    """A road between light and dark ground, never twice the same, so that the camera is believed."""
    width, height = size_px
    ground = np.linspace(30, 200, height).astype(np.uint8)[:, None, None].repeat(width, 1).repeat(3, 2)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 12.5, size_px)
    assert writer.isOpened()
    for index in range(frames):
        picture = ground.copy()
        cv2.circle(picture, (index * 7 % width, height // 2), 9, (0, 0, 255), -1)
        writer.write(picture if black_from is None or index < black_from else np.zeros_like(picture))
    writer.release()
    return path


class Workplace:
    """A folder with a site, a video and detections for it."""

    def __init__(self, folder: Path, frames: int, suffix: str = ".mp4", fourcc: str = "mp4v") -> None:
        self.folder = folder
        self.site = folder / "site.toml"
        self.site.write_text(SITE)
        self.video = write_video(folder / f"clip{suffix}", frames, fourcc, SIZE)
        self.out = folder / "out"
        self.detections = self.record(self.video)

    def record(self, video: Path, name: str = "clip.npz") -> Path:
        recorder = DetectionRecorder(self.folder / name, sha256_of(video), "recorded")
        with FileSource(self.video, "cam", SIZE) as source:
            for frame in source:
                n = np.ones(1, np.float32) * np.float32(0.9)
                recorder.add(frame, Detections(frame.t_ns, boxes_at(frame.index), n, np.zeros(1, np.int32)))
        recorder.save()
        return self.folder / name

    def arguments(self, *more: str | Path, video: Path | None = None, detections: Path | None = None) -> list[str]:
        parts = ["replay", video or self.video, "--site", self.site, "--out", self.out]
        return [str(part) for part in (*parts, "--detections", detections or self.detections, *more)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("shared"), 240)


@pytest.fixture
def work(shared: Workplace, tmp_path: Path) -> Workplace:
    """The shared video and detections, with an output folder of its own."""
    mine = Workplace.__new__(Workplace)
    mine.folder, mine.site, mine.video, mine.detections = shared.folder, shared.site, shared.video, shared.detections
    mine.out = tmp_path / "out"
    return mine


def test_a_replay_writes_everything_and_says_so_in_json(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(work.arguments("--json")) == 0
    printed = capsys.readouterr()
    summary = json.loads(printed.out)
    assert summary["movements"]["EBT"]["car"] == 4
    assert summary["directions"] == {"rightward": 4}
    assert (summary["frames"], summary["stopped"]) == (240, None)
    assert sorted(summary["files"]) == sorted(path.name for path in work.out.iterdir())
    assert "annotated.mp4" in summary["files"]
    assert printed.err.count(" %, frame ") == 10
    with FileSource(work.out / "annotated.mp4", "cam") as video:
        assert sum(1 for _ in video) == 240
        # drawn at twice its size, with a strip below
        assert video.size_px[0] == 640
        assert video.size_px[1] > 480


def test_evaluate_reads_what_replay_wrote(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(work.arguments("--no-video")) == 0
    events = read(work.out).of("crossing")
    truth = {
        "fps": 12.5,
        "frames": 240,
        "counts": {"rightward": 4},
        "crossings": [{"frame": round(e["t_ns"] / 1e9 * 12.5), "direction": "rightward"} for e in events],
        "sha256": sha256_of(work.video),
    }
    path = work.out / "clip.truth.json"
    path.write_text(json.dumps(truth))
    capsys.readouterr()
    assert cli.main(["evaluate", str(work.out), "--truth", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["directions"]["rightward"]["truth"] == result["directions"]["rightward"]["ours"] == 4
    assert result["effectiveness"] == 1.0
    assert result["warnings"] == []
    assert cli.main(["evaluate", str(work.out), "--truth", str(path)]) == 0
    assert "within" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_leaves_a_complete_partial_result(tmp_path: Path, number: signal.Signals, name: str) -> None:
    work = Workplace(tmp_path, 1200)
    process = subprocess.Popen(
        [sys.executable, "-m", "edge.cli.main", *work.arguments()],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    assert "10 %" in process.stderr.readline()
    os.killpg(process.pid, number)  # as a terminal does: the whole group hears of it
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    record = read(work.out)
    assert record.end is not None
    frames = record.end["frames"]
    assert 120 <= frames < 1200
    assert record.end["stopped"] == name
    assert f"stopped after frame {frames} of 1200: {name}" in out
    assert f"Stopped after frame {frames} of 1200: {name}." in (work.out / "report.html").read_text()
    assert (work.out / "counts.csv").read_text().count("\n") > 1
    with FileSource(work.out / "annotated.mp4", "cam") as video:
        assert sum(1 for _ in video) == frames


def test_a_truncated_video_is_processed_as_far_as_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    work = Workplace(tmp_path, 240, ".avi", "MJPG")
    short = cut(work.video, 0.6, tmp_path / "short.avi")
    code = cli.main(work.arguments("--no-video", video=short, detections=work.record(short, "short.npz")))
    assert code == InputError.exit_code
    err = capsys.readouterr().err.splitlines()[-1]
    assert err.startswith(f"stopline: {short}")
    end = read(work.out).end
    assert end is not None
    assert 100 < end["frames"] < 240
    assert end["stopped"] == "the video cannot be read further"
    assert "cannot be read further" in (work.out / "report.html").read_text()
    assert (work.out / "crossings.csv").read_text().count("\n") == 1 + len(read(work.out).of("crossing"))


def test_without_a_plan_nothing_is_asked_of_signals(work: Workplace) -> None:
    assert cli.main(work.arguments("--no-video", "--no-plan")) == 0
    record = read(work.out)
    assert (record.of("signal"), record.of("request")) == ([], [])
    assert not (work.out / "bridge.jsonl").exists()
    assert all(c["since_green_s"] is None for c in record.of("crossing"))


def test_a_recording_begun_at_a_known_time_has_wall_times(work: Workplace) -> None:
    assert cli.main(work.arguments("--no-video", "--start", "2026-07-01T07:00")) == 0
    first = (work.out / "crossings.csv").read_text().splitlines()[1]
    assert ",2026-07-01T06:00:" in first  # British summer time
    assert "2026-07-01T07:00:00+01:00" in (work.out / "report.html").read_text()


def test_records_go_into_the_outbox_too(work: Workplace) -> None:
    box = work.out.parent / "outbox.db"
    assert cli.main(work.arguments("--no-video", "--start", "2026-07-01T07:00Z", "--outbox", box)) == 0
    from edge.clock import SystemClock
    from edge.messages import Stream
    from edge.telemetry.identity import NodeIdentity

    with Outbox(box, identity=NodeIdentity("town", "sample", "cabinet"), clock=SystemClock()) as outbox:
        crossings = outbox.pending(Stream.CROSSING)
    assert len(crossings) == 4
    assert '"ts":"2026-07-01T07:00:' in crossings[0].payload
    hires = sorted(outbox_source(box).rows)
    assert hires == sorted(table_source(work.out / files.HIRES).rows)
    assert {(row.device, row.code) for row in hires} >= {("sample", 1), ("sample", 131)}


def test_an_outbox_needs_to_know_when(work: Workplace) -> None:
    assert cli.main(work.arguments("--outbox", work.out / "x.db")) == 2


def test_while_the_picture_is_black_counts_are_unknown(tmp_path: Path) -> None:
    work = Workplace(tmp_path, 200)
    write_video(work.video, 200, "mp4v", SIZE, black_from=80)
    assert cli.main(work.arguments("--no-video", "--interval", "8", detections=work.record(work.video))) == 0
    record = read(work.out)
    assert [(event["ok"], event["reason"]) for event in record.of("sight")] == [
        (True, None),
        (False, "dark"),
        (False, "frozen"),
    ]
    assert all(lane["presence"] is None for lane in record.of("lanes")[-1]["lanes"])
    cars = [row.split(",") for row in (work.out / "counts.csv").read_text().splitlines() if ",car," in row]
    assert [row[6] for row in cars] == ["1", ""]
    assert "could not be believed" in (work.out / "report.html").read_text()


def bad(work: Workplace, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = cli.main(list(arguments))
    lines = [line for line in capsys.readouterr().err.splitlines() if line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("stopline: ")
    return code, lines[0]


@pytest.mark.parametrize("content", [None, b"", b"not a video at all" * 100])
def test_what_is_no_video_is_one_sentence(
    work: Workplace, tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "bad.mp4"
    if content is not None:
        video.write_bytes(content)
    code, line = bad(work, *work.arguments(video=video), capsys=capsys)
    assert code == InputError.exit_code
    assert str(video) in line
    assert not work.out.exists()


def test_a_video_of_another_size(work: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write_video(tmp_path / "small.mp4", 5, "mp4v", (160, 120))
    code, line = bad(work, *work.arguments(video=video), capsys=capsys)
    assert code == InputError.exit_code
    assert "160x120" in line
    assert "320x240" in line


def test_detections_of_another_video(work: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = write_video(tmp_path / "other.mp4", 30, "mp4v", SIZE)
    code, line = bad(work, *work.arguments(video=video), capsys=capsys)
    assert code == InputError.exit_code
    assert "another video" in line


def test_an_unknown_site(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = bad(work, "replay", str(work.video), "--site", "nowhere", "--out", str(work.out), capsys=capsys)
    assert code == ConfigError.exit_code
    assert "nowhere" in line


def test_a_camera_that_the_site_lacks(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = bad(work, *work.arguments("--camera", "roof"), capsys=capsys)
    assert code == ConfigError.exit_code
    assert "'roof'" in line


def test_a_start_that_is_no_time(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = bad(work, *work.arguments("--start", "yesterday"), capsys=capsys)
    assert code == InputError.exit_code
    assert "2026-05-01T07:00" in line


def test_an_output_folder_that_is_a_file(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    work.out.write_text("in the way")
    code, line = bad(work, *work.arguments(), capsys=capsys)
    assert code == StorageError.exit_code
    assert str(work.out) in line


def test_an_unknown_codec(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = bad(work, *work.arguments("--codec", "gif"), capsys=capsys)
    assert code == InputError.exit_code
    assert "vp09" in line


def test_a_replay_never_eats_its_own_video(work: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    work.out.mkdir()
    video = work.out / "annotated.mp4"
    video.write_bytes(work.video.read_bytes())
    code, line = bad(work, *work.arguments(video=video), capsys=capsys)
    assert code == InputError.exit_code
    assert "overwritten" in line
    assert video.read_bytes() == work.video.read_bytes()


@pytest.mark.parametrize("codec", ["mp4v", "h264", "auto"])
def test_each_codec_can_be_read_back(work: Workplace, codec: str) -> None:
    import shutil

    if codec == "h264" and shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    assert cli.main(work.arguments("--codec", codec, "--max-frames", "20")) == 0
    video = cv2.VideoCapture(str(work.out / "annotated.mp4"))
    assert video.read()[0]
    video.release()
