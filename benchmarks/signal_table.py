"""What the runs of `benchmarks.signal` come to: a column's figures, a table, and the goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.goals import Goal
from benchmarks.signal_runs import ACTUATED, ADAPTIVE, CAMERA_GRADE, COLUMNS, OWN, OWN_3S, SUMO_ACTUATED, Row

#: Mean delay, s: best published, goal with 3 s yellow, and with 2 s all-red besides. They hold on this SUMO alone.
GOAL_SUMO = "1.9.1"
GOALS: Mapping[str, tuple[float, float, float]] = {
    "cologne1": (26.05, 23.5, 27.0),
    "ingolstadt1": (20.90, 20.5, 23.0),
    "cologne3": (23.99, 18.5, 21.0),
    "ingolstadt7": (31.19, 26.0, 31.0),
}
_GRIDLOCK = 3.0
_DECISION_MS = 50.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One column of one scenario over its seeds. gridlocked: seeds with over three times the median delay."""

    seeds: int
    mean_s: float
    sd_s: float
    median_s: float
    p95_s: float
    worst_s: float
    worst_seed: int
    gridlocked: tuple[int, ...]
    decision_p99_ms: float | None
    laws: int
    refused: int


def figures(rows: Sequence[Row]) -> Figures:
    """ValueError without rows."""
    delays = [row.delay_s for row in rows]
    mean_s, middle_s = fmean(delays), median(delays)
    worst = max(rows, key=lambda row: row.delay_s)
    ordered = sorted(delays)
    at = 0.95 * (len(ordered) - 1)
    low = int(at)
    p95_s = ordered[low] + (at - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])
    decisions = [row.decision_p99_ms for row in rows if row.decision_p99_ms is not None]
    return Figures(
        len(rows),
        mean_s,
        (sum((one - mean_s) ** 2 for one in delays) / max(1, len(delays) - 1)) ** 0.5,
        middle_s,
        p95_s,
        worst.delay_s,
        worst.seed,
        tuple(row.seed for row in rows if row.delay_s > _GRIDLOCK * middle_s),
        max(decisions, default=None),
        sum(row.laws for row in rows),
        sum(row.refused for row in rows),
    )


Table = Mapping[tuple[str, float, str], Figures]


def tabled(rows: Sequence[Row]) -> dict[tuple[str, float, str], Figures]:
    """(scenario, all-red, column) → figures. The own program is the same whatever the all-red: it stands by each."""
    by_cell: dict[tuple[str, float, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.seed):
        by_cell.setdefault((row.scenario, row.red_clearance_s, row.column), []).append(row)
    own = {scenario: found for (scenario, _, column), found in by_cell.items() if column == OWN}
    for scenario, red_s in dict.fromkeys(key[:2] for key in by_cell):
        if scenario in own:
            by_cell[scenario, red_s, OWN] = own[scenario]
    return {key: figures(found) for key, found in by_cell.items()}


def lines(table: Table) -> list[str]:
    """The table as text, a block for each scenario and all-red."""
    text = []
    for scenario, red_s in dict.fromkeys(key[:2] for key in table):
        columns = [name for name in COLUMNS if (scenario, red_s, name) in table]
        shown = [table[scenario, red_s, name] for name in columns]
        text += ["", f"{scenario}, 3 s yellow, {f'{red_s:g} s' if red_s else 'no'} all-red; delay in s"]
        text.append(_line("", columns))
        text.append(_line("mean", [f"{one.mean_s:.1f}" for one in shown]))
        text.append(_line("standard deviation", [f"{one.sd_s:.1f}" for one in shown]))
        text.append(_line("median", [f"{one.median_s:.1f}" for one in shown]))
        text.append(_line("95th percentile", [f"{one.p95_s:.1f}" for one in shown]))
        text.append(_line("worst (seed)", [f"{one.worst_s:.1f} ({one.worst_seed})" for one in shown]))
        text.append(_line("gridlocked seeds", [f"{len(one.gridlocked)} of {one.seeds}" for one in shown]))
        text.append(_line("decision p99, ms", [_ms(one.decision_p99_ms) for one in shown]))
        text.append(_line("laws broken", ["–" if one.decision_p99_ms is None else str(one.laws) for one in shown]))
    return text


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<20}" + "".join(f"{cell:>18}" for cell in cells)


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def goals(table: Table, sumo: str) -> list[Goal]:
    """What must hold of the columns that were run; delays are compared with papers on their SUMO alone."""
    made: list[Goal] = []
    for scenario, red_s in dict.fromkeys(key[:2] for key in table):
        where = f"{scenario}, all-red {red_s:g} s"
        of = {name: table[scenario, red_s, name] for name in COLUMNS if (scenario, red_s, name) in table}
        if ADAPTIVE in of and scenario in GOALS and sumo == GOAL_SUMO:
            limit_s = GOALS[scenario][2 if red_s else 1]
            made.append(Goal(f"{where}: delay, adaptive, s", of[ADAPTIVE].mean_s, limit_s, at_least=False))
        for name in (ADAPTIVE, CAMERA_GRADE):
            if name in of:
                locked = len(of[name].gridlocked)
                made.append(Goal(f"{where}: gridlocked seeds, {name}", locked, 0, at_least=False))
        if {ADAPTIVE, CAMERA_GRADE} <= of.keys():
            ratio = of[CAMERA_GRADE].mean_s / of[ADAPTIVE].mean_s
            made.append(Goal(f"{where}: camera-grade / full sensing", ratio, 1.10, at_least=False))
        if {ACTUATED, SUMO_ACTUATED} <= of.keys():
            ratio = of[ACTUATED].mean_s / of[SUMO_ACTUATED].mean_s
            made.append(Goal(f"{where}: our actuated / SUMO's", ratio, 1.0, at_least=False))
        if {ADAPTIVE, OWN_3S} <= of.keys() and scenario not in GOALS:
            ratio = of[ADAPTIVE].mean_s / of[OWN_3S].mean_s
            made.append(Goal(f"{where}: adaptive / fixed", ratio, 1.0, at_least=False))
        ours = [one for one in of.values() if one.decision_p99_ms is not None]
        if ours:
            slowest_ms = max(one.decision_p99_ms or 0.0 for one in ours)
            made.append(Goal(f"{where}: decision, p99 of the worst seed, ms", slowest_ms, _DECISION_MS, at_least=False))
            made.append(Goal(f"{where}: laws broken", sum(one.laws for one in ours), 0, at_least=False))
    return made
