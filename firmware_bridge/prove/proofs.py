"""What is proved of the core: one harness for each law and each part of the invariant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Expected = Literal["proved", "refuted"]


@dataclass(frozen=True, slots=True)
class Proof:
    """One run of the checker.

    defines are macros of the harness; unwind is `loop:times` where a loop goes round more often than
    there are channels; checks are options of the checker. Where "refuted" is expected the proof shows that
    something can happen at all. Asked for more channels than most_channels, a proof is run with those.
    """

    name: str
    about: str
    source: str
    defines: tuple[str, ...] = ()
    unwind: tuple[str, ...] = ()
    checks: tuple[str, ...] = ("--no-standard-checks",)
    expected: Expected = "proved"
    most_channels: int = 32


_LOOK = "&table, &look"
_ALL = "&table, &witness, &look"
_LAWS = {
    "no_conflict": _LOOK,
    "clearance_first": _ALL,
    "yellow_in_full": _ALL,
    "yellow_not_long": _ALL,
    "min_green_in_full": _ALL,
    "walk_in_full": _ALL,
    "ped_clearance_in_full": _ALL,
    "walk_with_green": _LOOK,
    "order": _ALL,
    "one_lamp": _LOOK,
    "orderly_flash": _ALL,
    "startup": _ALL,
    "asked": _ALL,
    "silence": _ALL,
    "fault_flashes": "&look",
    "fault_latched": "&witness, &look",
}
# These speak of how long a request lives: they need a clock that is never slow.
_OF_REQUESTS = ("asked", "silence", "requests_agree")
_GROUPS = {
    "sl_consistent": "&table, &state",
    "flags_agree": "&state, &witness",
    "lamps_agree": "&table, &state, &witness",
    "walks_agree": "&table, &state, &witness",
    "startups_agree": "&table, &state, &witness",
    "requests_agree": "&table, &state, &witness",
}
# What must be possible, or the proofs above would show nothing.
_HAPPENS = {
    "green begins": "witness.channel[0].lamp == SL_RED && state.channel[0].interval == SL_GREEN",
    "green begins after a conflicting one": (
        "!has(table.channel[0].compatible, 1) && witness.channel[1].lamp == SL_RED && !witness.channel[1].cleared"
        " && witness.channel[0].lamp == SL_RED && state.channel[0].interval == SL_GREEN"
    ),
    "yellow ends in clearance": "witness.channel[0].lamp == SL_YELLOW && state.channel[0].interval == SL_CLEARANCE",
    "walk ends": "witness.channel[0].walk && state.channel[0].ped == SL_PED_CLEARANCE",
    "walk comes again": "witness.channel[0].walked && !witness.channel[0].walk && state.channel[0].ped == SL_WALK",
    "an overlap is green": "table.channel[1].parents != 0 && state.channel[1].interval == SL_GREEN",
    "flash without a fault": "!witness.flash && look.flash && !look.fault",
    "start-up ends": "state.mode == SL_RUN && !witness.startup_over",
    "start-up greens": "state.mode == SL_RUN && witness.startup_left != 0 && look.green != 0",
    "lamps sensed wrong": "look.fault == SL_FAULT_CONFLICT && !witness.fault",
    "reset clears a fault": "witness.fault && !look.fault",
}
_FIVE_LAMPS = (
    "core.c@output_is_twice:0:6",
    "core.c@output_is_twice:2:6",
    "rules.h@outputs_differ:0:6",
    "rules.h@outputs_differ:1:6",
)
_UNDEFINED = (
    "--overflow-check",
    "--ub-shift-check",
    "--struct-fields-check",
)


def _slow(name: str) -> tuple[str, ...]:
    return ("NEVER_SLOW",) if name in _OF_REQUESTS else ()


def _laws() -> list[Proof]:
    return [
        Proof(f"law {name}", "kept by one tick", "step.c", (*_slow(name), f"PROVE_LAW=LAW({name}, {arguments})"))
        for name, arguments in _LAWS.items()
    ]


def _kept() -> list[Proof]:
    return [
        Proof(
            f"invariant {name}",
            "holds after one tick",
            "step.c",
            (*_slow(name), f"PROVE_KEPT=KEPT({name}, {arguments})"),
        )
        for name, arguments in _GROUPS.items()
    ]


def _booted() -> list[Proof]:
    kept = "; ".join(f"KEPT({name}, {arguments})" for name, arguments in _GROUPS.items())
    return [Proof("invariant at power-up", "holds after sl_boot", "step.c", ("BOOT", f"PROVE_KEPT={kept}"))]


def _any_state() -> list[Proof]:
    return [
        Proof("any state: sound or flash", "after one tick, whatever was in memory", "any.c", ("PART=0",)),
        Proof("any state: no conflict", "nor two lamps on a head, nor a fault without flash", "any.c", ("PART=1",)),
        Proof("any table: flash", "a table that breaks a rule never lets the lamps out of flash", "any.c", ("PART=2",)),
        Proof("any table: swapped in flash", "the invariant holds with the next table too", "swap.c"),
    ]


def _table() -> list[Proof]:
    return [
        Proof("table rules", "sl_table_check accepts no table that breaks one", "table.c", ("PART=0",), _FIVE_LAMPS),
        Proof(
            "table outputs",
            "nor one with an output twice or missing",
            "table.c",
            ("PART=1",),
            _FIVE_LAMPS,
            most_channels=3,
        ),
    ]


def _memory() -> list[Proof]:
    return [
        Proof(
            "no undefined tick", "overflow, shifts, bounds, with any memory", "memory.c", ("PART=0",), (), _UNDEFINED
        ),
        Proof("no undefined check", "the same for sl_table_check", "memory.c", ("PART=1",), _FIVE_LAMPS, _UNDEFINED),
    ]


def _happens() -> list[Proof]:
    return [
        Proof(
            f"happens: {name}",
            "and so is not proved away",
            "step.c",
            (f"PROVE_LAW=HAPPENS({what})",),
            expected="refuted",
            most_channels=2,
        )
        for name, what in _HAPPENS.items()
    ]


PROOFS: tuple[Proof, ...] = (
    *_laws(),
    *_kept(),
    *_booted(),
    *_any_state(),
    *_table(),
    *_memory(),
    *_happens(),
)
