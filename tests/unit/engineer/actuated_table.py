"""Actuated control: the scenarios and what must come of them. Every second can be reckoned by hand from the sheet.

With a yellow of 3 s and a red clearance of 1 s the next phase begins 4 s after a green ended. A lane that a
row leaves at second t was last seen occupied 0.1 s before; its green has gapped out 0.6 s after that.
"""

from __future__ import annotations

from dataclasses import replace

from calibration.detectors import Detector
from edge.control.coordinate import Coordination, free
from edge.types import Ending
from tests.unit.engineer.sheet import Green, Scenario, There, Walk

GAP, MAX, FORCE = Ending.GAP_OUT, Ending.MAX_OUT, Ending.FORCE_OFF
END = 1e9


def pattern(t_s: float) -> Coordination:
    """Forces phase 2 off at 15 s, holds phase 4 to 40 s, lets nobody but phase 4 begin until 50 s."""
    return Coordination(
        pattern=None,
        cycle_second=t_s,
        force_off=frozenset({2} if t_s >= 15 else ()),
        hold=frozenset({4} if t_s < 40 else ()),
        permitted=frozenset({4}) if 40 <= t_s < 50 else None,
        ped_permitted=None,
        reason=f"second {t_s:.1f} of the cycle",
        max_set=None,
    )


def walks_later(t_s: float) -> Coordination:
    """Nobody may begin to walk before 20 s."""
    return replace(free(""), ped_permitted=frozenset() if t_s < 20 else None)


def holds_and_walks(t_s: float) -> Coordination:
    """Phase 2 is held until 30 s, and may walk while it is."""
    if t_s >= 30:
        return free("")
    return replace(free(""), hold=frozenset({2}), ped_permitted=frozenset({2}))


def turns_about(t_s: float) -> Coordination:
    """From 20 s on phase 1 comes after phase 2."""
    return replace(free(""), sequence=(((2, 1), (3, 4)), ((5, 6), (7, 8))) if t_s >= 20 else None)


_GAP_AND_AGAIN = (
    There(2, 0, 10, "queue 3"),
    There(2, 19, 23, "queue 1"),
    There(6, 0, 20, "queue 4"),
    There(4, 0, END, "queue 2"),
    There(8, 0, END, "queue 2"),
)
_ONCE_MORE = (
    There(1, 0, 6, "queue 2"),
    There(2, 0, 10, "queue 3"),
    There(1, 12, 30, "queue 3"),
    There(6, 0, 40, "queue 9"),
    There(4, 0, END, "queue 1"),
)
_PASSING = (There(2, 0, 8, "36 m at 12 m/s"), There(2, 8, END, "40 m at 12 m/s"), There(4, 0, END, "queue 1"))
_LEAVES_BY_ITSELF = (There(2, 0, 20, "queue 5"), There(4, 5, 7, "at line"))

SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "gap out",
        "Phase 2 is extended until its queue has gone, then ends for phase 4. Phases 6 and 8 go along.",
        30,
        (There(2, 0, 10, "queue 3"), There(4, 0, END, "queue 2")),
        (Green(2, 0, 10.5, GAP), Green(6, 0, 10.5, GAP), Green(4, 14.5, None), Green(8, 14.5, None)),
        says=("phase 2 gapped out after 10.5 s", "next phase 4 (2 queued, oldest 10 s) and 8 (goes along)"),
    ),
    Scenario(
        "passage",
        "At 12 m/s, 3 s of passage reach 36 m: whoever is further off does not hold the green.",
        20,
        _PASSING,
        (Green(2, 0, 8.5, GAP), Green(4, 12.5, None)),
        only=(2, 4),
    ),
    Scenario(
        "passage of the phase",
        "With 4 s of passage for phase 2 the vehicles at 40 m hold it to its maximum.",
        35,
        _PASSING,
        (Green(2, 0, 25, MAX), Green(4, 29, None)),
        changed={2: {"passage_s": 4.0}},
        only=(2, 4),
    ),
    Scenario(
        "max out",
        "The maximum of 25 s counts from the call of phase 4 at 10 s; phase 4 itself has its minimum.",
        50,
        (There(2, 0, END, "queue 9"), There(4, 10, 42, "queue 1")),
        (Green(2, 0, 35, MAX), Green(4, 39, 44, GAP), Green(2, 48, None)),
        says=("phase 2 maxed out after 35.0 s",),
        only=(2, 4),
    ),
    Scenario(
        "max 2",
        "The plan has chosen the second maximum, 12 s.",
        30,
        (There(2, 0, END, "queue 9"), There(4, 10, END, "queue 1")),
        (Green(2, 0, 22, MAX), Green(4, 26, None)),
        changed={2: {"max2_green_s": 12.0}},
        coordination=lambda _t_s: free("", max_set=2),
        only=(2, 4),
    ),
    Scenario(
        "simultaneous gap-out",
        "Phase 2 has its gap at 10.5 s and waits for phase 6; extended again at 19 s it holds both until 23.5 s.",
        30,
        _GAP_AND_AGAIN,
        (Green(2, 0, 23.5, GAP), Green(6, 0, 23.5, GAP), Green(4, 27.5, None), Green(8, 27.5, None)),
    ),
    Scenario(
        "no simultaneous gap-out",
        "The same where the sheet has it off: the gap of phase 2 stays, both end with that of phase 6.",
        30,
        _GAP_AND_AGAIN,
        (Green(2, 0, 20.5, GAP), Green(6, 0, 20.5, GAP), Green(4, 24.5, None), Green(8, 24.5, None)),
        signal_keys={"simultaneous_gap": False},
    ),
    Scenario(
        "skipped phases",
        "Phases 3, 5 and 8 are not called and are left out; ring 1 goes from 1 to 2 while 6 stays.",
        32,
        (
            There(1, 0, 6, "queue 2"),
            There(2, 0, 20, "queue 4"),
            There(6, 0, 20, "queue 4"),
            There(7, 0, END, "queue 1"),
        ),
        (
            Green(1, 0, 6.5, GAP),
            Green(6, 0, 20.5, GAP),
            Green(2, 10.5, 20.5, GAP),
            Green(4, 24.5, None),
            Green(7, 24.5, None),
        ),
    ),
    Scenario(
        "every phase",
        "All eight in ring order; each ring goes its own pace within a barrier group.",
        45,
        (
            There(1, 0, 6, "queue 2"),
            There(5, 0, 8, "queue 3"),
            There(2, 0, 20, "queue 6"),
            There(6, 0, 20, "queue 6"),
            There(3, 0, 30, "queue 2"),
            There(7, 0, 32, "queue 2"),
            There(4, 0, END, "queue 5"),
            There(8, 0, END, "queue 5"),
        ),
        (
            Green(1, 0, 6.5, GAP),
            Green(5, 0, 8.5, GAP),
            Green(2, 10.5, 20.5, GAP),
            Green(6, 12.5, 20.5, GAP),
            Green(3, 24.5, 30.5, GAP),
            Green(7, 24.5, 32.5, GAP),
            Green(4, 34.5, None),
            Green(8, 36.5, None),
        ),
    ),
    Scenario(
        "lagging left turn",
        "The order of ring 1 is 2, then 1.",
        30,
        (
            There(2, 0, 10, "queue 3"),
            There(1, 0, 20, "queue 3"),
            There(5, 0, 8, "queue 2"),
            There(6, 0, 20, "queue 5"),
            There(4, 0, END, "queue 1"),
        ),
        (
            Green(2, 0, 10.5, GAP),
            Green(5, 0, 8.5, GAP),
            Green(6, 12.5, 20.5, GAP),
            Green(1, 14.5, 20.5, GAP),
            Green(4, 24.5, None),
            Green(8, 24.5, None),
        ),
        signal_keys={"rings": (((2, 1), (3, 4)), ((5, 6), (7, 8)))},
    ),
    Scenario(
        "minimum recall",
        "Nobody is on phase 4; it has its minimum in every cycle all the same.",
        60,
        (There(2, 0, END, "queue 9"),),
        (Green(2, 0, 25, MAX), Green(4, 29, 34, GAP), Green(2, 38, None)),
        changed={4: {"recall": "min"}},
        says=("min recall",),
        only=(2, 4),
    ),
    Scenario(
        "maximum recall",
        "Nobody is on phase 4; it is held to its maximum, 25 s from the call of phase 2 at 30 s.",
        62,
        (There(2, 0, 10, "queue 3"), There(2, 30, END, "queue 1")),
        (Green(2, 0, 10.5, GAP), Green(4, 14.5, 55, MAX), Green(2, 59, None)),
        changed={4: {"recall": "max"}},
        says=("max recall",),
        only=(2, 4),
    ),
    Scenario(
        "soft recall",
        "Nobody waits, so the maximum does not end phase 4; once it is empty the signal goes back to rest in phase 2.",
        50,
        (There(4, 0, 40, "queue 3"),),
        (Green(4, 0, 40.5, GAP), Green(2, 44.5, None)),
        changed={2: {"recall": "soft"}},
        says=("soft recall",),
        only=(2, 4),
    ),
    Scenario(
        "pedestrian recall",
        "Walk of 7 s and clearance of 12 s in every green of phase 2, whoever came.",
        55,
        (There(4, 0, END, "queue 9"),),
        (Green(2, 0, 19, GAP), Green(4, 23, 48, MAX), Green(2, 52, None)),
        changed={2: {"walk_s": 7.0, "ped_clearance_s": 12.0}},
        walks=(Walk(2, 0, 7, 19),),
        says=("pedestrian recall",),
        only=(2, 4),
    ),
    Scenario(
        "pedestrian call with a long clearance",
        "A button at 10 s: walk of 7 s and clearance of 20 s are served in full, longer than the maximum of 25 s.",
        50,
        (There(2, 0, 12, "queue 3"), There(2, 20, END, "queue 2")),
        (Green(2, 0, 12.5, GAP), Green(4, 16.5, 43.5, GAP), Green(2, 47.5, None)),
        changed={4: {"walk_s": 7.0, "ped_clearance_s": 20.0, "ped_recall": False}},
        buttons=((4, 10.0),),
        walks=(Walk(4, 16.5, 23.5, 43.5),),
        says=("pedestrian call",),
        only=(2, 4),
    ),
    Scenario(
        "no pedestrian called",
        "The same phase for a vehicle alone: no walk, the minimum of 5 s.",
        30,
        (There(2, 0, 12, "queue 3"), There(4, 10, 18, "queue 1"), There(2, 20, END, "queue 2")),
        (Green(2, 0, 12.5, GAP), Green(4, 16.5, 21.5, GAP), Green(2, 25.5, None)),
        changed={4: {"walk_s": 7.0, "ped_clearance_s": 20.0, "ped_recall": False}},
        only=(2, 4),
    ),
    Scenario(
        "pedestrian recycle",
        "Phase 2 rests in green; a button at 10 s brings walk again at once, for nobody else waits.",
        30,
        (),
        (Green(2, 0, None),),
        changed={2: {"walk_s": 7.0, "ped_clearance_s": 8.0, "ped_recall": False}},
        buttons=((2, 10.0),),
        walks=(Walk(2, 10, 17, 25),),
        only=(2, 4),
    ),
    Scenario(
        "no pedestrian recycle",
        "The same where the sheet forbids it: the button waits for the next green of phase 2.",
        50,
        (There(4, 20, 22, "queue 1"),),
        (Green(2, 0, 20, GAP), Green(4, 24, 29, GAP), Green(2, 33, None)),
        changed={2: {"walk_s": 7.0, "ped_clearance_s": 8.0, "ped_recall": False, "ped_recycle": False}},
        buttons=((2, 10.0),),
        walks=(Walk(2, 33, 40, 48),),
        only=(2, 4),
    ),
    Scenario(
        "dual entry",
        "Only phase 3 is called; phase 8, the last of the other ring's group, goes along.",
        12,
        (There(3, 0, END, "queue 3"),),
        (Green(3, 0, None), Green(8, 0, None)),
    ),
    Scenario(
        "dual entry of another phase",
        "The sheet names phase 7.",
        12,
        (There(3, 0, END, "queue 3"),),
        (Green(3, 0, None), Green(7, 0, None)),
        changed={7: {"dual_entry": True}},
    ),
    Scenario(
        "single entry",
        "The sheet lets nobody of that group go along; phase 8 begins when it is called.",
        12,
        (There(3, 0, END, "queue 3"), There(8, 4, END, "queue 1")),
        (Green(3, 0, None), Green(8, 4, None)),
        changed={7: {"dual_entry": False}, 8: {"dual_entry": False}},
    ),
    Scenario(
        "conditional service",
        "Phase 2 has its gap; phase 6 has 44.5 s left, so phase 1 is served once more before the barrier.",
        50,
        _ONCE_MORE,
        (
            Green(1, 0, 6.5, GAP),
            Green(6, 0, 40.5, GAP),
            Green(2, 10.5, 15.5, GAP),
            Green(1, 19.5, 40.5, GAP),
            Green(4, 44.5, None),
            Green(8, 44.5, None),
        ),
        changed={1: {"conditional_service": True}, 6: {"max_green_s": 60.0}},
    ),
    Scenario(
        "no conditional service",
        "The same where the sheet does not allow it: phase 1 waits for the next cycle.",
        50,
        _ONCE_MORE,
        (
            Green(1, 0, 6.5, GAP),
            Green(6, 0, 40.5, GAP),
            Green(2, 10.5, 40.5, GAP),
            Green(4, 44.5, None),
            Green(8, 44.5, None),
        ),
        changed={6: {"max_green_s": 60.0}},
    ),
    Scenario(
        "conditional service without time",
        "Phase 6 has 8.5 s left, clearance and minimum of phase 1 would take 9 s.",
        35,
        _ONCE_MORE,
        (
            Green(1, 0, 6.5, GAP),
            Green(6, 0, 24, MAX),
            Green(2, 10.5, 24, GAP),
            Green(4, 28, None),
            Green(8, 28, None),
        ),
        changed={1: {"conditional_service": True}, 6: {"max_green_s": 24.0}},
    ),
    Scenario(
        "conditional service once a cycle",
        "Phase 2 is called again at 25 s, but phase 1 was already served once more: it waits for the next cycle, "
        "in which the rings go on as usual.",
        70,
        (
            There(1, 0, 6, "queue 2"),
            There(2, 0, 10, "queue 3"),
            There(1, 12, 30, "queue 3"),
            There(2, 25, END, "queue 5"),
            There(6, 0, 40, "queue 9"),
            There(4, 0, 46, "queue 1"),
            There(1, 48, 56, "queue 1"),
            There(4, 55, END, "queue 1"),
        ),
        (
            Green(1, 0, 6.5, GAP),
            Green(6, 0, 40.5, GAP),
            Green(2, 10.5, 15.5, GAP),
            Green(1, 19.5, 40.5, GAP),
            Green(4, 44.5, 49.5, GAP),
            Green(8, 44.5, 49.5, GAP),
            Green(1, 53.5, 58.5, GAP),
            Green(6, 53.5, None),
            Green(2, 62.5, None),
        ),
        changed={1: {"conditional_service": True}, 6: {"max_green_s": 60.0}},
    ),
    Scenario(
        "locking memory",
        "A vehicle on phase 4 leaves after 2 s, as on a right turn; its call stays until it is served.",
        30,
        _LEAVES_BY_ITSELF,
        (Green(2, 0, 20.5, GAP), Green(4, 24.5, None)),
        changed={4: {"lock": True}},
        says=("a vehicle came 16 s ago, locked",),
        only=(2, 4),
    ),
    Scenario(
        "non-locking memory",
        "The same without lock: the call goes 5 s after the vehicle was last seen, and phase 2 rests.",
        30,
        _LEAVES_BY_ITSELF,
        (Green(2, 0, None),),
        says=("a vehicle just lost from sight",),
        only=(2, 4),
    ),
    Scenario(
        "detector delay",
        "8 s at the line are too short for a delay of 10 s; the next calls at 30 s, and the maximum counts from then.",
        62,
        (There(2, 0, END, "queue 9"), There(4, 5, 13, "at line"), There(4, 20, END, "at line")),
        (Green(2, 0, 55, MAX), Green(4, 59, None)),
        detectors=(
            Detector(channel=1, lane="L2", phase=2),
            Detector(channel=2, lane="L4", phase=4, delay_s=10.0),
        ),
        only=(2, 4),
    ),
    Scenario(
        "detector extend",
        "The detector of phase 2 stays on for 4 s after its vehicle has left.",
        25,
        (There(2, 0, 10, "queue 3"), There(4, 0, END, "queue 1")),
        (Green(2, 0, 14.4, GAP), Green(4, 18.4, None)),
        detectors=(
            Detector(channel=1, lane="L2", phase=2, extend_s=4.0),
            Detector(channel=2, lane="L4", phase=4),
        ),
        only=(2, 4),
    ),
    Scenario(
        "advance detector",
        "The last vehicle leaves the zone at 60 m at 8 s; the passage time of 3 s brings it to the line.",
        22,
        (There(2, 0, 8, "63 m at 15 m/s"), There(4, 0, END, "queue 1")),
        (Green(2, 0, 11.4, GAP), Green(4, 15.4, None)),
        detectors=(
            Detector(channel=1, lane="L2", phase=2, kind="advance", distance_m=60.0),
            Detector(channel=2, lane="L4", phase=4),
        ),
        only=(2, 4),
    ),
    Scenario(
        "blind camera",
        "The lane of phase 4 is not seen until 60 s: it alone is recalled, to its maximum; 2 and 6 go by demand.",
        72,
        (There(2, 0, 8, "queue 2"), There(6, 0, 8, "queue 2"), There(4, 0, 60, "unseen"), There(2, 20, END, "queue 2")),
        (
            Green(2, 0, 8.5, GAP),
            Green(6, 0, 8.5, GAP),
            Green(4, 12.5, 37.5, MAX),
            Green(8, 12.5, 37.5, GAP),
            Green(2, 41.5, None),
            Green(6, 41.5, None),
        ),
        says=("recall, L4 unknown", "phase 4 had its recall after 25.0 s"),
        only=(2, 4, 6, 8),
    ),
    Scenario(
        "detector stuck on",
        "A lane that is never free holds phase 4 to its maximum of 15 s. At 60 s, a whole green having passed so, its "
        "detector is taken for stuck: the split of 12 s takes its place until it has been free for 2 s, at 102 s.",
        125,
        (There(2, 0, END, "queue 9"), There(4, 0, 100, "at line")),
        (Green(2, 0, 25, MAX), Green(4, 29, 44, MAX), Green(2, 48, 73, MAX), Green(4, 77, 85, MAX), Green(2, 89, None)),
        changed={4: {"max_green_s": 15.0}},
        splits_s={2: 29.0, 4: 12.0},
        detectors=(
            Detector(channel=1, lane="L2", phase=2, max_presence_s=None),
            Detector(channel=2, lane="L4", phase=4, max_presence_s=60.0),
        ),
        says=("detector 2 (L4) stuck on for 60 s",),
        only=(2, 4),
    ),
    Scenario(
        "detector stuck off",
        "Nobody in the lane of phase 4 for 60 s while the other lane saw 30 vehicles: it is recalled for its split of "
        "12 s, until a vehicle is seen at 80 s.",
        100,
        (*(There(2, 2 * k, 2 * k + 1, "at line") for k in range(45)), There(4, 80, END, "queue 1")),
        (Green(2, 0, 61.5, GAP), Green(4, 65.5, 73.5, MAX), Green(2, 77.5, 83.5, GAP), Green(4, 87.5, None)),
        splits_s={2: 29.0, 4: 12.0},
        detectors=(
            Detector(channel=1, lane="L2", phase=2),
            Detector(channel=2, lane="L4", phase=4, no_activity_s=60.0),
        ),
        says=("detector 2 (L4) stuck off for 60 s",),
        only=(2, 4),
    ),
    Scenario(
        "rest in green",
        "With no call the green stays where it is.",
        30,
        (There(4, 0, 8, "queue 1"),),
        (Green(4, 0, None),),
        says=("nobody waits, rests",),
        only=(2, 4),
    ),
    Scenario(
        "rest in red",
        "With no call every green ends, but not while somebody comes into view; a call in red is served at once, one "
        "during yellow after the clearance.",
        50,
        (
            There(2, 0, 8, "queue 1"),
            There(2, 8, 12, "60 m at 12 m/s"),
            There(4, 20, 25, "queue 1"),
            There(2, 26, 40, "queue 2"),
        ),
        (Green(2, 0, 12, GAP), Green(4, 20, 25.5, GAP), Green(2, 29.5, 40.5, GAP)),
        signal_keys={"rest": "red"},
        says=("rests in red",),
        only=(2, 4),
    ),
    Scenario(
        "coordinated",
        "The pattern forces phase 2 off at 15 s, holds phase 4 until 40 s, and lets phase 2 begin again from 50 s.",
        60,
        (There(2, 0, END, "queue 9"), There(4, 0, 20, "queue 1")),
        (Green(2, 0, 15, FORCE), Green(4, 19, 50, GAP), Green(2, 54, None)),
        coordination=pattern,
        says=("phase 2 forced off after 15.0 s", "phase 4 held by the plan"),
        only=(2, 4),
    ),
    Scenario(
        "pedestrians permitted later",
        "A button at 5 s; the pattern lets nobody begin to walk before 20 s, so phase 4 is not begun for them.",
        42,
        (There(2, 0, 10, "queue 3"),),
        (Green(2, 0, 20, GAP), Green(4, 24, None)),
        changed={4: {"walk_s": 7.0, "ped_clearance_s": 8.0, "ped_recall": False}},
        buttons=((4, 5.0),),
        walks=(Walk(4, 24, 31, 39),),
        coordination=walks_later,
        only=(2, 4),
    ),
    Scenario(
        "walk again in a held phase",
        "The pattern holds phase 2 until 30 s and lets it walk: a button at 10 s is served though phase 4 waits.",
        40,
        (There(4, 5, END, "queue 2"),),
        (Green(2, 0, 30, GAP), Green(4, 34, None)),
        changed={2: {"walk_s": 7.0, "ped_clearance_s": 8.0, "ped_recall": False}},
        buttons=((2, 10.0),),
        walks=(Walk(2, 10, 17, 25),),
        coordination=holds_and_walks,
        only=(2, 4),
    ),
    Scenario(
        "recalls of the pattern",
        "The pattern calls the pedestrians of phase 4 in every cycle, though no button did.",
        50,
        (There(2, 0, END, "queue 9"),),
        (Green(2, 0, 25, MAX), Green(4, 29, 44, GAP), Green(2, 48, None)),
        changed={4: {"walk_s": 7.0, "ped_clearance_s": 8.0, "ped_recall": False}},
        walks=(Walk(4, 29, 36, 44),),
        coordination=lambda _t_s: replace(free(""), ped_recall=frozenset({4})),
        only=(2, 4),
    ),
    Scenario(
        "lead and lag of the pattern",
        "Phase 1 leads until the pattern changes at 20 s; in the next cycle it lags.",
        58,
        (
            There(1, 0, 6, "queue 2"),
            There(2, 0, 12, "queue 3"),
            There(6, 0, 12, "queue 3"),
            There(4, 0, 25, "queue 3"),
            There(1, 30, END, "queue 2"),
            There(2, 30, 50, "queue 3"),
        ),
        (
            Green(1, 0, 6.5, GAP),
            Green(6, 0, 15.5, GAP),
            Green(2, 10.5, 15.5, GAP),
            Green(4, 19.5, 30, GAP),
            Green(8, 19.5, 30, GAP),
            Green(2, 34, 50.5, GAP),
            Green(6, 34, None),
            Green(1, 54.5, None),
        ),
        coordination=turns_about,
    ),
)
