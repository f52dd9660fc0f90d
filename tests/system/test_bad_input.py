"""What a stranger does wrong, through the installed command: one sentence, the documented code, readable remains.

Each row is a process of its own, as a person starts it. Faults of the source, of a
site's text, of the collector and of the publisher have their own tables.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from calibration.load import SITES_DIR
from edge.replay.compose import sha256_of
from edge.replay.detections import DetectionRecorder
from edge.replay.record import read
from edge.vision.source import FileSource
from sim_videos import DEMO_CLIP, DEMO_COUNT, DEMO_TRUTH
from sim_videos.detector import SimulatedDetector

FRAMES = 120


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line that begins with `stopline:`, and is the last; the others tell how far it came."""
        *before, last = self.err.splitlines()
        assert last.startswith("stopline: "), self.err
        assert "Traceback" not in self.err
        assert not [line for line in before if line.startswith("stopline:")]
        return last


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with kept detections of the demo's clip, damaged models and sites, and a finished replay."""
    folder = tmp_path_factory.mktemp("place")
    found = SimulatedDetector(DEMO_TRUTH, seed=1)
    recorder = DetectionRecorder(folder / "demo.npz", sha256_of(DEMO_CLIP), found.name)
    with FileSource(DEMO_CLIP, "north-mast", (640, 360)) as source:
        for frame in source:
            recorder.add(frame, found.detect(frame))
            if frame.index + 1 == FRAMES:
                break
    recorder.save()
    (folder / "text.txt").write_text("just a text file\n" * 100)
    for suffix in ("onnx", "tflite"):
        (folder / f"bad.{suffix}").write_text("no model\n")
    (folder / "store").mkdir()
    (folder / "store" / "objectron-ssd.tflite").write_bytes(b"altered")
    (folder / "hollow").mkdir()
    (folder / "hollow" / "events.jsonl").write_text('{"kind":"run","t_ns":0}\n')
    (folder / "empty").mkdir()
    site = (SITES_DIR / "demo.toml").read_text("utf-8")
    (folder / "key.toml").write_text(site.replace("yellow_s", "yelow_s", 1))
    (folder / "unit.toml").write_text(site.replace("speed_limit_mps", "speed_limit_kmh", 1))
    count = json.loads(DEMO_COUNT.read_text("utf-8"))
    count["crossings"][0]["direction"] = "NBX"
    (folder / "typo.truth.json").write_text(json.dumps(count))
    (folder / "cut.truth.json").write_text(DEMO_COUNT.read_text("utf-8")[:200])
    done = stopline(folder, *REPLAY, "--out", "good", "--max-frames", "20")
    assert done.code == 0, done.err
    return folder


REPLAY = ("replay", str(DEMO_CLIP), "--site", "demo", "--no-video", "--detections", "demo.npz")
MODEL = ("replay", str(DEMO_CLIP), "--site", "demo", "--no-video", "--out", "never", "--model")
PUBLISH = ("publish", "--broker", "127.0.0.1:9", "--site", "demo")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "edge.cli.main", *arguments]


