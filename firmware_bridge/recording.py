"""A bridge that writes down every request and answers with modelled lamps.

For replay, the demo and tests: nothing is switched. What it writes is the same to the
byte whenever the same requests come at the same times.
"""

from __future__ import annotations

from collections.abc import Callable

from calibration.signal_timing import conflicts
from calibration.site import Signal
from edge.clock import NS_PER_MS
from edge.errors import DeviceError
from edge.types import PhaseRequest, SignalState
from firmware_bridge.asking import MAX_TTL_MS, refusal, request_line
from firmware_bridge.lamp_model import LampModel

__all__ = ["MAX_TTL_MS", "RecordingBridge"]


class RecordingBridge:
    """Implements `Bridge` on a `LampModel`; time is that of the requests and of `state`.

    sink gets one JSON line, with its newline, for every request: `t_ns`, `phases` in
    order, `reason`, `ttl_ms`, and `refused` with the reason where it was refused. A
    refused request changes nothing: the one before it holds on until its own end.
    startup_s is the time in all red before the first green.
    """

    def __init__(self, signal: Signal, sink: Callable[[str], object], startup_s: float = 6.0) -> None:
        self._signal = signal
        self._phases = frozenset(phase.number for phase in signal.phases)
        self._conflicts = conflicts(signal)
        self._sink = sink
        self._startup_s = startup_s
        self._lamps: LampModel | None = None
        self._accepted_ns: int | None = None
        self._fault: str | None = None
        self._closed = False
        self.refused = 0

    def request(self, request: PhaseRequest) -> None:
        """Record, then ask or refuse. DeviceError after `close`."""
        lamps = self._at(request.t_ns)
        refused = self._refusal(request, lamps.now_ns)
        if refused is None:
            self._fault = None
            self._accepted_ns = request.t_ns
            lamps.ask(request.phases, request.t_ns + request.ttl_ms * NS_PER_MS)
        else:
            self._fault = f"request refused: {refused}"
            self.refused += 1
        self._sink(request_line(request, refused))

    def state(self, t_ns: int) -> SignalState:
        """The modelled lamps at t_ns, or at the latest instant heard of where that is later."""
        return self._at(t_ns).state(self._fault)

    def close(self) -> None:
        """No more requests; a second call does nothing."""
        self._closed = True

    def _at(self, t_ns: int) -> LampModel:
        if self._closed:
            raise DeviceError("the recording bridge is closed; open another for another run")
        if self._lamps is None:
            self._lamps = LampModel(self._signal, self._startup_s, t_ns)
        self._lamps.advance(t_ns)
        return self._lamps

    def _refusal(self, request: PhaseRequest, now_ns: int) -> str | None:
        """Why a request cannot be taken; None if it can."""
        unknown = sorted(request.phases - self._phases)
        pair = min((tuple(sorted(pair)) for pair in self._conflicts if pair <= request.phases), default=None)
        clash = None if pair is None else (str(pair[0]), str(pair[1]))
        return refusal(request, unknown, clash, now_ns, self._accepted_ns)
