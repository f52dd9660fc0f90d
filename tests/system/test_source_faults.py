"""Sources under faults: bad files, killed and hung decoders, a killed parent, a lost network."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge.clock import SystemClock
from edge.errors import ConfigError, DeviceError, InputError
from edge.frames import Frame
from edge.vision.source import BackoffSettings, FileSettings, FileSource, LiveSettings, LiveSource, open_source
from edge.vision.source.request import OpenRequest
from tests.source_openers import SIZE_PX as SCRIPTED_PX
from tests.source_openers import first_then_request, scripted_request
from tests.source_videos import (
    FRAMES,
    SIZE_PX,
    cut,
    ffmpeg,
    process_known,
    process_lives,
    until,
    write_video,
)

SOON = BackoffSettings(first_s=0.05, most_s=0.2)
CLIPS = Path(os.environ.get("STOPLINE_DATA", Path(__file__).parents[2] / "../shared/data")) / "replay"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def video(folder: Path) -> Path:
    return write_video(folder / "noon.mp4")


@pytest.fixture(scope="module")
def whole(video: Path) -> list[Frame]:
    with FileSource(video, "north") as source:
        return list(source)


def read_all(path: Path) -> tuple[list[Frame], str | None]:
    """Frames until the end or the error, and the error."""
    frames: list[Frame] = []
    with FileSource(path, "north") as source:
        try:
            frames.extend(source)
        except InputError as error:
            return frames, str(error)
    return frames, None


# ── files that are none ───────────────────────────────────────────────────────────────


def bad_files(folder: Path) -> dict[str, Path]:
    made = {name: folder / name for name in ("empty.mp4", "text.mp4", "random.mp4", "list.m3u8", "fifo.mp4", "dir.mp4")}
    made["missing.mp4"] = folder / "missing.mp4"
    made["empty.mp4"].touch()
    made["text.mp4"].write_text("Northbound, 12 cars\n" * 50, encoding="utf-8")
    made["random.mp4"].write_bytes(np.random.default_rng(0).bytes(50_000))
    # libav would follow this playlist to another host.
    made["list.m3u8"].write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n", encoding="utf-8")
    os.mkfifo(made["fifo.mp4"])
    made["dir.mp4"].mkdir()
    return made


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.mp4", "does not exist: check the path"),
        ("empty.mp4", "is empty (0 bytes): record or copy it again"),
        ("dir.mp4", "is a directory: name one video file in it"),
        ("fifo.mp4", "is not a regular file: copy the recording to a file first"),
        ("text.mp4", "is not a video that can be read: give a recording, or convert it"),
        ("random.mp4", "is not a video that can be read: give a recording, or convert it"),
        ("list.m3u8", "is not a video that can be read: give a recording, or convert it"),
    ],
)
@pytest.mark.parametrize("live", [False, True])
def test_a_file_that_is_no_video(tmp_path: Path, name: str, sentence: str, *, live: bool) -> None:
    path = bad_files(tmp_path)[name]
    with pytest.raises(InputError) as caught:
        open_source(str(path), "north", SIZE_PX, SystemClock(), live=live)
    assert str(caught.value).startswith(f"{path} {sentence}")


def test_a_video_of_another_size_names_both_and_the_fix(video: Path) -> None:
    with pytest.raises(InputError) as caught:
        FileSource(video, "north", (640, 360))
    assert str(caught.value) == (
        f"{video} is 320x240 but the site's camera is 640x360: use the site made for this view, "
        "or scale the video with `ffmpeg -i INPUT -vf scale=640:360 OUTPUT.mp4`"
    )


def test_a_codec_without_decoder(folder: Path) -> None:
    path = folder / "codec.avi"
    path.write_bytes(write_video(folder / "known.avi", 5, "MJPG").read_bytes().replace(b"MJPG", b"ZZZZ"))
    with pytest.raises(InputError, match="codec that this installation cannot decode: convert it with `ffmpeg"):
        FileSource(path, "north")


def test_a_container_without_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)
    with pytest.raises(InputError, match="is not a video that can be read"):
        FileSource(path, "north")


# ── files that broke off ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("suffix", ["avi", "mkv"])
def test_a_cut_file_gives_all_its_good_frames_then_says_how_many(folder: Path, suffix: str) -> None:
    fourcc = {"avi": "MJPG", "mkv": "mp4v"}[suffix]
    path = cut(write_video(folder / f"full.{suffix}", fourcc=fourcc), 0.6, folder / f"cut.{suffix}")
    frames, error = read_all(path)
    assert 30 <= len(frames) <= 40
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert error is not None
    assert error.startswith(f"{path} is damaged or cut off: {len(frames)} of {FRAMES} frames could be read")


def test_an_avi_cut_between_two_frames_is_noticed_though_the_decoder_is_silent(folder: Path) -> None:
    content = write_video(folder / "clean.avi", fourcc="MJPG").read_bytes()
    begins = [at for at in range(len(content)) if content.startswith(b"00dc", at)]
    path = folder / "clean_cut.avi"
    path.write_bytes(content[: begins[30]])
    frames, error = read_all(path)
    assert error is not None
    assert f"{len(frames)} of {FRAMES} frames" in error


def test_an_mp4_whose_index_was_never_written(video: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="cut off before its index was written"):
        FileSource(cut(video, 0.6, folder / "noindex.mp4"), "north")


def test_a_cut_mp4_with_its_index_in_front(video: Path, folder: Path) -> None:
    ffmpeg("-i", video, "-c", "copy", "-movflags", "faststart", folder / "front.mp4")
    frames, error = read_all(cut(folder / "front.mp4", 0.6, folder / "front_cut.mp4"))
    assert 30 <= len(frames) <= 40
    assert error is not None
    assert f"{len(frames)} of {FRAMES} frames" in error


def test_damage_in_the_middle_does_not_cost_what_follows(video: Path, folder: Path) -> None:
    ffmpeg("-i", video, "-c:v", "libx264", "-movflags", "faststart", folder / "h264.mp4")
    content = bytearray((folder / "h264.mp4").read_bytes())
    half = len(content) // 2
    content[half : half + 400] = np.random.default_rng(1).bytes(400)
    path = folder / "smeared.mp4"
    path.write_bytes(content)
    frames, _ = read_all(path)
    assert len(frames) > 50
    assert frames[-1].t_ns == (FRAMES - 1) * 40_000_000


def test_a_file_trimmed_by_an_edit_list_is_whole(video: Path, folder: Path) -> None:
    ffmpeg("-i", video, "-c:v", "libx264", "-bf", "2", folder / "b.mp4")
    ffmpeg("-ss", "0.9", "-i", folder / "b.mp4", "-c", "copy", folder / "trimmed.mp4")
    frames, error = read_all(folder / "trimmed.mp4")
    assert error is None
    assert len(frames) > 30


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_variable_frame_rate_keeps_its_real_times(video: Path, folder: Path, suffix: str) -> None:
    path = folder / f"variable.{suffix}"
    ffmpeg("-i", video, "-vf", "select='not(between(n,10,30))'", "-vsync", "vfr", "-c:v", "libx264", path)
    with FileSource(path, "north") as source:
        times_ms = [frame.t_ns / 1e6 for frame in source]
    assert times_ms == [i * 40.0 for i in range(FRAMES) if not 10 <= i <= 30]
    assert source.repaired == 0


def test_a_stream_without_stamps_runs_at_its_nominal_rate(video: Path, folder: Path) -> None:
    ffmpeg("-i", video, "-c:v", "libx264", folder / "raw.h264")
    with FileSource(folder / "raw.h264", "north") as source:
        times_ms = [frame.t_ns / 1e6 for frame in source]
    assert times_ms == [i * 40.0 for i in range(FRAMES)]
    assert source.repaired == FRAMES - 1
    assert source.frames_total is None


# ── decoders that die or hang: a file ─────────────────────────────────────────────────


@pytest.mark.parametrize("kill_at", [{-1}, {0}, {1, 2}, {10, 20, 30}, {59}])
def test_a_killed_decoder_of_a_file_costs_no_frame_and_doubles_none(
    video: Path, whole: list[Frame], kill_at: set[int]
) -> None:
    frames: list[Frame] = []
    with FileSource(video, "north") as source:
        if -1 in kill_at:
            kill(source)
        for frame in source:
            frames.append(frame)
            if frame.index in kill_at:
                kill(source)
    # Those decoded ahead still come from a dead child, so two kills close together may be one.
    assert source.restarts <= len(kill_at)
    assert source.restarts >= (kill_at != {59})
    assert [(frame.index, frame.t_ns) for frame in frames] == [(frame.index, frame.t_ns) for frame in whole]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(frames, whole, strict=True))


def kill(source: FileSource | LiveSource) -> int:
    pid = source.child_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.mark.parametrize(
    ("then", "why"), [("die", "the decoder was ended by SIGKILL"), ("hang", "the decoder gave no frame for 0.5 s")]
)
def test_a_frame_that_no_decoder_survives_is_named(video: Path, then: str, why: str) -> None:
    settings = FileSettings(stall_s=0.5) if then == "hang" else FileSettings()
    request = scripted_request(frames=5, then=then)
    frames: list[Frame] = []
    with pytest.raises(InputError) as caught, FileSource(video, "north", settings=settings, request=request) as source:
        frames.extend(source)
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 1, 2, 3, 4]
    assert str(caught.value).startswith(f"{video} cannot be decoded past frame 5: {why}, 3 times; convert it")


# ── decoders that die or hang: a camera ───────────────────────────────────────────────


def take(source: LiveSource, frames: int) -> list[Frame]:
    return [frame for _, frame in zip(range(frames), source, strict=False)]


def test_a_killed_decoder_of_a_camera_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    request = scripted_request(frames=1_000_000, period_ms=5)
    with (
        caplog.at_level(logging.INFO),
        LiveSource(request, "north", SystemClock(), settings=LiveSettings(backoff=SOON)) as source,
    ):
        frames = take(source, 5)
        pid = kill(source)
        frames += take(source, 20)
        until(lambda: source.restarts == 1, "the restart is counted")
        frames += take(source, 20)
        assert source.last_failure == "the decoder was ended by SIGKILL"
    assert not process_known(pid)
    assert all(later.t_ns > earlier.t_ns and later.index > earlier.index for earlier, later in pairwise(frames))
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("camera north (camera): the decoder was ended by SIGKILL; restart 1 in 0.")


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ("hang_open", "no frame for 1.5 s, so its decoder was killed"),
        ("hang", "no frame for 0.3 s, so its decoder was killed"),
        ("die", "the decoder was ended by SIGKILL"),
        ("break", "the decoder broke: RuntimeError('a fault in the driver')"),
        ("end", "the stream ended"),
        ("refuse", "no answer from rtsp://***@10.0.0.5/ch1?token=***"),
    ],
)
def test_a_camera_comes_back_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], first: str, reason: str
) -> None:
    settings = LiveSettings(open_s=1.5 if first == "hang_open" else 15.0, stall_s=0.3, backoff=SOON)
    request = first_then_request(tmp_path, first)
    with LiveSource(request, "north", SystemClock(), SCRIPTED_PX, settings) as source:
        until(lambda: source.restarts >= 1, "a restart")
        assert source.last_failure == reason
        frames = take(source, 40)
    assert all(later.t_ns > earlier.t_ns and later.index > earlier.index for earlier, later in pairwise(frames))
    output = caplog.text + "".join(capfd.readouterr())
    assert "hunter" not in output
    assert reason in caplog.text


def test_a_read_that_hangs_inside_libav_is_ended(tmp_path: Path) -> None:
    fifo = tmp_path / "stream"
    os.mkfifo(fifo)  # opening it blocks until somebody writes: for ever
    request = OpenRequest("edge.vision.source.openers:open_network", str(fifo), "camera")
    settings = LiveSettings(open_s=0.8, gone_after_s=30, backoff=SOON)
    with LiveSource(request, "north", SystemClock(), SIZE_PX, settings) as source:
        until(lambda: source.restarts >= 2, "hung twice, killed twice")
        assert source.last_failure == "no frame for 0.8 s, so its decoder was killed"


def test_a_reader_is_told_that_the_camera_is_gone_and_may_read_on(tmp_path: Path) -> None:
    settings = LiveSettings(open_s=2.0, gone_after_s=0.3, backoff=SOON)
    with LiveSource(first_then_request(tmp_path, "hang_open"), "north", SystemClock(), SCRIPTED_PX, settings) as source:
        with pytest.raises(DeviceError, match=r"camera north \(camera\) gave no frame for 0\.3 s: .*; it is tried on"):
            next(iter(source))
        until(lambda: source.restarts >= 1, "the hung child is given up")
        frames: list[Frame] = []
        while not frames:
            try:
                frames = take(source, 3)
            except DeviceError:
                continue
        assert [frame.index for frame in frames] == sorted(frame.index for frame in frames)


def test_a_camera_of_another_size_names_both() -> None:
    settings = LiveSettings(gone_after_s=20, backoff=SOON)
    with LiveSource(scripted_request(frames=5), "north", SystemClock(), (640, 360), settings) as source:
        until(lambda: source.restarts >= 1, "refused")
        assert source.last_failure is not None
        assert source.last_failure.startswith("the camera sends 96x64 but the site's is 640x360")


def test_a_camera_that_never_answers_is_refused_when_its_size_is_not_known() -> None:
    with pytest.raises(
        DeviceError, match=r"camera north \(/dev/video97\) cannot be opened: /dev/video97 does not exist"
    ):
        open_source("/dev/video97", "north", None, SystemClock(), settings=LiveSettings(open_s=2.0))


def test_a_camera_that_this_installation_cannot_read_is_a_config_error() -> None:
    request = OpenRequest("edge.vision.source.openers:open_picamera2", "0", "csi:0")
    source = LiveSource(request, "north", SystemClock(), SIZE_PX)
    with source, pytest.raises(ConfigError, match="apt install python3-picamera2"):
        next(iter(source))


def test_closing_while_a_child_hangs_is_quick(tmp_path: Path) -> None:
    source = LiveSource(first_then_request(tmp_path, "hang_open"), "north", SystemClock(), SCRIPTED_PX)
    until((tmp_path / "started").exists, "the child hangs")
    pid = source.child_pid
    clock = SystemClock()
    from_ns = clock.now_ns()
    source.close()
    assert clock.now_ns() - from_ns < 2_000_000_000
    assert pid is not None
    assert not process_known(pid)


# ── the parent dies ───────────────────────────────────────────────────────────────────

_PARENT = """
import sys, threading
from pathlib import Path
from edge.clock import SystemClock
from edge.vision.source import FileSource, LiveSource
from tests.source_openers import first_then_request
from edge.vision.source.request import OpenRequest
clock = SystemClock()
source = FileSource(sys.argv[1], "north")
hung = LiveSource(first_then_request(Path(sys.argv[2]), "hang_open"), "south", clock, (96, 64))
stuck = LiveSource(OpenRequest("edge.vision.source.openers:open_network", sys.argv[3], "x"), "w", clock, (96, 64))
while not (Path(sys.argv[2]) / "started").exists() or stuck.child_pid is None:
    threading.Event().wait(0.01)
