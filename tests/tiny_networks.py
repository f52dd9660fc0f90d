"""Autoencoders that were never trained, written as the trainer writes them: enough to run, save and refuse."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from edge.statistics.learned import graphs
from edge.statistics.learned.network import FORMAT, Sheet
from edge.statistics.learned.train import Kind, write

STEPS, VALUES, HIDDEN = 6, 2, 5
FEATURES = VALUES + 2


def weights(kind: Kind, *, seed: int = 3) -> graphs.Weights:
    """Small random ones, named and shaped as torch does."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]]
    if kind == "dense":
        flat = STEPS * FEATURES
        shapes = {
            "encode.weight": (HIDDEN, flat),
            "encode.bias": (HIDDEN,),
            "decode.weight": (flat, HIDDEN),
            "decode.bias": (flat,),
        }
    else:
        shapes = {"out.weight": (FEATURES, HIDDEN), "out.bias": (FEATURES,)}
        for part, width in (("encode", FEATURES), ("decode", HIDDEN)):
            shapes[f"{part}.weight_ih_l0"] = (4 * HIDDEN, width)
            shapes[f"{part}.weight_hh_l0"] = (4 * HIDDEN, HIDDEN)
            shapes[f"{part}.bias_ih_l0"] = shapes[f"{part}.bias_hh_l0"] = (4 * HIDDEN,)
    return {key: rng.normal(0, 0.3, shape).astype(np.float32) for key, shape in shapes.items()}


@cache
def tiny(kind: Kind) -> Path:
    """NAME.onnx with its sheet, in a folder that goes with the process."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    model = (graphs.dense if kind == "dense" else graphs.lstm)(weights(kind), STEPS)
    sheet = Sheet(
        format=FORMAT,
        kind=kind,
        steps=STEPS,
        step_s=900,
        centre=(100.0, 50.0),
        spread=(200.0, 100.0),
        usual_error=0.1,
        high_error=0.6,
        sha256=hashlib.sha256(model).hexdigest(),
    )
    write(model, sheet, folder / f"{kind}.onnx")
    return folder / f"{kind}.onnx"
