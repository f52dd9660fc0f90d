from gpiozero.exc import BadPinFactory as BadPinFactory
from gpiozero.exc import GPIOPinInUse as GPIOPinInUse
from gpiozero.exc import GPIOZeroError as GPIOZeroError
from gpiozero.exc import PinInvalidPin as PinInvalidPin

class Factory:
    def close(self) -> None: ...

class Device:
    pin_factory: Factory | None
    @staticmethod
    def ensure_pin_factory() -> None: ...
    def close(self) -> None: ...
    @property
    def closed(self) -> bool: ...

class OutputDevice(Device):
    value: int
    def __init__(
        self,
        pin: int,
        *,
        active_high: bool = ...,
        initial_value: bool | None = ...,
        pin_factory: Factory | None = ...,
    ) -> None: ...
    def on(self) -> None: ...
    def off(self) -> None: ...

class InputDevice(Device):
    def __init__(
        self,
        pin: int,
        *,
        pull_up: bool | None = ...,
        active_state: bool | None = ...,
        pin_factory: Factory | None = ...,
    ) -> None: ...
    @property
    def value(self) -> int: ...
