"""What a person may write after --model, and what is said when it cannot be used."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelError
from edge.frames import Detections, Frame
from edge.types import KINDS, Kind
from edge.vision.detect import open_detector
from edge.vision.detect.classes import COCO_80, classes_of
from models.manifest import ModelIO, load_manifest
from models.registry import Registry
from tests import fake_ultralytics, tiny_models


def see(model: str | Path, channel: int = 2, size: tuple[int, int] = (64, 64)) -> Detections:
    """What a model sees in a picture with one bright cell of the channel (2 is red)."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[24:32, 16:24, channel] = 255
    return open_detector(model, threads=1, min_score=0.6).detect(Frame("c", 0, 0, image))


def kinds(found: Detections) -> list[Kind]:
    return [KINDS[index] for index in found.classes]


def refusal(
    model: str | Path | None, registry: Registry | None = None, *, threads: float = 1, min_score: float = 0.2
) -> str:
    with pytest.raises(ModelError) as caught:
        open_detector(model, threads=int(threads), min_score=min_score, registry=registry).close()
    assert caught.value.exit_code == 79
    return str(caught.value)


@pytest.fixture(autouse=True)
def _empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOPLINE_MODELS", str(tmp_path / "store"))


def test_a_yolo_onnx_of_six_classes_has_ours(tmp_path: Path) -> None:
    found = see(tiny_models.write_onnx(tmp_path / "yolo11n.onnx", "v8"))
    assert kinds(found) == [Kind.CAR]
    np.testing.assert_allclose(found.boxes_px, [[8, 16, 32, 40]], atol=0.01)


def test_a_yolo_onnx_of_eighty_classes_is_coco(tmp_path: Path) -> None:
    model = tiny_models.write_onnx(tmp_path / "yolo11n.onnx", "v8", classes=80)
    assert [kinds(see(model, channel)) for channel in (2, 1, 0)] == [[Kind.PERSON], [Kind.BICYCLE], [Kind.CAR]]


def test_an_end_to_end_onnx_without_names_is_coco(tmp_path: Path) -> None:
    model = tiny_models.write_onnx(tmp_path / "yolo26n.onnx", "end_to_end")
    assert [kinds(see(model, channel)) for channel in (2, 1, 0)] == [[Kind.PERSON], [Kind.BICYCLE], [Kind.CAR]]


def test_names_in_the_file_win_over_their_number(tmp_path: Path) -> None:
    names = {0: "dog", 1: "Lorry", 2: "coach"}
    for model in (
        tiny_models.write_onnx(tmp_path / "m.onnx", "v8", names=names),
        tiny_models.write_tflite(tmp_path / "m.tflite", names=names),
    ):
        assert [kinds(see(model, channel)) for channel in (2, 1, 0)] == [[], [Kind.TRUCK], [Kind.BUS]]


def test_a_sidecar_wins_over_everything(tmp_path: Path) -> None:
    model = tiny_models.write_tflite(tmp_path / "m.tflite", names={0: "bus"})
    (tmp_path / "m.tflite.toml").write_text(
        'classes = { motorcycle = [0] }\n[picture]\ncolour = "bgr"\n', encoding="utf-8"
    )
    assert kinds(see(model, channel=0)) == [Kind.MOTORCYCLE]  # blue comes first when told bgr
    assert kinds(see(model, channel=2)) == []


def test_an_open_input_size_is_640_or_what_the_sidecar_says(tmp_path: Path) -> None:
    model = tiny_models.write_onnx(tmp_path / "m.onnx", "v8", open_size=True)
    (tmp_path / "m.onnx.toml").write_text("[picture]\nsize_px = [64, 64]\n", encoding="utf-8")
    assert kinds(see(model)) == [Kind.CAR]


def test_classes_that_nobody_knows_ask_for_a_sidecar(tmp_path: Path) -> None:
    said = refusal(tiny_models.write_onnx(tmp_path / "m.onnx", "v8", classes=9))
    assert "9 classes without names" in said
    assert f"write {tmp_path}/m.onnx.toml" in said
    assert "classes = { car = [0, 3], truck = [1], bus = [2] }" in said


@pytest.mark.parametrize(
    ("sidecar", "words"),
    [
        ("classes = { car = [6] }", "names class 6, but the model has classes 0 to 5"),
        ("classes = { lorry = [0] }", "classes.lorry"),
        ("[picture]\nscal = 1", "picture.scal: Extra inputs"),
        ("classes = ", "is not TOML"),
        ('head = "ssd"', "an ssd head needs outputs"),
        ("classes = {}", "classes names no class"),
    ],
)
def test_a_wrong_sidecar_is_refused(tmp_path: Path, sidecar: str, words: str) -> None:
    model = tiny_models.write_onnx(tmp_path / "m.onnx", "v8")
    (tmp_path / "m.onnx.toml").write_text(sidecar, encoding="utf-8")
    said = refusal(model)
    assert words in said
    assert "m.onnx" in said


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
@pytest.mark.parametrize("damage", ["text", "cut", "empty"])
def test_files_that_are_no_models_are_refused_by_name(tmp_path: Path, suffix: str, damage: str) -> None:
    model = tmp_path / f"m{suffix}"
    (tiny_models.write_onnx(model, "v8") if suffix == ".onnx" else tiny_models.write_tflite(model))
    content = {"text": b"not a model at all\n" * 50, "cut": model.read_bytes()[:200], "empty": b""}[damage]
    model.write_bytes(content)
    said = refusal(model)
    assert str(model) in said
    assert "export it again" in said


