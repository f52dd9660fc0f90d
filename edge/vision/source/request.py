"""What a decode child is asked to open, and how a camera's `source` text is read.

    clips/noon.mp4             a recording          rtsp://user:secret@10.0.0.5/ch1   a network camera
    /dev/video0, usb:0         a USB camera         csi:0                             a ribbon-cable camera

A network address may hold a password: it is kept out of every message by `redact`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from edge.errors import ConfigError

Option = str | int | float | bool
_NETWORK = re.compile(r"^(rtsps?|rtmps?|https?|tcp|udp|rtp|srt)://", re.IGNORECASE)
_NUMBERED = re.compile(r"^(usb|csi):(\d{1,2})$")
_OPENERS = "edge.vision.source.openers"

#: Greedy up to the last `@`, since a password may hold any of `:/@`.
_USER_INFO = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s'\"]*@", re.IGNORECASE)
_SECRET_QUERY = re.compile(r"([?&](?:user|usr|pass|passwd|pwd|token|key|auth|sig)[^=&\s]*=)[^&\s'\"]*", re.IGNORECASE)


def redact(text: str) -> str:
    """`text` with user names, passwords and tokens of every address in it replaced by `***`.

    >>> redact("no answer from rtsp://root:pa@ss@10.0.0.5/ch1?token=17")
    'no answer from rtsp://***@10.0.0.5/ch1?token=***'
    """
    return _SECRET_QUERY.sub(r"\1***", _USER_INFO.sub(r"\1***@", text))


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """One thing to open: `opener` is `module:function`, called in the child as `function(target, **options)`.

    `name` is how messages call it. `target` may hold a password and is in no repr.
    """

    opener: str
    target: str = field(repr=False)
    name: str
    options: Mapping[str, Option] = field(default_factory=dict)

    def with_options(self, **options: Option) -> OpenRequest:
        """The same request with further options."""
        return replace(self, options={**self.options, **options})


def recording_request(path: Path) -> OpenRequest:
    """A recorded file, read as fast as its reader takes it."""
    return OpenRequest(f"{_OPENERS}:open_recording", str(path.absolute()), str(path))


def paced_request(path: Path, *, loop: bool = False) -> OpenRequest:
    """A recorded file that behaves as a camera: its frames come when its stamps say."""
    return OpenRequest(f"{_OPENERS}:open_paced", str(path.absolute()), str(path), {"loop": loop})


def camera_request(spec: str, size_px: tuple[int, int] | None = None) -> OpenRequest | None:
    """The camera that `spec` names, None where it names no camera (so a file).

    size_px is asked of cameras that can be asked. ConfigError where this installation
    cannot read such a camera.
    """
    size: dict[str, Option] = {} if size_px is None else {"width_px": size_px[0], "height_px": size_px[1]}
    if _NETWORK.match(spec):
        return OpenRequest(f"{_OPENERS}:open_network", spec, redact(spec))
    if spec.startswith("/dev/video"):
        return OpenRequest(f"{_OPENERS}:open_v4l2", spec, spec, size)
    numbered = _NUMBERED.match(spec)
    if numbered is None:
        if "://" in spec or re.match(r"^(usb|csi):", spec):
            raise ConfigError(
                f"source {redact(spec)!r} is not one that can be read: "
                "write a path, rtsp://…, http://…, /dev/video0, usb:0 or csi:0"
            )
        return None
    kind, number = numbered.groups()
    if kind == "usb":
        return OpenRequest(f"{_OPENERS}:open_v4l2", f"/dev/video{int(number)}", spec, size)
    return OpenRequest(f"{_OPENERS}:{_csi_opener(spec)}", number, spec, size)


def _csi_opener(spec: str) -> str:
    if find_spec("picamera2") is not None:
        return "open_picamera2"
    import cv2

    if re.search(r"GStreamer:\s+YES", cv2.getBuildInformation()):
        return "open_gstreamer_csi"
    raise ConfigError(
        f"source {spec!r} needs picamera2 or an OpenCV built with GStreamer: on Raspberry Pi OS "
        "`apt install python3-picamera2` and make the environment with --system-site-packages"
    )
