"""docs/site.md is complete, and what it shows is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from calibration import site
from calibration.load import read_site
from edge.cli.main import main

PAGE = (Path(__file__).parents[2] / "docs" / "site.md").read_text("utf-8")
MODELS = [
    model
    for model in vars(site).values()
    if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == site.__name__
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    for key in model.model_fields:
        assert f"`{key}`" in PAGE, f"{model.__name__}.{key}"


def test_the_complete_example_is_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    monkeypatch.chdir(tmp_path)
    path = Path("junction.toml")
    path.write_text(found.group(1), "utf-8")
    read, findings = read_site(path)
    assert [finding.sentence() for finding in findings] == []
    assert read is not None
    assert read.id == "junction"
    assert main(["site", "validate", "junction.toml"]) == 0
    assert capsys.readouterr().out in PAGE, "the page quotes what validate says of it"
