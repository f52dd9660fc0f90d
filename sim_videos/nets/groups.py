"""From a signal's own program to phases: which links go together, which phases may, and who yields to whom.

Links that the program always shows alike and that come from the same road are one phase,
one channel of the signal core. Two phases may be green together where the program shows
them so. Phases are numbered from 1 in the order of their first link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from edge.errors import InputError
from sim_videos.nets.net_file import Connection, Program, RoadNet, Stretch

_GREEN = frozenset("Gg")
#: The core has sixteen phases.
MOST_PHASES = 16


@dataclass(frozen=True, slots=True)
class Link:
    """One letter of a signal's state: the phase that shows it, its connections, and links by number in its way.

    yields_to: to which it must give way while both are green; foes: whose paths it crosses.
    """

    number: int
    phase: int | None
    connections: tuple[Connection, ...]
    yields_to: frozenset[int]
    foes: frozenset[int]
    walk: bool


@dataclass(frozen=True, slots=True)
class Grouping:
    """A signal in phases. compatible holds unordered pairs; stages are sets of phases, the program's first."""

    signal: str
    links: tuple[Link, ...]
    phases: tuple[int, ...]
    compatible: frozenset[frozenset[int]]
    stages: tuple[frozenset[int], ...]
    program_stages: int

    def together(self, phases: frozenset[int]) -> bool:
        """Whether all of these may be green at once."""
        return all(frozenset(pair) in self.compatible for pair in combinations(sorted(phases), 2))

    def links_of(self, phase: int) -> tuple[Link, ...]:
        """The links that a phase shows."""
        return tuple(link for link in self.links if link.phase == phase)

    def yields(self, phase: int) -> frozenset[int]:
        """The phases to whose vehicles one has to give way while both are green."""
        phase_of = {link.number: link.phase for link in self.links}
        found = {phase_of.get(other) for link in self.links_of(phase) for other in link.yields_to}
        return frozenset(other for other in found if other is not None and frozenset((phase, other)) in self.compatible)


def group(net: RoadNet, signal: str) -> Grouping:
    """Phases of one signal of a net; InputError naming what its program leaves without a phase."""
    program = net.programs[signal]
    connections = net.ruled(signal)
    if not connections:
        raise InputError(f"{net.path}: traffic light {signal} rules no connection; remove it or make the net anew")
    by_link: dict[int, list[Connection]] = {}
    for connection in connections:
        if connection.link is not None:
            by_link.setdefault(connection.link, []).append(connection)
    _check(net, program, by_link)
    phase_of = _phases(net, program, by_link)
    count = len(set(phase_of.values()))
    if count > MOST_PHASES:
        raise InputError(
            f"{net.path}: traffic light {signal} needs {count} phases, the signal core has {MOST_PHASES}; "
            "let its program show more links alike"
        )
    links = tuple(_link(net, number, each, phase_of.get(number), by_link) for number, each in sorted(by_link.items()))
    phases = tuple(sorted(set(phase_of.values())))
    seen = _green_sets(program, phase_of)
    compatible = frozenset(frozenset(pair) for stage in seen for pair in combinations(sorted(stage), 2))
    bare = Grouping(signal, links, phases, compatible, (), len(seen))
    stages = list(seen)
    free = frozenset(pair for pair in compatible if not any(bare.yields(one) & (pair - {one}) for one in pair))
    for pairs in (compatible, free):
        stages += [stage for stage in cliques(phases, pairs) if stage not in stages]
    return Grouping(signal, links, phases, compatible, tuple(stages), len(seen))


def cliques(phases: Sequence[int], pairs: frozenset[frozenset[int]]) -> list[frozenset[int]]:
    """All largest sets of phases of which each two are a pair (Bron and Kerbosch 1973), in order of their members."""
    near = {one: frozenset(other for other in phases if frozenset((one, other)) in pairs) for one in phases}
    found: list[frozenset[int]] = []

    def grow(chosen: frozenset[int], open_: frozenset[int], done: frozenset[int]) -> None:
        if not open_ and not done:
            found.append(chosen)
            return
        for one in sorted(open_):
            grow(chosen | {one}, open_ & near[one], done & near[one])
            open_ -= {one}
            done |= {one}

    grow(frozenset(), frozenset(phases), frozenset())
    return sorted(found, key=sorted)


def _check(net: RoadNet, program: Program, by_link: Mapping[int, Sequence[Connection]]) -> None:
    """Every link must be green at some time, or its lane could never be left."""
    where = f"{net.path}: traffic light {program.signal}"
    for number, each in sorted(by_link.items()):
        lane = each[0].from_lane
        for stretch in program.stretches:
            if number >= len(stretch.state):
                raise InputError(
                    f"{where}: lane {lane} has link {number}, and its program has states of {len(stretch.state)} "
                    "letters; give every link a letter"
                )
        if not any(stretch.state[number] in _GREEN for stretch in program.stretches):
            raise InputError(
                f"{where}: lane {lane} has no phase: the program never shows link {number} (to {each[0].to_edge}) "
                "green; add a phase with it to the program"
            )


def _phases(net: RoadNet, program: Program, by_link: Mapping[int, Sequence[Connection]]) -> dict[int, int]:
    """Link → phase number. Major and minor green are alike: who yields follows from who is green."""
    numbers: dict[tuple[str, str], int] = {}
    phase_of = {}
    for number, each in sorted(by_link.items()):
        shown = "".join(stretch.state[number] for stretch in program.stretches).replace("g", "G")
        key = (net.lanes[each[0].from_lane].edge, shown)
        phase_of[number] = numbers.setdefault(key, len(numbers) + 1)
    return phase_of


def _link(
    net: RoadNet,
    number: int,
    each: Sequence[Connection],
    phase: int | None,
    by_link: Mapping[int, Sequence[Connection]],
) -> Link:
    rows = {(c.junction, c.request) for c in each if c.junction is not None and c.request is not None}
    yields, foes = set(), set()
    for other, others in by_link.items():
        for c in others:
            for junction, row in rows:
                right = net.rights.get((junction or "", row or 0))
                if right is None or c.junction != junction or c.request is None or other == number:
                    continue
                if c.request in right.yields_to:
                    yields.add(other)
                if c.request in right.foes:
                    foes.add(other)
    walk = any(net.lanes[c.from_lane].walk for c in each)
    return Link(number, phase, tuple(each), frozenset(yields), frozenset(foes), walk)


def green_stretches(program: Program, grouping: Grouping) -> list[float]:
    """Seconds that the program gives each of its stages, all stretches of a stage together."""
    phase_of = {link.number: link.phase for link in grouping.links if link.phase is not None}
    seconds = [0.0] * grouping.program_stages
    for stretch in program.stretches:
        green = _green(stretch, phase_of)
        if green in grouping.stages[: grouping.program_stages] and not _ends(stretch):
            seconds[grouping.stages.index(green)] += stretch.duration_s
    return seconds


def _green(stretch: Stretch, phase_of: Mapping[int, int]) -> frozenset[int]:
    return frozenset(phase for link, phase in phase_of.items() if stretch.state[link] in _GREEN)


def _ends(stretch: Stretch) -> bool:
    return any(letter in "yYu" for letter in stretch.state)


def _green_sets(program: Program, phase_of: Mapping[int, int]) -> list[frozenset[int]]:
    """Sets of phases green together in the program, without the stretches in which one is ending."""
    steady = [_green(stretch, phase_of) for stretch in program.stretches if not _ends(stretch)]
    found = steady if any(steady) else [_green(stretch, phase_of) for stretch in program.stretches]
    return [green for green in dict.fromkeys(found) if green]
