"""`stopline live` is controlled as `stopline control` is: contacts, buttons and commands reach it, and are recorded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from calibration.buttons import Button
from calibration.preempts import Preempt, PreemptInput
from edge.cli.main import main
from edge.clock import SystemClock
from edge.errors import DeviceError
from edge.frames import Detections, Frame
from edge.live.compose import LiveOptions, run_live
from edge.live.listening import opened_inputs
from edge.messages import Body, SignalBody
from edge.telemetry.hires_read import outbox_source
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of
from tests.unit.test_push_buttons import walking

ENGINE = PreemptInput(gpio=23, debounce_s=0)
PREEMPT = {"number": 1, "name": "engine", "approach": "EB", "inputs": [ENGINE]}


class Gone:
    """A camera that nobody can reach."""

    camera = "north"
    size_px = (640, 360)
    fps: float | None = None
    frames_total: int | None = None
    dropped = 0
    restarts = 0
    last_failure: str | None = None

    def __iter__(self) -> Iterator[Frame]:
        raise DeviceError("there is no camera")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NoDetector:
    name = "none"

    def detect(self, frame: Frame) -> Detections:
        return Detections.empty(frame.t_ns)

    def close(self) -> None: ...


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    factory = Device.pin_factory
    assert isinstance(factory, MockFactory)
    yield factory
    factory.reset()
    Device.pin_factory = before


@pytest.mark.parametrize("wired", [True, False])
def test_contacts_and_buttons_reach_a_live_run_that_drives_lamps(
    pins: MockFactory, tmp_path: Path, *, wired: bool
) -> None:
    buttons = (Button(number=3, phase=4, inputs=(PreemptInput(gpio=24, debounce_s=0),)),)
    site = walking().model_copy(update={"buttons": buttons, "preempts": (Preempt.model_validate(PREEMPT),)})
    table = table_of(site)
    lamps = (lambda _clock: SimulatedBridge(table)) if wired else None
    outbox = tmp_path / "outbox.db"
    options = LiveOptions(site, "north", outbox=outbox, lamps=lamps, max_s=1.5)
    told: list[Body] = []

    def close_contacts() -> None:
        """Asked before every step, so when the pins have been opened, which pulls them up."""
        for pin in (23, 24):
            pins.pin(pin).drive_low()

    outcome = run_live(
        options,
        Gone(),
        NoDetector(),
        clock=SystemClock(),
        stop=close_contacts,
        on_told=lambda _t, body: told.append(body),
    )
    assert outcome.steps > 5
    preempted = [one for one in told if isinstance(one, SignalBody) and one.preempt is not None]
    assert bool(preempted) is wired, "a trial that drives no lamp has no contacts to read"
    events = {(row.code, row.parameter) for row in outbox_source(outbox).rows}
    assert ((90, 3) in events) is wired


def test_a_broker_is_listened_to_where_one_is_named() -> None:
    identity = NodeIdentity("town", "a1", "cabinet")
    with ExitStack() as opened:
        deaf = opened_inputs(opened, walking(), SystemClock(), identity=identity, broker=None, wired=False)
        assert deaf.commands is None
        address = BrokerAddress.parse("127.0.0.1:1")
        hears = opened_inputs(opened, walking(), SystemClock(), identity=identity, broker=address, wired=False)
        assert hears.commands is not None
        assert hears.commands.received() == []


def test_commands_without_a_plan_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["live", "--site", "example", "--source", "none.mp4", "--no-plan", "--broker", "127.0.0.1:1883"])
    assert code == 78
    assert "--broker: no plan runs here" in capsys.readouterr().err
