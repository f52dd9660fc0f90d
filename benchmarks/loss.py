"""kill -9 of publisher, broker and collector in the middle of a replay: what reaches the office?

The embedded clip runs through every stage into an outbox while `stopline publish`, an MQTT
broker and `stopline collector run` work as processes of their own. At random frames one of
them is killed and started again a little later (the broker with its memory wiped). In the
end every committed record must be stored once.
"""

from __future__ import annotations

import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from calibration.load import load_site
from collector.broker import EmbeddedBroker
from edge.clock import NS_PER_S, SystemClock
from edge.errors import StoplineError
from edge.replay import record
from edge.replay.compose import ReplayOptions, replay_video
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Outbox
from edge.vision.source import open_source
from sim_videos import DEMO_CLIP, DEMO_TRUTH
from sim_videos.detector import SimulatedDetector

CLOCK = SystemClock()
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin")
DRAIN_S = 120.0
DOWN_FRAMES = 60
#: Of the demo clip.
FPS = 10.0


@dataclass(frozen=True, slots=True)
class Row:
    """What one run ended with, in records."""

    broker: str
    seed: int
    kills: int
    committed: int
    stored: int
    lost: int
    doubled: int
    recovered_s: float


class Service:
    """A process that is killed without warning and started again with the same arguments."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._arguments = arguments
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, if it does not run."""
        if self._process is None:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()


class Embedded:
    """The embedded broker on one port."""

    def __init__(self, port: int) -> None:
        self._broker = EmbeddedBroker("127.0.0.1", port)
        self._runs = False

    def start(self) -> None:
        """Start it, if it does not run."""
        if not self._runs:
            self._broker.start()
            self._runs = True

    def kill(self) -> None:
        """SIGKILL, and with it all the broker had in memory."""
        self._broker.kill()
        self._runs = False


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stopline(*arguments: str) -> list[str]:
    """The command line of a Stopline process."""
    return [sys.executable, "-m", "edge.cli.main", *arguments]


def services(broker: str, folder: Path, site: str) -> dict[str, Service | Embedded]:
    """Broker, collector and publisher of one run."""
    port, log = free_port(), folder / "log"
    there: Service | Embedded
    if broker == "mosquitto":
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n", encoding="utf-8")
        there = Service([str(MOSQUITTO), "-c", str(config)], log)
    else:
        there = Embedded(port)
    at = f"127.0.0.1:{port}"
    office = stopline("collector", "run", "--broker", at, "--db", str(folder / "office.db"), "--port", str(free_port()))
    sender = stopline("publish", "--outbox", str(folder / "outbox.db"), "--broker", at, "--site", site)
    return {"broker": there, "collector": Service(office, log), "publisher": Service(sender, log)}


