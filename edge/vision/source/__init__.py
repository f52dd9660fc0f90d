"""Frames of a recorded file or of a live camera, decoded in a child that can be killed.

open_source ─┬─ FileSource   every frame, stamps of the recording
             └─ LiveSource   newest frames, cabinet time, watched and restarted
                  └─ DecodeChild ═ memory ═ child.py ─ openers.py (file, RTSP, USB, CSI)
"""

from __future__ import annotations

from edge.vision.source.backoff import BackoffSettings
from edge.vision.source.file import FileSettings, FileSource
from edge.vision.source.live import LiveSettings, LiveSource
from edge.vision.source.opening import open_source
from edge.vision.source.request import redact

__all__ = ["BackoffSettings", "FileSettings", "FileSource", "LiveSettings", "LiveSource", "open_source", "redact"]
