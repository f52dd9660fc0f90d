"""The proofs of the core, as far as they go without the checker; with it, a proof and planted faults.

`make prove` proves everything; here a small part of it shows that proofs and planted faults still fit the core.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.errors import DeviceError, InputError
from firmware_bridge.prove.checker import check, find_checker
from firmware_bridge.prove.faults import FAULTS, Fault, proof_named, result_with
from firmware_bridge.prove.model import CORE, HARNESSES, write_model
from firmware_bridge.prove.proofs import PROOFS

SOURCE = (CORE / "stopline_core.c").read_text(encoding="utf-8")
try:
    CHECKER: Path | None = find_checker()
except DeviceError:
    CHECKER = None


def test_every_law_has_a_proof_and_a_fault() -> None:
    """No predicate of sl_laws.h goes without a harness of its own, nor without a fault that must break it."""
    predicates = re.findall(r"^uint8_t sl_law_(\w+)\(", (CORE / "sl_laws.h").read_text(encoding="utf-8"), re.MULTILINE)
    proved = {proof.name for proof in PROOFS}
    broken = {fault.proof for fault in FAULTS}
    assert len(predicates) >= 16
    assert {f"law {name}" for name in predicates} <= proved
    assert {f"law {name}" for name in predicates} <= broken
    assert broken <= proved
    assert len(proved) == len(PROOFS)


def test_harnesses_are_there() -> None:
    """Each proof names a file of prove/c."""
    assert all((HARNESSES / proof.source).is_file() for proof in PROOFS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_can_be_planted(fault: Fault) -> None:
    """The text that each fault changes is in the core, once."""
    assert fault.planted(SOURCE) != SOURCE


def test_core_that_cannot_be_modelled_is_refused(tmp_path: Path) -> None:
    """A core in which the replaced functions are not found is no core to prove."""
    write_model(tmp_path)
    assert "core_table_crc" in (tmp_path / "core.c").read_text(encoding="utf-8")
    with pytest.raises(InputError, match="sl_table_crc"):
        write_model(tmp_path, SOURCE.replace("uint16_t sl_table_crc(", "uint16_t sl_crc_of_table("))


# Without the checker, which only `make prove` installs, there is nothing to run rather than something to skip.
if CHECKER is not None:
    checker: Path = CHECKER

    def test_a_law_is_proved(tmp_path: Path) -> None:
        """The core as it is keeps a law from any state, for tables of up to two channels."""
        write_model(tmp_path)
        result = check(checker, proof_named("law fault_flashes"), 2, tmp_path, 120)
        assert (result.verdict, result.why) == ("proved", "")

    def test_a_planted_fault_is_named() -> None:
        """Two lamps on one head break the law of one lamp, and the proof says so."""
        fault = next(fault for fault in FAULTS if fault.proof == "law one_lamp")
        result = result_with(fault, checker)
        assert (result.verdict, result.why) == ("refuted", "law: one_lamp")
