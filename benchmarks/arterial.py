"""Arterials and freeway loops labelled by 20 experts: PlaneKnn against what at least half of them called abnormal.

The first 72 % of each site train, the last 20 % test; a test reading is scored by those before it alone.
The threshold comes from training readings, each scored against the other training readings of its site:

    own      the best F1 on the site's own training labels (the goal's)
    others   the best F1 on the training labels of the other sites: a site nobody labelled
    budget   no labels: so many alarms per sensor-day on the site's own training readings

Part of `python -m benchmarks.anomaly --series DIR`; alone: `python -m benchmarks.arterial --series DIR`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from edge.clock import SystemClock
from edge.errors import InputError
from edge.statistics.plane_knn import PlaneKnn
from edge.statistics.profile import EPOCH_WEEK_S
from edge.statistics.seam import WEEK_S, Moment, Reading

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TRAIN, TEST = 0.72, 0.80  # training ends, the test begins
HALF = 0.5
BUDGET_PER_DAY = 0.5
GOAL_F1, GOAL_AUC = 0.80, 0.992
DAY_S = 86_400
QUICK_SITES = 3


@dataclass(frozen=True, slots=True)
class Site:
    """One file: readings of (volume, density), and whether half of the experts call each abnormal."""

    name: str
    readings: list[Reading]
    abnormal: Bools


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores and labels of the training and of the test part, and sensor-days of each."""

    site: str
    train: Floats
    train_abnormal: Bools
    train_days: float
    test: Floats
    test_abnormal: Bools
    test_days: float
    update_us: float
    state_bytes: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a threshold is worth on a test part; false_per_day: readings falsely called, per sensor-day."""

    threshold: float
    f1: float
    found: int
    missed: int
    false_per_day: float


@dataclass(frozen=True, slots=True)
class Result:
    """One site. hindsight_f1: with the threshold that is best on the test part, for comparison only."""

    site: str
    auc: float
    hindsight_f1: float
    by: dict[str, Told]


def load(file: Path) -> Site:
    """InputError where a column is missing or a row cannot be read."""
    readings, abnormal = [], []
    with file.open(encoding="utf-8", newline="") as rows:
        for line, row in enumerate(csv.DictReader(rows), start=2):
            try:
                at = datetime.strptime(f"{row['Date']} {row['Time']}", "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC)
                values = (float(row["Volume"]), float(row["Density"]))
                share = float(row["Anomaly Probability"])
            except (KeyError, ValueError) as error:
                raise InputError(f"{file}: line {line}: {error}; give Date, Time, Volume, Density and labels") from None
            unix_s = int(at.timestamp())  # local time taken for UTC: only the time of day matters here
            readings.append(Reading(Moment(unix_s, (unix_s + EPOCH_WEEK_S) % WEEK_S), values))
            abnormal.append(share >= HALF)
    return Site(file.stem, readings, np.array(abnormal))


def score(site: Site) -> Scored:
    """Training scores against the other training readings, test scores by what came before."""
    count = len(site.readings)
    trained, begin = int(count * TRAIN), int(count * TEST)
    knn, clock = PlaneKnn(), SystemClock()
    for reading in site.readings[:trained]:
        knn.learn(reading)
    among = dict(knn.among_kept())
    places = [i for i, reading in enumerate(site.readings[:trained]) if reading.moment.unix_s in among]
    for reading in site.readings[trained:begin]:
        knn.learn(reading)
    start_ns = clock.now_ns()
    said = [knn.update(reading) for reading in site.readings[begin:]]
    spent_ns = clock.now_ns() - start_ns
    return Scored(
        site.name,
        np.array([among[site.readings[i].moment.unix_s] for i in places]),
        site.abnormal[places],
        _days(site.readings[:trained]),
        np.array([0.0 if score is None else score.value for score in said]),
        site.abnormal[begin:],
        _days(site.readings[begin:]),
        spent_ns / 1e3 / len(said),
        len(knn.save()),
    )


def auc(scores: Floats, abnormal: Bools) -> float:
    """The share of pairs, one abnormal and one not, in which the abnormal one scores higher; ties count half."""
    normal = np.sort(scores[~abnormal])
    below = np.searchsorted(normal, scores[abnormal], "left")
    upto = np.searchsorted(normal, scores[abnormal], "right")
    return float((below + upto).sum() / 2 / len(normal) / abnormal.sum())


def best_threshold(scores: Floats, abnormal: Bools) -> tuple[float, float]:
    """The threshold of the best F1, half way to the next lower score, and that F1."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(abnormal[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + abnormal.sum())
    at = int(np.argmax(f1))
    lower = scores[order[min(at + 1, len(order) - 1)]]
    return float(scores[order[at]] + lower) / 2, float(f1[at])


