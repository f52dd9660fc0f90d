"""libFuzzer with the sanitizers over the whole device: for 5 s here, for as long as you like by hand.

python -m tests.firmware.test_wire_fuzz SECONDS
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.firmware import fuzz_seeds
from tests.firmware.building import CORE, HERE, build
from tests.firmware.wire_codec import WIRE

#: As in an ATmega328P.
SMALL = ("-DSL_CHANNELS=4", "-DSL_WIRE_IN_MOST=48", "-DSL_WIRE_OUT_MOST=82")


def fuzz(folder: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    """Build, run from the committed seeds, and leave what is new or wrong in folder."""
    program = build(
        folder / "fuzz_wire",
        [HERE / "fuzz_wire.c", *WIRE.glob("*.c"), CORE / "stopline_core.c", CORE / "sl_laws.c"],
        *("-std=c99", "-g", "-O2", "-Wall", "-Wextra", "-fsanitize=fuzzer,address,undefined"),
        "-fno-sanitize-recover=all",
        *SMALL,
        f"-I{WIRE}",
        cc="clang",
    )
    (folder / "new").mkdir()
    limits = (f"-max_total_time={seconds}", "-max_len=1200", f"-artifact_prefix={folder}/")
    command: list[str | Path] = [program, *limits, folder / "new", fuzz_seeds.FOLDER]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_nothing_that_comes_over_the_line_breaks_the_device(tmp_path: Path) -> None:
    done = fuzz(tmp_path, 5)
    assert done.returncode == 0, done.stderr[-4000:]


def test_the_seeds_are_those_of_the_generator() -> None:
    assert {path.name: path.read_bytes() for path in fuzz_seeds.FOLDER.iterdir()} == fuzz_seeds.seeds()


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        outcome = fuzz(Path(folder), int(sys.argv[1]))
        sys.stdout.write(outcome.stderr[-4000:])
        sys.exit(outcome.returncode)
