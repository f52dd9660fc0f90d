"""From what a person wrote after `--model` to a detector."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ModelError
from edge.seams import Detector
from edge.vision.detect.network import Network, NetworkDetector
from models.manifest import ModelIO, read_toml
from models.registry import RUNTIMES, Registry, runnable

#: File endings → the way each is run.
_SUFFIXES = (".tflite", ".onnx", ".pt", ".engine")


def open_detector(
    model: str | Path | None,
    *,
    threads: int,
    min_score: float,
    overhead: bool = False,
    registry: Registry | None = None,
) -> Detector:
    """A warmed-up detector.

    `model` is the path of a .tflite, .onnx, .pt or .engine file (with an optional sidecar
    `<file>.toml`, see `ModelIO`), the name of a model of the manifest, or None for the
    best model that is on this machine and can be run here. Detections below min_score
    (0..1) are not reported. overhead: the camera looks straight down (see `ModelIO`).
    Raises ModelError naming the file, the fault and the fix.
    """
    if threads < 1:
        raise ModelError(f"threads is {threads}: give at least 1")
    if not 0 < min_score < 1:
        raise ModelError(f"min_score is {min_score}: give a number between 0 and 1, such as 0.2")
    if model is not None and Path(model).suffix in _SUFFIXES:
        return _open_file(Path(model), threads, min_score, overhead)
    if model is not None and (Path(model).exists() or "/" in str(model)):
        raise ModelError(f"{model}: is no model file; give one that ends in {', '.join(_SUFFIXES)}")
    registry = registry or Registry.open()
    name = _best(registry) if model is None else str(model)
    spec = registry.manifest.spec(name)
    if not runnable(spec.runtime):
        raise ModelError(f"model {name} needs {RUNTIMES[spec.runtime][0]}: run `pip install 'stopline[onnx]'`")
    path = registry.path_of(name)
    io = spec.from_above() if overhead else spec
    return NetworkDetector(spec.name, _network(path, io, threads), io, min_score=min_score, source=str(path))


def _best(registry: Registry) -> str:
    here = registry.available()
    if here:
        return here[0].name
    best = next((spec.name for spec in registry.manifest.model if runnable(spec.runtime)), None)
    raise ModelError(
        f"{registry.store}: there is no detector model here; run `stopline models pull {best}`, "
        "or give your own with --model FILE"
    )


def _open_file(path: Path, threads: int, min_score: float, overhead: bool) -> Detector:
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    if path.stat().st_size == 0:
        raise ModelError(f"{path}: is empty; export it again")
    sidecar = path.with_name(path.name + ".toml")
    io = read_toml(sidecar, ModelIO) if sidecar.exists() else ModelIO()
    io = io.from_above() if overhead else io
    if path.suffix in {".pt", ".engine"}:
        from edge.vision.detect.ultralytics import UltralyticsDetector

        return UltralyticsDetector(path, io.classes, threads=threads, min_score=min_score)
    return NetworkDetector(path.name, _network(path, io, threads), io, min_score=min_score, source=str(path))


def _network(path: Path, io: ModelIO, threads: int) -> Network:
    # Each runtime takes a second to import, so only the one in use is.
    if path.suffix == ".onnx":
        from edge.vision.detect.onnx import OnnxNetwork

        return OnnxNetwork(path, io.picture, threads)
    from edge.vision.detect.litert import LiteRtNetwork

    return LiteRtNetwork(path, threads)
