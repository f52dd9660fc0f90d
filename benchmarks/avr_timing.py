"""Timing diagrams drawn from the pins of the AVR firmware in simavr.

    python -m benchmarks.avr_timing [FOLDER]        (docs/img)

avr-cycle.png: from power-up through flash and start-up to a full cycle of phases on an ATmega2560, with
pedestrians. avr-request-loss.png: the last request, yellow, red clearance, flash, on an ATmega328P.
avr-hang.png: the program hangs, the transfer relay falls, the watchdog restarts. Every edge is where
a pin changed; nothing is taken from what the firmware says about itself but its requests' arrival.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.avr.boards import B328, B2560, CYCLES_PER_MS, Pin, ToolsMissingError
from benchmarks.avr.cabinet import RELAY_FALLS_MS, AvrCabinet
from benchmarks.avr.chip import Pins
from benchmarks.avr.running import GREEN, OTHERS, loaded, running
from benchmarks.goals import cannot_run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"red": "#c62828", "yellow": "#f9a825", "green": "#2e7d32", "walk": "#1565c0", "dont_walk": "#ef6c00"}
_FLOAT = "#ffffff"


@dataclass(slots=True)
class Trace:
    """Levels of one pin: instants in seconds at which it was driven high or was not."""

    since_s: float | None = None
    lit: list[tuple[float, float]] = field(default_factory=list)

    def put(self, t_s: float, high: bool) -> None:
        """A level from here on."""
        if high and self.since_s is None:
            self.since_s = t_s
        elif not high and self.since_s is not None:
            self.lit.append((self.since_s, t_s - self.since_s))
            self.since_s = None


class Recorder:
    """Every pin of a cabinet over time, from the simulator's pin events; time 0 is when it began."""

    def __init__(self, cabinet: AvrCabinet) -> None:
        self.cabinet = cabinet
        self.begun = cabinet.chip.cycle
        self.traces: dict[Pin, Trace] = {}
        for pin in (*cabinet.board.lamps, cabinet.board.relay, cabinet.board.heartbeat):
            self.traces[pin] = Trace()
            self.traces[pin].put(0.0, cabinet.chip.driven(pin))
        self.requests_s: list[float] = []
        cabinet.watch = self._see

    @property
    def t_s(self) -> float:
        """Now."""
        return self._at(self.cabinet.chip.cycle)

    def _at(self, cycle: int) -> float:
        return (cycle - self.begun) / CYCLES_PER_MS / 1000

    def _see(self, event: Pins) -> None:
        for pin, trace in self.traces.items():
            if pin.port == event.port:
                trace.put(self._at(event.cycle), bool(event.ddr & event.levels & 1 << pin.bit))

    def ticks(self, count: int, asked: frozenset[int] | None = None, ped: frozenset[int] = frozenset()) -> None:
        """Ticks with a request every 100 ms."""
        for i in range(count):
            due = asked is not None and i % 10 == 0
            if due:
                self.requests_s.append(self.t_s)
            self.cabinet.tick(asked if due else None, ped=ped if due else frozenset())

    def close(self) -> None:
        """End what is still lit."""
        for trace in self.traces.values():
            trace.put(self.t_s, high=False)


def cycle(path: Path) -> None:
    """Power-up, start-up, one full cycle and a bit, on the larger board."""
    with loaded(B2560) as cabinet:
        cabinet.chip.restart("p", 500_000)
        recorder = Recorder(cabinet)
        cabinet.hello()
        recorder.ticks(100)
        for asked, ticks in ((GREEN, 2300), (OTHERS, 1900), (frozenset({1, 5}), 1100), (GREEN, 1100)):
            recorder.ticks(ticks, asked, ped=asked & {2, 4, 6, 8})
        recorder.close()
        _check(cabinet)
        _draw(recorder, "A full cycle, from the pins of an ATmega2560", path, heartbeat=False)


