"""`stopline models export` with a stand-in for the package that does the exporting."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge.cli.main import main
from edge.errors import ModelError
from models.export import ExportOrder, export, formats_of
from tests import fake_ultralytics


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fake_ultralytics.install(monkeypatch)
    path = tmp_path / "best.pt"
    path.write_bytes(b"PK")
    return path


def test_each_format_is_written_opened_and_named(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "export", str(model), "--to", "onnx,tflite"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        str(model.with_suffix(f".{each}")) for each in ("tflite", "onnx")
    ]
    assert "opens as best.onnx" in lines[1]


def test_an_engine_carries_its_options(model: Path) -> None:
    order = ExportOrder(str(model), ("engine",), size_px=320, half=True, device="0")
    assert export(order)[0].read_bytes() == b"engine half=True imgsz=320 data=None False"


def test_8_bits_take_the_pictures_of_a_data_set(model: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text("train: images\n", encoding="utf-8")
    order = ExportOrder(str(model), ("engine",), calibration=data, device="0")
    assert f"data={data}".encode() in export(order)[0].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "tflte"], "'tflte' is none of tflite, onnx, engine"),
        (["--to", ","], "give --to one or more of tflite, onnx, engine"),
        (["--to", "engine"], "cannot export it to engine (export running on CPU but must be on GPU"),
        (["--to", "onnx", "--size", "333"], "size_px is 333: give a multiple of 32"),
        (["--to", "onnx", "--half"], "--half is for --to engine"),
        (["--to", "tflite", "--int8", "absent.yaml"], "absent.yaml: there is no such file"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    model: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(["models", "export", str(model), *arguments]) == 79
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_a_missing_extra_is_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(ModelError, match=r"pip install 'stopline\[ultralytics\]'"):
        export(ExportOrder(str(model), ("onnx",)))


def test_only_a_pt_file_can_be_exported(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"only a \.pt file"):
        ExportOrder(str(tmp_path / "best.onnx"), ("tflite",))
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(b"x")
    with pytest.MonkeyPatch.context() as patch:
        fake_ultralytics.install(patch)
        with pytest.raises(ModelError, match=r"damaged\.pt: Ultralytics cannot load it"):
            export(ExportOrder(str(damaged), ("onnx",)))


def test_formats_are_taken_once_in_one_order() -> None:
    assert formats_of("engine, onnx,onnx") == ("onnx", "engine")
