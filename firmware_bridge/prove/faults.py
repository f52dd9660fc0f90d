"""Faults planted into a copy of the core, one for each law and more: the proofs must find each.

python -m firmware_bridge.prove.faults      plants each in turn; exit 1 where one is not found
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge.errors import InputError, StoplineError
from firmware_bridge.prove.checker import Result, check, find_checker
from firmware_bridge.prove.model import CORE, write_model
from firmware_bridge.prove.proofs import PROOFS, Proof

_CHANNELS = 2
_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One change of stopline_core.c, and the proof that must be refuted by it."""

    name: str
    was: str
    becomes: str
    proof: str

    def planted(self, core: str) -> str:
        """The core with the fault; InputError where the text to change is not there once."""
        if core.count(self.was) != 1:
            raise InputError(f"stopline_core.c has {self.was!r} {core.count(self.was)} times: write the fault anew")
        return core.replace(self.was, self.becomes)


FAULTS: tuple[Fault, ...] = (
    Fault("every way is clear", "!(table->channel[i].compatible & bit_of(j)) &&", "0 &&", "law no_conflict"),
    Fault(
        "red clearance skipped",
        "show(channel, row->red_clearance_cs ? SL_CLEARANCE : SL_RED);",
        "show(channel, SL_RED);",
        "law clearance_first",
    ),
    Fault(
        "yellow 10 ms short",
        "SL_YELLOW && channel->age_ms >= ms_of(row->yellow_cs)",
        "SL_YELLOW && channel->age_ms + 10u >= ms_of(row->yellow_cs)",
        "law yellow_in_full",
    ),
    Fault(
        "yellow held",
        "SL_YELLOW && channel->age_ms >= ms_of(row->yellow_cs)",
        "SL_YELLOW && !kept && channel->age_ms >= ms_of(row->yellow_cs)",
        "law yellow_not_long",
    ),
    Fault(
        "minimum green cut",
        "channel->ped == SL_DONT_WALK && channel->age_ms >= ms_of(row->min_green_cs)",
        "channel->ped == SL_DONT_WALK",
        "law min_green_in_full",
    ),
    Fault(
        "walk halved",
        "SL_WALK && channel->ped_age_ms >= ms_of(row->walk_cs)",
        "SL_WALK && channel->ped_age_ms >= ms_of(row->walk_cs) / 2u",
        "law walk_in_full",
    ),
    Fault(
        "pedestrian clearance cut",
        "if (!kept && channel->ped == SL_DONT_WALK &&",
        "if (!kept && channel->ped != SL_WALK &&",
        "law ped_clearance_in_full",
    ),
    Fault(
        "walk at red",
        "if ((wanted & bit_of(i)) && channel->interval == SL_GREEN)",
        "if (wanted & bit_of(i))",
        "law walk_with_green",
    ),
    Fault("green straight to red", "show(channel, SL_YELLOW);", "show(channel, SL_CLEARANCE);", "law order"),
    Fault(
        "red beside yellow",
        "        out->yellow |= bit;\n        break;\n    case SL_FLASHING:",
        "        out->yellow |= bit;\n        out->red |= bit;\n        break;\n    case SL_FLASHING:",
        "law one_lamp",
    ),
    Fault("green to flash", "if (ending && at_rest)", "if (ending)", "law orderly_flash"),
    Fault(
        "start-up red skipped",
        "} else if (state->mode_age_ms >= ms_of(table->startup_red_cs)) {",
        "} else {",
        "law startup",
    ),
    Fault(
        "green unasked",
        "wanted = sl_with_overlaps(table, wanted);\n    if (!in->stop_time)",
        "wanted = wanted ? all_of(table) : 0;\n    if (!in->stop_time)",
        "law asked",
    ),
    Fault(
        "requests live for ever", "if (state->request_left_ms == 0)\n        return SL_WHY_SILENCE;", "", "law silence"
    ),
    Fault(
        "fault without flash",
        "    if (state->mode != SL_FLASH)\n        enter_flash(state);\n}",
        "}",
        "law fault_flashes",
    ),
    Fault(
        "last fault instead of first",
        "    if (state->fault != SL_OK)\n        return;\n    set_fault",
        "    set_fault",
        "law fault_latched",
    ),
    Fault("yellow of 7 s accepted", "row->yellow_cs > SL_MOST_YELLOW_CS", "row->yellow_cs > 700u", "table rules"),
    Fault("matrix half read", "if (one != other)", "if (one && !other)", "table rules"),
    Fault(
        "ages wrap",
        "return age_ms >= SL_MOST_AGE_MS - by_ms ? SL_MOST_AGE_MS : age_ms + by_ms;",
        "return age_ms + by_ms;",
        "invariant sl_consistent",
    ),
    Fault(
        "one channel too many",
        "for (i = 0; i < SL_CHANNELS; i++) {\n        show(",
        "for (i = 0; i <= SL_CHANNELS; i++) {\n        show(",
        "no undefined tick",
    ),
)


def proof_named(name: str) -> Proof:
    """A proof by its whole name; KeyError where there is none."""
    return {proof.name: proof for proof in PROOFS}[name]


def result_with(fault: Fault, checker: Path) -> Result:
    """What its proof says of a core with this fault."""
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), fault.planted((CORE / "stopline_core.c").read_text(encoding="utf-8")))
        return check(checker, proof_named(fault.proof), _CHANNELS, Path(folder), _LIMIT_S)


def main() -> int:
    """Plant each fault and print what found it."""
    missed = 0
    try:
        checker = find_checker()
        for fault in FAULTS:
            result = result_with(fault, checker)
            missed += result.verdict != "refuted"
            sys.stdout.write(
                f"{fault.name:<32}{fault.proof:<32}{result.cpu_s:>7.1f} s  {result.verdict}: {result.why}\n"
            )
            sys.stdout.flush()
    except StoplineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{len(FAULTS) - missed} of {len(FAULTS)} planted faults found\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
