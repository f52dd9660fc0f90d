"""What a replay writes line by line: events.jsonl, crossings.csv, counts.csv.

Each line is flushed as it is written, so a replay that is stopped, or whose disk is
full, leaves every line before it readable. Unknown is an empty cell, never zero.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from calibration.site import Movement
from edge.clock import NS_PER_S, iso_utc
from edge.errors import StorageError
from edge.types import Crossing, Kind

#: Digits kept of metres, seconds and shares: a millimetre, a millisecond.
DIGITS = 3


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Turns an OSError of writing `path` into a StorageError that names it and what to do."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; free space or choose another --out, "
            "what was written before it stays readable"
        ) from error


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step: a reader sees the old text or the new, never half of it."""
    part = path.with_name(f"{path.name}.part")
    with storing(path):
        part.write_text(text, encoding="utf-8")
        part.replace(path)


def plain(value: Any) -> Any:
    """JSON-ready copy with floats rounded to `DIGITS`; ValueError for a float that is not finite."""
    if isinstance(value, bool) or value is None or isinstance(value, int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number that a record may hold: unknown is None")
        # + 0.0 turns -0.0 into 0.0, so that equal runs are equal to the byte
        return round(value, DIGITS) + 0.0
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(plain(inner) for inner in value)
    return [plain(inner) for inner in value]


class LineFile:
    """A text file that grows by whole lines, each handed to the system at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._failed = False
        with storing(path):
            self._file = path.open("w", encoding="utf-8", newline="")

    def write_line(self, line: str) -> None:
        """Append one line; StorageError when the disk does not take it."""
        self.write_text(f"{line}\n")

    def write_text(self, text: str) -> None:
        """Append whole lines that bring their own ends."""
        try:
            with storing(self.path):
                self._file.write(text)
                self._file.flush()
        except StorageError:
            self._failed = True
            raise

    def close(self) -> None:
        """Safe to call twice; a failed write has been reported and is not reported again."""
        if self._failed:
            with suppress(OSError):
                self._file.close()
        else:
            with storing(self.path):
                self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventLog(LineFile):
    """events.jsonl: one JSON object a line, `kind` and `t_ns` in each, keys sorted.

    It holds no wall time, no path and no measured duration: the same input gives the
    same bytes.
    """

    def write(self, kind: str, t_ns: int, fields: Mapping[str, Any]) -> None:
        """One event; `fields` may not hold `kind` or `t_ns`."""
        event = {**plain(fields), "kind": kind, "t_ns": t_ns}
        self.write_line(json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False))


CROSSING_COLUMNS = (
    "movement",
    "direction",
    "class",
    "lane",
    "entry_s",
    "exit_s",
    "exit_utc",
    "speed_mps",
    "since_green_s",
    "waited_s",
    "headway_s",
    "track_id",
)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{plain(value):.{DIGITS}f}" if isinstance(value, float) else str(value)


def _row(values: Sequence[object]) -> str:
    cells = _OneLine()
    csv.writer(cells, lineterminator="").writerow([_cell(value) for value in values])
    return cells.text


class _OneLine:
    """The least a csv writer needs to write to."""

    text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)


class CrossingTable(LineFile):
    """crossings.csv: one row a road user counted. Seconds count from the start of the recording.

    exit_utc is empty unless `start_wall_ns`, the UTC instant of recording start, is known.
    """

    def __init__(self, path: Path, movements: Sequence[Movement], start_wall_ns: int | None) -> None:
        super().__init__(path)
        self._direction = {movement.id: movement.direction for movement in movements}
        self._start_wall_ns = start_wall_ns
        self.write_line(_row(CROSSING_COLUMNS))

    def add(self, crossing: Crossing) -> None:
        """Append one road user."""
        entry_s = None if crossing.entered_ns is None else crossing.entered_ns / NS_PER_S
        utc = None if self._start_wall_ns is None else iso_utc(self._start_wall_ns + crossing.t_ns)
        self.write_line(
            _row(
                (
                    crossing.movement,
                    self._direction.get(crossing.movement),
                    crossing.kind.value,
                    crossing.lane,
                    entry_s,
                    crossing.t_ns / NS_PER_S,
                    utc,
                    crossing.speed_mps,
                    crossing.since_green_s,
                    crossing.waited_s,
                    crossing.headway_s,
                    crossing.track_id,
                )
            )
        )


COUNT_COLUMNS = (
    "interval_start_s",
    "interval_start_utc",
    "interval_s",
    "movement",
    "direction",
    "class",
    "count",
    "known_s",
)


class CountTable:
    """counts.csv: movement × class × interval, zeros written out, written when the replay ends.

    known_s is for how much of an interval the camera could see; where that is nothing
    the count is empty. The last interval is as long as the recording leaves it.
    """

    def __init__(self, path: Path, movements: Sequence[Movement], interval_s: float, start_wall_ns: int | None) -> None:
        self.path = path
        self._movements = movements
        self._interval_ns = round(interval_s * NS_PER_S)
        self._start_wall_ns = start_wall_ns
        self._counts: Counter[tuple[int, str, Kind]] = Counter()
        self._known_ns: Counter[int] = Counter()
        self._last_ns: int | None = None

    def see(self, t_ns: int, ok: bool) -> None:
        """The camera could (or could not) see since the frame before."""
        if ok and self._last_ns is not None:
            at = self._last_ns
            while at < t_ns:
                index = at // self._interval_ns
                until = min(t_ns, (index + 1) * self._interval_ns)
                self._known_ns[index] += until - at
                at = until
        self._last_ns = t_ns

    def add(self, crossing: Crossing) -> None:
        """Count one road user in the interval in which it left the exit gate."""
        self._counts[crossing.t_ns // self._interval_ns, crossing.movement, crossing.kind] += 1

    def write(self) -> None:
        """Write the whole table, replacing any there."""
        write_whole(self.path, "\n".join([_row(COUNT_COLUMNS), *self._rows(), ""]))

    def _rows(self) -> Iterator[str]:
        if self._last_ns is None:
            return
        for index in range(self._last_ns // self._interval_ns + 1):
            start_ns = index * self._interval_ns
            length_ns = min(self._interval_ns, self._last_ns - start_ns)
            if length_ns == 0 and index > 0:
                continue
            utc = None if self._start_wall_ns is None else iso_utc(self._start_wall_ns + start_ns)
            known_ns = self._known_ns[index]
            for movement in self._movements:
                for kind in movement.kinds:
                    count = self._counts[index, movement.id, kind]
                    yield _row(
                        (
                            start_ns / NS_PER_S,
                            utc,
                            length_ns / NS_PER_S,
                            movement.id,
                            movement.direction,
                            kind.value,
                            count if count or known_ns else None,
                            known_ns / NS_PER_S,
                        )
                    )
