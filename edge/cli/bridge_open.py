"""Opens the bridge that a command line names, for the table of a site."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calibration.load import find_site, load_site
from calibration.site import Site
from edge.clock import Clock, ReplayClock, SystemClock
from edge.errors import ConfigError, SiteError
from firmware_bridge.boards import ANY, BOARDS, Board
from firmware_bridge.bridge import Bridge
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import TimingTable, table_of

SPECS = "simulated, gpio, or serial:PORT such as serial:/dev/ttyACM0"


@dataclass(frozen=True, slots=True)
class Lamps:
    """A site's table and the bridge named for it; `spoken` for people. touches: whether lamps hang on it."""

    path: Path
    site: Site
    table: TimingTable
    spec: str

    @property
    def touches(self) -> bool:
        return self.spec != "simulated"

    @property
    def port(self) -> str | None:
        """Of a serial bridge."""
        kind, _, port = self.spec.partition(":")
        return port if kind == "serial" else None

    @property
    def spoken(self) -> str:
        if self.port is not None:
            return f"the controller on {self.port}"
        return "the GPIO pins of this computer" if self.touches else "a simulated core"

    def clock(self) -> Clock:
        """Real time where lamps are; else one that jumps, for nobody waits for a simulation."""
        return SystemClock() if self.touches else ReplayClock()

    def open(self, clock: Clock) -> Bridge:
        """The bridge, ready to be asked. DeviceError and ConfigError of the device."""
        if self.spec == "simulated":
            return SimulatedBridge(self.table)
        if self.spec == "gpio":
            from firmware_bridge.gpio_bridge import GpioBridge

            wiring = None if self.site.signal is None else self.site.signal.wiring
            if wiring is None:
                raise SiteError(
                    f"{self.path}: signal.wiring: is missing; add [signal.wiring] with the pins of each head"
                )
            return GpioBridge(self.table, wiring, clock)
        from firmware_bridge.serial_bridge import SerialBridge

        bridge = SerialBridge(self.table, self.port or "", clock)
        try:
            bridge.wait_ready()
        except BaseException:
            bridge.close()
            raise
        return bridge


def lamps_of(site: str, spec: str, port: str | None = None, board: str | None = None) -> Lamps:
    """A site file's table for a bridge named by `--bridge` or `--port`. SiteError with the file, ConfigError."""
    path = find_site(site)
    found = load_site(path)
    if port is not None:
        spec = f"serial:{port}"
    kind, _, named = spec.partition(":")
    if kind not in {"simulated", "gpio", "serial"} or (kind == "serial") is not bool(named):
        raise ConfigError(f"--bridge: {spec!r} is no bridge; write {SPECS}")
    return Lamps(path, found, table_for(path, found, board), spec)


def table_for(path: Path, site: Site, board: str | None) -> TimingTable:
    """The site's table for a board by name, that of its wiring if left out. SiteError with the file."""
    chosen: Board | None = None
    if board is not None:
        if board not in BOARDS:
            raise ConfigError(f"--board: there is no {board!r}; write one of {', '.join(BOARDS)}")
        chosen = BOARDS[board]
    elif site.signal is not None and site.signal.wiring is None:
        chosen = ANY
    try:
        return table_of(site, chosen)
    except SiteError as wrong:
        raise SiteError("\n".join(f"{path}: {line}" for line in str(wrong).splitlines())) from wrong
