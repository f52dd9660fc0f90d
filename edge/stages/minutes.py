"""What a cabinet's own minutes say: each summary through the statistics of its lanes and approaches, to findings.

SummaryBody ─┬─ approach: flow ───────────────────┐
             └─ lane: speed, occupancy, queue, wait ┴→ SeriesWatch each ─→ Alarm, Fault ─→ Finding ─→ Noticing.hear

A site without history learns for a day and alarms on nothing meanwhile. What was learned is kept in files and
survives a restart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.errors import InputError
from edge.incident import Finding, IncidentKind, Place, Stage
from edge.messages import SummaryBody
from edge.statistics.alarm import Alarm, Quantity
from edge.statistics.seam import Moment, Reading
from edge.statistics.together import Stands, Together
from edge.statistics.watch import Said, SeriesWatch
from edge.types import VEHICLE_KINDS

_log = logging.getLogger(__name__)
#: A minute of which less was seen says too little.
_LEAST_KNOWN = 0.5

Value = tuple[str, Quantity, Place, float | None]


class MinuteStatistics:
    """All series of one site. Give it every summary in the order of time.

    wall_ns: cabinet time to wall time. state: the folder of what was learned, a file each series, one of them written
    each minute; None: nothing is kept. A file that is damaged or of another version is put aside, said, and
    learned anew.
    """

    def __init__(self, site: Site, *, wall_ns: Callable[[int], int], state: Path | None = None) -> None:
        self._site = site
        self._wall_ns = wall_ns
        self._zone = ZoneInfo(site.timezone)
        self._state = state
        self._watches: dict[str, SeriesWatch] = {}
        self._faults: dict[str, Finding] = {}
        self._approach_of = {lane.id: lane.approach for lane in site.lanes}
        self._together: Together | None = None
        self._minutes = 0
        self._learning_until_s: int | None = None
        if state is not None and state.is_dir():
            self._load(state)

    @property
    def learning_until_s(self) -> int | None:
        """Wall time in s since 1970 until which the slowest series learns; None once all have."""
        return self._learning_until_s

    def take(self, t_ns: int, summary: SummaryBody) -> list[Finding]:
        """What one minute says. The summary's end is t_ns."""
        moment = self._moment(t_ns)
        found: list[Finding] = []
        learning: int | None = None
        for sensor, quantity, place, value in self._values(summary):
            watch = self._watches.setdefault(
                sensor, SeriesWatch(quantity, threshold=self._site.incidents.alarm_threshold)
            )
            try:
                said = watch.update(Reading(moment, (value,)))
            except InputError as error:
                # Wall time was set back; what comes after the last reading counts again.
                _log.warning("statistics of %s leave out a minute: %s", sensor, error)
                continue
            if said.learning_until_s is not None:
                learning = max(learning or 0, said.learning_until_s)
            found += self._findings(t_ns, summary.interval_s, sensor, place, value, said)
        self._learning_until_s = learning
        self._minutes += 1
        if self._watches:
            # One in turn: all at once would hold up whoever controls lamps in the same loop.
            self._write(list(self._watches)[self._minutes % len(self._watches)])
        return found

    def save(self) -> None:
        """Write what all series learned."""
        for sensor in self._watches:
            self._write(sensor)

    def _write(self, sensor: str) -> None:
        """Whole or not at all. A disk that does not take it costs a warning."""
        if self._state is None:
            return
        path = self._state / f"{sensor}.state"
        part = path.with_suffix(".part")
        try:
            self._state.mkdir(parents=True, exist_ok=True)
            part.write_bytes(self._watches[sensor].save())
            part.replace(path)
        except OSError as error:
            _log.warning("statistics: %s cannot be written: %s", path, error.strerror)

    def _load(self, folder: Path) -> None:
        for path in sorted(folder.glob("*.state")):
            try:
                watch = SeriesWatch.restore(path.read_bytes())
            except (OSError, InputError) as error:
                aside = path.with_suffix(".damaged")
                _log.warning("statistics: %s cannot be used (%s): put aside as %s", path, error, aside.name)
                try:
                    path.replace(aside)
                except OSError as stuck:
                    # Counting and control do not wait for statistics.
                    _log.warning("statistics: %s cannot be moved aside: %s", path, stuck.strerror)
                continue
            watch.retune(self._site.incidents.alarm_threshold)
            self._watches[path.stem] = watch

    def _moment(self, t_ns: int) -> Moment:
        unix_s = self._wall_ns(t_ns) // NS_PER_S
        local = datetime.fromtimestamp(unix_s, UTC).astimezone(self._zone)
        day_s = local.hour * 3600 + local.minute * 60 + local.second
        return Moment(unix_s, local.weekday() * 86_400 + day_s)

    def _values(self, summary: SummaryBody) -> Iterator[Value]:
        """Every series' value of the minute; None where too little of it was seen."""
        least_s = _LEAST_KNOWN * summary.interval_s
        flows: dict[str, float | None] = {}
        approach_of = {movement.id: movement.approach for movement in self._site.movements}
        for row in summary.movements:
            approach = approach_of.get(row.movement)
            if approach is None or row.movement.startswith("P"):
                continue
            known = row.counts is not None and row.known_s >= least_s
            count = sum(n for kind, n in (row.counts or {}).items() if kind in VEHICLE_KINDS) if known else None
            before = flows.get(approach, 0.0)
            # Of an approach one of whose movements is unknown, the flow is.
            flows[approach] = None if count is None or before is None else before + count * 60 / summary.interval_s
        for approach, flow in flows.items():
            yield f"{approach}.flow", Quantity.FLOW, Place(approach=approach), flow
        for lane in summary.lanes:
            place = Place(approach=self._approach_of.get(lane.lane), lane=lane.lane)
            seen = lane.known_s >= least_s
            for quantity, value in (
                (Quantity.SPEED, lane.mean_speed_mps),
                (Quantity.OCCUPANCY, lane.occupancy),
                (Quantity.QUEUE, lane.max_queue_vehicles),
                (Quantity.WAIT, lane.max_wait_s),
            ):
                yield f"{lane.lane}.{quantity}", quantity, place, float(value) if seen and value is not None else None

    def _findings(
        self, t_ns: int, interval_s: float, sensor: str, place: Place, value: float | None, said: Said
    ) -> Iterator[Finding]:
        since_ns = t_ns - round(interval_s * NS_PER_S)
        rule = f"statistics.{sensor.rsplit('.', 1)[1]}"
        if said.fault_began and said.fault is not None:
            finding = Finding(
                t_ns, rule, sensor, IncidentKind.SENSOR_FAULT, Stage.START, place, since_ns, 0.9,
                {"fault": said.fault.value, "value": value},
            )  # fmt: skip
            self._faults[sensor] = finding
            yield finding
        elif said.fault is None and value is not None and sensor in self._faults:
            began = self._faults.pop(sensor)
            yield Finding(
                t_ns, rule, sensor, IncidentKind.SENSOR_FAULT, Stage.END, place, began.since_ns, 0.9, {"value": value}
            )
        if said.alarm is not None:
            yield self._alarm(t_ns, since_ns, rule, sensor, place, value, said.alarm)

    def _alarm(
        self, t_ns: int, since_ns: int, rule: str, sensor: str, place: Place, value: float | None, alarm: Alarm
    ) -> Finding:
        """One series' alarm; where other approaches are odd as well, a disturbance of the junction."""
        if self._together is None:
            self._together = Together(
                {name: Stands(self._site.id, place_of or self._site.id) for name, place_of in self._places()}
            )
        many = self._together.update(sensor, alarm)
        evidence: dict[str, float | int | str | None] = {
            "value": value,
            "shape": alarm.shape.value,
            "threshold_ratio": round(alarm.ratio, 2),
        }
        kind, confidence = alarm.kind, alarm.confidence
        if many is not None and len({self._approach(name) for name in many.sensors}) > 1:
            kind, confidence = IncidentKind.DISTURBANCE, many.confidence
            evidence["sensors"] = ", ".join(many.sensors)
            place = Place()
        key = f"{sensor}:{alarm.moment.unix_s}"
        return Finding(t_ns, rule, key, kind, Stage.MOMENT, place, since_ns, confidence, evidence)

    def _places(self) -> Iterator[tuple[str, str | None]]:
        for approach in self._site.approaches:
            yield f"{approach.id}.flow", approach.id
        for lane in self._site.lanes:
            for quantity in Quantity:
                yield f"{lane.id}.{quantity}", lane.approach

    def _approach(self, sensor: str) -> str | None:
        name = sensor.rsplit(".", 1)[0]
        return self._approach_of.get(name, name)
