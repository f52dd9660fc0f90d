"""How well the incidents of a replay were noticed, against the truth of a rendered scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.replay.record import Record
from sim_videos.score.happenings import HappeningScore, HappeningWatch, Noticed, happening_json, score_of
from sim_videos.truth import read_frames

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class IncidentScore:
    """What was noticed of what happened. watched_s: seconds for which the camera looked."""

    happenings: HappeningScore
    watched_s: float

    @property
    def rate(self) -> float | None:
        """Share that was told; None where nothing happened."""
        return _rate(self.happenings.noticed)

    @property
    def mean_s(self) -> float | None:
        """From the start to being told, a mean over those told; None without any."""
        return _mean_s(self.happenings.noticed)

    @property
    def false_per_day(self) -> float | None:
        """False alarms per camera-day; None where nothing was watched."""
        return self.happenings.false_reports * _DAY_S / self.watched_s if self.watched_s > 0 else None

    def to_json(self) -> dict[str, Any]:
        """For `--json`; None is unknown."""
        return {
            "detection_rate": _rounded(self.rate),
            "mean_time_to_detect_s": _rounded(self.mean_s),
            "false_alarms_per_camera_day": _rounded(self.false_per_day),
            "watched_s": _rounded(self.watched_s),
            "happenings": happening_json(self.happenings),
        }


def scored(done: Record, truth: Path) -> IncidentScore:
    """InputError where the truth cannot be read."""
    watch = HappeningWatch()
    for frame in read_frames(truth):
        watch.add(frame)
    events = done.of("incident")
    return IncidentScore(score_of(watch.incidents(), events), done.last_s)


def print_score(score: IncidentScore) -> None:
    """A row a kind, then all, then what the reader should know."""
    console = Console()
    table = Table("incident", box=None, pad_edge=False)
    for column in ("told", "of", "rate", "mean time to detect"):
        table.add_column(column, justify="right")
    noticed = score.happenings.noticed
    for kind in dict.fromkeys(one.spell.name for one in noticed):
        _row(table, kind, [one for one in noticed if one.spell.name == kind])
    _row(table, "all", noticed)
    console.print(table)
    false = score.happenings.false_reports
    per_day = "unknown" if score.false_per_day is None else f"{score.false_per_day:.1f} per camera-day"
    console.print(f"false alarms: {false} in {score.watched_s / 3600:.2f} h, {per_day}", highlight=False)
    if score.watched_s < _DAY_S:
        console.print(
            "[yellow]note[/] less than a day was watched: the rate of false alarms is that of this recording only",
            highlight=False,
        )


def _row(table: Table, name: str, noticed: Sequence[Noticed]) -> None:
    rate, mean_s = _rate(noticed), _mean_s(noticed)
    told = sum(one.delay_s is not None for one in noticed)
    table.add_row(
        name,
        str(told),
        str(len(noticed)),
        "–" if rate is None else f"{rate:.0%}",
        "–" if mean_s is None else f"{mean_s:.1f} s",
    )


def _rate(noticed: Sequence[Noticed]) -> float | None:
    return sum(one.delay_s is not None for one in noticed) / len(noticed) if noticed else None


def _mean_s(noticed: Sequence[Noticed]) -> float | None:
    delays = [one.delay_s for one in noticed if one.delay_s is not None]
    return fmean(delays) if delays else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
