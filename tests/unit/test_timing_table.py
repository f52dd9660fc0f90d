"""From a site to the table that its lamps run by: bytes, refusals, the check of every time."""
# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.channels import together
from calibration.load import SITES_DIR, load_site, read_site
from calibration.site import Overlap, Signal
from edge.errors import ProtocolError, SiteError
from firmware_bridge.boards import ANY, AVR328P, AVR2560, GPIO
from firmware_bridge.table import Flag, from_bytes, table_crc, table_of, table_of_signal, to_bytes
from firmware_bridge.table_bytes import CHANNEL_BYTES, HEAD_BYTES
from firmware_bridge.times_check import check_times, red_clearance_s, yellow_s
from tests.signal_tables import EIGHT, LOPSIDED, TWO, phase

EXAMPLE = (SITES_DIR / "example.toml").read_text("utf-8")
PHASE_2 = re.search(r"number = 2\n.*?(?=\n\n)", EXAMPLE, re.DOTALL)
assert PHASE_2 is not None
PHASE_2_TEXT = PHASE_2.group()
RINGS = "[signal]"
WIRING = """
[signal.wiring]
board = "gpio"
heartbeat = 27
[signal.wiring.heads]
2 = { red = 2, yellow = 3, green = 4 }
4 = { red = 5, yellow = 6, green = 7 }
"""


def changed(tmp_path: Path, old: str, new: str, within: str = EXAMPLE) -> Path:
    assert within.count(old) == 1
    path = tmp_path / "site.toml"
    path.write_text(EXAMPLE.replace(within, within.replace(old, new)), "utf-8")
    return path


def two(wiring: str = "") -> Signal:
    """Two phases, wired by TOML."""
    read = tomllib.loads(wiring).get("signal", {}).get("wiring")
    return Signal.model_validate({**TWO.model_dump(), "wiring": read})


def test_eight_phases_as_the_core_reads_them() -> None:
    table = table_of_signal(EIGHT, "street")
    assert [channel.name for channel in table.channels] == list("12345678")
    second = table.channels[1]
    assert (second.min_green_cs, second.yellow_cs, second.red_clearance_cs) == (800, 400, 150)
    assert (second.walk_cs, second.ped_clearance_cs) == (500, 600)
    assert second.flags == {Flag.PED_RECALL, Flag.SHORT_WALK}
    assert {table.channels[i].number for i in second.compatible} == {2, 5, 6}
    data = to_bytes(table)
    assert len(data) == HEAD_BYTES + 8 * CHANNEL_BYTES
    assert from_bytes(data) == table


def test_bytes_are_those_of_the_header_to_the_letter() -> None:
    """Written by hand from stopline_core.h; the CRC by a bitwise CRC-16/IBM-3740."""
    table = table_of_signal(TWO, "x")
    data = to_bytes(table)
    assert data[:2] == bytes([1, 2])
    assert data[4:16] == bytes.fromhex("0000 f401 5802 0000 00000000")
    assert data[24:52] == bytes.fromhex("01000000 00000000 bc02 2c01 c800 0000 0000 0000 02 00 ff ff ff ff ff 00")
    crc = 0xFFFF
    for byte in data[:2] + b"\0\0" + data[4:]:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    assert int.from_bytes(data[2:4], "little") == crc == table_crc(table)


def test_another_site_with_the_same_times_is_another_table() -> None:
    assert table_crc(table_of_signal(TWO, "here")) != table_crc(table_of_signal(TWO, "there"))


@given(st.integers(0, 247), st.integers(1, 255))
def test_any_changed_byte_is_noticed(at: int, by: int) -> None:
    data = bytearray(to_bytes(table_of_signal(EIGHT)))
    data[at] ^= by
    with pytest.raises(ProtocolError):
        from_bytes(bytes(data))


@given(st.binary(max_size=80))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        from_bytes(data)


def test_an_overlap_stands_beside_all_that_runs_beside_a_parent() -> None:
    overlap = Overlap(name="A", parents=(1, 8), yellow_s=3, red_clearance_s=1)
    signal = EIGHT.model_copy(update={"overlaps": (overlap,)})
    table = table_of_signal(signal)
    last = table.channels[-1]
    assert (last.name, last.number) == ("A", 0)
    assert {table.channels[i].name for i in last.parents} == {"1", "8"}
    assert {table.channels[i].name for i in last.compatible} == {"1", "3", "4", "5", "6", "8", "A"}
    assert table.clash(frozenset({1, 6})) is None
    assert table.clash(frozenset({2, 5})) is None
    assert table.clash(frozenset({2, 8})) == ("2", "8")


