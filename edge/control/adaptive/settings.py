"""What the planner reckons with; one set of values for every junction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdaptiveSettings:
    """Times in s.

    horizon_s is how far a plan looks, keep how many plans of each stage are followed at each
    second of it. yellow_used_s: vehicles still pass so long after the end of green.
    gap_ahead_s and gap_behind_s: what a turn that yields needs before and after an oncoming
    vehicle (HCM 6th edition, chapter 20: critical headway). sneakers: vehicles of such a turn that
    leave in the clearance. box_s: expected time from the end of green until the box is clear
    beyond yellow and red clearance. later_s: what a queue at the end of the horizon waits for its
    green. stop_s: what a stop costs beside the wait. fair_after_s: waits beyond this cost more, by
    fair_veh vehicles for every second beyond. limit_s: nobody waits longer, whatever it costs.
    box_hold_s: the next green is held so long at most for vehicles in the box.
    """

    horizon_s: int = 50
    keep: int = 4
    yellow_used_s: float = 1.2
    gap_ahead_s: float = 4.0
    gap_behind_s: float = 0.5
    sneakers: int = 1
    box_s: float = 0.0
    later_s: float = 12.0
    stop_s: float = 2.0
    stop_after_s: float = 1.5
    fair_after_s: float = 60.0
    fair_veh: float = 0.1
    limit_s: float = 120.0
    box_hold_s: float = 6.0
    headway_s: float | None = 2.0
    lost_s: float | None = 0.8
    second_s: float = 0.8
    plan_every_s: float = 1.0
    rate_memory_s: float = 300.0
    spacing_m: float = 7.5
    acceleration_mps2: float = 2.0
    unseen: float = 1.0
    exit_wait_s: float = 4.0
    margin_veh_s: float = 0.0
    margin_hold_s: float = 1.0
    stuck_after_s: float = 100.0
    stuck_most_s: float = 8.0
    standing_m: float = 6.5
    beyond: float = 1.0
    most_inside: int = 2
    change_s: float = 3.0
