"""`benchmarks.detector` on a data set of two pictures and a detector whose answers are known."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.detector import Result, goals_of, measure, read_parts
from edge.errors import InputError
from edge.frames import Detections, Frame


class Known:
    """Sees a car where the first label is, one more car, and a bicycle."""

    name = "known"

    def detect(self, frame: Frame) -> Detections:
        boxes = np.array([[40, 20, 60, 40], [100, 20, 120, 40], [150, 50, 160, 70]], np.float32)
        return Detections(frame.t_ns, boxes, np.array([0.9, 0.6, 0.5], np.float32), np.array([0, 0, 4], np.int32))

    def close(self) -> None: ...


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for kind in ("images", "labels"):
        (tmp_path / kind / "val").mkdir(parents=True)
    rows = ["split,image,part,light"]
    for name, part, light in (("a", "l1", ""), ("b", "09801", "night")):
        cv2.imwrite(str(tmp_path / "images" / "val" / f"{name}.jpg"), np.zeros((100, 200, 3), np.uint8))
        # A car at 40..60 × 20..40 and a truck nobody sees.
        (tmp_path / "labels" / "val" / f"{name}.txt").write_text("0 0.25 0.3 0.1 0.2\n1 0.9 0.9 0.1 0.1\n")
        rows.append(f"val,{name}.jpg,{part},{light}")
    (tmp_path / "index.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "ignore.jsonl").write_text(
        '{"image": "val/b", "boxes": [[0, 0.55, 0.3, 0.15, 0.3]]}\n', encoding="utf-8"
    )
    return tmp_path


def test_parts_classes_light_and_size(data: Path) -> None:
    result = measure("known", Known(), 0.2, read_parts(data, None, quick=False))
    # One of two labels found at full precision; the bicycle is not labelled in either part, so it is no error.
    assert result.vehicles == {"val_09801": pytest.approx(0.5), "val_l1": pytest.approx(0.5)}
    assert result.classes["val_l1"] == {"car": 1.0, "truck": 0.0, "bus": None, "motorcycle": None}
    assert result.light == {"val_09801 night": pytest.approx(0.5)}
    assert result.recall_by_size["16-32 px"] == 1.0
    assert result.recall_by_size["0-16 px"] == 0.0
    assert result.recall_by_size[">=64 px"] is None
    assert result.net_ms is None


def test_goals_are_those_of_what_was_measured(data: Path) -> None:
    result = measure("stopline-nano", Known(), 0.2, read_parts(data, None, quick=True))
    goals = {goal.name: goal.holds for goal in goals_of([result])}
    assert goals == {
        "stopline-nano, val_l1, vehicles AP50": False,
        "stopline-nano, val_09801, car AP50": True,
    }
    assert isinstance(result, Result)


def test_without_data_it_cannot_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"index\.csv"):
        read_parts(tmp_path, None, quick=False)
    command = [sys.executable, "-m", "benchmarks.detector", "--data", str(tmp_path / "absent")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("cannot run: ")
    assert "absent/index.csv" in done.stderr
