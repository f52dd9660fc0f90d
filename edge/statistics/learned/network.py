"""Autoencoders: trained off the device (learned/train.py), run here from an ONNX file.

The network gets the last readings, in the spread of the training series, and gives them back; how far
the newest comes back from where it was is the score. Beside NAME.onnx lies NAME.json, which says how
it was trained; a file of another format, or that was altered, is refused.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from pathlib import Path
from typing import ClassVar, Final, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import InputError, ModelError
from edge.statistics.readings import check, known
from edge.statistics.seam import Moment, Reading, Score
from edge.statistics.state import pack, unpack

Floats = NDArray[np.float64]

DAY_S: Final = 86_400
FORMAT: Final = 1
LONGEST_GAP_STEPS: Final = 4  # after a longer one the readings before it say nothing of those after


class Sheet(BaseModel):
    """How a network was trained; errors are the root mean square over the values of the newest reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    kind: Literal["dense", "lstm"]
    steps: int = Field(ge=1, le=1_000)
    step_s: int = Field(ge=1)
    centre: tuple[float, ...] = Field(min_length=1)
    spread: tuple[float, ...]
    usual_error: float = Field(ge=0)
    high_error: float = Field(gt=0)
    sha256: str


def read_sheet(model: Path) -> Sheet:
    """ModelError where the sheet or the network is missing, altered or of another format."""
    path = model.with_suffix(".json")
    try:
        text, network = path.read_text(encoding="utf-8"), model.read_bytes()
    except OSError as error:
        raise ModelError(f"{error.filename}: cannot be read; give NAME.onnx with NAME.json beside it") from None
    try:
        sheet = Sheet.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelError(f"{path}: {where}: {first['msg']}; train it anew") from None
    if sheet.format != FORMAT:
        raise ModelError(f"{path}: format {sheet.format}, this is {FORMAT}; train it anew")
    if len(sheet.centre) != len(sheet.spread) or min(sheet.spread) <= 0 or sheet.high_error <= sheet.usual_error:
        raise ModelError(f"{path}: centre, spread and errors do not fit together; train it anew")
    if hashlib.sha256(network).hexdigest() != sheet.sha256:
        raise ModelError(f"{model}: is not the file that {path.name} describes; train it anew")
    return sheet


def row_of(reading: Moment, values: tuple[float, ...], centre: Floats, spread: Floats) -> Floats:
    """What the network sees of a reading, (values + 2,): values in their spread, and the time of day."""
    turn = 2 * math.pi * reading.week_s / DAY_S
    scaled = np.clip((np.array(values) - centre) / spread, -100, 100)
    return np.array([*scaled, math.cos(turn), math.sin(turn)])


class Autoencoder:
    """The error of the newest reading above the usual, 1 being what one training reading in a hundred reaches."""

    name: ClassVar[str] = "autoencoder"
    version: ClassVar[int] = 1

    def __init__(self, model: Path) -> None:
        """ModelError as `read_sheet` says, and without onnxruntime."""
        try:
            import onnxruntime
        except ImportError:
            raise ModelError(
                "onnxruntime is not installed; install the extra: pip install 'stopline[learned]'"
            ) from None
        self._model = model
        self._sheet = read_sheet(model)
        self._centre, self._spread = np.array(self._sheet.centre), np.array(self._sheet.spread)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.read_bytes(), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._last_unix_s: int | None = None
        self._known_unix_s: int | None = None
        self._lowest: Floats = np.full(len(self._centre), np.inf)
        self._highest: Floats = np.full(len(self._centre), -np.inf)
        self._rows: deque[Floats] = deque(maxlen=self._sheet.steps)

    def update(self, reading: Reading) -> Score | None:
        """None until as many readings are known in a row as the network takes. InputError as the seam says."""
        check(self.name, self._last_unix_s, len(self._centre), reading)
        self._last_unix_s = reading.moment.unix_s
        values = known(reading)
        if values is None:
            return None
        gap_s = reading.moment.unix_s - (self._known_unix_s or reading.moment.unix_s)
        if gap_s > LONGEST_GAP_STEPS * self._sheet.step_s:
            self._rows.clear()
        self._known_unix_s = reading.moment.unix_s
        self._lowest = np.minimum(self._lowest, values)
        self._highest = np.maximum(self._highest, values)
        self._rows.append(row_of(reading.moment, values, self._centre, self._spread))
        return self._score(values) if len(self._rows) == self._sheet.steps else None

    def _score(self, values: tuple[float, ...]) -> Score:
        given = np.stack(self._rows)
        back = np.asarray(self._session.run(None, {self._input: given[None].astype(np.float32)})[0], np.float64)
        count = len(values)
        newest = back.reshape(len(given), -1)[-1, :count]
        off = given[-1, :count] - newest
        error = float(np.sqrt(np.square(off).mean()))
        worst = int(np.argmax(np.abs(off)))
        over = (error - self._sheet.usual_error) / (self._sheet.high_error - self._sheet.usual_error)
        alike = np.array_equal(self._lowest, self._highest)  # a series that never moved is not odd
        return Score(
            0.0 if alike else max(0.0, over),
            direction=int(np.sign(off[worst])),
            expected=tuple(float(v) for v in newest * self._spread + self._centre),
            evidence={"error": error, "worst_value": float(worst)},
        )

    def save(self) -> bytes:
        """The last readings, and which network they are for."""
        fields = {
            "model": str(self._model),
            "sha256": self._sheet.sha256,
            "last_unix_s": self._last_unix_s,
            "known_unix_s": self._known_unix_s,
        }
        rows = np.array(self._rows).reshape(len(self._rows), len(self._centre) + 2)
        return pack(self.name, self.version, fields, {"rows": rows, "lowest": self._lowest, "highest": self._highest})

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on with the same network. InputError where the state or the network is another; ModelError as above."""
        fields, arrays = unpack(cls.name, cls.version, state)
        made = cls(Path(fields["model"]))
        if made._sheet.sha256 != fields["sha256"]:
            raise InputError(f"saved state of {cls.name}: is of another {fields['model']}; delete it")
        made._last_unix_s, made._known_unix_s = fields["last_unix_s"], fields["known_unix_s"]
        made._lowest, made._highest = arrays["lowest"], arrays["highest"]
        made._rows.extend(arrays["rows"])
        return made