def test_absent_and_unknown_files_are_refused(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "absent.onnx")
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(b"\xff\xd8")
    assert "give one that ends in .tflite, .onnx, .pt, .engine" in refusal(picture)
    assert "there is no model 'centernt'; did you mean 'centernet'?" in refusal("centernt")


def to_be_fetched(tmp_path: Path) -> Registry:
    """A registry without the models in the box."""
    manifest = load_manifest()
    rows = tuple(spec for spec in manifest.model if not spec.in_the_box)
    return Registry(manifest.model_copy(update={"model": rows}), tmp_path / "store")


def test_without_any_model_the_command_is_named(tmp_path: Path) -> None:
    said = refusal(None, to_be_fetched(tmp_path))
    assert "run `stopline models pull centernet`" in said
    assert str(tmp_path / "store") in said
    assert "run `stopline models pull objectron-ssd`" in refusal("objectron-ssd")


def test_without_onnx_runtime_the_best_is_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("edge.vision.detect.open.runnable", lambda runtime: runtime == "litert")
    assert "pull objectron-ssd" in refusal(None, to_be_fetched(tmp_path))
    assert "pip install 'stopline[onnx]'" in refusal("centernet")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "pip install 'stopline[onnx]'" in refusal(tiny_models.write_onnx(tmp_path / "m.onnx", "v8"))


def test_the_best_stored_model_is_taken(tmp_path: Path) -> None:
    here = to_be_fetched(tmp_path)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / here.manifest.spec("objectron-ssd").file).write_bytes(b"altered")
    with pytest.raises(ModelError, match="is not the model objectron-ssd"):
        open_detector(None, threads=1, min_score=0.2, registry=here)


def test_with_nothing_fetched_the_best_in_the_box_is_taken() -> None:
    assert open_detector(None, threads=1, min_score=0.2).name == "stopline-nano"


@pytest.mark.parametrize(("key", "value"), [("threads", 0), ("min_score", 0.0), ("min_score", 1.0)])
def test_settings_out_of_range_are_refused(key: str, value: float) -> None:
    settings: dict[str, float] = {"threads": 1, "min_score": 0.2} | {key: value}
    assert key in refusal(None, threads=settings["threads"], min_score=settings["min_score"])


def test_ultralytics_missing_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    for name in ("m.pt", "m.engine"):
        (tmp_path / name).write_bytes(b"PK")
        assert "pip install 'stopline[ultralytics]'" in refusal(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.pt", b"xx", "cannot load it (PytorchStreamReader failed"),
        ("m-seg.pt", b"PK", "is a model for segment"),
        ("tram.pt", b"PK", "classes named tram"),
    ],
)
def test_ultralytics_files_that_will_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, words: str
) -> None:
    fake_ultralytics.install(monkeypatch)
    (tmp_path / name).write_bytes(content)
    assert words in refusal(tmp_path / name)


def test_a_closed_detector_says_so(tmp_path: Path) -> None:
    for model in (tiny_models.write_onnx(tmp_path / "m.onnx", "v8"), tiny_models.write_tflite(tmp_path / "m.tflite")):
        detector = open_detector(model, threads=1, min_score=0.2)
        detector.close()
        with pytest.raises(ValueError, match="closed"):
            detector.detect(Frame("c", 0, 0, np.zeros((64, 64, 3), np.uint8)))


def test_a_camera_straight_above_takes_further_classes() -> None:
    io = ModelIO(classes={Kind.CAR: (2,), Kind.BUS: (5,)}, overhead={Kind.CAR: (67,), Kind.TRUCK: (12,)})
    assert io.from_above().classes == {Kind.CAR: (2, 67), Kind.BUS: (5,), Kind.TRUCK: (12,)}
    assert ModelIO(classes={Kind.CAR: (2,)}).from_above().classes == {Kind.CAR: (2,)}
    assert ModelIO().from_above().classes is None
    with pytest.raises(ValueError, match="class 67 of the model is given to two kinds"):
        ModelIO(classes={Kind.CAR: (67,)}, overhead={Kind.TRUCK: (67,)})


def test_numbers_for_names_are_no_names() -> None:
    # What Ultralytics writes into an export of a model that was built without names.
    assert classes_of(80, {index: str(index) for index in range(80)}, "m.onnx") == COCO_80
    with pytest.raises(ModelError, match="3 classes without names"):
        classes_of(None, {0: "0", 1: "1", 2: "2"}, "m.onnx")
