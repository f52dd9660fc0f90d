"""The bridge of a simulated street: the compiled signal core, or the model of it where none was compiled."""

from __future__ import annotations

from collections.abc import Callable

from calibration.site import Signal
from edge.clock import NS_PER_MS, NS_PER_S
from edge.types import PhaseRequest
from firmware_bridge.bridge import Bridge
from firmware_bridge.host.core import CoreMissingError
from firmware_bridge.recording import RecordingBridge
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal

#: How the report names what timed the lamps.
CORE, MODEL = "the compiled signal core", "a model of the signal core (it was not compiled)"
_STEP_NS = 500 * NS_PER_MS
_TTL_MS = 1000


def lamps_of(signal: Signal, sink: Callable[[str], object], begin_ns: int) -> Bridge:
    """A bridge whose first green may begin at begin_ns; the core was powered up and held in all red before.

    sink gets a JSON line for every request, those before begin_ns too.
    """
    quick = signal.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 3.0})
    try:
        bridge = SimulatedBridge(table_of_signal(quick), sink)
    except CoreMissingError:
        return RecordingBridge(signal, sink, startup_s=0.0)
    for t_ns in range(begin_ns - 3 * NS_PER_S, begin_ns, _STEP_NS):
        bridge.request(PhaseRequest(t_ns, frozenset(), "all red before the street begins", _TTL_MS))
    return bridge


def timed_by(bridge: Bridge) -> str:
    """CORE or MODEL."""
    return CORE if isinstance(bridge, SimulatedBridge) else MODEL
