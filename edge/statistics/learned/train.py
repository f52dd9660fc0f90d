"""Train an autoencoder off the device: a CSV of past readings in, NAME.onnx and NAME.json out.

    python -m edge.statistics.learned.train lane2.csv lane2.onnx --kind lstm

Columns: unix_s, week_s (local second of the week, Monday 0:00 being 0), then the values; empty is unknown.
Windows with an unknown value or a gap are left out. Needs the extra `train` (torch).
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import typer
from numpy.typing import NDArray

from edge.errors import InputError, ModelError, StoplineError
from edge.statistics.learned import graphs
from edge.statistics.learned.network import FORMAT, Autoencoder, Sheet, row_of
from edge.statistics.readings import known
from edge.statistics.seam import Moment, Reading

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module, Parameter

Windows = NDArray[np.float32]  # (windows, steps, features)
Kind = Literal["dense", "lstm"]

FEWEST_WINDOWS = 200
HIGH = 0.99
BATCH = 64
RATE = 3e-3


def read_series(path: Path) -> list[Reading]:
    """InputError where the file or a row cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a CSV with unix_s, week_s and values") from None
    if not rows or rows[0][:2] != ["unix_s", "week_s"] or len(rows[0]) < 3:
        raise InputError(f"{path}: line 1: is not unix_s,week_s and the names of values; add that heading")
    readings = []
    for line, row in enumerate(rows[1:], start=2):
        try:
            values = tuple(float(text) if text else None for text in row[2:])
            readings.append(Reading(Moment(int(row[0]), int(row[1])), values))
        except (ValueError, IndexError) as error:
            raise InputError(f"{path}: line {line}: {error}; give numbers, and nothing for unknown") from None
        if len(values) != len(rows[0]) - 2:
            raise InputError(f"{path}: line {line}: {len(values)} values, the heading names {len(rows[0]) - 2}")
    return readings


def windows_of(readings: Sequence[Reading], sheet: Sheet) -> Windows:
    """Every run of sheet.steps known readings that follow one another step by step."""
    centre, spread = np.array(sheet.centre), np.array(sheet.spread)
    out, run, last_s = [], list[NDArray[np.float64]](), 0
    for reading in readings:
        values = known(reading)
        if values is None or reading.moment.unix_s - last_s != sheet.step_s:
            run = []
        last_s = reading.moment.unix_s
        if values is not None:
            run = [*run, row_of(reading.moment, values, centre, spread)][-sheet.steps :]
            if len(run) == sheet.steps:
                out.append(np.stack(run))
    return np.array(out, np.float32).reshape(len(out), sheet.steps, len(centre) + 2)