@given(st.data())
def test_whatever_rings_allow_is_never_refused_for_an_overlap(data: st.DataObject) -> None:
    signal = data.draw(st.sampled_from([EIGHT, LOPSIDED]))
    numbers = [p.number for p in signal.phases]
    parents = st.lists(st.sampled_from(numbers), min_size=1, max_size=4, unique=True)
    overlaps = tuple(
        Overlap(name=name, parents=tuple(data.draw(parents)), yellow_s=3, red_clearance_s=0) for name in "ABC"
    )
    signal = signal.model_copy(update={"overlaps": overlaps})
    beside = together(signal)
    assert all(one in beside[other] for one in beside for other in beside[one])
    table = table_of_signal(signal)
    for a in numbers:
        for b in numbers:
            if str(b) in beside[str(a)]:
                assert table.clash(frozenset({a, b})) is None


def test_pins_come_in_a_row_where_a_board_has_no_wiring() -> None:
    table = table_of_signal(TWO, board=AVR328P)
    assert [(c.red, c.yellow, c.green, c.walk) for c in table.channels] == [(0, 1, 2, None), (3, 4, 5, None)]
    assert table.board == AVR328P.number


def test_wired_pins_are_the_table_s() -> None:
    table = table_of_signal(two(WIRING))
    assert table.board == GPIO.number
    assert [(c.red, c.yellow, c.green) for c in table.channels] == [(2, 3, 4), (5, 6, 7)]
    assert table_of_signal(two(WIRING), board=ANY).channels[0].red is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: table_of_signal(EIGHT, board=AVR328P), ["8 phases", "drives 4", "larger board"]),
        (lambda: table_of_signal(two(WIRING), board=AVR2560), ["signal.wiring.board", '"gpio"', '"avr2560"', "write board"]),
        (lambda: table_of_signal(two(WIRING.replace("red = 2", "red = 28"))), ["signal.wiring.heads.2.red", "no output 28", "0 to 27"]),
        (lambda: table_of_signal(two(WIRING.replace("red = 5", "red = 4"))), ["signal.wiring.heads.4.red", "pin 4 is also that of signal.wiring.heads.2.green", "its own pin"]),
        (lambda: table_of_signal(two(WIRING.replace("heartbeat = 27", "heartbeat = 3"))), ["signal.wiring.heartbeat", "pin 3", "heads.2.yellow"]),
        (lambda: table_of_signal(Signal(phases=(phase(2, walk_s=5, ped_clearance_s=8),), rings=(((2,),),))), ["signal.phases[1] (phase 2).walk_s", "5 is less than 7", "walk_reason"]),
        (lambda: table_of_signal(Signal(phases=(phase(2, yellow_s=3.505),), rings=(((2,),),))), ["signal.phases[1] (phase 2).yellow_s", "finer than 0.01 s"]),
        (lambda: table_of(load_site("625_201709141107")), ["signal", "is missing"]),
    ],
    ids=["too many", "other board", "no such pin", "pin twice", "heartbeat on a lamp", "short walk", "too fine", "no signal"],
)  # fmt: skip
def test_what_the_board_or_the_core_would_refuse_names_key_and_fix(make: object, words: list[str]) -> None:
    assert callable(make)
    with pytest.raises(SiteError) as refused:
        make()
    for word in words:
        assert word in str(refused.value)


