"""The training loop: seeded, stoppable at any time, resumable from its last checkpoint."""

from __future__ import annotations

import copy
import json
import math
import pickle
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from edge.errors import InputError
from models.train.augment import sample
from models.train.loss import loss
from models.train.network import Nano
from models.train.pictures import Labelled
from models.train.targets import target


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is set before a run. steps counts batches; the learning rate falls to a fiftieth along a cosine.

    Batches take turns over sizes_px; batch is for the first, larger pictures make smaller batches
    of as many pixels.
    """

    steps: int = 3600
    batch: int = 16
    #: Both that are shipped. From 320 alone, a vehicle that fills the crop is all there is to be
    #: seen, and one as large in a picture of 640 was given too low a score.
    sizes_px: tuple[int, ...] = (320, 640)
    rate: float = 6e-4
    warm_up: int = 150
    decay: float = 1e-4
    average: float = 0.998
    #: Blocks that keep the origin's weights: edges and corners are the same everywhere, and
    #: learning them anew costs a third of the time.
    frozen: int = 1
    seed: int = 1
    save_each: int = 150


class _Drawn(Dataset[tuple[Tensor, ...]]):
    """Batches. That of a step is always the same: its generators are seeded by the run's seed, step and place."""

    def __init__(self, pictures: Sequence[Labelled], recipe: Recipe, first: int) -> None:
        self._pictures = list(pictures)
        shares = np.array([one.part.share for one in pictures], np.float64)
        self._shares: NDArray[np.float64] = shares / shares.sum()
        self._recipe, self._first = recipe, first

    def __len__(self) -> int:
        return self._recipe.steps - self._first

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        step, sizes_px = self._first + index, self._recipe.sizes_px
        size_px = sizes_px[step % len(sizes_px)]
        count = max(1, round(self._recipe.batch * sizes_px[0] ** 2 / size_px**2))
        drawn = [self._one(size_px, step, place) for place in range(count)]
        return tuple(torch.from_numpy(np.stack(arrays)) for arrays in zip(*drawn, strict=True))

    def _one(self, size_px: int, step: int, place: int) -> tuple[NDArray[Any], ...]:
        one = sample(self._pictures, self._shares, size_px, np.random.default_rng((self._recipe.seed, step, place)))
        goal = target(one)
        return one.picture[:, :, ::-1].transpose(2, 0, 1), goal.heat, goal.weight, goal.box, goal.box_weight


@dataclass(slots=True)
class Run:
    """A run under way: the network, its running average (what is shipped), and how far it is."""

    nano: Nano
    average: Nano
    optimiser: torch.optim.Optimizer
    step: int = 0

    @classmethod
    def start(cls, nano: Nano, recipe: Recipe) -> Run:
        """At step 0."""
        nano = nano.to(memory_format=torch.channels_last)
        for part in (nano.stem, nano.first_depthwise, nano.first_project, *list(nano.blocks)[: recipe.frozen]):
            part.requires_grad_(False)
        learnt = [parameter for parameter in nano.parameters() if parameter.requires_grad]
        optimiser = torch.optim.AdamW(learnt, lr=recipe.rate, weight_decay=recipe.decay)
        return cls(nano, copy.deepcopy(nano).eval(), optimiser)

    def save(self, path: Path, recipe: Recipe) -> None:
        """All of it, appearing under its name only when whole."""
        part = path.with_name(f"part-{path.name}")
        torch.save(
            {
                "nano": self.nano.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "recipe": asdict(recipe),
            },
            part,
        )
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises InputError where it is of another network or recipe."""
        kept = read_checkpoint(path)
        try:
            self.nano.load_state_dict(kept["nano"])
            self.average.load_state_dict(kept["average"])
            self.optimiser.load_state_dict(kept["optimiser"])
            self.step = int(kept["step"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"{path}: is of another network or recipe; begin anew, without --resume") from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's content; nothing in the file is executed. Raises InputError naming the file."""
    if not path.exists():
        raise InputError(f"{path}: there is no such checkpoint; train first")
    # Torch reads bare pickles too, and what it raises on one that is damaged has no end.
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path}: is no checkpoint of models.train")
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, LookupError, EOFError, pickle.UnpicklingError) as error:
        # Torch's reason ends in advice to load it unsafely: not repeated.
        raise InputError(f"{path}: is no checkpoint of models.train") from error
    if not isinstance(kept, dict) or not {"average", "nano", "step"} <= kept.keys():
        raise InputError(f"{path}: is no checkpoint of models.train")
    return kept


def load_average(nano: Nano, path: Path) -> None:
    """Give `nano` the averaged weights of a checkpoint. Raises InputError naming the file."""
    try:
        nano.load_state_dict(read_checkpoint(path)["average"])
    except (AttributeError, RuntimeError, TypeError) as error:
        raise InputError(f"{path}: is a checkpoint of another network; give one that models.train wrote") from error


def rate_at(step: int, recipe: Recipe) -> float:
    """Learning rate of a step: a linear rise, then half a cosine down to a fiftieth."""
    if step < recipe.warm_up:
        return recipe.rate * (step + 1) / recipe.warm_up
    along = (step - recipe.warm_up) / max(recipe.steps - recipe.warm_up, 1)
    return recipe.rate * (0.02 + 0.98 * (1 + math.cos(math.pi * min(along, 1.0))) / 2)


def fit(
    run: Run,
    pictures: Sequence[Labelled],
    recipe: Recipe,
    out: Path,
    check: Callable[[Nano], dict[str, float]],
    workers: int = 1,
) -> Iterator[dict[str, float]]:
    """Train from run.step to the end; yields, at each checkpoint, what it measured, also kept in OUT/log.jsonl."""
    loader = DataLoader(_Drawn(pictures, recipe, run.step), batch_size=None, num_workers=workers)
    losses: list[tuple[float, float]] = []
    run.nano.train()
    for picture, *goals in loader:
        for group in run.optimiser.param_groups:
            group["lr"] = rate_at(run.step, recipe)
        logits, sides = run.nano(picture.float().contiguous(memory_format=torch.channels_last))
        found, placed = loss(logits, sides, *goals)
        run.optimiser.zero_grad()
        (found + placed).backward()
        torch.nn.utils.clip_grad_norm_(run.nano.parameters(), 10.0)
        run.optimiser.step()
        run.step += 1
        _follow(run, min(recipe.average, run.step / (run.step + 20)))
        losses.append((found.item(), placed.item()))
        if run.step % recipe.save_each == 0 or run.step == recipe.steps:
            run.save(out / "last.pt", recipe)
            heat_loss, box_loss = np.mean(losses, axis=0)
            losses.clear()
            said = {"step": run.step, "heat": float(heat_loss), "box": float(box_loss), **check(run.average)}
            with (out / "log.jsonl").open("a", encoding="utf-8") as log:
                log.write(json.dumps(said) + "\n")
            yield said


@torch.no_grad()
def _follow(run: Run, share: float) -> None:
    for slow, fast in zip(run.average.parameters(), run.nano.parameters(), strict=True):
        slow.lerp_(fast, 1 - share)
