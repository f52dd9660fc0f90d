"""An advice as a person reads it, and as a program does."""

from __future__ import annotations

from calibration.plans import Plan
from edge.control.advise.figures import Served
from edge.control.advise.flows import Flow
from edge.control.advise.headways import LEAST_QUEUES
from edge.control.advise.propose import Advice, Option
from edge.control.advise.saturation import DEFAULT_HEAVY, GroupFlow

_UNKNOWN = "–"


def lines(advice: Advice) -> list[str]:
    """The table, what changes, what it saves, and what it rests on."""
    return [
        *_table(advice),
        "",
        *_plans(advice),
        *_gain(advice),
        "",
        *_basis(advice),
        *(f"note: {note}" for note in advice.notes),
    ]


def as_json(advice: Advice) -> dict[str, object]:
    """The same, for programs; unknown is null."""
    return {
        "site": advice.site,
        "source": advice.source,
        "flows": {
            name: {
                "vehicles": flow.vehicles,
                "intervals": flow.intervals,
                "known_s": flow.known_s,
                "vph": flow.vph,
                "heavy_share": flow.heavy_share,
            }
            for name, flow in advice.flows.items()
        },
        "groups": [_group_json(flow, advice) for flow in advice.groups],
        "critical": {
            "phases": advice.critical.phases,
            "flow_ratio": advice.critical.ratio,
            "lost_s": advice.critical.lost_s,
            "webster_s": advice.webster_s,
            "shortest_s": advice.shortest_s,
        },
        "present": _option_json(advice.present),
        "proposed": _option_json(advice.proposed),
        "gain_vehh": advice.gain_vehh,
        "gain_percent": gain_percent(advice),
        "kept_phases": advice.kept,
        "notes": advice.notes,
    }


def gain_percent(advice: Advice) -> float | None:
    """Of the present delay; None without both plans."""
    if advice.gain_vehh is None or advice.present is None or not advice.present.delay_vehh:
        return None
    return 100 * advice.gain_vehh / advice.present.delay_vehh


def _table(advice: Advice) -> list[str]:
    heads = ("movement", "phase", "lanes", "veh/h", "veh/h/lane", "saturation", "v/s", "v/c", "delay, s", "LOS")
    rows = [heads]
    for flow in advice.groups:
        before = None if advice.present is None else advice.present.figures[flow.group.movements]
        after = None if advice.proposed is None else advice.proposed.figures[flow.group.movements]
        shown = after or before
        critical = "*" if flow.group.phase in advice.critical.phases else ""
        for place, movement in enumerate(flow.group.movements):
            own = advice.flows[movement].vph
            rows.append(
                (
                    movement,
                    f"{flow.group.phase}{critical}",
                    str(flow.group.lane_count) if place == 0 else "″",
                    _UNKNOWN if own is None else f"{own:.0f}",
                    (_UNKNOWN if flow.vph is None else f"{flow.vph / flow.group.lane_count:.0f}")
                    if place == 0
                    else "″",
                    (_UNKNOWN if shown is None else f"{shown.saturation_vph:.0f}{'m' if flow.measured else ''}")
                    if place == 0
                    else "″",
                    (_UNKNOWN if shown is None else f"{shown.flow_ratio:.3f}") if place == 0 else "″",
                    _change(before, after, advice, "saturation", 2),
                    _change(before, after, advice, "delay_s", 1),
                    _levels(before, after, advice),
                )
            )
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    return ["  ".join(_cell(cell, widths[i], i) for i, cell in enumerate(row)).rstrip() for row in rows]


