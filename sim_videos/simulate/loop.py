"""The closed loop itself: control, lamps, street, eyes, and again.

    demand ─→ controller ─→ bridge ─→ lamps ─→ street ─→ WorldFrame ─→ eyes ─→ demand
                                                            └→ ledger

Time is that of the frames; the only waiting is that of the pace, if one is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Protocol, Self

from edge.types import Interval, PedInterval, PhaseRequest, SignalState
from sim_videos.simulate.eyes import Eyes, Look
from sim_videos.simulate.lamps import Shown, StreetLamps
from sim_videos.simulate.ledger import Ledger
from sim_videos.simulate.seconds import ns_of
from sim_videos.state import WorldFrame
from sim_videos.street import Street


class World(Protocol):
    """What `sim_videos.world.SumoWorld` is to the loop."""

    @property
    def street(self) -> Street: ...
    def warm_up(self, lamps: Callable[[int], Shown], /) -> None: ...
    def step(self, intervals: Mapping[int, Interval], pedestrian: Mapping[int, PedInterval], /) -> WorldFrame: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Watcher(Protocol):
    """Who is told what happens: the run's files, the page, the videos."""

    def on_control(self, request: PhaseRequest, state: SignalState, changed: bool) -> None: ...
    def on_frame(self, world: WorldFrame, looks: tuple[Look, ...], state: SignalState | None) -> None: ...


def drive(
    world: World,
    lamps: StreetLamps,
    eyes: Eyes,
    ledger: Ledger,
    *,
    frames: int,
    fps: float,
    watchers: tuple[Watcher, ...] = (),
    stop: Callable[[], str | None] = lambda: None,
    pace: Callable[[int], None] = lambda _t_ns: None,
) -> tuple[int, str | None]:
    """Warm the street up and run so many frames of it: how many there were, and why it stopped early.

    stop is asked before every frame. pace may wait until a frame's instant (ns) has come.
    """
    world.warm_up(lamps.warm)
    state: SignalState | None = None
    done, stopped = 0, None
    for index in range(frames):
        stopped = stop()
        if stopped is not None:
            break
        t_ns = ns_of(index / fps)
        pace(t_ns)
        for request, state in lamps.steps(t_ns, eyes):
            changed = ledger.control(request)
            ledger.lamps(state)
            for watcher in watchers:
                watcher.on_control(request, state, changed)
        now = world.step(*lamps.shown(t_ns))
        looks = eyes.look(now, index)
        ledger.see(now, looks)
        for watcher in watchers:
            watcher.on_frame(now, looks, state)
        done += 1
    eyes.finish(ns_of(done / fps))
    return done, stopped
