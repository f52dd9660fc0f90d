"""Before and after as one SVG: the split diagrams of both plans, and the delay of every lane group under each."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from calibration.draw_plan import draw_plans
from calibration.site import Signal
from edge.control.advise.propose import Advice, Option

_WIDTH_PX, _LEFT_PX, _RIGHT_PX, _ROW_PX, _HEAD_PX = 900, 170, 150, 40, 64
#: Blue and orange that the colour-blind tell apart (Okabe & Ito, 2008).
_BEFORE, _AFTER, _INK, _FAINT = "#9a9a9a", "#0072b2", "#222222", "#666666"


def draw_advice(advice: Advice, signal: Signal) -> str:
    """An SVG document; ValueError where nothing is proposed."""
    if advice.proposed is None:
        raise ValueError("nothing is proposed")
    options = [("present", advice.present), ("proposed", advice.proposed)]
    shown = [(name, option) for name, option in options if option is not None]
    plans = [option.plan.model_copy(update={"name": f"{option.plan.name}, {name}"}) for name, option in shown]
    diagrams = draw_plans(plans, signal)
    diagrams_px = _height_px(diagrams)
    height_px = diagrams_px + _HEAD_PX + _ROW_PX * len(advice.groups) + 20
    font = f'font-family="sans-serif" font-size="13" fill="{_INK}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {height_px}" {font}>',
            f'<rect width="{_WIDTH_PX}" height="{height_px}" fill="#ffffff"/>',
            diagrams.replace("<svg ", f'<svg width="{_WIDTH_PX}" height="{diagrams_px}" ', 1).rstrip(),
            f'<g transform="translate(0 {diagrams_px})">',
            *_bars(advice, [option for _, option in shown]),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _height_px(svg: str) -> int:
    """Of the viewBox."""
    return round(float(svg.partition('viewBox="0 0 ')[2].partition('"')[0].split()[1]))


def _bars(advice: Advice, options: list[Option]) -> Iterator[str]:
    yield '<text x="10" y="24" font-weight="bold">expected delay a vehicle, s (v/c beside it)</text>'
    if len(options) == 2:
        before, after = options
        yield (
            f'<text x="10" y="44" fill="{_FAINT}">in all {before.delay_vehh:.2f} → {after.delay_vehh:.2f} vehicle '
            "hours an hour; grey: present, blue: proposed</text>"
        )
    most_s = max((one.delay_s for option in options for one in option.figures.values() if one is not None), default=1.0)
    colours = [_BEFORE, _AFTER][-len(options) :]
    thick_px = (_ROW_PX - 8) / len(options)
    for row, flow in enumerate(advice.groups):
        top_px = _HEAD_PX + row * _ROW_PX
        name = escape(f"{flow.group.phase}: {flow.group.name}")
        yield f'<text x="{_LEFT_PX - 10}" y="{top_px + 18}" text-anchor="end">{name}</text>'
        for i, (option, colour) in enumerate(zip(options, colours, strict=True)):
            one = option.figures[flow.group.movements]
            y = top_px + 2 + i * thick_px
            if one is None:
                yield f'<text x="{_LEFT_PX}" y="{y + 11:.1f}" font-size="11" fill="{_FAINT}">unknown</text>'
                continue
            width_px = one.delay_s / most_s * (_WIDTH_PX - _LEFT_PX - _RIGHT_PX)
            yield (
                f'<rect x="{_LEFT_PX}" y="{y:.1f}" width="{width_px:.1f}" height="{thick_px - 1:.1f}" fill="{colour}"/>'
                f'<text x="{_LEFT_PX + width_px + 6:.1f}" y="{y + 11:.1f}" font-size="11">{one.delay_s:.0f} s '
                f"({one.saturation:.2f})</text>"
            )
