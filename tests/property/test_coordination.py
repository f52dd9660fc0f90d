"""Whatever detectors say, coordination keeps its appointment: the coordinated phases are green at every yield point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.plans import Plan
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController
from edge.control.coordinator import Coordinator
from edge.types import Demand, Interval, LaneDemand
from firmware_bridge.recording import RecordingBridge
from tests.lamp_laws import Witness
from tests.plan_sheets import LONDON, clock, entry
from tests.property.test_plan_change import Chatter, plans
from tests.signal_tables import phase

STEP_NS = NS_PER_S // 4
SIGNAL = Signal(phases=tuple(phase(n) for n in range(1, 9)), rings=(((1, 2), (3, 4)), ((5, 6), (7, 8))))
#: (phase, from, to): somebody waits in its lane, or nobody knows (phase 0: in none).
Presence = tuple[int, int, int]
PRESENCES = st.lists(
    st.tuples(st.integers(1, 8), st.integers(0, 400), st.integers(1, 120)).map(lambda p: (p[0], p[1], p[1] + p[2])),
    max_size=25,
)


def demand(presences: Sequence[Presence], unseen: frozenset[int], t_s: float) -> dict[str, LaneDemand]:
    queued = {number for number, from_s, to_s in presences if from_s <= t_s < to_s}
    return {
        f"L{n}": LaneDemand(f"L{n}", n, None, None, None, None, None)
        if n in unseen
        else LaneDemand(f"L{n}", n, n in queued, (), int(n in queued), None, 0.0)
        for n in range(1, 9)
    }


@settings(max_examples=6, deadline=None)
@given(
    data=st.data(),
    presences=PRESENCES,
    unseen=st.frozensets(st.integers(1, 8), max_size=2),
    floating=st.booleans(),
)
def test_the_coordinated_phases_are_green_at_every_yield_point(
    data: st.DataObject, presences: list[Presence], unseen: frozenset[int], floating: bool
) -> None:
    keys = {"coordinated": (2, 6), "force_off": "floating" if floating else "fixed"}
    sheet = data.draw(plans(SIGNAL, "sheet")).model_copy(update=keys)
    states, late = drive([sheet], presences, unseen, seconds=360)
    assert late == 0
    assert states, "some yield points were seen"
    assert all(shown is Interval.GREEN for _, _, shown in states), states


@settings(max_examples=4, deadline=None)
@given(data=st.data(), presences=PRESENCES, unseen=st.frozensets(st.integers(1, 8), max_size=2))
def test_a_change_of_plan_under_traffic_breaks_no_law(
    data: st.DataObject, presences: list[Presence], unseen: frozenset[int]
) -> None:
    sheets = [
        data.draw(plans(SIGNAL, name)).model_copy(update={"coordinated": coordinated})
        for name, coordinated in (("old", (2, 6)), ("new", (4, 8)))
    ]
    drive(sheets, presences, unseen, seconds=400)


def drive(
    sheets: list[Plan], presences: list[Presence], unseen: frozenset[int], seconds: int
) -> tuple[list[tuple[float, int, Interval]], int]:
    """(second, phase, what it showed) just before every yield after the first cycle; requests refused."""
    start = datetime(2026, 11, 20, 6, 0, tzinfo=LONDON)
    schedule = [entry("00:00", sheets[0].name), entry("06:02:05", sheets[-1].name)] if len(sheets) > 1 else []
    cycle = clock(SIGNAL, sheets, schedule, start)
    controller = ActuatedController(SIGNAL, sheets[0], ttl_ms=1000, coordinate=Coordinator(cycle, SIGNAL))
    bridge, witness, chatter = RecordingBridge(SIGNAL, lambda _line: None), Witness(SIGNAL), Chatter()
    seen: list[tuple[float, int, Interval]] = []
    before: dict[int, tuple[int, Interval]] = {}
    for step in range(round(seconds * NS_PER_S / STEP_NS)):
        t_ns = step * STEP_NS
        state = bridge.state(t_ns)
        request = controller.update(Demand(t_ns, demand(presences, unseen, t_ns / NS_PER_S)), state)
        bridge.request(request)
        witness.see(state)
        chatter.see(request)
        moment = cycle.at(t_ns)
        for number in moment.plan.plan.coordinated:
            off_ns = moment.plan.windows[number].force_off_ns
            left_ns = (off_ns - moment.local_ns) % moment.plan.cycle_ns
            if number in before and before[number][0] < left_ns and t_ns > moment.plan.cycle_ns:
                seen.append((t_ns / NS_PER_S, number, before[number][1]))
            before[number] = (left_ns, state.intervals[number])
    return seen, bridge.refused