def request_loss(path: Path) -> None:
    """The last request and what follows, on the smaller board."""
    with running(B328) as cabinet:
        recorder = Recorder(cabinet)
        recorder.ticks(91, GREEN)
        last_s = recorder.requests_s[-1]
        recorder.ticks(750)
        recorder.close()
        _check(cabinet)

        def note(axes: Axes) -> None:
            axes.axvline(last_s, color="#555555", linewidth=0.8, linestyle=":")
            axes.axvline(last_s + 0.31, color="#555555", linewidth=0.8, linestyle="--")
            axes.annotate("last request, and 310 ms after it", (last_s + 0.36, -0.75), fontsize=8)

        _draw(recorder, "Requests stop: yellow, red clearance, flash; pins of an ATmega328P", path, note=note)


def hang(path: Path) -> None:
    """The program hangs in a tick, on the smaller board."""
    with running(B328) as cabinet:
        recorder = Recorder(cabinet)
        recorder.ticks(10, GREEN)
        hung_s = recorder.t_s
        cabinet.chip.hang("sl_tick", interrupts=True)
        cabinet.chip.run_us(180_000)
        cabinet.absorb()
        recorder.close()
        restart_s = (cabinet.starts[0].cycle - recorder.begun) / CYCLES_PER_MS / 1000
        beat_s = (cabinet.edges[-1] - recorder.begun) / CYCLES_PER_MS / 1000

        def note(axes: Axes) -> None:
            for t_s, text in (
                (hung_s, "hangs"),
                (beat_s + RELAY_FALLS_MS / 1000, "relay outside falls"),
                (restart_s, "watchdog"),
            ):
                axes.axvline(t_s, color="#555555", linewidth=0.8, linestyle="--")
                axes.annotate(text, (t_s + 0.001, -0.75), fontsize=8)

        _draw(recorder, "The program hangs; pins of an ATmega328P", path, note=note)


def _check(cabinet: AvrCabinet) -> None:
    if cabinet.broken:
        cannot_run(f"a law was broken while drawing: {cabinet.broken[0].law} at {cabinet.broken[0].t_ms:.0f} ms")


def _draw(
    recorder: Recorder, title: str, path: Path, *, heartbeat: bool = True, note: Callable[[Axes], None] | None = None
) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    cabinet, end_s = recorder.cabinet, recorder.t_s
    rows: list[tuple[str, list[tuple[Trace, str]]]] = []
    for channel in cabinet.table.channels:
        heads: list[tuple[str, tuple[str, ...]]] = [(f"phase {channel.name}", ("red", "yellow", "green"))]
        if channel.number == 0:
            heads = [(f"overlap {channel.name}", ("red", "yellow", "green"))]
        if channel.walk_cs:
            heads.append((f"people {channel.name}", ("walk", "dont_walk")))
        for label, lamps in heads:
            pins = [(getattr(channel, lamp), _COLOURS[lamp]) for lamp in lamps]
            lit = [(recorder.traces[cabinet.board.lamps[pin]], colour) for pin, colour in pins if pin is not None]
            rows.append((label, lit))
    rows.append(("flash relay held", [(recorder.traces[cabinet.board.relay], "#37474f")]))
    if heartbeat:
        rows.append(("heartbeat", [(recorder.traces[cabinet.board.heartbeat], "#78909c")]))
    figure, axes = plt.subplots(figsize=(11, 0.8 + 0.27 * len(rows)), dpi=110, layout="constrained")
    for y, (_, lit) in enumerate(rows):
        axes.axhline(y + 0.5, color="#e0e0e0", linewidth=0.6)
        for trace, colour in lit:
            axes.broken_barh(trace.lit, (y - 0.36, 0.72), color=colour, linewidth=0)
    axes.set_yticks(range(len(rows)), [label for label, _ in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -1.1 if note else -0.6)
    axes.set_xlim(0, end_s)
    axes.set_xlabel("seconds")
    axes.set_title(title, fontsize=10)
    if note:
        note(axes)
    _save(figure, path)
    plt.close(figure)


def _save(figure: Any, path: Path) -> None:
    partial = path.with_suffix(".partial.png")
    figure.savefig(partial, metadata={"Software": None})
    partial.replace(path)
    print(path)


def main() -> None:
    """Draw all three."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/img")
    try:
        cycle(folder / "avr-cycle.png")
        request_loss(folder / "avr-request-loss.png")
        hang(folder / "avr-hang.png")
    except ToolsMissingError as error:
        cannot_run(str(error))


if __name__ == "__main__":
    main()