def stopline(cwd: Path, *arguments: str, **environment: str) -> Said:
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(SITES_DIR.parents[1]), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        # the model
        ((*MODEL, "bad.onnx"), 79, ["bad.onnx: ", "export it again"]),
        ((*MODEL, "bad.tflite"), 79, ["bad.tflite: ", "export it again"]),
        ((*MODEL, "text.txt"), 79, ["text.txt: is no model file", ".onnx"]),
        ((*MODEL, "objectron-ssd"), 79, ["store/objectron-ssd.tflite", "expected sha256", "stopline models pull"]),
        ((*MODEL, "centernet"), 79, ["empty/centernet.onnx: ", "is not on this machine", "stopline models pull"]),
        # kept detections
        ((*REPLAY[:-1], "text.txt", "--out", "never"), 65, ["text.txt: ", "no .npz archive"]),
        ((*REPLAY[:-1], "gone.npz", "--out", "never"), 65, ["gone.npz: No such file", "--record-detections"]),
        # where it is written
        ((*REPLAY, "--out", "/proc/never/out"), 74, ["/proc/never/out", "choose another --out"]),
        (("demo", "--leave", "--out", "text.txt"), 74, ["text.txt", "choose another --out"]),
        (("demo", "--leave", "--out", "/proc/never"), 74, ["/proc/never", "choose another --out"]),
        (("demo", str(DEMO_CLIP), "--leave", "--out", "never"), 78, ["give both VIDEO and --site"]),
        # the site
        ((*REPLAY, "--site", "key.toml", "--out", "never"), 78, ["key.toml", "yelow_s", "yellow_s"]),
        ((*REPLAY, "--site", "unit.toml", "--out", "never"), 78, ["unit.toml", "speed_limit_kmh", "speed_limit_mps ="]),
        (("site", "validate", "unit.toml"), 78, ["unit.toml: ", "not served until mended"]),
        (("site", "validate", "dmeo"), 78, ["dmeo: there is no such site", "did you mean 'demo'?"]),
        (("site", "show", "demo", "--video", str(DEMO_CLIP), "-o", "empty"), 74, ["empty: cannot be written"]),
        # the hand count
        (("evaluate", "empty", "--truth", str(DEMO_COUNT)), 65, ["empty/events.jsonl", "stopline replay"]),
        (("evaluate", "hollow", "--truth", str(DEMO_COUNT)), 65, ["hollow/events.jsonl", "replay the video again"]),
        (("evaluate", "good", "--truth", "typo.truth.json"), 65, ["typo.truth.json: crossings.0.direction", "'NBX'"]),
        (("evaluate", "good", "--truth", "cut.truth.json"), 65, ["cut.truth.json: ", "JSON"]),
        # the publisher
        ((*PUBLISH, "--outbox", "new.db", "--ca-file", "text.txt"), 78, ["text.txt", "PEM"]),
        ((*PUBLISH, "--outbox", "new.db", "--username", "u", "--password-file", "gone"), 78, ["--password-file gone"]),
        # the collector
        (("collector", "run", "--port", "0", "--db", "text.txt"), 74, ["text.txt", "give another with --db"]),
    ],
    ids=lambda value: " ".join(Path(part).name for part in value[:8]) if isinstance(value, tuple) else None,
)
def test_one_sentence_and_the_documented_code(
    place: Path, arguments: tuple[str, ...], code: int, words: list[str]
) -> None:
    store = "empty" if "centernet" in arguments else "store"
    if "objectron-ssd" in arguments:  # a refused file is renamed, so each run needs its own
        (place / "store" / "objectron-ssd.tflite").write_bytes(b"altered")
    said = stopline(place, *arguments, STOPLINE_MODELS=str(place / store))
    assert said.code == code, said.err
    for word in words:
        assert word in said.complaint
    assert len(said.err.splitlines()) == 1
    assert not (place / "never").exists()


def test_two_publishers_on_one_outbox(place: Path, tmp_path: Path) -> None:
    box = str(tmp_path / "outbox.db")
    first = subprocess.Popen(command(*PUBLISH, "--outbox", box), cwd=place, stderr=subprocess.PIPE, text=True)
    try:
        assert first.stderr is not None
        assert "cannot reach broker 127.0.0.1:9" in first.stderr.readline()
        second = stopline(place, *PUBLISH, "--outbox", box, "--drain")
        assert second.code == 74
        assert second.complaint == f"stopline: another publisher already serves {box}: end it first"
    finally:
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
    assert first.returncode == 0


def test_detections_of_part_of_the_video_leave_that_part(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = stopline(place, *REPLAY, "--out", str(out))
    assert said.code == 65
    assert f"holds no detections of frame {FRAMES}" in said.complaint
    end = read(out).end
    assert end is not None
    assert end["frames"] == FRAMES
    assert stopline(place, "evaluate", str(out), "--truth", str(DEMO_COUNT)).code == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    tools = [shutil.which("mount"), shutil.which("umount")]
    if os.geteuid() != 0 or None in tools:
        pytest.skip("a disk of its own can be mounted only by root")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True).returncode:  # noqa: PLW1510  # the code is what we ask
        pytest.skip("tmpfs cannot be mounted here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_leaves_what_was_written(place: Path, small_disk: Path) -> None:
    out = small_disk / "out"
    said = stopline(place, *REPLAY, "--out", str(out), "--max-frames", "60")
    assert said.code == 74
    assert f"{out}: " in said.complaint
    assert "free space or choose another --out" in said.complaint
    end = read(out).end
    assert end is not None
    assert end["stopped"] == "the disk did not take more"
    for line in (out / "events.jsonl").read_text("utf-8").splitlines():
        json.loads(line)
    assert "the disk did not take more" in (out / "report.html").read_text("utf-8")
