"""Watches the letters that the traffic obeys, second by second, and knows nothing of controllers, phases or the core.

What it knows is the net's own table of whose paths cross and who yields to whom. Laws:

    right of way   no two links whose paths cross are green together, unless one shows g and must yield
    yellow         green ends in yellow, yellow lasts its time and ends in red
    all-red        after yellow, red for the clearance before a link in its way has the right of way
    minimum        green lasts its minimum
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim_videos.nets.groups import Link
from sim_videos.nets.junction import Times

_GREEN = "Gg"


@dataclass(frozen=True, slots=True)
class Violation:
    """A law broken at second t_s of the run by a link of a signal, in words."""

    signal: str
    t_s: int
    law: str
    said: str


class Monitor:
    """One signal's watch. Give it each second's letters in order."""

    def __init__(self, signal: str, links: Sequence[Link], times: Times) -> None:
        self._signal = signal
        self._times = times
        self._links = {link.number: link for link in links}
        # Pairs whose paths cross, with which of the two must yield to the other.
        self._pairs = sorted(
            {tuple(sorted((link.number, other))) for link in links for other in link.foes | link.yields_to}
        )
        self._before: str | None = None
        self._since = {link.number: -(10**6) for link in links}
        self._yellow_over = {link.number: -(10**6) for link in links}
        self.violations: list[Violation] = []

    def see(self, t_s: int, letters: str) -> None:
        """The letters shown from t_s to a second later."""
        before = self._before
        if before is not None and before != letters:
            for number in self._links:
                self._change(t_s, number, before[number], letters[number])
        if before != letters:
            for one, other in self._pairs:
                self._crossing(t_s, one, other, letters)
        self._before = letters

    def _change(self, t_s: int, number: int, was: str, now: str) -> None:
        if was == now or (was in _GREEN and now in _GREEN):
            return
        lasted_s = t_s - self._since[number]
        first = self._since[number] < 0
        self._since[number] = t_s
        if was in _GREEN:
            if now != "y":
                self._tell(t_s, "yellow", f"link {number} went from green to {now}")
            if not first and lasted_s < self._times.min_green_s - 1e-6:
                self._tell(t_s, "minimum", f"link {number} was green for {lasted_s} s of {self._times.min_green_s:g}")
        elif was == "y":
            self._yellow_over[number] = t_s
            if now != "r":
                self._tell(t_s, "yellow", f"link {number} went from yellow to {now}")
            if not first and lasted_s < self._times.yellow_s - 1e-6:
                self._tell(t_s, "yellow", f"link {number} was yellow for {lasted_s} s of {self._times.yellow_s:g}")
        elif now == "y":
            self._tell(t_s, "yellow", f"link {number} went from red to yellow")

    def _crossing(self, t_s: int, one: int, other: int, letters: str) -> None:
        a, b = letters[one], letters[other]
        for link, foe, shown, against in ((one, other, a, b), (other, one, b, a)):
            if shown not in _GREEN:
                continue
            # With g a link may share the junction with one that it yields to.
            if shown == "g" and foe in self._links[link].yields_to:
                continue
            if against == "g" and link in self._links[foe].yields_to:
                continue
            if against != "r":
                if against == "y" and link in self._links[foe].yields_to and letters[foe] == "y":
                    continue
                self._tell(t_s, "right of way", f"link {link} has {shown} while link {foe} in its way has {against}")
            elif self._begins(link, t_s, letters) and t_s - self._yellow_over[foe] < self._times.red_clearance_s - 1e-6:
                red_s = t_s - self._yellow_over[foe]
                self._tell(t_s, "all-red", f"link {link} has {shown} {red_s} s after yellow of link {foe} in its way")

    def _begins(self, link: int, t_s: int, letters: str) -> bool:
        """Whether the right of way begins at t_s: from red, or from yielding."""
        return self._before is not None and (self._since[link] == t_s or self._before[link] != letters[link])

    def _tell(self, t_s: int, law: str, said: str) -> None:
        self.violations.append(Violation(self._signal, t_s, law, said))