def train(
    readings: Sequence[Reading], kind: Kind, *, steps: int = 12, hidden: int = 16, epochs: int = 30, seed: int = 0
) -> tuple[bytes, Sheet]:
    """The network as ONNX and its sheet. The last fifth of the windows is kept from training: its errors are usual.

    InputError where too few readings are known in a row, ModelError without torch.
    """
    try:
        import torch
    except ImportError:
        raise ModelError("torch is not installed; install the extra: pip install 'stopline[train]'") from None
    values = np.array([v for v in map(known, readings) if v is not None])
    if len(values) < FEWEST_WINDOWS:
        raise InputError(f"series: {len(values)} known readings; give at least {FEWEST_WINDOWS}")
    low, centre, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    spread = np.maximum(high - low, 0.01 * np.abs(centre) + 1e-9)
    step_s = int(np.median(np.diff([reading.moment.unix_s for reading in readings])))
    sheet = Sheet(
        format=FORMAT,
        kind=kind,
        steps=steps,
        step_s=step_s,
        centre=tuple(map(float, centre)),
        spread=tuple(map(float, spread)),
        usual_error=0,
        high_error=1,
        sha256="",
    )
    windows = windows_of(readings, sheet)
    if len(windows) < FEWEST_WINDOWS:
        raise InputError(f"series: {len(windows)} runs of {steps} known readings; give at least {FEWEST_WINDOWS}")
    torch.manual_seed(seed)
    network = _Dense(steps, windows.shape[2], hidden) if kind == "dense" else _Lstm(windows.shape[2], hidden)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=1e-4)
    learn, keep = windows[: len(windows) * 4 // 5], windows[len(windows) * 4 // 5 :]
    chance = np.random.default_rng(seed)
    for _ in range(epochs):
        order = chance.permutation(len(learn))
        for start in range(0, len(learn), BATCH):
            given = torch.from_numpy(learn[order[start : start + BATCH]])
            loss = ((network.back(given) - given) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    weights = network.weights()
    with torch.no_grad():
        back = network.back(torch.from_numpy(keep)).numpy()
    off = (back - keep)[:, -1, : values.shape[1]]
    usual, worst = np.quantile(np.sqrt(np.square(off).mean(axis=1)), [0.5, HIGH])
    model = graphs.dense(weights, steps) if kind == "dense" else graphs.lstm(weights, steps)
    told = {
        "usual_error": float(usual),
        "high_error": float(max(worst, usual + 1e-6)),
        "sha256": hashlib.sha256(model).hexdigest(),
    }
    return model, sheet.model_copy(update=told)


def write(model: bytes, sheet: Sheet, out: Path) -> None:
    """Both files; the sheet last, so that a network half written is refused."""
    for path, content in ((out, model), (out.with_suffix(".json"), sheet.model_dump_json(indent=1).encode())):
        part = path.with_name(path.name + ".part")
        part.write_bytes(content)
        part.replace(path)


class _Dense:
    def __init__(self, steps: int, features: int, hidden: int) -> None:
        from torch import nn

        self._encode, self._decode = nn.Linear(steps * features, hidden), nn.Linear(hidden, steps * features)

    def parameters(self) -> list[Parameter]:
        return [*self._encode.parameters(), *self._decode.parameters()]

    def back(self, given: Tensor) -> Tensor:
        code: Tensor = self._encode(given.flatten(1)).tanh()
        decoded: Tensor = self._decode(code)
        return decoded.view(*given.shape)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        return {**_named("encode", self._encode), **_named("decode", self._decode)}


class _Lstm:
    def __init__(self, features: int, hidden: int) -> None:
        from torch import nn

        self._encode = nn.LSTM(features, hidden, batch_first=True)
        self._decode = nn.LSTM(hidden, hidden, batch_first=True)
        self._out = nn.Linear(hidden, features)

    def parameters(self) -> list[Parameter]:
        return [p for part in (self._encode, self._decode, self._out) for p in part.parameters()]

    def back(self, given: Tensor) -> Tensor:
        _, (last, _) = self._encode(given)
        repeated = last[-1][:, None].expand(-1, given.shape[1], -1)
        states, _ = self._decode(repeated)
        back: Tensor = self._out(states)
        return back

    def weights(self) -> dict[str, NDArray[np.float32]]:
        return {**_named("encode", self._encode), **_named("decode", self._decode), **_named("out", self._out)}


def _named(part: str, module: Module) -> dict[str, NDArray[np.float32]]:
    return {f"{part}.{key}": value.detach().numpy() for key, value in module.state_dict().items()}


def main(
    series: Annotated[Path, typer.Argument(help="CSV with unix_s, week_s and the values.")],
    out: Annotated[Path, typer.Argument(help="NAME.onnx; NAME.json is written beside it.")],
    kind: Annotated[Kind, typer.Option(help="Whether readings are taken at once or one after another.")] = "dense",
    steps: Annotated[int, typer.Option(min=2, help="Readings that the network sees.")] = 12,
    hidden: Annotated[int, typer.Option(min=1, help="Size of its code.")] = 16,
    epochs: Annotated[int, typer.Option(min=1)] = 30,
    seed: Annotated[int, typer.Option()] = 0,
) -> None:
    """Train an autoencoder on past readings, off the device."""
    try:
        model, sheet = train(read_series(series), kind, steps=steps, hidden=hidden, epochs=epochs, seed=seed)
        write(model, sheet, out)
        Autoencoder(out)
    except StoplineError as error:
        typer.echo(f"train: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
    typer.echo(f"{out}: {len(model)} bytes, usual error {sheet.usual_error:.3f}, high {sheet.high_error:.3f}")


if __name__ == "__main__":
    typer.run(main)