#: (what, old, new, within, where, words in what was found, words in the fix)
BAD = [
    ("matrix asymmetric", RINGS, "[signal]\ncompatible = { 1 = [5, 6], 2 = [5, 6], 5 = [1, 2], 6 = [1], 3 = [7, 8], 4 = [7, 8], 7 = [3, 4], 8 = [3, 4] }", EXAMPLE, "signal.compatible.6", "phase 2 names 6 as compatible, and 6 does not name 2", "add 2 to 6"),
    ("matrix too free", RINGS, "[signal]\ncompatible = { 1 = [5, 6, 2], 2 = [5, 6, 1], 5 = [1, 2], 6 = [1, 2], 3 = [7, 8], 4 = [7, 8], 7 = [3, 4], 8 = [3, 4] }", EXAMPLE, "signal.compatible.1", "1 and 2 are named compatible", "or mend rings"),
    ("matrix too strict", RINGS, "[signal]\ncompatible = { 1 = [6], 2 = [5, 6], 5 = [2], 6 = [1, 2], 3 = [7, 8], 4 = [7, 8], 7 = [3, 4], 8 = [3, 4] }", EXAMPLE, "signal.compatible.1", "the rings run 1 and 5 together", "add 5 to 1"),
    ("yellow of 2.9 s", "yellow_s = 4.0", "yellow_s = 2.9", PHASE_2_TEXT, "signal.phases[2] (phase 2).yellow_s", "2.9 is too small", "write at least 3"),
    ("crossing too long", "ped_clearance_s = 9", "ped_clearance_s = 9\ncrossing_length_m = 12", PHASE_2_TEXT, "signal.phases[2] (phase 2).ped_clearance_s", "9 is too short for crossing_length_m = 12", "write at least 11.3, in seconds"),
    ("phase 17", "number = 2", "number = 17", PHASE_2_TEXT, "signal.phases[2] (phase 17).number", "17 is too large", "write at most 16"),
    ("start-up conflict", RINGS, "[signal]\nstartup_phases = [2, 4]", EXAMPLE, "signal.startup_phases", "phases 2 and 4 conflict", "may be green together"),
    ("start-up of nobody", RINGS, "[signal]\nstartup_phases = [9]", EXAMPLE, "signal.startup_phases", "there is no phase 9", "use phases of the site"),
    ("start-up too short", RINGS, "[signal]\nstartup_red_s = 1", EXAMPLE, "signal.startup_red_s", "1 is too small", "write at least 3"),
    ("overlap of nobody", RINGS, '[[signal.overlaps]]\nname = "A"\nparents = [2, 9]\nyellow_s = 3\nred_clearance_s = 1\n[signal]', EXAMPLE, 'signal.overlaps[1].parents', "there is no phase 9", "use one of 1, 2"),
    ("overlap's name", RINGS, '[[signal.overlaps]]\nname = "2"\nparents = [2]\nyellow_s = 3\nred_clearance_s = 1\n[signal]', EXAMPLE, 'signal.overlaps[1].name', '"2" is not a valid name', "one letter, A to P"),
    ("request too short", "max_green_s = 50", "max_green_s = 50\nmax_request_s = 40", PHASE_2_TEXT, "signal.phases[2] (phase 2).max_request_s", "40 is less than max_green_s = 50", "write at least 50"),
    ("a board nobody makes", RINGS, '[signal.wiring]\nboard = "z80"\nheads = { 2 = { red = 1, yellow = 2, green = 3 } }\n[signal]', EXAMPLE, "signal.wiring.board", '"z80" is not known here', "'avr328p'"),
    ("a pin misspelt", RINGS, '[signal.wiring]\nboard = "gpio"\nheads = { 2 = { red = 1, yelow = 2, green = 3 } }\n[signal]', EXAMPLE, "signal.wiring.heads.2", "unknown key 'yelow'", "did you mean 'yellow'"),
    ("a head of phase 17", RINGS, '[signal.wiring]\nboard = "gpio"\nheads = { 17 = { red = 1, yellow = 2, green = 3 } }\n[signal]', EXAMPLE, "signal.wiring.heads.17", '"17" is not a valid name', "by its number, 1 to 16"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "within", "where", "message", "fix"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_site_files_that_no_lamp_may_run_by(
    tmp_path: Path, old: str, new: str, within: str, where: str, message: str, fix: str
) -> None:
    # Tables that must come after [signal] are put before it in the cases, which TOML allows.
    _, findings = read_site(changed(tmp_path, old, new, within))
    found = [f for f in findings if f.severity == "error" and f.where == where]
    assert found, [f.sentence() for f in findings]
    assert message in found[0].message
    assert fix in found[0].fix


def test_formulas_give_the_values_of_the_guideline() -> None:
    # 35 mph on the level 3.6 s, 45 mph 4.3 s, 35 mph down 4 % 4.0 s.
    assert yellow_s(15.65) == pytest.approx(3.566, abs=0.005)
    assert yellow_s(20.12) == pytest.approx(4.298, abs=0.005)
    assert yellow_s(15.65, -4) == pytest.approx(1 + 15.65 / (6.1 - 0.7848))
    assert yellow_s(5) == 3.0
    assert yellow_s(50) == 6.0
    assert red_clearance_s(20, 13.05) == pytest.approx(2.0)


def test_unknown_inputs_are_said_as_unknown_and_known_ones_are_used(tmp_path: Path) -> None:
    checks = {(c.channel, c.time): c for c in check_times(load_site(SITES_DIR / "example.toml"))}
    assert checks["2", "red clearance"].verdict == "unknown"
    assert checks["2", "red clearance"].needed_s is None
    assert "junction_width_m is unknown" in checks["2", "red clearance"].how
    assert "speed_85_mps is unknown" in checks["2", "yellow"].how
    path = tmp_path / "site.toml"
    text = EXAMPLE.replace("speed_limit_mps = 15.6", "speed_limit_mps = 15.6\nspeed_85_mps = 20\ngrade_percent = -2")
    text = text.replace(PHASE_2_TEXT, PHASE_2_TEXT + "\njunction_width_m = 24\ncrossing_length_m = 9.6")
    path.write_text(text, "utf-8")
    checks = {(c.channel, c.time): c for c in check_times(load_site(path))}
    needed_s = checks["2", "yellow"].needed_s
    assert needed_s == pytest.approx(1 + 20 / (6.1 - 2 * 9.81 * 0.02))
    assert checks["2", "yellow"].verdict == "short"
    assert checks["2", "red clearance"].needed_s == pytest.approx(30.1 / 20)
    assert checks["2", "red clearance"].verdict == "good"
    assert checks["2", "ped clearance"].verdict == "good"
