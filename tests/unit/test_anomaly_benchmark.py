"""The benchmark of the statistics on a small corpus made here: what it prints, its exit codes, no hindsight."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks import anomaly, arterial
from benchmarks.nab import Labelled, load
from edge.statistics.ensemble import Ensemble

START = datetime(2026, 1, 5, tzinfo=UTC)
ROWS = 1_200


def stamp(row: int) -> str:
    return (START + timedelta(minutes=5 * row)).strftime("%Y-%m-%d %H:%M:%S")


def corpus(folder: Path) -> Path:
    """Two files of two categories; in each a jump to a third of the level, in the middle of its window."""
    rng = np.random.default_rng(0)
    windows = {}
    for name, at in (("realTraffic/speed.csv", 800), ("realTweets/words.csv", 600)):
        values = rng.normal(60, 3, ROWS)
        values[at : at + 10] = 20
        path = folder / "nab" / "data" / name
        path.parent.mkdir(parents=True)
        rows = "".join(f"{stamp(i)},{v:.3f}\n" for i, v in enumerate(values))
        path.write_text("timestamp,value\n" + rows, encoding="utf-8")
        windows[name] = [[stamp(at - 20), stamp(at + 20)]]
    (folder / "nab" / "windows.json").write_text(json.dumps(windows), encoding="utf-8")
    return folder


def main(monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "argv", ["anomaly.py", "--quick", *options])
    with pytest.raises(SystemExit) as ended:
        anomaly.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_jumps_that_anyone_sees_meet_both_goals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(arterial, "run", lambda *_: ([], {}))
    code = main(monkeypatch, "--series", str(corpus(tmp_path)), "--json", str(tmp_path / "out.json"))
    said = capsys.readouterr().out
    assert "2 files, 2 windows" in said
    assert "per sensor-day on probation" in said
    figures = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert figures["figures"]["nab"]["ensemble"]["corpus"] > 85
    goals = {goal["name"]: goal for goal in figures["goals"]}
    assert goals["NAB whole corpus"]["value"] == figures["figures"]["nab"]["ensemble"]["corpus"]
    assert code == (0 if all(goal["holds"] for goal in goals.values()) else 1)


def test_a_folder_without_series_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "--series", str(tmp_path)) == 2
    assert "windows.json" in capsys.readouterr().err


def test_an_alarm_is_followed_by_rest_for_a_fifth_of_the_probation() -> None:
    file = Labelled("a/x.csv", tuple(range(200)), (0.0,) * 200, ())
    scores = np.zeros(200)
    scores[[10, 12, 16, 17, 50]] = 1
    (detected,) = anomaly.detect([file], [scores], 0.5)
    assert file.probation // 5 == 6
    assert np.flatnonzero(detected).tolist() == [10, 17, 50]


def test_the_budget_looks_at_no_label_and_at_nothing_after_the_probation(tmp_path: Path) -> None:
    files = load(corpus(tmp_path) / "nab")
    scores = [anomaly.run(Ensemble, [anomaly.readings(file)]).scores[0] for file in files]
    threshold = anomaly.budget_threshold(files, scores)
    for score, file in zip(scores, files, strict=True):
        score[file.probation :] = 1e6
    unlabelled = [Labelled(file.name, file.times_s, file.values, ()) for file in files]
    assert anomaly.budget_threshold(unlabelled, scores) == threshold


def test_stamps_that_stand_or_go_back_are_moved_on() -> None:
    file = Labelled("a/x.csv", (100, 100, 50, 400), (1.0, 2.0, 3.0, 4.0), ())
    assert [r.moment.unix_s for r in anomaly.readings(file)] == [100, 101, 102, 400]
