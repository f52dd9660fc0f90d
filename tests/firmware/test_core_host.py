"""The typed wrapper: its constants are the core's, and without the extension it says what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from edge.errors import DeviceError
from firmware_bridge.host import core
from firmware_bridge.host.core import CoreInputs, CoreMissingError, SignalCore, Witness, table_crc, table_fault
from firmware_bridge.vectors.tables import CROSSING, EIGHT
from tests.firmware.building import CORE

TABLE = CROSSING.to_bytes()


def enumerators(prefix: str) -> dict[str, int]:
    """Names and values of the header's enumerators that begin with prefix, in the order of their numbering."""
    values: dict[str, int] = {}
    for line in (CORE / "stopline_core.h").read_text(encoding="utf-8").splitlines():
        words = line.strip().rstrip(",").split("/*")[0].replace(",", "").split()
        if words and words[0].startswith(prefix) and (len(words) == 1 or words[1:2] == ["="]):
            last = max(values.values(), default=-1)
            values[words[0].removeprefix(prefix)] = int(words[2]) if len(words) == 3 else last + 1
    return values


def test_enumerations_are_those_of_the_header() -> None:
    assert {fault.name: fault.value for fault in core.Fault if fault} == enumerators("SL_FAULT_")
    assert {why.name: why.value for why in core.Why} == enumerators("SL_WHY_")
    names = enumerators("SL_TABLE_")
    assert {fault.name: fault.value for fault in core.TableFault} == names
    shown = {"DARK": 3} | {"DONT_WALK": 0, "WALK": 1, "CLEARANCE": 2}
    assert {ped.name: ped.value for ped in core.Ped} == shown


def test_without_the_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "firmware_bridge.host._core", None)
    monkeypatch.delattr("firmware_bridge.host._core", raising=False)
    core._extension.cache_clear()
    try:
        with pytest.raises(CoreMissingError, match="install a C compiler") as caught:
            SignalCore(TABLE)
        assert isinstance(caught.value, DeviceError)
    finally:
        monkeypatch.undo()
        core._extension.cache_clear()
    SignalCore(TABLE)


@pytest.mark.parametrize("wrong", [b"", TABLE[:23], TABLE[:-1], TABLE + b"\0"])
def test_bytes_of_a_wrong_length(wrong: bytes) -> None:
    for use in (SignalCore, Witness, table_fault, table_crc):
        with pytest.raises(ValueError, match="a table of"):
            use(wrong)


def test_no_witness_for_a_refused_table() -> None:
    with pytest.raises(ValueError, match="yellow_out_of_range at channel 1"):
        Witness(CROSSING.with_row(1, yellow_cs=299).to_bytes())


def test_phases_out_of_range() -> None:
    signal_core = SignalCore(TABLE)
    for inputs in (CoreInputs(request=frozenset({17})), CoreInputs(ped_calls=frozenset({0}))):
        with pytest.raises(ValueError, match="phases are numbered 1 to 16"):
            signal_core.tick(10, inputs)


@pytest.mark.parametrize("ttl_ms", [-1, 0, 1001, 65536 + 300, 10**9])
def test_a_time_to_live_that_does_not_fit_is_refused(ttl_ms: int) -> None:
    """Never cut to 16 bits: 65836 is not 300."""
    outputs = SignalCore(TABLE).tick(10, CoreInputs(request=frozenset({2}), ttl_ms=ttl_ms))
    assert outputs.refused


def test_tuples_are_by_channel_of_the_table() -> None:
    outputs = SignalCore(EIGHT.to_bytes()).tick(10, CoreInputs())
    assert [len(part) for part in (outputs.intervals, outputs.ages_ms, outputs.peds, outputs.ped_ages_ms)] == [10] * 4


def test_sources_stand_where_the_build_looks() -> None:
    """A wheel is built from a clean copy: what setup.py names must be in the repository."""
    root = Path(core.__file__).parents[2]
    text = (root / "firmware_bridge" / "host" / "build.py").read_text(encoding="utf-8")
    for name in ("core/stopline_core.c", "core/sl_laws.c", "host/host_core.c", "host/host_core.h"):
        assert f'"firmware_bridge/{name}"' in text
        assert (root / "firmware_bridge" / name).is_file()
