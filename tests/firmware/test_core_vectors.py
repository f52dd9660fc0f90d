"""The committed vectors: agreed by hand, kept to by the laws, and the same for the C and the Python build."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware_bridge.host.core import TableFault, law_names, table_crc, table_fault
from firmware_bridge.vectors.files import read_scenarios, read_tables
from firmware_bridge.vectors.refused_tables import TableCase, all_tables
from firmware_bridge.vectors.scenario import Event, Scenario, disagreements, run
from firmware_bridge.vectors.scenarios import all_scenarios
from tests.firmware.building import STRICT, build, script_of, script_of_table, scripted_sources

VECTORS = read_scenarios()
CASES = read_tables()


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script runner, with sanitizers, from sources that compile without a warning."""
    return build(
        tmp_path_factory.mktemp("c") / "script",
        scripted_sources(),
        *STRICT,
        "-O1",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover",
    )


def test_vectors_are_those_of_the_scenarios() -> None:
    """A changed scenario shows here: write the vectors anew and read the diff."""
    assert [scenario for scenario, _ in VECTORS] == all_scenarios()
    assert all_tables() == CASES


def test_there_are_enough_and_names_differ() -> None:
    assert len({scenario.name for scenario, _ in VECTORS}) == len(VECTORS) >= 40
    assert len({case.name for case in CASES}) == len(CASES)
    assert {case.fault for case in CASES} == {fault.name.lower() for fault in TableFault if fault} | {None}


@pytest.mark.parametrize(("scenario", "expect"), VECTORS, ids=lambda value: getattr(value, "name", ""))
def test_python_build(scenario: Scenario, expect: list[Event]) -> None:
    events, broken = run(scenario)
    assert disagreements(scenario, events, broken) == []
    assert events == expect


def test_c_build(runner: Path) -> None:
    script = "".join(line for scenario, _ in VECTORS for line in script_of(scenario))
    done = subprocess.run([runner], input=script, capture_output=True, text=True, check=False)
    told = "".join(
        f"S {scenario.name}\n" + "".join(f"{event.t_ms} {event.text}\n" for event in expect)
        for scenario, expect in VECTORS
    )
    assert done.stdout == told
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_table_by_python(case: TableCase) -> None:
    assert table_fault(case.table) == ((case.fault, case.channel) if case.fault else None)
    crc = int.from_bytes(case.table[2:4], "little")
    if case.fault not in {"crc_wrong", "too_many_channels"}:
        assert table_crc(case.table) == crc


def test_tables_by_c(runner: Path) -> None:
    done = subprocess.run(
        [runner], input="".join(map(script_of_table, CASES)), capture_output=True, text=True, check=True
    )
    told = "".join(
        f"S {case.name}\ncheck {TableFault[case.fault.upper()] if case.fault else 0:d} {case.channel}\n"
        for case in CASES
    )
    assert done.stdout == told


def test_laws_have_names() -> None:
    assert len(set(law_names())) == 16
