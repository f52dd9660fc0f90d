"""Incidents and camera faults: which were noticed, how late, and what was reported that was not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge.clock import NS_PER_S
from edge.incidents.actions import EXPLAINS
from edge.replay.record import Event, Record
from sim_videos.truth import SceneFrame

#: What else than its own name answers a happening: a queue that grows back into the junction blocks its box.
_ANSWERS: Mapping[str, frozenset[str]] = {
    "spillback": frozenset({"spillback", "blocked_box"}),
    "lane_closed": frozenset({"vehicle_on_closed_lane"}),
}
#: No incidents by themselves: an engine on its way, and cones on a lane in which nobody drives.
_NOT_LOOKED_FOR = frozenset({"emergency_vehicle", "lane_closed"})
#: What a happening brings with it, wherever on the junction.
_BRINGS: Mapping[str, frozenset[str]] = {
    kind.value: frozenset(one.value for one in brought) for kind, brought in EXPLAINS.items()
}
#: Of these a scene's truth says nothing, or others judge them (`sight_score`).
_NOT_JUDGED = frozenset({"near_miss", "camera_fault"})
#: A report this long after the end of what it is of still is of it.
AFTER_S = 30.0
#: A camera that was said to be blind this long after a fault's end was so by that fault.
SIGHT_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class Spell:
    """Something that was so from start_s to end_s; end_s None: to the end of the recording."""

    name: str
    lane: str | None
    start_s: float
    end_s: float | None


@dataclass(frozen=True, slots=True)
class Noticed:
    """One spell, and how long after its start it was reported; delay_s None: never."""

    spell: Spell
    delay_s: float | None


@dataclass(frozen=True, slots=True)
class HappeningScore:
    """Every spell of the truth, and how many reports were of none."""

    noticed: tuple[Noticed, ...]
    false_reports: int

    @property
    def found(self) -> int:
        """How many were reported."""
        return sum(one.delay_s is not None for one in self.noticed)


class HappeningWatch:
    """Collects when incidents and camera faults began and ended. Give it every true frame in order."""

    def __init__(self) -> None:
        self._incidents: dict[int, Spell] = {}
        self._on: dict[int, float] = {}
        self._faults: list[Spell] = []
        self._fault_since: dict[str, float] = {}
        self._last_s = 0.0

    def add(self, frame: SceneFrame) -> None:
        """One true frame."""
        self._last_s = frame.t_s
        for row in frame.incidents:
            self._incidents.setdefault(row.number, Spell(row.kind.value, row.lane, row.started_s, None))
            self._on[row.number] = frame.t_s
        for kind in frame.faults:
            self._fault_since.setdefault(kind, frame.t_s)
        for kind in self._fault_since.keys() - set(frame.faults):
            self._faults.append(Spell(kind, None, self._fault_since.pop(kind), frame.t_s))

    def incidents(self) -> tuple[Spell, ...]:
        """Incidents in the order of the scenario."""
        return tuple(
            Spell(spell.name, spell.lane, spell.start_s, None if self._on[number] >= self._last_s else self._on[number])
            for number, spell in sorted(self._incidents.items())
        )

    def faults(self) -> tuple[Spell, ...]:
        """Camera faults in the order in which they began."""
        still = [Spell(kind, None, since, None) for kind, since in self._fault_since.items()]
        return tuple(sorted([*self._faults, *still], key=lambda spell: (spell.start_s, spell.name)))


def incident_score(truth: Sequence[Spell], record: Record) -> HappeningScore | None:
    """Reports of incidents against those that were; None where the replay looks for none."""
    events = record.of("incident")
    if not events and not record.run.get("incidents"):
        return None
    return score_of(truth, events)


def score_of(truth: Sequence[Spell], events: Sequence[Event]) -> HappeningScore:
    """Reports of incidents against those that were.

    A report is an event `incident` with `incident` (the kind) and `lane`, or the events of one `id`, whose kind
    may change as more is known; it is of the earliest unreported incident of that kind, in that lane where both
    name one. One that is of nothing, nor of what a happening brings with it (who stands behind a crash), is false.
    """
    delays: dict[int, float] = {}
    false_reports = 0
    for report in _reports(events):
        fits = [(event, i) for event in report for i, spell in enumerate(truth) if _is_of(event, spell)]
        fresh = next(((event, i) for event, i in fits if i not in delays), None)
        if not fits and not all(_is_no_alarm(event, truth) for event in report):
            false_reports += 1
        if fresh is not None:
            delays[fresh[1]] = fresh[0]["t_ns"] / NS_PER_S - truth[fresh[1]].start_s
    wanted = [(i, spell) for i, spell in enumerate(truth) if spell.name not in _NOT_LOOKED_FOR]
    return HappeningScore(tuple(Noticed(spell, delays.get(i)) for i, spell in wanted), false_reports)


def sight_score(truth: Sequence[Spell], record: Record) -> HappeningScore:
    """When the camera was said not to be believed, or not to be well, against the faults it had.

    A false report is of a camera that was said to be blind and had no fault.
    """
    blind = _spells(record, lambda event: not event["ok"])
    told = _spells(record, lambda event: not event["ok"] or event.get("reason") is not None)
    noticed = []
    for spell in truth:
        end_s = spell.end_s if spell.end_s is not None else float("inf")
        reported = [start for start, stop in told if start <= end_s + SIGHT_AFTER_S and stop >= spell.start_s]
        noticed.append(Noticed(spell, max(0.0, min(reported) - spell.start_s) if reported else None))
    of_none = [
        start
        for start, stop in blind
        if not any(
            start <= (float("inf") if spell.end_s is None else spell.end_s) + SIGHT_AFTER_S and stop >= spell.start_s
            for spell in truth
        )
    ]
    return HappeningScore(tuple(noticed), len(of_none))


def _reports(events: Sequence[Event]) -> list[list[Event]]:
    """Of each id the first event of each kind that it was of: what is said again is nothing new."""
    reports: dict[object, dict[object, Event]] = {}
    for number, event in enumerate(events):
        reports.setdefault(event.get("id", number), {}).setdefault(event["incident"], event)
    return [list(by_kind.values()) for by_kind in reports.values()]


def _is_no_alarm(report: Event, truth: Sequence[Spell]) -> bool:
    """Not judged by the truth, or what one of its happenings brings along."""
    kind = report["incident"]
    return kind in _NOT_JUDGED or any(
        kind in _BRINGS.get(spell.name, ()) and _is_while(report, spell) for spell in truth
    )


def _is_while(report: Event, spell: Spell) -> bool:
    end_s = float("inf") if spell.end_s is None else spell.end_s + AFTER_S
    return bool(spell.start_s <= report["t_ns"] / NS_PER_S <= end_s)


def _is_of(report: Event, spell: Spell) -> bool:
    lane = report.get("lane")
    return (
        report.get("incident") in _ANSWERS.get(spell.name, {spell.name})
        and _is_while(report, spell)
        and (lane is None or spell.lane is None or lane == spell.lane)
    )


def _spells(record: Record, is_so: Callable[[Event], bool]) -> list[tuple[float, float]]:
    """From when to when it was so, by the events about sight."""
    spells: list[tuple[float, float]] = []
    since: float | None = None
    for event in record.of("sight"):
        t_s = event["t_ns"] / NS_PER_S
        if is_so(event) and since is None:
            since = t_s
        elif not is_so(event) and since is not None:
            spells.append((since, t_s))
            since = None
    return spells if since is None else [*spells, (since, float("inf"))]


def happening_json(score: HappeningScore | None) -> Mapping[str, object] | None:
    """For `--json`; None: not measured."""
    if score is None:
        return None
    return {
        "found": score.found,
        "of": len(score.noticed),
        "false": score.false_reports,
        "each": [
            {
                "kind": one.spell.name,
                "lane": one.spell.lane,
                "start_s": one.spell.start_s,
                "end_s": one.spell.end_s,
                "delay_s": None if one.delay_s is None else round(one.delay_s, 2),
            }
            for one in score.noticed
        ],
    }
