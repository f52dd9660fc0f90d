"""Openers, in this process: pacing by stamps, and what is asked of ribbon-cable cameras."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edge.clock import NS_PER_MS, ReplayClock
from edge.errors import ConfigError, DeviceError
from edge.vision.source.openers import (
    PacedCapture,
    gstreamer_csi_pipeline,
    open_gstreamer_csi,
    open_picamera2,
    open_v4l2,
)
from tests.source_videos import write_video


def test_a_paced_recording_comes_when_its_stamps_say(tmp_path: Path) -> None:
    clock = ReplayClock()
    clock.advance_to(7 * NS_PER_MS)
    capture = PacedCapture(str(write_video(tmp_path / "a.avi", 5, "MJPG")), clock, loop=False)
    came_ms = []
    while capture.grab():
        came_ms.append((clock.now_ns() - 7 * NS_PER_MS) / NS_PER_MS)
    assert came_ms == [0, 40, 80, 120, 160]


def test_a_loop_goes_on_in_time(tmp_path: Path) -> None:
    capture = PacedCapture(str(write_video(tmp_path / "a.avi", 3, "MJPG")), ReplayClock(), loop=True)
    assert [capture.grab() and capture.pos_ms() for _ in range(7)] == [0, 40, 80, 120, 160, 200, 240]


def test_a_missing_usb_camera_is_a_device_error() -> None:
    with pytest.raises(DeviceError, match="/dev/video97 does not exist"):
        open_v4l2("/dev/video97")


def test_pipelines_name_the_size_and_drop_old_pictures() -> None:
    pi = gstreamer_csi_pipeline(0, (640, 360), jetson=False)
    jetson = gstreamer_csi_pipeline(1, (1280, 720), jetson=True)
    assert pi.startswith("libcamerasrc ! video/x-raw,width=640,height=360 ")
    assert jetson.startswith("nvarguscamerasrc sensor-id=1 ! video/x-raw(memory:NVMM),width=1280,height=720 ")
    assert all(line.endswith("appsink drop=true max-buffers=1") for line in (pi, jetson))


def test_gstreamer_without_a_camera_is_a_device_error() -> None:
    with pytest.raises(DeviceError, match="GStreamer cannot open camera 0"):
        open_gstreamer_csi("0")


class FakePicamera2:
    """The calls of picamera2 that are used, as its manual describes them."""

    def __init__(self, number: int) -> None:
        if number > 0:
            raise IndexError("list index out of range")
        self.size = (0, 0)
        self.released = 0

    def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
        assert main["format"] == "RGB888"
        return main

    def configure(self, main: dict[str, Any]) -> None:
        self.size = main["size"]

    def start(self) -> None:
        pass

    def capture_request(self) -> FakePicamera2:
        return self

    def make_array(self, name: str) -> np.ndarray[Any, np.dtype[np.uint8]]:
        assert name == "main"
        return np.full((self.size[1], self.size[0], 3), 7, np.uint8)

    def get_metadata(self) -> dict[str, int]:
        return {"SensorTimestamp": 1_500_000_000}

    def release(self) -> None:
        self.released += 1


def test_picamera2(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("picamera2")
    monkeypatch.setattr(module, "Picamera2", FakePicamera2, raising=False)
    monkeypatch.setitem(sys.modules, "picamera2", module)
    capture = open_picamera2("0", width_px=64, height_px=48)
    into = np.zeros((48, 64, 3), np.uint8)
    assert capture.grab()
    assert capture.pos_ms() == 1500.0
    assert capture.retrieve(into)
    assert into.min() == 7
    assert not capture.retrieve(np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(DeviceError, match="camera 1 does not answer"):
        open_picamera2("1")


def test_picamera2_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(ConfigError, match="apt install python3-picamera2"):
        open_picamera2("0")
