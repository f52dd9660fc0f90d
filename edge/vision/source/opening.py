"""From the `source` text of a camera to its frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, overload

from edge.clock import Clock
from edge.errors import ConfigError
from edge.vision.source.file import FileSource
from edge.vision.source.live import LiveSettings, LiveSource
from edge.vision.source.recording import check_recording
from edge.vision.source.request import camera_request, paced_request, redact


@overload
def open_source(
    spec: str,
    camera: str,
    expected_size_px: tuple[int, int] | None,
    clock: Clock,
    live: Literal[True],
    *,
    loop: bool = ...,
    settings: LiveSettings | None = ...,
) -> LiveSource: ...
@overload
def open_source(
    spec: str,
    camera: str,
    expected_size_px: tuple[int, int] | None,
    clock: Clock,
    live: bool | None = ...,
    *,
    loop: bool = ...,
    settings: LiveSettings | None = ...,
) -> FileSource | LiveSource: ...
def open_source(
    spec: str,
    camera: str,
    expected_size_px: tuple[int, int] | None,
    clock: Clock,
    live: bool | None = None,
    *,
    loop: bool = False,
    settings: LiveSettings | None = None,
) -> FileSource | LiveSource:
    """The frames that `spec` names: a path, rtsp://…, http://…, /dev/video0, usb:0 or csi:0.

    live: None takes cameras live and files as recordings; True plays a file as if it
    were a camera, at its own pace (loop: for ever). Raises ConfigError for a spec that
    cannot be served here, InputError for a file, DeviceError for a camera (LiveSource).
    """
    request = camera_request(spec, expected_size_px)
    if request is not None:
        if live is False or loop:
            raise ConfigError(f"source {redact(spec)!r} is a camera, which cannot be replayed: name a recorded file")
        return LiveSource(request, camera, clock, expected_size_px, settings)
    path = Path(spec)
    if not live:
        return FileSource(path, camera, expected_size_px)
    check_recording(path)
    # Opened once as a recording, so that a bad file is refused like one instead of retried.
    with FileSource(path, camera, expected_size_px):
        pass
    settings = replace(settings if settings is not None else LiveSettings(), ends=True)
    return LiveSource(paced_request(path, loop=loop), camera, clock, expected_size_px, settings)
