"""`python -m benchmarks.frame`: values as a person reads them, and the page that they are copied to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.frame import shown
from edge.types import Kind, Queue

ROOT = Path(__file__).parents[2]


def test_values_are_short() -> None:
    assert shown({2: Kind.CAR, 1: (0.14, None)}) == "{2: car, 1: (0.1, None)}"
    queue = Queue("NB1", 2, 13.26, None)
    assert shown(queue) == "Queue(lane='NB1', vehicles=2, length_m=13.3, wait_s=None, at_least=False)"


def test_one_frame_tells_of_every_stage_that_the_page_shows() -> None:
    command = [sys.executable, "-m", "benchmarks.frame", "--model", "stopline-nano-320"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    told = [line.partition("(")[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    page = (ROOT / "docs" / "life-of-a-frame.md").read_text(encoding="utf-8")
    assert list(dict.fromkeys(told)) == [
        name.partition("(")[0]
        for block in page.split("```text\n")[1:]
        for name in block.partition("```")[0].splitlines()
        if name[0].isalpha()
    ]
