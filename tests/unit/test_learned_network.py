"""Autoencoders on the device: what they are refused for, and that the graph is the network that was trained."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from edge.errors import InputError, ModelError
from edge.statistics.learned import graphs
from edge.statistics.learned.network import Autoencoder
from edge.statistics.learned.train import read_series, train, write
from edge.statistics.seam import Reading
from tests.estimators import moment, scores, street
from tests.tiny_networks import FEATURES, STEPS, tiny, weights


def copied(folder: Path) -> Path:
    source = tiny("dense")
    for suffix in (".onnx", ".json"):
        shutil.copy(source.with_suffix(suffix), folder)
    return folder / source.name


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 2, "format 2, this is 1"),
        ("steps", 0, "steps"),
        ("sha256", "0" * 64, "is not the file"),
        ("spread", [1.0], "do not fit together"),
        ("colour", "red", "colour"),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused(tmp_path: Path, key: str, value: object, said: str) -> None:
    model = copied(tmp_path)
    sheet = json.loads(model.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps({**sheet, key: value}))
    with pytest.raises(ModelError, match=said):
        Autoencoder(model)


def test_an_altered_or_missing_network_is_refused(tmp_path: Path) -> None:
    model = copied(tmp_path)
    model.write_bytes(model.read_bytes() + b" ")
    with pytest.raises(ModelError, match="is not the file"):
        Autoencoder(model)
    model.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        Autoencoder(model)


def test_state_of_another_network_is_refused(tmp_path: Path) -> None:
    model = copied(tmp_path)
    made = Autoencoder(model)
    scores(made, list(street(10, 2)))
    other = graphs.dense(weights("dense", seed=9), STEPS)
    sheet = made._sheet.model_copy(update={"sha256": hashlib.sha256(other).hexdigest()})
    write(other, sheet, model)
    with pytest.raises(InputError, match="another"):
        Autoencoder.restore(made.save())


def test_after_a_long_gap_it_waits_until_its_window_is_full_again() -> None:
    made = Autoencoder(tiny("lstm"))
    scores(made, list(street(20, 2)))
    said = [made.update(Reading(moment(40 + i), (100.0, 40.0 + i))) for i in range(STEPS)]
    assert said[:-1] == [None] * (STEPS - 1)
    assert said[-1] is not None


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", "unix_s,week_s,flow\n1,2,x\n", "unix_s,week_s,flow\n1,2,3,4\n"])
def test_a_series_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "series.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"series\.csv: line"):
        read_series(path)


def test_the_lstm_graph_is_torchs_lstm() -> None:
    torch = pytest.importorskip("torch")
    from edge.statistics.learned.train import _Lstm

    torch.manual_seed(1)
    theirs = _Lstm(FEATURES, 5)
    given = np.random.default_rng(2).normal(size=(1, STEPS, FEATURES)).astype(np.float32)
    session = onnxruntime.InferenceSession(graphs.lstm(theirs.weights(), STEPS), providers=["CPUExecutionProvider"])
    ours = session.run(None, {"x": given})[0]
    with torch.no_grad():
        np.testing.assert_allclose(ours, theirs.back(torch.from_numpy(given)).numpy(), atol=1e-5)


@pytest.mark.parametrize("kind", ["dense", "lstm"])
def test_a_trained_network_finds_a_spike_and_not_what_is_usual(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    readings = list(street(700, 2))
    model, sheet = train(readings[:500], "dense" if kind == "dense" else "lstm", epochs=15)
    write(model, sheet, tmp_path / "lane.onnx")
    made = Autoencoder(tmp_path / "lane.onnx")
    usual = [said.value for said in scores(made, readings) if said is not None]
    assert np.quantile(usual, 0.9) < 2
    spike = made.update(Reading(moment(700), (900.0, 10.0)))
    assert spike is not None
    assert spike.value > 4
    assert spike.direction == 1
