"""The cabinet of one traffic light of a net: the real signal core, ticked in C, and the letters that its lamps are.

One second of the street is one step:

    state ─→ (controller) ─→ ask ─→ letters ─→ (SUMO goes one second on) ─→ advance

The core ticks every 10 ms and is asked for the same ten times a second, as by the loop in
a real cabinet; a witness checks each tick against the laws of `sl_laws.h`.
"""

from __future__ import annotations

from edge.clock import NS_PER_MS, NS_PER_S
from edge.types import Interval, PhaseRequest, SignalState
from firmware_bridge.host.core import CoreInputs, CoreOutputs, SignalCore, Witness
from firmware_bridge.seen import fault_text, signal_state
from firmware_bridge.table_bytes import to_bytes
from sim_videos.nets.junction import Junction

_TICK_MS = 10
_ASK_EVERY = 10
_TTL_MS = 300
#: The core starts up this long before the first second, and asks for the program's first stage.
_START_UP_S = 20
_WAY_OUT = frozenset({Interval.GREEN, Interval.YELLOW, Interval.RED_CLEARANCE})


class Cabinet:
    """A running core. Times are ns of the street; begin_ns is the first second that is asked for.

    `laws_broken` counts seconds in which the witness saw a law broken, `first_broken` names the first.
    """

    def __init__(self, junction: Junction, begin_ns: int) -> None:
        table = to_bytes(junction.table)
        self._junction = junction
        self._core = SignalCore(table)
        self._witness = Witness(table)
        self._zero_ns = begin_ns - _START_UP_S * NS_PER_S
        self._now_ms = 0
        self._inputs = CoreInputs(junction.grouping.stages[0], _TTL_MS)
        self._core.boot(0)
        self.laws_broken = 0
        self.first_broken: str | None = None
        self.refused = 0
        self._yellow: frozenset[int] = frozenset()
        self._letters: dict[tuple[Interval, ...], str] = {}
        self._outputs = self._run(range(1))
        for _ in range(_START_UP_S):
            self.advance()

    def state(self) -> SignalState:
        """The lamps now."""
        out = self._outputs
        t_ns = self._zero_ns + self._now_ms * NS_PER_MS
        return signal_state(
            self._junction.table,
            t_ns=t_ns,
            tick_ns=t_ns,
            mode=out.mode,
            intervals=out.intervals,
            ages_ms=out.ages_ms,
            peds=out.peds,
            fault=fault_text(out.fault, out.why),
            modelled=True,
        )

    def ask(self, request: PhaseRequest) -> SignalState:
        """Hand in what a controller asks for, to be repeated through the second; the lamps with it taken.

        A phase that showed yellow in the second before is left out for this one (red revert,
        NEMA TS 2-2003 section 3.5.3): the core's red between could be too short for anybody to see.
        """
        self._inputs = CoreInputs(request.phases - self._yellow, _TTL_MS, request.ped_calls)
        self._outputs = self._run(range(self._now_ms, self._now_ms + 1))
        self.refused += self._outputs.refused
        shown = self.state()
        self._yellow = frozenset(phase for phase, one in shown.intervals.items() if one is Interval.YELLOW)
        return shown

    def advance(self) -> None:
        """One second on."""
        self._outputs = self._run(range(self._now_ms + _TICK_MS, self._now_ms + 1000 + _TICK_MS, _TICK_MS))

    def letters(self, state: SignalState) -> str:
        """SUMO's letters, one a link: G with the right of way, g where it must yield to whom is let in."""
        grouping = self._junction.grouping
        key = tuple(state.intervals[phase] for phase in grouping.phases)
        if key not in self._letters:
            shown = state.intervals
            phase_of = {link.number: link.phase for link in grouping.links}
            letters = ["r"] * len(self._junction.program.stretches[0].state)
            for link in grouping.links:
                interval = shown[link.phase] if link.phase is not None else Interval.RED
                if interval is Interval.GREEN:
                    others = [phase_of[other] for other in link.yields_to]
                    yields = any(other is not None and shown[other] in _WAY_OUT for other in others)
                    letters[link.number] = "g" if yields else "G"
                elif interval is Interval.YELLOW:
                    letters[link.number] = "y"
            self._letters[key] = "".join(letters)
        return self._letters[key]

    def _run(self, times_ms: range) -> CoreOutputs:
        outputs, broken = self._core.run(self._now_ms, times_ms, self._inputs, self._witness, _ASK_EVERY)
        self._now_ms = times_ms[-1]
        if broken is not None:
            self.laws_broken += 1
            if self.first_broken is None:
                self.first_broken = f"{broken[0]} at {(broken[1] - _START_UP_S * 1000) / 1000:.2f} s"
        return outputs
