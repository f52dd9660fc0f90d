"""`stopline bridge` and `stopline control` as a technician uses them, over simulated lamps and a real port."""
# ruff: noqa: E501 - one case a line reads as a table

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from calibration.load import SITES_DIR, load_site
from edge.cli import main as cli
from edge.clock import ReplayClock
from edge.control.commission import Asker, Check, selftest
from edge.types import Interval, PhaseRequest, SignalState
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_crc, table_of, table_of_signal, to_bytes
from firmware_bridge.timing_table import TimingTable
from tests.signal_tables import EIGHT, TWO

EXAMPLE = (SITES_DIR / "example.toml").read_text("utf-8")
#: The example with two short phases only, so that real lamps take seconds.
SMALL = re.sub(
    r"\[signal\].*",
    """[signal]
rings = [[[2], [4]]]
startup_flash_s = 0
startup_red_s = 3
[[signal.phases]]
number = 2
min_green_s = 3
max_green_s = 10
yellow_s = 3
red_clearance_s = 0.5
[[signal.phases]]
number = 4
min_green_s = 3
max_green_s = 10
yellow_s = 3
red_clearance_s = 0.5
[plan]
name = "day"
cycle_s = 20
splits_s = { 2 = 10, 4 = 10 }
""",
    re.sub(r"phase = \d", "phase = 2", EXAMPLE),
    flags=re.DOTALL,
)
OUT = tuple[int, str, str]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, "utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> OUT:
    code = cli.main(["bridge", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_table_says_times_crc_and_what_each_time_needs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "table", "example")
    assert code == 0
    assert f"248 bytes, CRC {table_crc(table_of(load_site('example'))):04x}; the signal core takes it" in out
    assert re.search(r"^2 +1? ?5 6 +10 +4 +1\.5 +7 +9 +no limit", out, re.MULTILINE), out
    assert re.search(r"^1 +yellow +3\.6 s +3\.56 s +good +WB at its limit of 15\.6 m/s", out, re.MULTILINE)
    assert re.search(r"^1 +red clearance +1 s +unknown +junction_width_m is unknown", out, re.MULTILINE)
    assert "20 good, 0 short, 12 unknown" in out


def test_table_as_json_and_as_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "example.table"
    code, out, err = run(capsys, "table", "example", "--json", "-o", str(file))
    found = json.loads(out)
    table = table_of(load_site("example"))
    assert (code, err) == (0, f"{file}: written\n")
    assert bytes.fromhex(found["bytes"]) == file.read_bytes() == to_bytes(table)
    assert found["crc"] == f"{table_crc(table):04x}"
    assert found["channels"][1]["with"] == ["5", "6"]
    assert {check["verdict"] for check in found["checks"]} == {"good", "unknown"}


def test_a_short_time_is_said_and_strict_leaves_with_78(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    site = tmp_path / "fast.toml"
    site.write_text(EXAMPLE.replace("speed_limit_mps = 13.4", "speed_limit_mps = 13.4\nspeed_85_mps = 17"), "utf-8")
    code, out, _ = run(capsys, "table", str(site))
    assert code == 0
    assert re.search(r"^3 +yellow +3\.2 s +3\.79 s +short +NB at 17 m/s", out, re.MULTILINE)
    code, _, err = run(capsys, "table", str(site), "--strict")
    assert code == 78
    assert "4 times are shorter than they need: yellow of 3 (3.2 s, needs 3.8 s)" in err


def test_bytes_are_not_half_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "table", "example", "-o", str(tmp_path / "no" / "x.table"))
    assert code == 74
    assert "choose a folder" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("table", "example", "--board", "z80"), 78, ["--board", "'z80'", "avr2560"]),
        (("table", "example", "--board", "avr328p"), 78, ["example.toml: signal:", "8 phases", "drives 4"]),
        (("table", "625_201709141107"), 78, ["625_201709141107.toml: signal: is missing", "add [signal]"]),
        (("selftest", "example", "--bridge", "parallel"), 78, ["--bridge", "'parallel'", "serial:PORT"]),
        (("selftest", "example", "--bridge", "serial:"), 78, ["--bridge", "serial:PORT"]),
        (("monitor", "example", "--bridge", "gpio"), 78, ["signal.wiring: is missing", "add [signal.wiring]"]),
        (("monitor", "example", "--port", "/dev/nosuch"), 69, ["/dev/nosuch"]),
        (("exercise", "example", "--port", "/dev/nosuch"), 78, ["nobody is here to ask", "--yes"]),
        (("selftest", "example", "--bridge", "serial:/dev/nosuch"), 78, ["nobody is here to ask", "--dry-run"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_cannot_be_is_one_sentence_with_its_fix(
    words: tuple[str, ...],
    code: int,
    said: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    got, _, err = run(capsys, *words)
    assert got == code
    assert err.startswith("stopline: ")
    assert err.count("\n") == 1
    for word in said:
        assert word in err


@pytest.mark.parametrize("command", ["load", "monitor", "exercise", "selftest"])
@pytest.mark.parametrize("spec", ["gpio", "serial:/dev/nosuch", "simulated"])
def test_a_dry_run_opens_nothing(command: str, spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, command, "example", "--bridge", spec, "--dry-run")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1


WIRED = """
[signal.wiring]
board = "gpio"
heartbeat = 17
[signal.wiring.heads]
2 = { red = 9, yellow = 10, green = 11 }
4 = { red = 12, yellow = 13, green = 16 }
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("yellow_s = 3\nred_clearance_s = 0.5\n[[", "yellow_s = 2.9\nred_clearance_s = 0.5\n[[", ["(phase 2).yellow_s: 2.9", "at least 3"]),
        ("number = 4", "number = 17", ["(phase 17).number: 17", "at most 16"]),
        ("[plan]", "walk_s = 7\nped_clearance_s = 9\ncrossing_length_m = 12\n[plan]", ["(phase 4).ped_clearance_s: 9 is too short", "at least 11.3"]),
        ("startup_flash_s", "compatible = { 2 = [4] }\nstartup_flash_s", ["signal.compatible.4", "add 2 to 4"]),
        ("red = 12", "red = 9", ["signal.wiring.heads.4.red: pin 9 is also that of signal.wiring.heads.2.red", "its own pin"]),
        ("green = 16", "green = 60", ["signal.wiring.heads.4.green", "no output 60", "0 to 27"]),
        ('board = "gpio"', 'board = "z80"', ["signal.wiring.board", "'avr328p'"]),
    ],
    ids=["yellow", "phase 17", "crossing", "asymmetric", "pin twice", "no such pin", "board"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["load", "monitor", "exercise", "selftest"])
def test_a_site_that_no_lamp_may_run_by_is_refused_before_any_device_is_opened(
    command: str, old: str, new: str, said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL + WIRED
    assert text.count(old) == 1
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace(old, new), "utf-8")
    code, _, err = run(
        capsys, command, str(bad), "--port", "/dev/nosuch", *(["--yes"] if command in {"exercise", "selftest"} else [])
    )
    assert code == 78, "78 and not 69: the port was not looked at"
    assert f"{bad}: " in err
    for word in said:
        assert word in err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("command", ["exercise", "selftest"])
def test_no_lamp_changes_before_a_person_says_yes(
    command: str, site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    code, out, err = run(capsys, command, str(site), "--port", "/dev/nosuch")
    assert code == 1
    assert "Is the junction closed" in out
    assert "Aborted" in err
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    code, _, err = run(capsys, command, str(site), "--port", "/dev/nosuch")
    assert code == 69, "then the port is looked for"


def test_gpio_pins_by_the_environment_s_factory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpiozero import Device

    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setattr(Device, "pin_factory", None)
    site = tmp_path / "pi.toml"
    site.write_text(SMALL + WIRED, "utf-8")
    code, out, err = run(capsys, "monitor", str(site), "--bridge", "gpio", "--seconds", "0.3")
    assert (code, err) == (0, "")
    assert out.startswith("flash: 2 flash_red  4 flash_red")
    assert cli.main(["control", str(site), "--bridge", "gpio", "--max-seconds", "0.3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failed"] == 0


def test_selftest_and_exercise_of_a_simulated_core(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "selftest", str(site))
    assert code == 0
    assert "FAILED" not in out
    assert out.startswith("self-test of a simulated core, by the table of ")
    assert out.count("good") == 6
    code, out, _ = run(capsys, "exercise", str(site), "--hold", "5")
    assert code == 0
    assert out.splitlines()[1:] == [
        f"phase {number}: green 5.00 s, yellow 3.00 s, red clearance 0.50 s" for number in (2, 4)
    ]


def test_load_of_a_simulated_core_says_that_nothing_is_stored(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "load", "example")
    assert code == 0
    assert "the signal core takes it; it is not stored: a simulated core gets it at every start" in out


class Lying(SimulatedBridge):
    """A controller that shows something else than its table says."""

    def __init__(self, table: TimingTable, lie: str) -> None:
        super().__init__(table)
        self._lie = lie
        self._last: PhaseRequest | None = None

    def request(self, request: PhaseRequest) -> None:
        self._last = request
        if self._lie != "deaf":
            super().request(request)

    def state(self, t_ns: int) -> SignalState:
        state = super().state(t_ns)
        if self._lie == "greedy" and Interval.GREEN in state.intervals.values():
            return replace(state, intervals=dict.fromkeys(state.intervals, Interval.GREEN))
        if self._lie == "quiet":
            return replace(state, fault=None)
        return state


def checks_of(table: TimingTable, bridge: SimulatedBridge) -> list[Check]:
    with closing(bridge):
        return list(selftest(Asker(table, bridge, ReplayClock(), lambda: None)))


@pytest.mark.parametrize("signal_", [EIGHT, TWO])
def test_a_good_controller_passes_every_check(signal_: object) -> None:
    table = table_of_signal(EIGHT if signal_ is EIGHT else TWO)
    found = checks_of(table, SimulatedBridge(table))
    assert [one for one in found if not one.good] == []
    assert len(found) == len(table.phases()) + 4


def test_a_controller_of_another_table_fails_by_the_phase_that_differs() -> None:
    table = table_of_signal(TWO)
    changed = replace(table, channels=(table.channels[0], replace(table.channels[1], yellow_cs=300)))
    failed = [one.name for one in checks_of(table, SimulatedBridge(changed)) if not one.good]
    assert failed == ["phase 4 keeps its times"]


@pytest.mark.parametrize(
    ("lie", "failed"),
    [
        ("greedy", "phase 2 keeps its times"),
        ("quiet", "phases 2 and 4 together are refused"),
    ],
)
def test_a_controller_that_lies_fails(lie: str, failed: str) -> None:
    table = table_of_signal(TWO)
    found = checks_of(table, Lying(table, lie))
    assert failed in [one.name for one in found if not one.good]


@pytest.fixture
def port(site: Path, tmp_path: Path) -> Iterator[str]:
    """A controller of the small site at this machine's pace, with its door open."""
    table = tmp_path / "small.table"
    table.write_bytes(to_bytes(table_of(load_site(site))))
    link = tmp_path / "controller"
    command = [
        sys.executable,
        "-m",
        "firmware_bridge.host.emulator",
        "--table",
        str(table),
        "--port",
        str(link),
        "--door",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator:
        assert emulator.stdout is not None
        assert emulator.stdout.readline().strip() == str(link)
        yield str(link)
        emulator.send_signal(signal.SIGINT)
        assert emulator.wait(10) == 0


def test_monitor_load_and_control_over_a_port(
    site: Path, port: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(capsys, "monitor", str(site), "--port", port, "--seconds", "0.3")
    assert code == 0
    assert out.startswith("flash: 2 flash_red  4 flash_red")
    other = tmp_path / "other.toml"
    other.write_text(SMALL.replace("red_clearance_s = 0.5", "red_clearance_s = 0.2"), "utf-8")
    code, _, err = run(capsys, "exercise", str(other), "--port", port, "--yes", "--hold", "0")
    assert code == 69
    assert "stopline bridge load" in err, "a table that is not the site's is refused with the fix"
    code, out, _ = run(capsys, "load", str(other), "--port", port)
    assert code == 0
    assert out.endswith(f"{port}: the controller runs by it now\n")
    assert cli.main(["control", str(other), "--bridge", f"serial:{port}", "--max-seconds", "0.5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failed"] == 0


def test_control_runs_the_plan_and_says_how_punctual(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["control", str(site), "--max-seconds", "0.5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["steps"] + said["left_out"] == 5
    assert said["failed"] == 0
    assert said["jitter_p50_ms"] <= said["jitter_max_ms"]
    assert cli.main(["control", str(site), "--dry-run", "--bridge", "serial:/dev/nosuch"]) == 0
    assert "would run plan day of 20 s on the controller on /dev/nosuch" in capsys.readouterr().out
    assert cli.main(["control", "625_201709141107"]) == 78