def killer(
    seed: int, frames: int, parts: dict[str, Service | Embedded], speed: float
) -> tuple[Callable[[int], None], int]:
    """A frame callback that kills and starts parts at random frames; and how many kills it makes."""
    rng = random.Random(seed)
    timetable: dict[int, list[Callable[[], None]]] = {}
    # Each part dies at least once.
    victims = [*parts, *rng.choices(list(parts), k=3)]
    for victim in victims:
        at = rng.randrange(frames // 10, frames - DOWN_FRAMES)
        back = at + rng.randrange(5, DOWN_FRAMES)
        timetable.setdefault(at, []).append(parts[victim].kill)
        timetable.setdefault(back, []).append(parts[victim].start)
    began_ns = CLOCK.now_ns()

    def on_frame(frame: int) -> None:
        for act in timetable.get(frame, ()):
            act()
        CLOCK.sleep_until(began_ns + int(frame / FPS / speed * NS_PER_S))

    return on_frame, len(victims)


def run(broker: str, seed: int, frames: int, speed: float) -> Row:
    """One replay with its kills; NetworkError and the like pass through."""
    site = load_site("demo")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        parts = services(broker, folder, site.id)
        options = ReplayOptions(
            DEMO_CLIP,
            site,
            folder / "replay",
            with_video=False,
            max_frames=frames,
            outbox=folder / "outbox.db",
            start_wall_ns=CLOCK.wall_ns(CLOCK.now_ns()),
        )
        camera = options.camera
        try:
            for part in parts.values():
                part.start()
            on_frame, kills = killer(seed, frames, parts, speed)
            outcome = replay_video(
                options,
                open_source(str(DEMO_CLIP), camera.id, camera.size_px, CLOCK, live=False),
                SimulatedDetector(DEMO_TRUTH, seed=seed),
                stopwatch=CLOCK,
                video_sha256=None,
                on_frame=on_frame,
            )
            if outcome.error is not None:
                raise outcome.error
            for part in parts.values():
                part.start()
            committed, recovered_s = drained(options)
        finally:
            for part in parts.values():
                part.kill()
        stored, doubled = in_office(folder / "office.db", len(record.read(options.out).of("crossing")))
        return Row(broker, seed, kills, committed, stored, committed - stored, doubled, recovered_s)


def drained(options: ReplayOptions) -> tuple[int, float]:
    """Wait until the outbox is empty or patience ends: records ever committed, and the seconds it took."""
    began_ns = CLOCK.now_ns()
    if options.outbox is None:
        raise ValueError("the run has no outbox")
    with Outbox(options.outbox, identity=NodeIdentity(options.org, options.site.id, options.node), clock=CLOCK) as box:
        box.batch_hires(unfinished=True)
        while box.stats().records and CLOCK.now_ns() - began_ns < DRAIN_S * NS_PER_S:
            CLOCK.sleep_until(CLOCK.now_ns() + NS_PER_S // 5)
        committed = sum(stream.last_seq for stream in box.stats().streams.values())
    return committed, (CLOCK.now_ns() - began_ns) / NS_PER_S


def in_office(database: Path, crossings_made: int) -> tuple[int, int]:
    """Records stored, and how many more crossings stand there than were made."""
    with closing(sqlite3.connect(database)) as db:
        (stored,) = db.execute("select count(*) from records").fetchone()
        (crossings,) = db.execute("select count(*) from crossings").fetchone()
    return int(stored), max(0, int(crossings) - crossings_made)


def main() -> None:
    """Run every broker and seed, print the table, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--seeds", type=int, default=None, help="runs with each broker (default 10; 1 with --quick)")
    options = parser.parse_args()
    seeds = options.seeds or (1 if options.quick else 10)
    frames, speed = (500, 5.0) if options.quick else (1100, 8.0)
    if MOSQUITTO is None:
        print("mosquitto is not installed (apt install mosquitto): only the embedded broker is tried", file=sys.stderr)
    rows: list[Row] = []
    print(f"{machine()}\n")
    heads = f"{'broker':12}{'seed':>5}{'kill -9':>9}{'committed':>11}{'stored':>8}{'lost':>6}{'doubled':>9}"
    print(f"{heads}{'caught up, s':>14}")
    try:
        for broker in ("embedded", *(("mosquitto",) if MOSQUITTO else ())):
            for seed in range(seeds):
                row = run(broker, seed, frames, speed)
                rows.append(row)
                print(
                    f"{row.broker:12}{row.seed:>5}{row.kills:>9}{row.committed:>11}{row.stored:>8}"
                    f"{row.lost:>6}{row.doubled:>9}{row.recovered_s:>14.1f}",
                    flush=True,
                )
    except StoplineError as error:
        cannot_run(str(error))
    finish(
        [
            Goal("records committed", sum(row.committed for row in rows), 1, at_least=True),
            Goal("records lost", sum(abs(row.lost) for row in rows), 0, at_least=False),
            Goal("records stored twice", sum(row.doubled for row in rows), 0, at_least=False),
        ],
        {"rows": [[getattr(row, name) for name in Row.__slots__] for row in rows]},
        options.json,
    )


if __name__ == "__main__":
    main()
