"""A site description written as TOML."""

from __future__ import annotations

import json
from typing import Any

from calibration.site import Site


def site_toml(site: Site) -> str:
    """A site as TOML that reads back as the same site."""
    return _table(site.model_dump(mode="json", exclude_none=True, exclude_defaults=True), "")


def _table(table: dict[str, Any], path: str) -> str:
    plain = {key: value for key, value in table.items() if not _is_table(key, value)}
    text = "".join(f"{key} = {_inline(value)}\n" for key, value in plain.items())
    for key, value in table.items():
        if key in plain:
            continue
        name = f"{path}.{key}" if path else key
        rows = value if isinstance(value, list) else [value]
        mark = ("[[", "]]") if isinstance(value, list) else ("[", "]")
        text += "".join(f"\n{mark[0]}{name}{mark[1]}\n{_table(row, name)}" for row in rows)
    return text


def _is_table(key: str, value: Any) -> bool:
    if isinstance(value, dict):
        return key not in {"entry", "exit"}
    return isinstance(value, list) and key != "pairs" and all(isinstance(row, dict) for row in value)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return "[\n" + "".join(f"  {_inline(row)},\n" for row in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)