def _cell(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column == 0 else text.rjust(width)


def _change(before: Served | None, after: Served | None, advice: Advice, name: str, digits: int) -> str:
    values = [one for one, option in ((before, advice.present), (after, advice.proposed)) if option is not None]
    return " → ".join(_UNKNOWN if one is None else f"{getattr(one, name):.{digits}f}" for one in values)


def _levels(before: Served | None, after: Served | None, advice: Advice) -> str:
    values = [one for one, option in ((before, advice.present), (after, advice.proposed)) if option is not None]
    return " → ".join(_UNKNOWN if one is None else one.level for one in values)


def _plans(advice: Advice) -> list[str]:
    shown = [("present", advice.present), ("proposed", advice.proposed)]
    return [f"{name:<9} {_plan(option.plan)}" for name, option in shown if option is not None]


def _plan(plan: Plan) -> str:
    splits = "  ".join(f"{phase}: {split:g}" for phase, split in sorted(plan.splits_s.items()))
    return f"{plan.name}: cycle {plan.cycle_s:g} s, offset {plan.offset_s:g} s, splits {splits}"


def _gain(advice: Advice) -> list[str]:
    percent, gain = gain_percent(advice), advice.gain_vehh
    if advice.present is not None and advice.proposed is not None and gain is not None:
        share = "" if percent is None else f" ({percent:.1f} %)"
        return [
            (
                f"expected   {advice.present.delay_vehh:.2f} → {advice.proposed.delay_vehh:.2f} vehicle hours of delay "
                f"an hour: saves {gain:.2f}{share}"
            )
        ]
    only = advice.present or advice.proposed
    return [] if only is None else [f"expected   {only.delay_vehh:.2f} vehicle hours of delay an hour"]


def _basis(advice: Advice) -> list[str]:
    known = [flow for flow in advice.flows.values() if flow.vph is not None]
    vehicles = sum(flow.vehicles for flow in known)
    intervals = max((flow.intervals for flow in known), default=0)
    seen = _minutes(known)
    webster = "beyond what any cycle serves" if advice.webster_s is None else f"{advice.webster_s:.0f} s"
    path = " ".join(map(str, advice.critical.phases))
    made = [
        (
            f"counted    {vehicles} vehicles on {len(known)} of {len(advice.flows)} movements in {intervals} "
            f"interval{'' if intervals == 1 else 's'}, {seen} min seen; {advice.source}"
        ),
        (
            f"critical   phases {path} (*): flow ratio {advice.critical.ratio:.3f}, lost "
            f"{advice.critical.lost_s:.1f} s a cycle; Webster's cycle {webster}, the shortest that serves all "
            f"{advice.shortest_s} s"
        ),
        _saturation(advice),
        (
            "delay      d1 + d2 of the Highway Capacity Manual, 6th edition, chapter 19: pretimed, isolated, 15 min, "
            "no queue at the beginning"
        ),
    ]
    unknown = [name for name, flow in advice.flows.items() if flow.vph is None]
    if unknown:
        made.append(f"unknown    {', '.join(unknown)}: not seen for long enough, or never")
    return made


def _minutes(known: list[Flow]) -> str:
    times = sorted(flow.known_s / 60 for flow in known)
    return f"{times[0]:.0f}" if times[-1] - times[0] < 0.5 else f"{times[0]:.0f} to {times[-1]:.0f}"


def _saturation(advice: Advice) -> str:
    measured = [flow for flow in advice.groups if flow.measured]
    classless = any(flow.heavy_share is None and not flow.measured for flow in advice.groups)
    told = f"measured (m) where {LEAST_QUEUES} long queues left: " if measured else ""
    for flow in measured:
        headways = ", ".join(f"{one.headway_s:.2f} s of {one.vehicles}" for one in flow.measured)
        told += f"{flow.group.name} {headways}; "
    heavy = f", {100 * DEFAULT_HEAVY:.0f} % heavy vehicles where no classes were told" if classless else ""
    return f"saturation {told}{'others ' if measured else ''}HCM base with lanes, turns and heavy vehicles{heavy}"


def _option_json(option: Option | None) -> dict[str, object] | None:
    if option is None:
        return None
    return {"plan": option.plan.model_dump(mode="json"), "delay_vehh": option.delay_vehh}


def _group_json(flow: GroupFlow, advice: Advice) -> dict[str, object]:
    def figures(option: Option | None) -> dict[str, object] | None:
        one = None if option is None else option.figures[flow.group.movements]
        if one is None:
            return None
        return {
            "green_s": one.green_s,
            "saturation_vph": one.saturation_vph,
            "flow_ratio": one.flow_ratio,
            "capacity_vph": one.capacity_vph,
            "saturation": one.saturation,
            "delay_s": one.delay_s,
            "level": one.level,
        }

    return {
        "movements": flow.group.movements,
        "phase": flow.group.phase,
        "lanes": flow.group.lanes,
        "vph": flow.vph,
        "measured": bool(flow.measured),
        "unknown": flow.unknown,
        "present": figures(advice.present),
        "proposed": figures(advice.proposed),
    }
