"""Statistics of a cabinet's own minutes: quiet while learning and on ordinary days, heard when a day is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from calibration.incidents import Incidents
from edge.clock import NS_PER_S
from edge.incident import Finding, IncidentKind, Stage
from edge.messages import LaneSummary, MovementCount, SummaryBody
from edge.stages.minutes import MinuteStatistics
from edge.types import Kind
from tests.junction import junction

SITE = junction()
BEGAN_NS = round(datetime(2026, 11, 16, tzinfo=UTC).timestamp() * NS_PER_S)
INTERVAL_S = 900


def wall_ns(t_ns: int) -> int:
    return BEGAN_NS + t_ns


def summary(flow: float | None, queue: int | None = 3) -> SummaryBody:
    """A quarter of an hour in place of a minute, so that two weeks stay short."""
    counts = None if flow is None else {Kind.CAR: round(flow)}
    known_s = 0.0 if flow is None else float(INTERVAL_S)
    return SummaryBody(
        interval_s=INTERVAL_S,
        movements=[
            MovementCount(movement="NBT", known_s=known_s, counts=counts, mean_speed_mps=None),
            MovementCount(movement="P1", known_s=known_s, counts={Kind.PERSON: 400}, mean_speed_mps=None),
        ],
        lanes=[
            LaneSummary(
                lane="nb1",
                known_s=known_s,
                occupancy=None,
                max_queue_vehicles=queue,
                max_queue_m=None,
                max_wait_s=None,
                mean_speed_mps=None,
                mean_headway_s=None,
            )
        ],
    )


def flows(days: int) -> list[float]:
    """Two peaks a day, with noise."""
    rng = np.random.default_rng(5)
    hours = np.arange(days * 96) / 4 % 24
    level = 20 + 180 * np.exp(-((hours - 8) ** 2) / 6) + 150 * np.exp(-((hours - 17) ** 2) / 8)
    return [float(value) for value in rng.poisson(level)]


def run(statistics: MinuteStatistics, values: list[float | None], start: int = 0) -> list[tuple[int, Finding]]:
    rng = np.random.default_rng(6)
    found = []
    for number, value in enumerate(values, start=start):
        queue = None if value is None else int(rng.poisson(2 + value / 40))
        t_ns = (number + 1) * INTERVAL_S * NS_PER_S
        found += [(number, one) for one in statistics.take(t_ns, summary(value, queue))]
    return found


def test_ordinary_days_say_nothing_and_the_first_day_says_so() -> None:
    statistics = MinuteStatistics(SITE, wall_ns=wall_ns)
    assert run(statistics, list(flows(1)[:48])) == []
    assert statistics.learning_until_s is not None
    found = run(MinuteStatistics(SITE, wall_ns=wall_ns), list(flows(14)))
    assert len(found) <= 2, [one for _, one in found]


def test_a_jam_on_the_tenth_day_is_heard_where_it_is() -> None:
    values: list[float | None] = list(flows(12))
    at = 10 * 96 + 40
    values[at : at + 8] = [900.0] * 8
    found = [one for number, one in run(MinuteStatistics(SITE, wall_ns=wall_ns), values) if at <= number < at + 8]
    assert {one.kind for one in found} == {IncidentKind.CONGESTION}
    assert all(one.place.approach == "NB" for one in found)
    first = found[0]
    assert first.stage is Stage.MOMENT
    assert first.evidence["value"] is not None


def test_a_counter_that_sticks_is_a_fault_that_ends() -> None:
    values: list[float | None] = list(flows(8))
    at = 6 * 96 + 30
    values[at : at + 40] = [77.0] * 40
    found = [one for _, one in run(MinuteStatistics(SITE, wall_ns=wall_ns), values)]
    faults = [one for one in found if one.kind is IncidentKind.SENSOR_FAULT and one.rule == "statistics.flow"]
    assert [one.stage for one in faults] == [Stage.START, Stage.END]
    assert faults[0].key == faults[1].key
    assert faults[0].evidence["fault"] == "frozen"


def test_what_was_not_seen_is_unknown_and_people_are_no_vehicles() -> None:
    values: list[float | None] = list(flows(8))
    values[400:700] = [None] * 300
    found = run(MinuteStatistics(SITE, wall_ns=wall_ns), values)
    assert [one for number, one in found if 400 <= number < 700] == []


def test_a_restart_changes_nothing(tmp_path: Path) -> None:
    values: list[float | None] = list(flows(9))
    values[780:788] = [900.0] * 8
    whole = run(MinuteStatistics(SITE, wall_ns=wall_ns), values)
    state = tmp_path / "statistics"
    first = MinuteStatistics(SITE, wall_ns=wall_ns, state=state)
    rng = np.random.default_rng(6)
    found = []
    for number, value in enumerate(values):
        if number == 500:
            first.save()
            first = MinuteStatistics(SITE, wall_ns=wall_ns, state=state)
        queue = None if value is None else int(rng.poisson(2 + value / 40))
        found += [(number, one) for one in first.take((number + 1) * INTERVAL_S * NS_PER_S, summary(value, queue))]
    assert found == whole
    assert any(number >= 500 for number, _ in whole)


def test_a_restart_with_another_threshold_takes_it(tmp_path: Path) -> None:
    state = tmp_path / "statistics"
    values: list[float | None] = list(flows(9))
    first = MinuteStatistics(SITE, wall_ns=wall_ns, state=state)
    run(first, values[:770])
    first.save()
    deaf = SITE.model_copy(update={"incidents": Incidents(alarm_threshold=100)})
    values[780:788] = [900.0] * 8
    assert run(MinuteStatistics(deaf, wall_ns=wall_ns, state=state), values[770:], start=770) == []
    assert run(MinuteStatistics(SITE, wall_ns=wall_ns, state=state), [900.0] * 8, start=2000) != []


@pytest.mark.parametrize("data", [b"", b"{}", b"stopline series 9", b"\0" * 100])
def test_a_state_that_cannot_be_used_is_put_aside(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "NB.flow.state").write_bytes(data)
    statistics = MinuteStatistics(SITE, wall_ns=wall_ns, state=tmp_path)
    assert (tmp_path / "NB.flow.damaged").read_bytes() == data
    assert run(statistics, [5.0]) == []
    statistics.save()
    assert (tmp_path / "NB.flow.state").exists(), "what is learned from now on is kept"


def test_a_folder_that_can_be_read_only_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "NB.flow.state").write_bytes(b"damaged")

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(30, "Read-only file system", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    assert run(MinuteStatistics(SITE, wall_ns=wall_ns, state=tmp_path), [5.0]) == []


def test_a_kill_loses_little_and_a_minute_writes_one_file(tmp_path: Path) -> None:
    statistics = MinuteStatistics(SITE, wall_ns=wall_ns, state=tmp_path)
    written = []
    for number, value in enumerate(flows(1)[:6]):
        before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        run(statistics, [value], start=number)
        after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
        written += [name for name in after if after[name] != before.get(name)]
    assert len(written) == 6
    assert len(set(written)) == 5, "every series comes in turn"


def test_wall_time_that_is_set_back_leaves_minutes_out(caplog: pytest.LogCaptureFixture) -> None:
    back_ns = 0
    statistics = MinuteStatistics(SITE, wall_ns=lambda t_ns: wall_ns(t_ns) - back_ns)
    run(statistics, [5.0, 6.0, 7.0])
    back_ns = 3600 * NS_PER_S
    assert run(statistics, [8.0], start=3) == []
    assert "leave out a minute" in caplog.text