def told(scored: Scored, threshold: float) -> Told:
    """The threshold on the test part."""
    called = scored.test >= threshold
    hits = int((called & scored.test_abnormal).sum())
    wrong = int(called.sum()) - hits
    f1 = 2 * hits / max(1, int(called.sum() + scored.test_abnormal.sum()))
    return Told(threshold, f1, hits, int(scored.test_abnormal.sum()) - hits, wrong / scored.test_days)


def judge(scored: Scored, others: Sequence[Scored]) -> Result:
    """One site by each way to a threshold."""
    by = {"own": told(scored, best_threshold(scored.train, scored.train_abnormal)[0])}
    if others:
        scores, labels = (np.concatenate(p) for p in zip(*((o.train, o.train_abnormal) for o in others), strict=True))
        by["others"] = told(scored, best_threshold(scores, labels)[0])
    allowed = round(BUDGET_PER_DAY * scored.train_days)
    by["budget"] = told(scored, float(np.sort(scored.train)[-allowed - 1]))
    hindsight = best_threshold(scored.test, scored.test_abnormal)[1]
    return Result(scored.site, auc(scored.test, scored.test_abnormal), hindsight, by)


def run(series: Path, quick: bool = False) -> tuple[list[Goal], dict[str, object]]:
    """Print the table; goals and figures. InputError where the folder holds no labelled site."""
    files = sorted((series / "arterial").glob("*.csv"))
    if not files:
        raise InputError(f"{series / 'arterial'}: holds no labelled site; give --series DIR with arterial/*.csv")
    scored = [score(load(file)) for file in (files[:QUICK_SITES] if quick else files)]
    results = [judge(one, [other for other in scored if other is not one]) for one in scored]
    print(f"\n{machine()}\n")
    print(f"{'site':16}{'AUC':>8}{'F1 own':>9}{'others':>8}{'budget':>8}{'hindsight':>11}{'false/day own':>15}")
    for r in results:
        others = f"{r.by['others'].f1:8.3f}" if "others" in r.by else f"{'-':>8}"
        print(
            f"{r.site:16}{r.auc:8.4f}{r.by['own'].f1:9.3f}{others}{r.by['budget'].f1:8.3f}"
            f"{r.hindsight_f1:11.3f}{r.by['own'].false_per_day:15.2f}"
        )
    mean_auc = float(np.mean([r.auc for r in results]))
    means = {way: float(np.mean([r.by[way].f1 for r in results])) for way in results[0].by}
    hindsight = float(np.mean([r.hindsight_f1 for r in results]))
    false = float(np.mean([r.by["own"].false_per_day for r in results]))
    print(
        f"{'mean':16}{mean_auc:8.4f}{means['own']:9.3f}{means.get('others', float('nan')):8.3f}"
        f"{means['budget']:8.3f}{hindsight:11.3f}{false:15.2f}"
    )
    cost = float(np.mean([one.update_us for one in scored]))
    print(f"\n{cost:.0f} µs an update, {max(one.state_bytes for one in scored)} bytes of state")
    goals = [
        Goal("arterials: mean F1, threshold from the site's training part", means["own"], GOAL_F1, at_least=True),
        Goal("arterials: mean AUC", mean_auc, GOAL_AUC, at_least=True),
    ]
    figures: dict[str, object] = {
        "sites": [asdict(r) for r in results],
        "auc": mean_auc,
        "f1": means,
        "hindsight_f1": hindsight,
        "false_per_sensor_day": false,
        "update_us": cost,
        "state_bytes": max(one.state_bytes for one in scored),
    }
    return goals, figures


def _days(readings: Sequence[Reading]) -> float:
    """Days on which there are readings."""
    return float(len({reading.moment.unix_s // DAY_S for reading in readings}))


def main() -> None:
    """The arterials alone."""
    parser = arguments(__doc__)
    parser.add_argument("--series", type=Path, default=Path("../shared/data/series"), help="folder with the series")
    options = parser.parse_args()
    try:
        goals, figures = run(options.series, options.quick)
    except InputError as error:
        cannot_run(str(error))
    finish(goals, figures, options.json)


if __name__ == "__main__":
    main()
