"""Lamps of a rendered street that run its plan."""

from __future__ import annotations

from itertools import pairwise

from calibration.load import load_site
from calibration.signal_timing import conflicts
from edge.types import Interval, PedInterval
from sim_videos.plan_lamps import PlanLamps, seconds_ns


def shown(from_s: float, to_s: float, fps: float) -> list[tuple[float, dict[int, Interval], dict[int, PedInterval]]]:
    site = load_site("demo")
    assert site.signal is not None
    assert site.plan is not None
    lamps = PlanLamps(site.signal, site.plan)
    frames = range(round(from_s * fps), round(to_s * fps))
    seen = ((n / fps, lamps(seconds_ns(n / fps))) for n in frames)
    return [(t_s, dict(intervals), dict(walk)) for t_s, (intervals, walk) in seen]


def test_every_phase_is_served_in_each_cycle_and_no_two_that_conflict_go_together() -> None:
    site = load_site("demo")
    assert site.signal is not None
    assert site.plan is not None
    against = conflicts(site.signal)
    frames = shown(-100.0, 200.0, 12.5)
    served: dict[int, list[float]] = {}
    for (_, before, _), (t_s, now, _) in pairwise(frames):
        moving = [phase for phase, interval in now.items() if interval in {Interval.GREEN, Interval.YELLOW}]
        assert not any(frozenset((a, b)) in against for a in moving for b in moving if a != b)
        for phase, interval in now.items():
            if interval is Interval.GREEN and before[phase] is not Interval.GREEN:
                served.setdefault(phase, []).append(t_s)
    assert served.keys() == {phase.number for phase in site.signal.phases}
    for begins in served.values():
        assert all(abs(b - a - site.plan.cycle_s) < 0.2 for a, b in pairwise(begins[1:]))
        assert len(begins) >= 4


def test_frames_of_another_rate_show_the_same_lamps() -> None:
    slow = {round(t_s, 3): intervals for t_s, intervals, _ in shown(-60.0, 80.0, 5.0)}
    fast = {round(t_s, 3): intervals for t_s, intervals, _ in shown(-60.0, 80.0, 10.0)}
    differing = [t_s for t_s, intervals in slow.items() if fast[t_s] != intervals]
    assert len(differing) <= len(slow) * 0.03  # a change falls between two frames


def test_walkers_are_served_with_their_phase() -> None:
    assert any(PedInterval.WALK in walk.values() for _, _, walk in shown(0.0, 140.0, 5.0))
