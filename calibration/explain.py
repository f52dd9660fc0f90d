"""Turns what pydantic refuses into sentences an engineer can act on.

Each names the key as the file has it, the value found, and what to write instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from calibration.finding import Finding, Loc, error, path_of
from calibration.key_units import instead_of, unit_of
from calibration.site import Site

#: Key → why its limits are what they are.
_WHY = {
    "yellow_s": "3 s to 6 s is what MUTCD 2009 section 4D.26 allows",
    "red_clearance_s": "at most 6 s by MUTCD 2009 section 4D.26",
    "walk_s": "4 s is the shortest walk of MUTCD 2009 section 4E.06",
    "startup_red_s": "all approaches must have cleared before the first green",
    "speed_limit_mps": "50 km/h is 13.9, 30 mph is 13.4",
    "number": "NEMA phases are numbered from 1",
}
#: Pattern of a name → what to write; the first whose key ends the path holds.
_NAMES = {
    "approaches.id": "name it by where its traffic heads: NB, SB, EB, WB, NEB …",
    "movements.id": "name it approach then turn (NBL, NBT, NBR, NBU …), or P1, P2 … for a pedestrian crossing",
    "overlaps.name": "name overlaps by one letter, A to P",
    "heads.[key]": "name a phase by its number, 1 to 16, or an overlap by its letter",
    "senses.[key]": "name a phase by its number, 1 to 16, or an overlap by its letter",
    "lanes.id": "use letters, digits, '-' and '_'",
    "id": "use lower case letters, digits, '-' and '_'",
}
#: Pydantic's error type → (what is wrong, what to do); `{…}` come from the error's context.
_TEXT: dict[str, tuple[str, str]] = {
    "greater_than_equal": ("{value} is too small", "write at least {ge:g}{unit}"),
    "greater_than": ("{value} is too small", "write more than {gt:g}{unit}"),
    "less_than_equal": ("{value} is too large", "write at most {le:g}{unit}"),
    "less_than": ("{value} is too large", "write less than {lt:g}{unit}"),
    "too_short": ("has {actual_length}", "give at least {min_length}"),
    "too_long": ("has {actual_length}", "give at most {max_length}"),
    "literal_error": ("{value} is not known here", "write {expected}"),
    "enum": ("{value} is not known here", "write {expected}"),
    "float_type": ("{value} is not a number", "write a plain number{unit}"),
    "float_parsing": ("{value} is not a number", "write a plain number{unit}"),
    "int_type": ("{value} is not a whole number", "write a whole number{unit}"),
    "int_parsing": ("{value} is not a whole number", "write a whole number{unit}"),
    "int_from_float": ("{value} is not a whole number", "write a whole number{unit}"),
    "finite_number": ("{value} is not a number", "write a plain number{unit}"),
    "string_type": ("{value} is not text", 'write it in quotes, like "text"'),
    "tuple_type": ("{value} is not a list", "write a list in square brackets{unit}"),
    "dict_type": ("{value} is not a table", "write key = value pairs below their own heading"),
    "model_type": ("{value} is not a table", "write key = value pairs below their own heading"),
}


def explain(refused: ValidationError, data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """One finding for each thing refused, in the order of the file; `data` is the TOML as read."""
    renamed: set[Loc] = set()
    findings = []
    details = refused.errors(include_url=False)
    for detail in details:
        if detail["type"] == "extra_forbidden":
            wanted, finding = _unknown_key(detail["loc"], data)
            findings.append(finding)
            if wanted is not None:
                renamed.add((*detail["loc"][:-1], wanted))
    findings += [
        _finding(detail, data)
        for detail in details
        if detail["type"] != "extra_forbidden" and not _follows(detail, renamed)
    ]
    return tuple(findings)


def _follows(detail: ErrorDetails, renamed: set[Loc]) -> bool:
    """Whether a refusal only follows from another one: a key under a wrong name is not also
    missing, and a list whose entries are wrong is not also too short."""
    if detail["type"] == "missing":
        return detail["loc"] in renamed
    if detail["type"] == "too_short" and isinstance(detail["input"], list):
        return len(detail["input"]) >= int(detail["ctx"]["min_length"])
    return False


def _unknown_key(loc: Loc, data: Mapping[str, Any]) -> tuple[str | None, Finding]:
    key = str(loc[-1])
    fields = _model_at(loc[:-1]).model_fields
    known = tuple(field.alias or name for name, field in fields.items())
    wanted, advice = instead_of(key, _value_at(loc, data), known)
    parent = path_of(loc[:-1], data)
    return wanted, error(parent, f"unknown key '{key}'", advice)


def _finding(detail: ErrorDetails, data: Mapping[str, Any]) -> Finding:
    loc, kind = detail["loc"], detail["type"]
    where = path_of(loc, data)
    named = [part for part in loc if isinstance(part, str) and part != "[key]"]
    key = named[-1] if named else ""
    unit = unit_of(key)
    in_unit = f", in {unit}" if unit else ""
    value = shown(detail["input"])
    if kind == "missing":
        if isinstance(loc[-1], int):
            return error(path_of(loc[:-1], data), f"{value} has too few numbers", f"write two{in_unit}")
        return error(where, "is missing", f"add {key}{in_unit}")
    if kind == "string_pattern_mismatch":
        ending = f"{named[-2]}.[key]" if loc[-1] == "[key]" else ".".join(named[-2:])
        return error(where, f"{value} is not a valid name", _NAMES.get(ending, _NAMES["id"]))
    if kind == "value_error":
        message, _, fix = str(detail["ctx"]["error"]).partition(": ")
        return error(where, message, fix or "correct it")
    if kind in _TEXT:
        message, fix = _TEXT[kind]
        context = {"value": value, "unit": in_unit, **detail.get("ctx", {})}
        why = f" ({_WHY[key]})" if key in _WHY and kind.startswith(("greater", "less")) else ""
        return error(where, message.format(**context), fix.format(**context) + why)
    return error(where, f"{value} cannot be used", detail["msg"])


def shown(value: object) -> str:
    """A value as the file might have it, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _value_at(loc: Loc, data: Any) -> object:
    for part in loc:
        data = data[part]
    return data


def _model_at(loc: Loc) -> type[BaseModel]:
    """The model whose keys stand at a location."""
    model: type[BaseModel] = Site
    for part in loc:
        # Else it is a key that the file chooses, as in [signal.wiring.heads].
        if isinstance(part, str) and part in model.model_fields:
            found = _model_in(model.model_fields[part].annotation)
            if found is None:
                raise KeyError(loc)
            model = found
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
