"""`stopline site`: what it prints, what it draws, how it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.draw import draw_site
from calibration.load import SITES_DIR, load_site
from edge.cli.main import main

SITE = load_site("example")
GREY = np.full((360, 640, 3), 90, np.uint8)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "frame.png"
    cv2.imwrite(str(path), GREY)
    return path


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Five frames of 640×360, each of one grey: 0, 50, 100, 150, 200."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 360))
    for level in range(0, 250, 50):
        writer.write(np.full((360, 640, 3), level, np.uint8))
    writer.release()
    return path


def bad_site(tmp_path: Path) -> Path:
    path = tmp_path / "bad.toml"
    path.write_text(
        (SITES_DIR / "example.toml").read_text("utf-8").replace("yellow_s = 4.0", "yellow_s = 2.5"), "utf-8"
    )
    return path


def test_validate_sums_up_a_good_site(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "validate", "example"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    for words in (
        "example.toml: good",
        "1 camera,",
        "8 lanes",
        "14 movements",
        "8 phases",
        "plan day of 90 s",
        "reprojection error 0.0",
    ):
        assert words in out


def test_validate_lists_faults_and_leaves_with_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = bad_site(tmp_path)
    assert main(["site", "validate", str(path)]) == 78
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith(
        f"{path}: error: signal.phases[2] (phase 2).yellow_s: 2.5 is too small; write at least 3"
    )
    assert len(lines) == 2
    assert said.err == f"stopline: {path}: 2 errors, 0 warnings: not served until mended\n"


def test_validate_tells_doubts_and_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "doubt.toml"
    text = (SITES_DIR / "example.toml").read_text("utf-8")
    path.write_text(text.replace("max_green_s = 50", "max_green_s = 15"), "utf-8")
    assert main(["site", "validate", str(path)]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert ": warning: signal.phases[2] (phase 2).max_green_s: " in first
    assert ": good: " in last


def test_validate_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "validate", "example", "--json"]) == 0
    good = json.loads(capsys.readouterr().out)
    assert (good["ok"], good["findings"], good["summary"]["plan"]) == (True, [], "day")
    assert good["summary"]["cameras"]["mast"]["reprojection_error_m"] < 0.1

    assert main(["site", "validate", str(bad_site(tmp_path)), "--json"]) == 78
    bad = json.loads(capsys.readouterr().out)
    assert (bad["ok"], bad["summary"]) == (False, None)
    assert bad["findings"][0]["severity"] == "error"
    assert bad["findings"][0]["where"] == "signal.phases[2] (phase 2).yellow_s"


def test_validate_of_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site", "validate", str(tmp_path / "no.toml")]) == 78
    assert "there is no such site" in capsys.readouterr().err
    assert main(["site", "validate", str(tmp_path / "no.toml"), "--json"]) == 78
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_show_draws_over_a_picture(tmp_path: Path, picture: Path) -> None:
    out = tmp_path / "site.png"
    assert main(["site", "show", "example", "--video", str(picture), "-o", str(out)]) == 0
    drawn = cv2.imread(str(out))
    assert drawn is not None
    assert drawn.shape[1] == 2 * 640, "enlarged, so that its text can be read"
    assert drawn.shape[0] > 2 * 360


@pytest.mark.parametrize("index", [0, 3])
def test_show_takes_the_frame_that_was_asked_for(tmp_path: Path, recording: Path, index: int) -> None:
    out = tmp_path / "site.png"
    arguments = ["site", "show", "example", "--video", str(recording), "--frame", str(index), "-o", str(out)]
    assert main(arguments) == 0
    drawn = cv2.imread(str(out))
    assert drawn is not None
    # A corner of sky, where nothing is drawn; the picture is darkened to 80 %.
    assert drawn[40, 40] == pytest.approx([index * 50 * 0.8] * 3, abs=3)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--video", "{small}"], 65, "352x288 but the site's camera is 640x360"),
        (["--video", "{clip}", "--frame", "5"], 65, "has 5 frames, counted from 0, so there is no frame 5"),
        (["--video", "{nothing}"], 65, "does not exist"),
        (["--video", "{text}"], 65, "is not a picture that can be read"),
        (["--video", "{good}", "--camera", "must"], 78, "there is no camera 'must'; choose one of mast"),
        (["--video", "{good}", "-o", "{nowhere}"], 74, "cannot be written"),
    ],
)
def test_show_refuses_in_one_sentence(
    tmp_path: Path,
    picture: Path,
    recording: Path,
    arguments: list[str],
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small, text, out = tmp_path / "small.jpg", tmp_path / "text.png", tmp_path / "out.png"
    cv2.imwrite(str(small), np.zeros((288, 352, 3), np.uint8))
    text.write_text("no picture", "utf-8")
    places = {
        "small": small,
        "clip": recording,
        "nothing": tmp_path / "nothing.mp4",
        "text": text,
        "good": picture,
        "nowhere": tmp_path / "no" / "folder.png",
    }
    given = [argument.format(**places) for argument in arguments]
    # Of two -o the last one holds.
    assert main(["site", "show", "example", "-o", str(out), *given]) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_drawing_leaves_its_input_alone_and_shows_every_part() -> None:
    image = GREY.copy()
    drawn = draw_site(image, SITE, "mast")
    assert (image == GREY).all()
    picture = drawn[:720]
    assert drawn.shape[2] == 3
    plain = np.full_like(picture, 72)
    changed = (picture != plain).any(axis=2)
    # Inside a lane, on a gate, on a stop line; never in the sky.
    assert changed[2 * 290, 2 * 345]
    assert changed[2 * 226, 2 * 380]
    assert not changed[:190].any()


def test_drawing_refuses_another_size() -> None:
    with pytest.raises(ValueError, match="352×288"):
        draw_site(np.zeros((288, 352, 3), np.uint8), SITE, "mast")
    with pytest.raises(KeyError):
        draw_site(GREY, SITE, "must")
