"""What high-resolution events cost: time in the control step, the disk, the wire.

A toy street of eight lanes with a detector at the line and one upstream of each goes
under actuated control on the compiled core. Every step's events are made and appended to
an outbox on the disk, as a cabinet does. The records that come of it are what a cabinet
sends; beside them, what it would send with a record for every step that has events. The
full run is an hour, --quick ten minutes.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from statistics import quantiles

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from edge.clock import NS_PER_MS, NS_PER_S, ReplayClock, SystemClock
from edge.errors import StoplineError
from edge.messages import RecordMessage, Stream
from edge.telemetry.hires import HiResEvents, body_of
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Outbox
from edge.types import Demand, PhaseRequest, SignalState
from tests.hires_street import FLOWS, SIGNAL, ToyStreet, detectors, drive

CLOCK = SystemClock()
#: 2026-05-01T07:00:00Z
BEGIN_NS = 1_777_618_800 * NS_PER_S
GROUPS = (
    ("lamps", range(40)),
    ("calls, holds", range(41, 46)),
    ("detectors", range(81, 89)),
    ("coordination, unit", range(131, 202)),
)


class Measured:
    """Hears the steps; how long making and appending took, in ms, and what came of it."""

    def __init__(self, street: ToyStreet, outbox: Outbox, clock: ReplayClock) -> None:
        self._events = HiResEvents(SIGNAL, detectors(street))
        self._outbox, self._clock = outbox, clock
        self.make_ms: list[float] = []
        self.append_ms: list[float] = []
        self.codes: Counter[int] = Counter()
        self.bytes_by_step = 0

    def __call__(self, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        self._clock.advance_to(state.t_ns)
        began_ns = CLOCK.now_ns()
        events = self._events.update(demand, request, state)
        made_ns = CLOCK.now_ns()
        self.make_ms.append((made_ns - began_ns) / NS_PER_MS)
        if not events:
            return
        body = body_of(events, self._clock.wall_ns)
        self._outbox.append_many([body])
        self.append_ms.append((CLOCK.now_ns() - made_ns) / NS_PER_MS)
        self.codes.update(int(event.code) for event in events)
        self.bytes_by_step += ENVELOPE + len(body[1].model_dump_json())


def _envelope() -> int:
    """Bytes of a record around its body."""
    record = RecordMessage.model_validate(
        {
            "id": f"town/a1/cabinet/{'0' * 16}/hires/1000",
            "org": "town",
            "site": "a1",
            "node": "cabinet",
            "epoch": "0" * 16,
            "seq": 1000,
            "ts": "2026-05-01T07:00:00Z",
            "t_ns": 10**12,
            "clock_synced": True,
            "body": {"stream": "hires", "events": [(0, 1, 2)]},
        }
    )
    return len(record.model_dump_json()) - len(record.body.model_dump_json())


ENVELOPE = _envelope()


def main() -> None:
    """Measure, print, end with the goals."""
    options = arguments(__doc__).parse_args()
    seconds = 600.0 if options.quick else 3600.0
    street, clock = ToyStreet(FLOWS, seed=11, seconds=seconds), ReplayClock(BEGIN_NS)
    try:
        with tempfile.TemporaryDirectory(prefix="stopline-hires-") as folder:
            identity = NodeIdentity("town", "a1", "cabinet")
            with Outbox(Path(folder) / "outbox.db", identity=identity, clock=clock) as outbox:
                measured = Measured(street, outbox, clock)
                drive(street, seconds, measured)
                outbox.batch_hires(unfinished=True)
                sizes = [len(one.payload) for one in outbox.pending(Stream.HIRES, limit=100_000)]
    except StoplineError as error:
        cannot_run(str(error))
    hours = seconds / 3600
    events, vehicles = measured.codes.total(), sum(lane.passed for lane in street.lanes)
    make, append = quantiles(measured.make_ms, n=100), quantiles(measured.append_ms, n=100)
    print(f"\n{seconds / 60:.0f} minutes, {vehicles / hours:.0f} vehicles an hour; {machine()}\n")
    print(f"{'events an hour':26}{events / hours:>10.0f}")
    for name, codes in GROUPS:
        print(f"  {name:24}{sum(measured.codes[code] for code in codes) / hours:>10.0f}")
    print(f"{'records an hour':26}{len(sizes) / hours:>10.0f}")
    print(f"{'bytes an hour':26}{sum(sizes) / hours:>10.0f}   {sum(sizes) / events:.1f} an event")
    by_step = measured.bytes_by_step
    print(f"{'  a record for each step':26}{by_step / hours:>10.0f}   {by_step / events:.1f} an event")
    print(f"{'largest record, bytes':26}{max(sizes):>10}")
    print(f"{'making, ms a step':26}{make[49]:>10.3f} p50{make[98]:>8.3f} p99")
    print(f"{'appending, ms':26}{append[49]:>10.3f} p50{append[98]:>8.3f} p99")
    goals = [
        Goal("bytes an event on the wire", sum(sizes) / events, 15.0, at_least=False),
        Goal("making, ms p50", make[49], 0.5, at_least=False),
    ]
    figures = {
        "events_an_hour": events / hours,
        "records_an_hour": len(sizes) / hours,
        "bytes_an_hour": sum(sizes) / hours,
        "bytes_an_hour_by_step": by_step / hours,
        "make_ms": {"p50": make[49], "p99": make[98]},
        "append_ms": {"p50": append[49], "p99": append[98]},
        "codes": {str(code): count for code, count in sorted(measured.codes.items())},
    }
    finish(goals, figures, options.json)


if __name__ == "__main__":
    main()
