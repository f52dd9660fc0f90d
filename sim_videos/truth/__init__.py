"""What is true of a rendered scene: worked out by `TruthRecorder`, written by `TruthWriter`, read back."""

from sim_videos.truth.files import SceneTruth, TruthWriter, load_scene_truth, read_frames, read_header
from sim_videos.truth.record import Seen, TruthRecorder
from sim_videos.truth.schema import (
    IncidentRow,
    QueueRow,
    SceneFrame,
    SceneHeader,
    TrueCrossing,
    UserRow,
    line_of,
)

__all__ = [
    "IncidentRow",
    "QueueRow",
    "SceneFrame",
    "SceneHeader",
    "SceneTruth",
    "Seen",
    "TrueCrossing",
    "TruthRecorder",
    "TruthWriter",
    "UserRow",
    "line_of",
    "load_scene_truth",
    "read_frames",
    "read_header",
]
