"""[incidents] of a site that names what is not there, and the sentence that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.load import SITES_DIR, read_site

EXAMPLE = (SITES_DIR / "example.toml").read_text("utf-8")
AREA = '[[incidents.areas]]\nid = "a"\nkind = "footway"\ncamera = "CAMERA"\npolygon_px = [[1, 1], [9, 1], [9, 9]]\n'
WORKS = '[[incidents.works]]\nname = "gas"\nbegins = 2026-11-23T07:00:00+00:00\nends = 2026-11-23T16:00:00+00:00\n'


def findings(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "site.toml"
    path.write_text(f"{EXAMPLE}\n{text}", "utf-8")
    return [f"{found.severity}: {found.sentence()}" for found in read_site(path)[1]]


def known() -> tuple[str, str]:
    """A lane and a camera that are there."""
    site, _ = read_site(SITES_DIR / "example.toml")
    assert site is not None
    return site.lanes[0].id, site.cameras[0].id


def test_a_good_one_is_good(tmp_path: Path) -> None:
    lane, camera = known()
    text = f'[incidents]\nclosed_lanes = ["{lane}"]\nspillback_m = {{ {lane} = 40 }}\noff = ["near_miss"]\n'
    text += AREA.replace("CAMERA", camera) + WORKS + f'lanes = ["{lane}"]\ncloses = true\n'
    assert findings(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[incidents]\nclosed_lanes = ["no"]\n', ["incidents.closed_lanes", "no lane 'no'", "use "]),
        ("[incidents]\nspillback_m = { no = 40 }\n", ["incidents.spillback_m", "no lane 'no'"]),
        ("[incidents]\npreempt_on_crash = 3\n", ["preempt_on_crash", "no preemption 3", "add [[preempts]]"]),
        ('[incidents]\noff = ["fire"]\n', ["incidents.off", "stopped_vehicle"]),
        (AREA.replace("CAMERA", "nowhere"), ["camera", "no camera 'nowhere'"]),
        (AREA.replace("CAMERA", "@camera").replace("[9, 9]", "[9, 9999]"), ["polygon_px", "outside the picture"]),
        (AREA.replace("CAMERA", "@camera") * 2, ["area 'a' is there twice"]),
        (WORKS.replace("T16", "T06"), ["ends", "not after begins"]),
        (WORKS + "closes = true\n", ["closes no lane", "lanes"]),
        (WORKS + 'lanes = ["no"]\n', ["no lane 'no'"]),
        (WORKS.replace("+00:00", ""), ["begins"]),
    ],
)
def test_what_is_not_there_is_named_with_the_fix(tmp_path: Path, text: str, words: list[str]) -> None:
    found = "\n".join(findings(tmp_path, text.replace("@camera", known()[1])))
    for word in words:
        assert word in found
