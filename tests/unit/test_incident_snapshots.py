"""Pictures of incidents: nobody is known again, few are kept, nothing is half written."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import StorageError
from edge.frames import Detections, Frame
from edge.incidents.snapshots import Snapshots, blurred
from edge.types import KINDS, Kind


def noise() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(0, 256, (180, 320, 3), np.uint8)


def seen(kind: Kind, box: tuple[float, float, float, float]) -> Detections:
    return Detections(0, np.array([box], np.float32), np.ones(1, np.float32), np.array([KINDS.index(kind)], np.int32))


def detail(part: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> float:
    """How much neighbouring pixels differ: noise has much, blocks next to none."""
    return float(np.abs(np.diff(part.astype(np.int16), axis=1)).mean())


@pytest.mark.parametrize("kind", [Kind.PERSON, Kind.BICYCLE, Kind.MOTORCYCLE])
def test_people_and_riders_are_gone_from_head_to_foot(kind: Kind) -> None:
    picture = blurred(noise(), seen(kind, (100, 40, 150, 140)))
    assert detail(picture[40:140, 100:150]) < 0.1 * detail(noise())
    assert (picture[:20] == noise()[:20]).all(), "what nobody stands in stays as it was"


def test_of_a_vehicle_the_part_with_the_plate_is_gone() -> None:
    picture = blurred(noise(), seen(Kind.CAR, (100, 40, 200, 140)))
    assert detail(picture[95:140, 100:200]) < 0.1 * detail(noise())
    assert (picture[40:70, 100:200] == noise()[40:70, 100:200]).all()


def test_boxes_beyond_the_picture_do_no_harm() -> None:
    assert blurred(noise(), seen(Kind.CAR, (-50, -50, 400, 300))).shape == (180, 320, 3)
    assert (blurred(noise(), seen(Kind.PERSON, (5, 5, 5, 5))) == noise()).all()


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "pictures", most=2)
    for number in range(4):
        path = snapshots.keep(f"i{number}", Frame("north", 0, 0, noise()), Detections.empty(0))
        os.utime(path, ns=(number, number))
    assert sorted(one.name for one in (tmp_path / "pictures").iterdir()) == ["i2.jpg", "i3.jpg"]
    picture = cv2.imread(str(tmp_path / "pictures" / "i3.jpg"))
    assert picture is not None
    assert picture.shape == (180, 320, 3)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        Snapshots(tmp_path / "file" / "pictures")
    snapshots = Snapshots(tmp_path / "pictures")
    (tmp_path / "pictures").rmdir()
    with pytest.raises(StorageError, match=r"i1\.jpg cannot be written"):
        snapshots.keep("i1", Frame("north", 0, 0, noise()), Detections.empty(0))
