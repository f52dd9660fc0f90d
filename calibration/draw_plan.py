"""Plans as split diagrams: rings over cycle seconds, green, yellow and red clearance, barriers, the reference.

SVG for reports and pages, and bars of text for a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from calibration.plan_windows import SplitWindow, reference_s, split_windows
from calibration.plans import Plan
from calibration.site import Phase, Signal

#: Green, yellow and red that the colour-blind tell apart (Okabe & Ito, 2008).
_GREEN, _YELLOW, _RED, _INK = "#009e73", "#e69f00", "#d55e00", "#222222"
_WIDTH_PX, _LEFT_PX, _ROW_PX, _HEAD_PX, _AXIS_PX = 900, 70, 34, 44, 30
_TEXT_WIDTH = 72


def draw_plans(plans: Sequence[Plan], signal: Signal) -> str:
    """One diagram a plan below each other, as an SVG document; the plans must have passed `calibration.check`."""
    rows = len(signal.rings)
    each_px = _HEAD_PX + rows * _ROW_PX + _AXIS_PX
    height_px = each_px * len(plans) + 10
    font = f'font-family="sans-serif" font-size="13" fill="{_INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {height_px}" {font}>',
        f'<rect width="{_WIDTH_PX}" height="{height_px}" fill="#ffffff"/>',
    ]
    for i, plan in enumerate(plans):
        parts.append(f'<g transform="translate(0 {i * each_px})">')
        parts += _diagram(plan, signal)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def text_bars(plan: Plan, signal: Signal) -> Iterator[str]:
    """A line for each ring: phases as their last digit while green, `y` and `r` while they clear."""
    phases = {phase.number: phase for phase in signal.phases}
    windows = list(split_windows(plan, signal))
    for ring in range(len(signal.rings)):
        own = [window for window in windows if window.ring == ring]
        yield "".join(
            _letter(own, phases, (column + 0.5) / _TEXT_WIDTH * plan.cycle_s) for column in range(_TEXT_WIDTH)
        )


def title(plan: Plan) -> str:
    """What the sheet says of a plan beside its splits."""
    to = {"cycle": "", "begin_green": " to the first coordinated green", "end_green": " to the yield point"}
    text = f"plan {plan.number} {plan.name}: cycle {plan.cycle_s:g} s, offset {plan.offset_s:g} s{to[plan.reference]}"
    if plan.coordinated:
        listed = " and ".join(map(str, plan.coordinated))
        text += f", coordinated {listed}, {plan.force_off} force-offs"
    return f"{text}, {plan.transition}"


def _letter(own: Sequence[SplitWindow], phases: dict[int, Phase], second: float) -> str:
    for window in own:
        if window.start_s <= second < window.end_s:
            if second < window.force_off_s:
                return str(window.phase % 10)
            return "y" if second < window.force_off_s + phases[window.phase].yellow_s else "r"
    return "."


def _diagram(plan: Plan, signal: Signal) -> Iterator[str]:
    phases = {phase.number: phase for phase in signal.phases}
    windows = list(split_windows(plan, signal))
    bottom_px = _HEAD_PX + len(signal.rings) * _ROW_PX
    yield f'<text x="10" y="24" font-weight="bold">{escape(title(plan))}</text>'
    for ring in range(len(signal.rings)):
        yield f'<text x="10" y="{_HEAD_PX + ring * _ROW_PX + 21}">ring {ring + 1}</text>'
    for window in windows:
        yield from _split(window, phases[window.phase], plan)
    ends = {window.group: window.end_s for window in windows}
    for end_s in (0.0, *ends.values()):
        x = _x(end_s, plan)
        yield f'<path d="M{x:.1f} {_HEAD_PX - 6}V{bottom_px + 6}" stroke="{_INK}" stroke-width="2"/>'
    step_s = 10 if plan.cycle_s <= 200 else 50
    for second in range(0, round(plan.cycle_s) + 1, step_s):
        x = _x(second, plan)
        yield f'<text x="{x:.1f}" y="{bottom_px + 20}" font-size="11" text-anchor="middle">{second}</text>'
    x = _x(reference_s(plan, signal), plan)
    yield f'<path d="M{x:.1f} {_HEAD_PX - 2}l-6 -10h12z" fill="{_INK}"><title>reference of the offset</title></path>'


def _split(window: SplitWindow, phase: Phase, plan: Plan) -> Iterator[str]:
    y = _HEAD_PX + window.ring * _ROW_PX + 2
    yellow_s = window.force_off_s + phase.yellow_s
    for colour, from_s, to_s in (
        (_GREEN, window.start_s, window.force_off_s),
        (_YELLOW, window.force_off_s, yellow_s),
        (_RED, yellow_s, window.end_s),
    ):
        x, end = _x(from_s, plan), _x(to_s, plan)
        yield f'<rect x="{x:.1f}" y="{y}" width="{end - x:.1f}" height="{_ROW_PX - 4}" fill="{colour}"/>'
    star = "*" if window.phase in plan.coordinated else ""
    green_s = window.force_off_s - window.start_s
    x = (_x(window.start_s, plan) + _x(window.force_off_s, plan)) / 2
    yield (
        f'<text x="{x:.1f}" y="{y + 20}" fill="#ffffff" text-anchor="middle">'
        f"{window.phase}{star} <tspan font-size='10'>{green_s:g} s</tspan></text>"
    )


def _x(second: float, plan: Plan) -> float:
    return _LEFT_PX + second / plan.cycle_s * (_WIDTH_PX - _LEFT_PX - 20)
