"""One high-resolution event: an instant, what happened, and to what."""

from __future__ import annotations

from dataclasses import dataclass

from edge.clock import NS_PER_S

#: Two steps further apart than this leave open what was between them.
GAP_NS = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class HiResEvent:
    """What happened at `t_ns`, cabinet time: `hires_codes` says what the code is and what its parameter."""

    t_ns: int
    code: int
    parameter: int
