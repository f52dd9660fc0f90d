"""How punctual `stopline control` is while all around it goes wrong: 10 Hz with eight cameras, no broker, a slow disk.

Eight cameras, in a process of their own, publish 15 views a second each over local sockets; the broker does
not answer; the outbox takes half a second for each commit; adaptive control decides each second on a
simulated core. Measured are how late steps begin and how long they take. The full run takes 120 s
for each controller, --quick 15 s for adaptive alone.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from calibration.load import load_site
from calibration.site import Site
from edge.bus import ViewPublisher, ViewSubscriber
from edge.clock import NS_PER_S, Clock, SystemClock
from edge.control.runner import ControlRunner, Punctuality
from edge.control.view import View
from edge.errors import StoplineError
from edge.live.cabinet import Cabinet, Inputs
from edge.live.writer import OutboxWriter
from edge.messages import Body
from edge.stages.chain import CONTROL_NAMES, ControlName
from edge.telemetry.commands import CommandListener
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from edge.telemetry.outbox import Outbox
from edge.types import LaneState, PhaseRequest, Queue, Sight, SignalState
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of

CLOCK = SystemClock()
VIEWS_A_SECOND = 15
#: Nobody listens on the port of the discard protocol.
NO_BROKER = BrokerAddress("127.0.0.1", 9)


def site_of_eight() -> Site:
    """The example junction, each of its lanes with a camera of its own."""
    site = load_site("example")
    cameras = tuple(site.cameras[0].model_copy(update={"id": f"cam{i}"}) for i in range(1, 9))
    lanes = tuple(lane.model_copy(update={"camera": f"cam{i}"}) for i, lane in enumerate(site.lanes[:8], start=1))
    return site.model_copy(update={"cameras": cameras, "lanes": lanes})


class SlowOutbox(Outbox):
    """A disk that takes half a second for each commit."""

    def append_many(self, records: Iterable[tuple[int, Body]]) -> list[int]:
        """As the outbox does, later."""
        CLOCK.sleep_until(CLOCK.now_ns() + NS_PER_S // 2)
        return super().append_many(records)


def publish(folder: Path) -> None:
    """What eight cameras see, until killed: queues that come and go."""
    site = site_of_eight()
    ends = {lane.id: (lane, ViewPublisher(folder, lane.camera)) for lane in site.lanes}
    print("ready", flush=True)
    due_ns = CLOCK.now_ns()
    while True:
        for place, (lane, publisher) in enumerate(ends.values()):
            queued = (due_ns // NS_PER_S // 7 + place) % 5
            queue = Queue(lane.id, queued, 7.0 * queued, 9.0 if queued else None)
            state = LaneState(due_ns, lane.id, queued > 0, 0.4, queued + 1, 6.0, 2.1, queue)
            arrivals = tuple((12.0 * step, 11.0) for step in range(1, 4))
            publisher.publish(View(Sight(due_ns, lane.camera, True), (state,), {lane.id: arrivals}))
        due_ns += NS_PER_S // VIEWS_A_SECOND
        CLOCK.sleep_until(due_ns)


def run(control: ControlName, seconds: float, clock: Clock) -> tuple[Punctuality, dict[str, int]]:
    """One run, and how many steps each level of the chain decided."""
    site = site_of_eight()
    levels: dict[str, int] = {}

    def count(request: PhaseRequest, _state: SignalState) -> None:
        level = "none" if request.facts is None else request.facts.level
        levels[level] = levels.get(level, 0) + 1

    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="sl-")))
        command = [sys.executable, "-m", "benchmarks.control", "--publish", str(folder)]
        cameras = opened.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        opened.callback(cameras.terminate)
        if cameras.stdout is None or cameras.stdout.readline() != "ready\n":
            cannot_run("the process of the cameras did not start: see above")
        identity = NodeIdentity("town", "example", "control")
        writer = OutboxWriter(lambda: SlowOutbox(folder / "outbox.db", identity=identity, clock=clock))
        opened.callback(writer.close)
        listener = opened.enter_context(CommandListener(identity, NO_BROKER, clock=clock))
        views = ViewSubscriber(folder, [camera.id for camera in site.cameras])
        bridge = SimulatedBridge(table_of(site))
        cabinet = opened.enter_context(Cabinet(site, control, bridge, clock, Inputs(views, listener), writer))
        # Cameras are connected, modules loaded and caches filled before it counts.
        warm_until_ns = clock.now_ns() + 3 * NS_PER_S
        ControlRunner(cabinet.step, clock).run(lambda: "warm" if clock.now_ns() > warm_until_ns else None)
        gc.collect()
        until_ns = clock.now_ns() + round(seconds * NS_PER_S)
        runner = ControlRunner(cabinet.step, clock, on_step=count)
        runner.run(lambda: "over" if clock.now_ns() > until_ns else None)
        return runner.punctuality, levels


def main() -> None:
    """Run, print, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--publish", type=Path, default=None, metavar="DIR", help="only the cameras, into DIR")
    options = parser.parse_args()
    if options.publish is not None:
        publish(options.publish)
    names: tuple[ControlName, ...] = ("adaptive",) if options.quick else CONTROL_NAMES
    say = Console(highlight=False, soft_wrap=True)
    say.print(f"\ncontrol at 10 Hz, 8 cameras, no broker, slow disk; {machine()}\n")
    goals: list[Goal] = []
    figures: dict[str, object] = {}
    for name in names:
        try:
            kept, levels = run(name, 15.0 if options.quick else 120.0, CLOCK)
        except StoplineError as error:
            cannot_run(str(error))
        if kept.step_p99_ms is None:
            cannot_run("the loop made no step")
        say.print(f"{name}: {kept.spoken()}; decided by {levels}")
        lost = kept.left_out + kept.missed
        goals += [
            Goal(f"{name}: step p99, ms", kept.step_p99_ms, 50.0, at_least=False),
            Goal(f"{name}: deadlines missed and steps left out", lost, 0, at_least=False),
            Goal(f"{name}: share of steps that it decided", levels.get(name, 0) / kept.steps, 0.99, at_least=True),
        ]
        figures[name] = {"loop": asdict(kept), "levels": levels}
    finish(goals, figures, options.json)


if __name__ == "__main__":
    main()
