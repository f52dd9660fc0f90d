"""The core as the harnesses include it: two functions renamed so that a harness can stand in for them."""

from __future__ import annotations

from pathlib import Path

from edge.errors import InputError

HERE = Path(__file__).parent
CORE = HERE.parent / "core"
HARNESSES = HERE / "c"
_STOOD_IN_FOR = {
    "\nuint16_t sl_table_crc(const sl_table *table)\n": "\nuint16_t core_table_crc(const sl_table *table)\n",
    "\nsl_table_fault sl_table_check(const sl_table *table, uint8_t *channel)\n": (
        "\nsl_table_fault core_table_check(const sl_table *table, uint8_t *channel)\n"
    ),
}


def write_model(folder: Path, core: str | None = None) -> None:
    """Write core.c for the harnesses; `core` is the text of a changed core, None for ours.

    InputError where a function to be renamed is not found once.
    """
    text = (CORE / "stopline_core.c").read_text(encoding="utf-8") if core is None else core
    for definition, renamed in _STOOD_IN_FOR.items():
        if text.count(definition) != 1:
            raise InputError(
                f"stopline_core.c: expected {definition.strip()!r} once on its own line; the proofs replace it"
            )
        text = text.replace(definition, renamed)
    (folder / "core.c").write_text(text, encoding="utf-8")
