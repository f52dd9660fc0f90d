"""Keys of `[[preempts]]`: who may take the junction over, and what is green for them.

    delay ─→ entry (what is in the way is served out) ─→ dwell ─→ exit ─→ normal control

Named and staged as in NTCIP 1202 (preempt table): number, delay, dwell, exit phases, maximum presence.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from calibration.key_types import Name, PhaseNumber, SiteModel

GpioPin = Annotated[int, Field(ge=0, le=254)]


class PreemptInput(SiteModel):
    """A contact that calls: a GPIO pin of this computer, or a line of a serial port.

    gpio: the pin, by GPIO number; port and line: a modem line of a serial port, as USB adapters
    have them. The contact calls while it is closed to ground (gpio) or asserted (line), or
    the other way round where inverted is true. It counts once it has been so for debounce_s.
    """

    gpio: GpioPin | None = None
    port: str | None = None
    line: Literal["cts", "dsr", "cd", "ri"] = "cts"
    inverted: bool = False
    debounce_s: float = Field(default=0.1, ge=0, le=5)


class Preempt(SiteModel):
    """One preemption. Its phases are `phases`, or else those that serve the lanes of `approach`.

    priority: the lower wins, and takes over from a higher one. delay_s: a call must last so
    long. min_dwell_s: right of way is kept so long at least. max_presence_s: a call that
    lasts longer counts as failed and is let go of until it has ended once. exit_phases are
    green before normal control goes on; none: it goes on at once. reservice_s: so long after its end
    the same preemption does not begin again.
    """

    number: Annotated[int, Field(ge=1, le=16)]
    name: Name
    approach: str | None = None
    phases: tuple[PhaseNumber, ...] = ()
    priority: Annotated[int, Field(ge=1, le=16)] = 1
    delay_s: float = Field(default=0, ge=0, le=600)
    min_dwell_s: float = Field(default=8, ge=1, le=600)
    max_presence_s: float = Field(default=180, ge=5, le=3600)
    exit_phases: tuple[PhaseNumber, ...] = ()
    reservice_s: float = Field(default=0, ge=0, le=3600)
    inputs: tuple[PreemptInput, ...] = Field(default=(), max_length=8)
