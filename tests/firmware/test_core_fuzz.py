"""libFuzzer with the sanitizers over the core and its laws: for 10 s here, for as long as you like by hand.

python -m tests.firmware.test_core_fuzz SECONDS
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.firmware.building import CORE, HERE, build

#: seed_*: they reach every edge that a longer run reached; `-set_cover_merge=1` made them few. cycle_*: below.
SEEDS = Path(__file__).parent / "corpus" / "core"


def cycles() -> dict[str, bytes]:
    """Whole changes of green in ticks of 10 ms, which chance rarely comes upon; bytes as fuzz.c reads them."""
    # Two channels; no start-up flash; flags 9: red clearance and pedestrians, 10: recall and pedestrians.
    plain = bytes((1, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 1))
    people = bytes((1, 0, 9, 0, 0, 0, 2, 0, 0, 10, 0, 0, 0, 0, 0))
    clock = bytes(4)

    def asked(channels: int, times: int) -> bytes:
        return bytes((0, 0, channels, 7)) * times

    start = bytes((0, 0, 1, 0, 5, 100))
    change = start + asked(1, 14) + asked(2, 40) + asked(1, 30)
    return {
        "cycle_plain": plain + clock + change,
        "cycle_people": people + clock + start + asked(1, 4) + bytes((6, 1)) + asked(2, 120) + asked(1, 40),
        "cycle_silence": plain + clock + start + asked(1, 4) + bytes((2, 31)) * 12 + change,
        "cycle_manual": plain + clock + start + asked(1, 14) + bytes((8,)) + asked(1, 40) + bytes((8,)) + change,
        "cycle_fault": plain + clock + start + asked(1, 4) + bytes((11, 1, 20, 2, 0, 11, 0, 10, 2, 0, 10)) + change,
    }


def fuzzer(folder: Path, core: Path = CORE) -> Path:
    """Build the harness over a core for 6 channels."""
    return build(
        folder / "fuzz_core",
        [HERE / "fuzz.c", core / "stopline_core.c", core / "sl_laws.c"],
        *("-std=c99", "-g", "-O2", "-Wall", "-Wextra", "-DSL_CHANNELS=6"),
        *("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"),
        core=core,
        cc="clang",
    )


def fuzz(folder: Path, program: Path, *limits: str) -> subprocess.CompletedProcess[str]:
    """Run from the committed seeds; leave what is new or wrong in folder."""
    (folder / "new").mkdir()
    command: list[str | Path] = [program, *limits, "-max_len=700", f"-artifact_prefix={folder}/", folder / "new", SEEDS]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_nothing_that_is_asked_breaks_a_law(tmp_path: Path) -> None:
    done = fuzz(tmp_path, fuzzer(tmp_path), "-max_total_time=10")
    assert done.returncode == 0, done.stderr[-4000:]


def test_cycles_are_among_the_seeds() -> None:
    assert {path.name: path.read_bytes() for path in SEEDS.glob("cycle_*")} == cycles()


def test_a_fault_of_the_core_is_found_by_the_seeds(tmp_path: Path) -> None:
    core = tmp_path / "core"
    shutil.copytree(CORE, core)
    source = (core / "stopline_core.c").read_text(encoding="utf-8")
    was = "channel->age_ms >= ms_of(row->yellow_cs)"
    assert source.count(was) == 1
    source = source.replace(was, "channel->age_ms + 20u >= ms_of(row->yellow_cs)")
    (core / "stopline_core.c").write_text(source, encoding="utf-8")
    done = fuzz(tmp_path, fuzzer(tmp_path, core), "-runs=100")
    assert done.returncode != 0
    assert "broken: yellow in full" in done.stderr


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        outcome = fuzz(Path(folder), fuzzer(Path(folder)), f"-max_total_time={int(sys.argv[1])}")
        sys.stdout.write(outcome.stderr[-4000:])
        sys.exit(outcome.returncode)
