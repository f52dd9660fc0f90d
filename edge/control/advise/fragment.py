"""A plan as the part of a site file that it would be: to be pasted in the place of the present one."""

from __future__ import annotations

import json
from collections.abc import Mapping

from calibration.plans import Plan
from edge.control.advise.propose import Advice

_ALWAYS = ("number", "name", "cycle_s", "offset_s", "splits_s")


def fragment(advice: Advice, *, in_list: bool) -> str:
    """TOML of the proposed plan, with what it rests on as comments; ValueError where nothing is proposed.

    in_list: the plan stands in `[[plans]]`, not in `[plan]`.
    """
    if advice.proposed is None:
        raise ValueError("nothing is proposed")
    lines = [f"# Proposed for site {advice.site} from {advice.source}."]
    if advice.present is not None and advice.gain_vehh is not None:
        lines.append(
            f"# Expected delay {advice.proposed.delay_vehh:.2f} instead of {advice.present.delay_vehh:.2f} vehicle "
            f"hours an hour ({advice.gain_vehh:.2f} less)."
        )
        lines.append(f"# Put it in the place of plan {advice.present.plan.name}, then run stopline site validate.")
    lines += [f"# {note}" for note in advice.notes]
    lines.append("[[plans]]" if in_list else "[plan]")
    return "\n".join([*lines, *_keys(advice.proposed.plan), ""])


def _keys(plan: Plan) -> list[str]:
    given = plan.model_dump(mode="json", exclude_none=True)
    usual = plan.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return [f"{key} = {_value(value)}" for key, value in given.items() if key in _ALWAYS or key in usual]


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(inner) for inner in value) + "]"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    # Text, numbers and true or false are written alike in TOML and JSON.
    return json.dumps(value, ensure_ascii=False)
