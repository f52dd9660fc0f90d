from typing import NamedTuple

from gpiozero import Factory

class PinState(NamedTuple):
    timestamp: float
    state: bool

class PinInfo(NamedTuple):
    name: str

class MockPin:
    info: PinInfo
    states: list[PinState]
    state: bool
    function: str
    def __init__(self, factory: Factory, info: object) -> None: ...
    def drive_high(self) -> None: ...
    def drive_low(self) -> None: ...
    def _set_state(self, value: float) -> None: ...

class MockFactory(Factory):
    def __init__(self, revision: str | None = ..., pin_class: type[MockPin] | None = ...) -> None: ...
    def pin(self, name: int) -> MockPin: ...
    def reset(self) -> None: ...
