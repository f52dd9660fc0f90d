"""`python -m firmware_bridge.vectors`: write the committed vectors anew from the scenarios and the core.

Refuses where a scenario breaks a law or what was worked out for it by hand.
"""

from __future__ import annotations

import sys

from firmware_bridge.vectors.files import FOLDER, SCENARIOS, TABLES, scenario_lines, table_lines
from firmware_bridge.vectors.scenario import disagreements, run
from firmware_bridge.vectors.scenarios import all_scenarios


def main() -> int:
    """Write both files whole, or nothing."""
    wrong = [f"{s.name}: {what}" for s in all_scenarios() for what in disagreements(s, *run(s))]
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n")
        return 1
    for path, lines in ((SCENARIOS, scenario_lines()), (TABLES, table_lines())):
        new = FOLDER / f".{path.name}.new"
        new.write_text("".join(lines), encoding="utf-8")
        new.replace(path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
