"""From what the stages saw to what is told: message bodies, each with the time of its event.

    VisionResult ─┬─ crossing          SignalState, PhaseRequest ─┬─ signal
                  ├─ summary, lanes                               └─ cycle
                  └─ health

Pure: time comes with the data, the same input gives the same bodies in the same order.
The pairs go to `Outbox.append_many`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from calibration.site import Site
from edge.frames import VisionResult
from edge.messages import Body, CrossingBody
from edge.telemetry.cycle import CycleBuilder
from edge.telemetry.live import Facts, HealthReports, LanesNow, SignalChanges
from edge.telemetry.summary import SummaryBuilder
from edge.types import Crossing, PhaseRequest, SignalState

Told = list[tuple[int, Body]]


class Telemetry:
    """Every stream of one node. `facts` may be replaced at any time; the next health record has it.

    cameras are those whose results will come, all of the site's unless given. wall_ns is
    that of the clock: summaries end on its full minutes.
    """

    def __init__(
        self,
        site: Site,
        *,
        wall_ns: Callable[[int], int],
        cameras: Collection[str] | None = None,
        plan: str | None = None,
        reference_phase: int | None = None,
        facts: Facts | None = None,
    ) -> None:
        cameras = {camera.id for camera in site.cameras} if cameras is None else cameras
        self.facts = facts or Facts()
        self._cameras = tuple(cameras)
        self._summary = SummaryBuilder(site, cameras=cameras, wall_ns=wall_ns)
        self._cycle = CycleBuilder(site, cameras=cameras, plan=plan, reference_phase=reference_phase)
        self._signal = SignalChanges()
        self._lanes = LanesNow(site, cameras=cameras)
        self._health = HealthReports()

    def begin(self, t_ns: int) -> None:
        """Live only, once: the node watches from t_ns on, whether frames come or not."""
        self._summary.begin(t_ns)
        self._health.begin(t_ns, self._cameras)

    def on_signal(self, request: PhaseRequest | None, state: SignalState) -> Told:
        """One step of control: what was asked for and what the lamps then showed."""
        pattern = None if request is None or request.facts is None else request.facts.pattern
        plan = None if pattern is None else pattern.name
        return [*self._cycle.add_signal(state, plan), *self._signal.add(state, request)]

    def on_result(self, result: VisionResult) -> Told:
        """One frame of one camera, after the signal states that came before it."""
        self._cycle.add_result(result)
        return [
            *((crossing.t_ns, _crossing_body(crossing)) for crossing in result.crossings),
            *self._summary.add(result),
            *self._lanes.add(result),
            *self._health.add(result, self.facts),
        ]

    def tick(self, t_ns: int) -> Told:
        """Live only, about once a second: what time alone brings when no frame comes."""
        return [*self._summary.tick(t_ns), *self._lanes.tick(t_ns), *self._health.tick(t_ns, self.facts)]

    def finish(self, t_ns: int) -> Told:
        """The end: the last summary, as long as it is. A cycle that has not ended is not told."""
        return [*self._summary.finish(t_ns)]


def _crossing_body(crossing: Crossing) -> CrossingBody:
    return CrossingBody(
        movement=crossing.movement,
        kind=crossing.kind,
        lane=crossing.lane,
        track_id=crossing.track_id,
        entered_t_ns=crossing.entered_ns,
        speed_mps=crossing.speed_mps,
        waited_s=crossing.waited_s,
        since_green_s=crossing.since_green_s,
        headway_s=crossing.headway_s,
    )
