"""How fast the serial bridge is: a request and its report over a pseudo terminal, and a loop at 10 Hz over it.

At the other end runs the firmware's C in a process of its own, which steps every 10 ms, as the
microcontroller does; so up to 10 ms of each round trip are its wait for the next step. The loop
asks and measures as `stopline control` does; its jitter is how late its steps began. The full run
takes 2000 round trips and the loop for 120 s, --quick 200 and 10 s.

A pseudo terminal has no bit rate: on a line at 115 200 baud a request takes 2.5 ms more and the
report of eight channels 10.5 ms.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from random import Random
from statistics import quantiles

from rich.console import Console

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from calibration.site import Phase, Signal
from edge.clock import NS_PER_MS, NS_PER_S, SystemClock
from edge.control.runner import ControlRunner, Punctuality
from edge.errors import StoplineError
from edge.types import PhaseRequest, SignalState
from firmware_bridge.serial_bridge import SerialBridge
from firmware_bridge.table import table_of_signal, to_bytes

CLOCK = SystemClock()
#: Main street and side street, each with its turns: as much as the usual cabinet has.
SIGNAL = Signal(
    phases=tuple(
        Phase(number=number, min_green_s=5.0, max_green_s=40.0, yellow_s=3.0, red_clearance_s=1.0)
        for number in range(1, 9)
    ),
    rings=(((1, 2), (3, 4)), ((5, 6), (7, 8))),
    startup_flash_s=0.0,
)
#: A request and its report; without them for longer a control loop would have given up.
PATIENCE_NS = NS_PER_S


@contextmanager
def emulated() -> Iterator[SerialBridge]:
    """A bridge to a controller in another process."""
    table = table_of_signal(SIGNAL)
    with tempfile.TemporaryDirectory(prefix="stopline-bridge-") as folder:
        stored, port = Path(folder) / "table.bin", Path(folder) / "controller"
        stored.write_bytes(to_bytes(table))
        command = [sys.executable, "-m", "firmware_bridge.host.emulator", "--table", str(stored), "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
            assert emulator.stdout is not None
            try:
                if not emulator.stdout.readline():
                    cannot_run("the emulator did not start: see above")
                bridge = SerialBridge(table, str(port), CLOCK)
                try:
                    bridge.wait_ready()
                    yield bridge
                finally:
                    bridge.close()
            finally:
                emulator.terminate()


def round_trips_ms(bridge: SerialBridge, count: int) -> list[float]:
    """From handing a request over to the report that names it; at chance moments of the controller's step."""
    chance = Random(1)
    took = []
    for _ in range(count):
        CLOCK.sleep_until(CLOCK.now_ns() + round(chance.uniform(5, 15) * NS_PER_MS))
        began_ns = CLOCK.now_ns()
        bridge.request(PhaseRequest(began_ns, frozenset({2, 6}), "round trip", 1000))
        while bridge.report is None or bridge.report.request < bridge.requests:
            if CLOCK.now_ns() - began_ns > PATIENCE_NS:
                cannot_run("a request was not answered within a second")
            CLOCK.sleep_until(CLOCK.now_ns() + NS_PER_MS // 10)
        took.append((CLOCK.now_ns() - began_ns) / NS_PER_MS)
    return took


def loop(bridge: SerialBridge, seconds: float) -> Punctuality:
    """Ask for main and side street in turn, 10 times a second."""
    start_ns = CLOCK.now_ns()

    def step(t_ns: int) -> tuple[PhaseRequest, SignalState]:
        seen = bridge.state(t_ns)
        main_street = (t_ns - start_ns) // (10 * NS_PER_S) % 2 == 0
        request = PhaseRequest(t_ns, frozenset({2, 6} if main_street else {4, 8}), "benchmark")
        bridge.request(request)
        return request, seen

    runner = ControlRunner(step, CLOCK)
    runner.run(lambda: "over" if CLOCK.now_ns() - start_ns > seconds * NS_PER_S else None)
    return runner.punctuality


def main() -> None:
    """Measure both, print, end with the goals."""
    options = arguments(__doc__).parse_args()
    try:
        with emulated() as bridge:
            before = bridge.counts.total()  # reports of before the session
            trips = round_trips_ms(bridge, 200 if options.quick else 2000)
            kept = loop(bridge, 10.0 if options.quick else 120.0)
            spoilt = bridge.counts.total() - before
    except StoplineError as error:
        cannot_run(str(error))
    cuts = quantiles(trips, n=100)
    p50, p99, most = cuts[49], cuts[98], max(trips)
    say = Console(highlight=False, soft_wrap=True)
    say.print(f"\nserial bridge over a pseudo terminal; {machine()}\n")
    say.print(f"{'':34}{'p50':>9}{'p99':>9}{'max':>9}")
    say.print(f"{f'round trip of {len(trips)} requests':34}{p50:>6.1f} ms{p99:>6.1f} ms{most:>6.1f} ms")
    say.print(f"loop at 10 Hz: {kept.spoken()}")
    if kept.jitter_p99_ms is None or kept.jitter_max_ms is None:
        cannot_run("the loop made no step")
    goals = [
        Goal("round trip p50, ms", p50, 15.0, at_least=False),
        Goal("round trip p99, ms", p99, 50.0, at_least=False),
        Goal("loop jitter p99, ms", kept.jitter_p99_ms, 10.0, at_least=False),
        Goal("loop jitter max, ms", kept.jitter_max_ms, 100.0, at_least=False),
        Goal(
            "steps left out, missed or without the bridge", kept.left_out + kept.missed + kept.failed, 0, at_least=False
        ),
        Goal("frames spoilt", spoilt, 0, at_least=False),
    ]
    figures = {"round_trip_ms": {"p50": p50, "p99": p99, "max": most, "count": len(trips)}, "loop": asdict(kept)}
    finish(goals, figures, options.json)


if __name__ == "__main__":
    main()
