"""Preemptions of a site that cannot be served, and the sentence that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.check_preempts import dwell_phases
from calibration.load import SITES_DIR, read_site

EXAMPLE = (SITES_DIR / "example.toml").read_text("utf-8")
GOOD = 'number = 1\nname = "engine"\napproach = "NB"\n'


def findings(tmp_path: Path, *preempts: str, site: str = EXAMPLE) -> list[str]:
    path = tmp_path / "site.toml"
    path.write_text(site + "".join(f"\n[[preempts]]\n{text}" for text in preempts), "utf-8")
    return [f"{found.severity}: {found.sentence()}" for found in read_site(path)[1]]


def test_a_good_one_is_good_and_has_the_phases_of_its_approach(tmp_path: Path) -> None:
    inputs = 'inputs = [{ gpio = 21 }, { port = "/dev/ttyUSB0", line = "dsr" }]\n'
    assert findings(tmp_path, GOOD + inputs, 'number = 2\nname = "b"\nphases = [2, 6]\nexit_phases = [4, 8]\n') == []
    site, _ = read_site(tmp_path / "site.toml")
    assert site is not None
    assert [dwell_phases(preempt, site) for preempt in site.preempts] == [{3, 8}, {2, 6}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace('approach = "NB"\n', ""), ["preempts[1] (preempt 1): has neither approach nor phases"]),
        (GOOD + "phases = [2]\n", ["has both approach and phases", "give one of them"]),
        (GOOD.replace("NB", "NEB"), ["preempts[1] (preempt 1).approach", "no approach 'NEB'", "use NB, SB"]),
        (GOOD.replace('approach = "NB"', "phases = [2, 9]"), [".phases", "no phase 9", "use 1, 2, 3"]),
        (GOOD.replace('approach = "NB"', "phases = [2, 4]"), [".phases", "2 and 4 can never be green together"]),
        (GOOD + "exit_phases = [1, 2]\n", [".exit_phases", "1 and 2 can never be green together"]),
        (
            GOOD + "max_presence_s = 12\ndelay_s = 5\n",
            ["12 is less than delay_s 5 + min_dwell_s 8 = 13", "at least 13"],
        ),
        (GOOD + "inputs = [{ inverted = true }]\n", ["inputs[1]", "has neither gpio nor port"]),
        (GOOD + 'inputs = [{ gpio = 1, port = "x" }]\n', ["inputs[1]", "has both gpio and port"]),
        (GOOD + "inputs = [{ gpio = 4 }, { gpio = 4 }]\n", ["inputs[2]", "pin 4 is preempts[1]", "already"]),
        (GOOD + "min_dwell_ms = 4000\n", ["unknown key 'min_dwell_ms'", "min_dwell_s = 4"]),
        (GOOD + f"\n[[preempts]]\n{GOOD}", ["preemption 1 is there twice", "number it anew"]),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_fix(tmp_path: Path, text: str, words: list[str]) -> None:
    found = findings(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith("error: ")
    for word in words:
        assert word in found[0]


def test_a_core_that_would_end_it_before_is_told(tmp_path: Path) -> None:
    site = EXAMPLE.replace("number = 8\n", "number = 8\nmax_request_s = 60\n")
    found = findings(tmp_path, GOOD, site=site)
    assert len(found) == 1
    assert (
        "warning: preempts[1] (preempt 1).max_presence_s: phase 8 is asked for at most max_request_s = 60" in found[0]
    )


def test_a_pin_of_the_lamps_is_no_input(tmp_path: Path) -> None:
    heads = "\n".join(f"{n} = {{ red = {3 * n}, yellow = {3 * n + 1}, green = {3 * n + 2} }}" for n in (2, 4))
    text = EXAMPLE + f'\n[signal.wiring]\nboard = "gpio"\n[signal.wiring.heads]\n{heads}\n'
    found = findings(tmp_path, GOOD + "inputs = [{ gpio = 7 }]\n", site=text)
    assert any("pin 7 is signal.wiring.heads.2.yellow already" in sentence for sentence in found), found
