"""How a camera's source text is read, and that no password gets out."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import SystemClock
from edge.errors import ConfigError
from edge.vision.source import open_source, redact
from edge.vision.source.request import camera_request


@pytest.mark.parametrize(
    ("spec", "opener", "target"),
    [
        ("rtsp://10.0.0.5/ch1", "open_network", "rtsp://10.0.0.5/ch1"),
        ("RTSPS://10.0.0.5/ch1", "open_network", "RTSPS://10.0.0.5/ch1"),
        ("http://10.0.0.5/mjpg", "open_network", "http://10.0.0.5/mjpg"),
        ("usb:2", "open_v4l2", "/dev/video2"),
        ("/dev/video0", "open_v4l2", "/dev/video0"),
    ],
)
def test_cameras(spec: str, opener: str, target: str) -> None:
    request = camera_request(spec)
    assert request is not None
    assert (request.opener, request.target) == (f"edge.vision.source.openers:{opener}", target)


@pytest.mark.parametrize("spec", ["noon.mp4", "/var/rec/noon.mkv", "../a:b.mp4", "usb.mp4", "csi"])
def test_paths_are_no_cameras(spec: str) -> None:
    assert camera_request(spec) is None


@pytest.mark.parametrize("spec", ["rstp://10.0.0.5/ch1", "usb:x", "csi:", "ftp://u:secret@h/x"])
def test_a_typing_error_is_named_with_what_can_be_written(spec: str) -> None:
    with pytest.raises(ConfigError, match=r"rtsp://…, http://…, /dev/video0, usb:0 or csi:0") as caught:
        camera_request(spec)
    assert "secret" not in str(caught.value)


def test_the_size_is_asked_of_a_camera_that_can_be_asked() -> None:
    request = camera_request("usb:0", (640, 360))
    assert request is not None
    assert request.options == {"width_px": 640, "height_px": 360}


def test_csi_without_any_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.getBuildInformation", lambda: "    GStreamer:                   NO\n")
    monkeypatch.setattr("edge.vision.source.request.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"csi:0.*picamera2.*apt install python3-picamera2"):
        open_source("csi:0", "north", None, SystemClock())


def test_csi_prefers_picamera2_and_takes_gstreamer_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.getBuildInformation", lambda: "    GStreamer:                   YES (1.22)\n")
    monkeypatch.setattr("edge.vision.source.request.find_spec", lambda _name: None)
    request = camera_request("csi:1")
    assert request is not None
    assert request.opener.endswith("open_gstreamer_csi")
    monkeypatch.setitem(sys.modules, "picamera2", ModuleType("picamera2"))
    monkeypatch.setattr("edge.vision.source.request.find_spec", lambda _name: object())
    request = camera_request("csi:1", (640, 360))
    assert request is not None
    assert (request.opener.rpartition(":")[2], request.target) == ("open_picamera2", "1")


def test_a_camera_cannot_be_replayed() -> None:
    with pytest.raises(ConfigError, match="cannot be replayed") as caught:
        open_source("rtsp://u:secret@h/x", "north", None, SystemClock(), live=False)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("rtsp://10.0.0.5:554/ch1", "rtsp://10.0.0.5:554/ch1"),
        ("rtsp://root:pa@ss:/w@10.0.0.5/ch1 timed out", "rtsp://***@10.0.0.5/ch1 timed out"),
        ("http://h/v?user=root&password=x%20y&ch=1", "http://h/v?user=***&password=***&ch=1"),
        ("open 'rtsp://a:b@c/d': refused", "open 'rtsp://***@c/d': refused"),
        ("mail a@b.org", "mail a@b.org"),
    ],
)
def test_redact(text: str, redacted: str) -> None:
    assert redact(text) == redacted


WORD = st.text(
    st.characters(blacklist_categories=("Cs", "Z", "C"), blacklist_characters="'\""), min_size=6, max_size=12
)


@given(WORD, WORD)
def test_no_user_or_password_survives(user: str, password: str) -> None:
    text = redact(f"[rtsp @ 0x55] method DESCRIBE failed for rtsp://{user}:{password}@camera.example/ch1: 401")
    assert text == "[rtsp @ 0x55] method DESCRIBE failed for rtsp://***@camera.example/ch1: 401"


def test_the_request_itself_shows_no_password() -> None:
    request = camera_request("rtsp://root:secret@10.0.0.5/ch1")
    assert "secret" not in repr(request)
