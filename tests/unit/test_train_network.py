"""The network of stopline-nano. Needs torch (extra `train`), which the rest of Stopline never does."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from edge.errors import InputError  # noqa: E402
from edge.vision.detect.heads import YoloHead  # noqa: E402
from models.registry import Registry  # noqa: E402
from models.train.boxed import Boxed  # noqa: E402
from models.train.compact import equalise, prune  # noqa: E402
from models.train.fit import Recipe, Run, fit, load_average, read_checkpoint  # noqa: E402
from models.train.network import Answer, Nano  # noqa: E402
from models.train.origin import load_origin  # noqa: E402
from models.train.pictures import ALL, Labelled, Part  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other on a busy machine take minutes for what one does in seconds."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def origin(classes: int = 6) -> Nano:
    here = Registry.open()
    if "centernet" not in {spec.name for spec in here.available()}:
        pytest.skip("the model is not here: run `stopline models pull centernet`")
    nano = Nano(classes, exact_origin=classes == 80)
    load_origin(nano, here.path_of("centernet"), range(80) if classes == 80 else (2, 7, 5, 3, 1, 0))
    return nano.eval()


def picture() -> Any:
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 256, (1, 3, 8, 8)).astype(np.float32)
    return torch.from_numpy(coarse.repeat(64, 2).repeat(64, 3))


@pytest.mark.model
def test_it_answers_as_its_origin_does() -> None:
    import onnxruntime

    pixels = picture()
    session = onnxruntime.InferenceSession(str(Registry.open().path_of("centernet")))
    heat, sides = session.run(None, {"tower_0/images": pixels.numpy()})
    with torch.no_grad():
        answer = origin(80)(pixels)
    # The origin's hard swish multiplies by 0.16662598, ours by a sixth: one part in four thousand a layer.
    assert np.abs(heat - torch.sigmoid(answer.logits).numpy()).max() < 5e-3
    sides_px = answer.sides_px.numpy()
    assert np.median(np.abs(sides - sides_px)) < 0.01 * np.median(np.abs(sides))


@pytest.mark.model
def test_pruning_and_equalising_change_no_answer() -> None:
    nano, pixels = origin(), picture()
    with torch.no_grad():
        before = nano(pixels)
        assert prune(nano, [pixels]) > 0
        equalise(nano, [pixels])
        after = nano(pixels)
    assert (before.logits - after.logits).abs().max() < 1e-3
    assert (before.sides_px - after.sides_px).abs().max() < 0.05


def test_the_exported_form_is_a_yolo_head_of_peaks() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        out = Boxed(Nano(6)).eval()(torch.zeros(1, 3, 64, 96)).numpy()
    assert out.shape == (1, 10, 16 * 24)
    assert YoloHead([out.shape], (96, 64)).classes == 6
    scores = out[0, 4:].reshape(6, 16, 24)
    for plane in scores:
        for y, x in zip(*np.nonzero(plane), strict=True):
            assert plane[y, x] >= plane[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max()


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    with pytest.raises(InputError, match="no such checkpoint"):
        read_checkpoint(path)
    path.write_bytes(pickle.dumps({"average": 1}, protocol=2))
    with pytest.raises(InputError, match=r"last\.pt: is no checkpoint of models\.train$"):
        read_checkpoint(path)
    for other in ({"other": 1}, Path):  # of something else; one that torch refuses to load
        torch.save(other, path)
        with pytest.raises(InputError, match=r"last\.pt: is no checkpoint of models\.train$"):
            read_checkpoint(path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "last.pt"
    Run.start(Nano(5), Recipe()).save(path, Recipe())
    with pytest.raises(InputError, match=r"last\.pt: is a checkpoint of another network"):
        load_average(Nano(6), path)
    load_average(Nano(5), path)


def test_batches_take_turns_over_the_sizes_and_a_run_that_goes_on_sees_what_it_would_have_seen(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.png"), np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8))
    pictures = [Labelled(tmp_path / "one.png", Part(ALL), np.array([[0, 0.1, 0.1, 0.6, 0.7]], np.float32))]
    recipe = Recipe(steps=3, batch=4, sizes_px=(32, 64), save_each=1)

    def seen(first: int) -> list[Any]:
        given: list[Any] = []

        class Watched(Nano):
            def forward(self, pixels: Any) -> Answer:
                given.append(pixels.clone())
                return super().forward(pixels)

        run = Run.start(Watched(6), recipe)
        run.step = first
        list(fit(run, pictures, recipe, tmp_path, lambda _: {}, workers=0))
        return given

    whole = seen(0)
    assert [tuple(pixels.shape) for pixels in whole] == [(4, 3, 32, 32), (1, 3, 64, 64), (4, 3, 32, 32)]
    assert not torch.equal(whole[0], whole[2])
    assert all(torch.equal(before, after) for before, after in zip(whole[1:], seen(1), strict=True))
