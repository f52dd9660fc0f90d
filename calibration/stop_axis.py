"""Distance to a lane's stop line, along the lane. Plain numbers, so that control can use it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StopAxis:
    """Middle of a stop line on the ground plane, the unit vector upstream, and how far the lane is seen."""

    middle_m: tuple[float, float]
    upstream: tuple[float, float]
    far_m: float

    def before_m(self, pos_m: tuple[float, float]) -> float:
        """Metres upstream of the stop line; negative past it."""
        return (pos_m[0] - self.middle_m[0]) * self.upstream[0] + (pos_m[1] - self.middle_m[1]) * self.upstream[1]

    def aside_m(self, pos_m: tuple[float, float]) -> float:
        """Metres from the lane's middle line, to either side."""
        (mx, my), (ux, uy) = self.middle_m, self.upstream
        return abs((pos_m[1] - my) * ux - (pos_m[0] - mx) * uy)

    def toward_mps(self, vel_mps: tuple[float, float]) -> float:
        """Speed toward the stop line; negative away from it."""
        return -(vel_mps[0] * self.upstream[0] + vel_mps[1] * self.upstream[1])
