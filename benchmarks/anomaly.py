"""Statistics on labelled series: the Numenta Anomaly Benchmark, and expert-labelled arterials.

Every estimator alone, and the ensemble, one threshold for the whole corpus. An alarm is followed by rest
for a fifth of the file's probation. "best": the threshold that serves the standard profile best over the
corpus, as the benchmark's own convention is. "left out": each category with the threshold that is best
on the others. "budget": without any label, from the probation of all files and a number of alarms per
sensor-day. Quick runs fewer estimators, on the whole corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import arterial
from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from benchmarks.nab import PROFILES, Bools, Floats, Labelled, Total, load, total
from edge.clock import SystemClock
from edge.errors import InputError
from edge.statistics.budget import tune
from edge.statistics.charts import Cusum, Ewma, Shewhart
from edge.statistics.ensemble import Ensemble
from edge.statistics.novelty import ExcursionNovelty, LevelNovelty, Novelty
from edge.statistics.profile import EPOCH_WEEK_S
from edge.statistics.range_novelty import RangeNovelty
from edge.statistics.seam import WEEK_S, Estimator, Moment, Reading
from edge.statistics.windowed import RelativeEntropy, WindowedGaussian

ENSEMBLE = "ensemble"
MAKERS: dict[str, Callable[[], Estimator]] = {
    ENSEMBLE: Ensemble,
    "novelty": Novelty,
    "level_novelty": LevelNovelty,
    "excursion_novelty": ExcursionNovelty,
    "range_novelty": RangeNovelty,
    "windowed_gaussian": WindowedGaussian,
    "relative_entropy": RelativeEntropy,
    "shewhart": Shewhart,
    "ewma": Ewma,
    "cusum": Cusum,
}
QUICK = (ENSEMBLE, "novelty", "range_novelty")
TRAFFIC = "realTraffic"
STEPS = 60  # thresholds tried
BUDGET_PER_DAY = 0.5  # alarms per sensor-day allowed on unlabelled probation
GOAL_TRAFFIC, GOAL_CORPUS = 92.0, 75.0


@dataclass(frozen=True)
class Run:
    """One estimator on all files: its scores, and what an update and its state cost."""

    scores: list[Floats]
    update_us: float
    state_bytes: int


def readings(file: Labelled) -> list[Reading]:
    """As they come: one after another, a stamp that does not go forward taken as one second later."""
    out: list[Reading] = []
    last_s = -1
    for time_s, value in zip(file.times_s, file.values, strict=True):
        last_s = max(time_s, last_s + 1)
        out.append(Reading(Moment(last_s, (last_s + EPOCH_WEEK_S) % WEEK_S), (value,)))
    return out


def run(make: Callable[[], Estimator], corpus: Sequence[list[Reading]]) -> Run:
    """A fresh estimator for each file."""
    clock = SystemClock()
    scores, spent_ns, most = [], 0, 0
    for file in corpus:
        estimator = make()
        begin_ns = clock.now_ns()
        said = [estimator.update(reading) for reading in file]
        spent_ns += clock.now_ns() - begin_ns
        most = max(most, len(estimator.save()))
        scores.append(np.array([0.0 if score is None else score.value for score in said]))
    return Run(scores, spent_ns / 1e3 / sum(map(len, corpus)), most)


def detect(files: Sequence[Labelled], scores: Sequence[Floats], threshold: float) -> list[Bools]:
    """A boolean a row: an alarm starts there."""
    out = []
    for file, score in zip(files, scores, strict=True):
        over = np.flatnonzero(score >= threshold)
        detected = np.zeros(len(score), np.bool_)
        last = -len(score)
        for at in over.tolist():
            if at - last > file.probation // 5:
                detected[at] = True
                last = at
        out.append(detected)
    return out


def thresholds(scores: Sequence[Floats]) -> list[float]:
    """What is tried: from what one row in ten reaches to what one in 20 000 does, in equal ratios, and the highest."""
    every = np.concatenate(list(scores))
    least = float(every[every > 0].min())
    low, high = max(float(np.quantile(every, 0.9)), least), max(float(np.quantile(every, 1 - 5e-5)), 2 * least)
    return [*(float(t) for t in np.geomspace(low, high, STEPS)), float(every.max()) * 1.01]


@dataclass(frozen=True)
class Swept:
    """What each threshold earns on each file, under one profile."""

    thresholds: list[float]
    points: Floats  # (thresholds, files)

    def best(self, files: Bools) -> float:
        """The threshold that earns most on these files."""
        return self.thresholds[int(np.argmax(self.points[:, files].sum(axis=1)))]


def sweep(files: Sequence[Labelled], scores: Sequence[Floats]) -> dict[str, Swept]:
    """Every threshold on every file, under each profile."""
    tried = thresholds(scores)
    points = np.zeros((len(PROFILES), len(tried), len(files)))
    for t, threshold in enumerate(tried):
        for f, (file, detected) in enumerate(zip(files, detect(files, scores, threshold), strict=True)):
            if detected.any():
                points[:, t, f] = [file.points(detected, weights) for weights in PROFILES.values()]
    return {profile: Swept(tried, points[p]) for p, profile in enumerate(PROFILES)}


def of(files: Sequence[Labelled], scores: Sequence[Floats], threshold: float, category: str | None = None) -> Total:
    """The standard score of all files, or of one category, at a threshold."""
    chosen = [i for i, file in enumerate(files) if category in {None, file.category}]
    some, some_scores = [files[i] for i in chosen], [scores[i] for i in chosen]
    return total(some, detect(some, some_scores, threshold), PROFILES["standard"])


def left_out(files: Sequence[Labelled], swept: Swept) -> float:
    """The corpus's score where each category takes the threshold that is best on the others."""
    earned, most = 0.0, 2 * sum(len(file.windows) for file in files)
    for category in sorted({file.category for file in files}):
        inside = np.array([file.category == category for file in files])
        threshold = swept.best(~inside) if not inside.all() else swept.best(inside)
        at = swept.thresholds.index(threshold)
        earned += float(swept.points[at, inside].sum())
    return 100 * earned / most


