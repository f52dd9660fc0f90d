"""A sheet of scenes is what its name says."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ConfigError
from sim_videos.sheet import Shot, make_sheet
from tests.plain_street import scenario

pytest.importorskip("libsumo")


@pytest.mark.parametrize(("name", "begins"), [("s.jpg", b"\xff\xd8"), ("s.PNG", b"\x89PNG")])
def test_a_sheet_is_encoded_as_its_name_says(tmp_path: Path, name: str, begins: bytes) -> None:
    street = scenario(warm_up_s=1)
    make_sheet((Shot(street, 0.5, "plain"),), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_another_name_is_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    asked: list[int] = []
    with pytest.raises(ConfigError, match=r"s\.txt ends in none of \.jpg, \.jpeg, \.png"):
        make_sheet((Shot(scenario(warm_up_s=1), 0.5, "plain"),), tmp_path / "s.txt", asked.append)
    assert asked == []