print(source.child_pid, hung.child_pid, stuck.child_pid, flush=True)
threading.Event().wait()
"""


def test_children_die_with_a_parent_that_is_killed(video: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "stream"
    os.mkfifo(fifo)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", _PARENT, str(video), str(tmp_path), str(fifo)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 3
        assert all(process_lives(pid) for pid in pids)
        parent.kill()
    until(lambda: not any(process_lives(pid) for pid in pids), "every child dies with its parent")
    assert list(Path("/dev/shm").glob("*stopline*")) == []  # noqa: S108  where named memory would be left


# ── a network camera ──────────────────────────────────────────────────────────────────


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Sender:
    """ffmpeg that listens and sends a test picture, as a network camera does."""

    def __init__(self, port: int) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            pytest.skip("ffmpeg is not installed")
        picture = ["-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-c:v", "mpeg4", "-g", "5"]
        out = ["-f", "mpegts", "-listen", "1", f"http://127.0.0.1:{port}/live"]
        self.process = subprocess.Popen(
            [program, "-nostdin", "-v", "quiet", *picture, *out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def senders() -> Iterator[list[Sender]]:
    started: list[Sender] = []
    yield started
    for sender in started:
        sender.end()


@pytest.mark.peer
def test_a_network_stream_is_followed_across_a_killed_and_a_hung_sender(
    senders: list[Sender], caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    url = f"http://root:hunter2@127.0.0.1:{port}/live?token=hunter3"
    settings = LiveSettings(open_s=20, stall_s=1.0, gone_after_s=40, backoff=BackoffSettings(first_s=0.2, most_s=0.5))
    clock = SystemClock()
    senders.append(Sender(port))
    with caplog.at_level(logging.INFO), open_source(url, "north", SIZE_PX, clock, settings=settings) as source:
        assert isinstance(source, LiveSource)
        frames = take(source, 30)
        assert clock.now_ns() - frames[-1].t_ns < 2_000_000_000

        senders[-1].end()
        lost = source.restarts
        until(lambda: source.restarts > lost, "the lost stream is noticed")
        senders.append(Sender(port))
        frames += take(source, 30)

        lost = source.restarts
        senders[-1].process.send_signal(signal.SIGSTOP)
        until(lambda: source.restarts > lost, "the hung stream is noticed")
        assert source.last_failure is not None
        assert "decoder was killed" in source.last_failure or "no answer" in source.last_failure
        senders[-1].end()
        senders.append(Sender(port))
        frames += take(source, 30)
    assert all(later.t_ns > earlier.t_ns and later.index > earlier.index for earlier, later in pairwise(frames))
    assert "hunter" not in caplog.text
    assert f"http://***@127.0.0.1:{port}/live?token=***" in caplog.text


# ── the recorded clips ────────────────────────────────────────────────────────────────


@pytest.mark.clips
@pytest.mark.parametrize("truth", sorted(CLIPS.glob("*.truth.json")) or [None], ids=lambda t: t.name if t else "none")
def test_every_frame_of_the_recorded_clips_is_read(truth: Path | None) -> None:
    if truth is None:
        pytest.skip(f"no clips in {CLIPS}: set STOPLINE_DATA")
    expected = json.loads(truth.read_text(encoding="utf-8"))
    with FileSource(truth.with_name(expected["clip"]), "clip", tuple(expected["size"])) as source:
        times_ns = [frame.t_ns for frame in source]
    assert len(times_ns) == expected["frames"] == source.frames_total
    assert times_ns[-1] == pytest.approx((expected["frames"] - 1) / expected["fps"] * 1e9, rel=1e-4)
    assert source.repaired == 0