def budget_threshold(files: Sequence[Labelled], scores: Sequence[Floats]) -> float:
    """From the probation alone, no label used."""
    past, days = [], 0.0
    for file, score in zip(files, scores, strict=True):
        early = [None if i < 100 else float(v) for i, v in enumerate(score[: file.probation])]
        past.append((early, file.probation // 5))
        days += (file.times_s[file.probation] - file.times_s[min(100, file.probation - 1)]) / 86_400
    return tune(past, BUDGET_PER_DAY, days)


def nab(series: Path, quick: bool) -> tuple[list[Goal], dict[str, object]]:
    """The Numenta Anomaly Benchmark: a table, the goals, the figures. InputError where it is not there."""
    files = load(series / "nab")
    corpus = [readings(file) for file in files]
    everything = np.ones(len(files), np.bool_)
    print(f"\n{machine()}\n\nNAB, standard profile: {len(files)} files, {sum(len(f.windows) for f in files)} windows\n")
    print(
        f"{'':18}{'corpus':>8}{'traffic':>8}{'left out':>9}{'low FP':>8}{'low FN':>8}"
        f"{'F1':>7}{'false/day':>10}{'us':>7}{'bytes':>8}"
    )
    figures: dict[str, Any] = {}
    goals: list[Goal] = []
    for name in QUICK if quick else MAKERS:
        done = run(MAKERS[name], corpus)
        swept = sweep(files, done.scores)
        threshold = swept["standard"].best(everything)
        whole, traffic = of(files, done.scores, threshold), of(files, done.scores, threshold, TRAFFIC)
        low = {
            profile: 100 * float(swept[profile].points.sum(axis=1).max()) / ((1 + weights.fn) * whole.windows)
            for profile, weights in PROFILES.items()
        }
        out = left_out(files, swept["standard"])
        print(
            f"{name:18}{whole.score:8.1f}{traffic.score:8.1f}{out:9.1f}{low['reward_low_FP_rate']:8.1f}"
            f"{low['reward_low_FN_rate']:8.1f}{whole.f1:7.2f}{whole.false_per_day:10.3f}"
            f"{done.update_us:7.1f}{done.state_bytes:8d}",
            flush=True,
        )
        figures[name] = {
            "threshold": threshold,
            "corpus": whole.score,
            "categories": {
                c: of(files, done.scores, threshold, c).score for c in sorted({file.category for file in files})
            },
            "left_out": out,
            "profiles": low,
            "f1": whole.f1,
            "false_per_sensor_day": whole.false_per_day,
            "update_us": done.update_us,
            "state_bytes": done.state_bytes,
        }
        if name == ENSEMBLE:
            goals += [
                Goal(f"NAB {TRAFFIC}, one threshold for the corpus", traffic.score, GOAL_TRAFFIC, at_least=True),
                Goal("NAB whole corpus", whole.score, GOAL_CORPUS, at_least=True),
            ]
            figures[f"{name}_budget"] = _on_budget(files, done.scores)
    held = figures[f"{ENSEMBLE}_budget"]
    print(
        f"\nensemble, threshold {held['threshold']:.2f} from {BUDGET_PER_DAY} alarms per sensor-day on probation: "
        f"corpus {held['corpus']:.1f}, {TRAFFIC} {held['traffic']:.1f}, F1 {held['f1']:.2f}, "
        f"{held['false_per_sensor_day']:.3f} false per sensor-day"
    )
    return goals, figures


def _on_budget(files: Sequence[Labelled], scores: Sequence[Floats]) -> dict[str, float]:
    threshold = budget_threshold(files, scores)
    whole, traffic = of(files, scores, threshold), of(files, scores, threshold, TRAFFIC)
    return {
        "threshold": threshold,
        "corpus": whole.score,
        "traffic": traffic.score,
        "f1": whole.f1,
        "false_per_sensor_day": whole.false_per_day,
    }


def main() -> None:
    """Both parts, then the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--series", type=Path, default=Path("../shared/data/series"), help="folder with the series")
    options = parser.parse_args()
    try:
        goals, figures = nab(options.series, options.quick)
        more, streets = arterial.run(options.series, options.quick)
    except InputError as error:
        cannot_run(str(error))
    finish([*goals, *more], {"nab": figures, "arterial": streets}, options.json)


if __name__ == "__main__":
    main()
