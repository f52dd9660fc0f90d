"""Control of one junction in a process of its own, fed by the processes of its cameras.

    views of cameras ─┐
    commands ─────────┼─→ one step ─→ bridge
    contacts ─────────┘       └─→ records (a thread writes them)

Nothing here waits: neither for a camera, nor for the network, nor for a disk.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from calibration.detectors import detectors_of
from calibration.site import Signal, Site
from edge.bus import Views
from edge.clock import Clock
from edge.control.policy import Policy
from edge.control.push_buttons import PushButtons
from edge.control.why import Decisions
from edge.errors import SiteError, StorageError
from edge.frames import VisionResult
from edge.incidents.reactions import Reactions
from edge.live.writer import OutboxWriter
from edge.messages import Body
from edge.seams import Bridge
from edge.stages.chain import ControlName, Wishes, known_of
from edge.stages.obey import Commands, obey
from edge.stages.parts import controlled
from edge.stages.plan_time import plan_clock
from edge.stages.signals import ControlSteps
from edge.telemetry.hires import HiResEvent, HiResEvents, HiResTap, body_of
from edge.telemetry.hires_buttons import ButtonEvents
from edge.telemetry.live import SignalChanges
from edge.types import Demand, PhaseRequest, SignalState

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What control listens to besides the lamps; None: nothing of that kind.

    contacts: see `Contacts.called`, buttons: `Contacts.came`.
    """

    views: Views | None = None
    commands: Commands | None = None
    contacts: Callable[[int], Collection[int]] = lambda _t_ns: ()
    buttons: Callable[[], Collection[int]] = frozenset


class Keeper(Protocol):
    """Keeps records, in a thread of its own (`OutboxWriter`). StorageError where it cannot any more."""

    def append_many(self, records: Iterable[tuple[int, Body]]) -> None: ...


class Cabinet:
    """One junction's control, step by step. A context manager; leaving it leaves the lamps to the core.

    SiteError where the site has no [signal].
    """

    def __init__(
        self,
        site: Site,
        control: ControlName,
        bridge: Bridge,
        clock: Clock,
        inputs: Inputs | None = None,
        writer: Keeper | None = None,
    ) -> None:
        if site.signal is None:
            raise SiteError("signal: is missing, so there is nothing to control; add [signal] with its phases")
        self._inputs = inputs if inputs is not None else Inputs()
        cycle = plan_clock(site, clock)
        self._policy = Policy(known_of(site), (lambda _name: None) if cycle is None else cycle.command)
        self._buttons = PushButtons({row.number: row.phase for row in site.buttons}, self._inputs.buttons)
        wishes = Wishes(self._policy, self._inputs.contacts, self._buttons, clock.now_ns)
        self._steps = controlled(site, site.signal, cycle=cycle, bridge=bridge, control=control, wishes=wishes)
        self._steps.watch(Decisions())
        self._strange = 0
        if writer is not None:
            records = _Records(site, site.signal, writer, clock)
            records.join(self._steps)
            self._steps.watch(ButtonEvents(self.pressed, [records.events]))

    def step(self, t_ns: int) -> tuple[PhaseRequest, SignalState]:
        """One step: what was asked, and the lamps measured just before. DeviceError of the bridge."""
        obey(self._inputs.commands, self._policy, t_ns)
        for view in () if self._inputs.views is None else self._inputs.views.latest(t_ns):
            try:
                self._steps.take(view)
            except KeyError as lane:
                # Its camera's process runs by another version of the site file.
                if not self._strange:
                    _log.error("camera %s speaks of lane %s, which is not its own here", view.sight.camera, lane)
                self._strange += 1
        return self._steps.step(t_ns)

    def see(self, result: VisionResult) -> None:
        """Take in one frame of a camera of this process."""
        self._steps.see(result)

    def react(self, asked: Reactions) -> None:
        """What open incidents ask for from now on: calls and recalls, as a desk might, and exits that take nobody."""
        if asked != Reactions():
            _log.warning("incidents %s ask for %s", ", ".join(asked.because), asked)
        self._policy.react(asked.recall, asked.preempt)
        self._steps.hold(asked.hold)

    def watch(self, watcher: Callable[[Demand, PhaseRequest, SignalState], object]) -> None:
        """Have every step told, as `ControlSteps.watch`."""
        self._steps.watch(watcher)

    def pressed(self) -> frozenset[int]:
        """Numbers of the push buttons that were pressed in the newest step."""
        return self._buttons.held

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._steps.close()
        if self._inputs.views is not None:
            self._inputs.views.close()


class _Records:
    """Signal records and high-resolution events. A disk that fails ends them, and not control."""

    def __init__(self, site: Site, signal: Signal, writer: Keeper, clock: Clock) -> None:
        self._writer: Keeper | None = writer
        self._clock = clock
        self._changes = SignalChanges()
        self._hires = HiResTap(HiResEvents(signal, detectors_of(site)), [self.events])

    def join(self, steps: ControlSteps) -> None:
        """Hear every step from now on."""
        steps.watch(self._told)
        steps.watch(self._hires)

    def _told(self, demand: Demand, request: PhaseRequest, state: SignalState) -> None:
        del demand
        self._keep(list(self._changes.add(state, request)))

    def events(self, events: Sequence[HiResEvent]) -> None:
        """Keep these."""
        self._keep([body_of(events, self._clock.wall_ns)])

    def _keep(self, told: Sequence[tuple[int, Body]]) -> None:
        if self._writer is None:
            return
        try:
            self._writer.append_many(told)
        except StorageError as error:
            _log.error("no more records are kept, control goes on: %s", error)
            self._writer = None


def records_writer(opened: ExitStack, path: Path, make: Callable[[], OutboxWriter]) -> OutboxWriter:
    """A writer that is closed with the stack; what still waits for a disk that fails then is only told."""
    writer = make()

    def close() -> None:
        try:
            writer.close()
        except StorageError as error:
            _log.error("records that waited for %s are lost: %s", path, error)

    opened.callback(close)
    return writer
