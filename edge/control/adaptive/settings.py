"""What the planner reckons with; one set of values for every junction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AdaptiveSettings:
    """Times in s.

    Search: horizon_s is how far a plan looks, keep how many plans of each stage are followed at
    each second of it, plan_every_s how often it is planned anew. Where not all vehicles or not
    all turns are seen, a plan is made for so many cases together, and keep_cases are followed.

    Discharge: headway_s at saturation and lost_s until the first vehicle of a queue passes are
    what is reckoned with before anything was learned; the second needs second_s more than the
    headway. yellow_used_s: vehicles still pass so long after the end of green. gap_ahead_s,
    gap_behind_s: what a turn that yields needs before and after an oncoming vehicle (HCM 6th
    edition, chapter 20: critical headway). sneakers: vehicles of such a turn that leave in the
    clearance. exit_wait_s: a blocked exit is taken to have room again after this.

    Cost: stop_s is what a stop costs beside the wait, for vehicles delayed by more than
    stop_after_s. later_s: what a queue at the end of the horizon waits for its green. change_s:
    every change costs all that wait so much beyond what is reckoned, for what no model foresees;
    change_cases_s instead where several cases are planned for, which foresee more.
    fair_after_s: waits beyond this cost more, by fair_veh vehicles for every second beyond.

    limit_s: who has waited so long is served next, whatever it costs. box_hold_s: the next green
    is held so long at most for vehicles in the box; most_inside of a lane are reckoned with there
    while their turn is green.

    Sight: spacing_m and standing_m are the room of a vehicle in a queue, to tell its head from
    arrivals and whether it reaches the end of the view. acceleration_mps2: of one that drives
    off. rate_memory_s: arrivals are averaged over this.
    """

    horizon_s: int = 50
    keep: int = 4
    cases: int = 4
    keep_cases: int = 2
    plan_every_s: float = 1.0
    headway_s: float = 2.0
    lost_s: float = 0.8
    second_s: float = 0.8
    yellow_used_s: float = 1.2
    gap_ahead_s: float = 4.0
    gap_behind_s: float = 0.5
    sneakers: int = 1
    exit_wait_s: float = 8.0
    stop_s: float = 2.0
    stop_after_s: float = 1.5
    later_s: float = 12.0
    change_s: float = 3.0
    change_cases_s: float = 1.0
    fair_after_s: float = 60.0
    fair_veh: float = 0.1
    limit_s: float = 120.0
    box_hold_s: float = 6.0
    most_inside: int = 2
    spacing_m: float = 7.5
    standing_m: float = 6.5
    acceleration_mps2: float = 2.0
    rate_memory_s: float = 300.0
