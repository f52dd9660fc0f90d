"""Openers, run in the decode child: each returns a `Capture` or raises DeviceError or ConfigError."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from edge.clock import NS_PER_MS, Clock, SystemClock
from edge.errors import ConfigError, DeviceError
from edge.frames import ImageBGR
from edge.vision.source.capture import Capture, CvCapture
from edge.vision.source.stamps import RecordingTimes

#: Unreadable pictures in a row that are passed over in a recording: 10 s at 25 frames a second.
_PASSED_OVER = 250
_DEFAULT_SIZE_PX = (1280, 720)


def _ffmpeg(target: str, libav_options: str, params: list[int]) -> CvCapture | None:
    """libav's reader, None when it refuses. Its options are read from the environment of this child alone."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = libav_options
    import cv2

    capture = cv2.VideoCapture(target, cv2.CAP_FFMPEG, params)
    if not capture.isOpened():
        return None
    return CvCapture(capture, retries=_PASSED_OVER if Path(target).is_file() else 0)


def open_recording(target: str) -> CvCapture:
    """A recorded file. A playlist in disguise cannot make libav open an address: only `file` is allowed."""
    capture = _ffmpeg(target, "protocol_whitelist;file", [])
    if capture is None:
        raise DeviceError("not a video that can be decoded")
    return capture


class PacedCapture:
    """A recording whose pictures come when its stamps say, once or for ever.

    In a loop, stamps go on: the file's first picture follows its last by one frame.
    """

    def __init__(self, path: str, clock: Clock, *, loop: bool) -> None:
        self._path = path
        self._clock = clock
        self._loop = loop
        self._capture = open_recording(path)
        self._started_ns: int | None = None
        self._times = RecordingTimes(self._capture.fps)
        self._lap_ns = 0
        self._last_ns = 0
        self.size_px = self._capture.size_px
        self.fps = self._capture.fps
        self.frames_total = None

    def grab(self) -> bool:
        """The next picture, not before its time."""
        if not self._capture.grab():
            if not self._loop or self._started_ns is None:
                return False
            self._capture.release()
            self._capture = open_recording(self._path)
            self._lap_ns = self._last_ns + round(self._times.step_ms * NS_PER_MS)
            self._times = RecordingTimes(self._capture.fps)
            if not self._capture.grab():
                return False
        self._last_ns = self._lap_ns + self._times.t_ns(self._capture.pos_ms())
        if self._started_ns is None:
            self._started_ns = self._clock.now_ns()
        self._clock.sleep_until(self._started_ns + self._last_ns)
        return True

    def pos_ms(self) -> float | None:
        """Time since the first picture, laps included."""
        return self._last_ns / NS_PER_MS

    def retrieve(self, into: ImageBGR) -> bool:
        """Decode into `into`."""
        return self._capture.retrieve(into)


def open_paced(target: str, *, loop: bool) -> PacedCapture:
    """A recorded file as a camera."""
    return PacedCapture(target, SystemClock(), loop=loop)


def open_network(target: str) -> CvCapture:
    """RTSP, HTTP and whatever else libav reads. RTSP goes over TCP: over UDP a lost packet smears the picture."""
    import cv2

    # One thread: libav's frame threading holds back a picture a thread.
    capture = _ffmpeg(target, "rtsp_transport;tcp", [cv2.CAP_PROP_N_THREADS, 1])
    if capture is None:
        raise DeviceError("no answer, or no video that can be decoded")
    capture.frames_total = None
    return capture


def open_v4l2(target: str, *, width_px: int | None = None, height_px: int | None = None) -> CvCapture:
    """A USB camera. Compressed pictures are asked for, since raw ones fit USB 2 only when small."""
    import cv2

    if not Path(target).exists():
        raise DeviceError(f"{target} does not exist")
    params = [cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")]
    if width_px is not None and height_px is not None:
        params += [cv2.CAP_PROP_FRAME_WIDTH, width_px, cv2.CAP_PROP_FRAME_HEIGHT, height_px]
    capture = cv2.VideoCapture(target, cv2.CAP_V4L2, params)
    if not capture.isOpened():
        raise DeviceError(f"{target} cannot be opened: it is no camera, is in use, or needs group `video`")
    opened = CvCapture(capture)
    opened.frames_total = None
    return opened


def gstreamer_csi_pipeline(number: int, size_px: tuple[int, int], *, jetson: bool) -> str:
    """GStreamer's words for a ribbon-cable camera; old pictures are dropped there, not queued."""
    width, height = size_px
    if jetson:
        head = (
            f"nvarguscamerasrc sensor-id={number} ! video/x-raw(memory:NVMM),width={width},height={height} "
            "! nvvidconv ! video/x-raw,format=BGRx"
        )
    else:
        head = f"libcamerasrc ! video/x-raw,width={width},height={height}"
    return f"{head} ! videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1"


def open_gstreamer_csi(target: str, *, width_px: int | None = None, height_px: int | None = None) -> CvCapture:
    """A ribbon-cable camera through GStreamer."""
    import cv2

    size = (width_px or _DEFAULT_SIZE_PX[0], height_px or _DEFAULT_SIZE_PX[1])
    jetson = Path("/etc/nv_tegra_release").exists()
    capture = cv2.VideoCapture(gstreamer_csi_pipeline(int(target), size, jetson=jetson), cv2.CAP_GSTREAMER)
    if not capture.isOpened():
        raise DeviceError(f"GStreamer cannot open camera {target}: see `gst-launch-1.0` with the same pipeline")
    opened = CvCapture(capture)
    opened.frames_total = None
    return opened


class Picamera2Capture:
    """A ribbon-cable camera through picamera2; stamps are the sensor's."""

    def __init__(self, camera: Any, size_px: tuple[int, int]) -> None:
        self._camera = camera
        self._image: ImageBGR | None = None
        self._pos_ms: float | None = None
        self.size_px = size_px
        self.fps: float | None = None
        self.frames_total: int | None = None

    def grab(self) -> bool:
        """Wait for the next picture."""
        request = self._camera.capture_request()
        try:
            self._image = request.make_array("main")
            stamp_ns = request.get_metadata().get("SensorTimestamp")
        finally:
            request.release()
        self._pos_ms = None if stamp_ns is None else stamp_ns / NS_PER_MS
        return True

    def pos_ms(self) -> float | None:
        """When the sensor began to read out the picture."""
        return self._pos_ms

    def retrieve(self, into: ImageBGR) -> bool:
        """Copy the picture."""
        if self._image is None or self._image.shape != into.shape:
            return False
        np.copyto(into, self._image)
        return True


def open_picamera2(target: str, *, width_px: int | None = None, height_px: int | None = None) -> Capture:
    """A ribbon-cable camera of a Raspberry Pi."""
    try:
        picamera2 = importlib.import_module("picamera2")
    except ImportError as error:
        raise ConfigError(f"picamera2 cannot be loaded ({error}): `apt install python3-picamera2`") from error
    size = (width_px or _DEFAULT_SIZE_PX[0], height_px or _DEFAULT_SIZE_PX[1])
    try:
        camera = picamera2.Picamera2(int(target))
    except (IndexError, RuntimeError) as error:
        raise DeviceError(f"camera {target} does not answer ({error}): check the ribbon cable") from error
    # picamera2 names channels from the last byte to the first: its RGB888 lies in memory as BGR.
    camera.configure(camera.create_video_configuration(main={"size": size, "format": "RGB888"}))
    camera.start()
    return Picamera2Capture(camera, size)
