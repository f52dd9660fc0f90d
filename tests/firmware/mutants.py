"""Mutants of a C source: one small change each, of an operator, a constant, a condition or a statement."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Mutant:
    """Text from start to end of the source becomes `new`; line counts from 1, `place` is the line itself.

    time tells mutants of one name apart: 1 for the first in the source.
    """

    line: int
    start: int
    end: int
    old: str
    new: str
    place: str
    time: int = 1

    @property
    def name(self) -> str:
        """Stays the same when lines above come or go: the line's text, what of it, and what it becomes."""
        return f"{self.place} | {self.old} -> {self.new} | {self.time}"

    def applied(self, source: str) -> str:
        """The source with the change."""
        return source[: self.start] + self.new + source[self.end :]


#: What each token may become. Not `<` to `!=` in loops: it is the same there.
_OPERATORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?<![<>])>=", (">", "<")),
    (r"(?<![<>])<=", ("<", ">")),
    (r"(?<![-<>=!])>(?![>=])", (">=", "<")),
    (r"(?<![<])<(?![<=])", ("<=", ">=")),
    (r"==", ("!=",)),
    (r"!=", ("==",)),
    (r"&&", ("||",)),
    (r"\|\|", ("&&",)),
    (r"(?<=[\w)] )\+(?= [\w(])", ("-",)),
    (r"(?<=[\w)] )-(?= [\w(])", ("+",)),
    (r"(?<=[\w)] )\*(?= [\w(])", ("+",)),
    (r"<<(?!=)", (">>",)),
    (r">>(?!=)", ("<<",)),
    (r"(?<=[\w)] )&(?= [~\w(])", ("|",)),
    (r"(?<=[\w)] )\|(?= [~\w(])", ("&",)),
    (r"(?<=[\w)] )\^(?= [~\w(])", ("|",)),
    (r"\|=", ("&=",)),
    (r"&=", ("|=",)),
    (r"\+\+", ("--",)),
    (r"(?<=[(!= &|])!(?=[\w(])", ("",)),
    (r"~", ("",)),
)
_CONSTANT = re.compile(r"(?<![\w.])(0x[0-9a-f]+|\d+)(u?)(?!\w)")
_CONDITION = re.compile(r"\b(if|while) \(")
_NAMED = re.compile(r"\bSL_(?:LEAST|MOST|SENSE|USUAL|BLINK)_\w+(?<!AGE_MS)\b")
_STATEMENT = re.compile(r"^ +(?! )(?!case\b|default\b|uint|sl_|const|elapsed|struct)[^{}#/]*[^;{}]*;$")


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant, in the order of the source; comments, declarations' types and preprocessor lines are left alone."""
    code = _without_comments(source)
    times: Counter[str] = Counter()
    offset = 0
    lines = code.splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if not line.startswith("#") and line.strip() != "{" and line.startswith(" "):
            for mutant in _of_line(line, number, offset, code):
                times[mutant.name] += 1
                yield replace(mutant, time=times[mutant.name])
        offset += len(line)


def _of_line(line: str, number: int, offset: int, code: str) -> Iterator[Mutant]:
    place = line.strip()

    def mutant(start: int, end: int, new: str) -> Mutant:
        return Mutant(number, offset + start, offset + end, line[start:end], new, place)

    for pattern, becomes in _OPERATORS:
        for match in re.finditer(pattern, line):
            if match.group() == "++" and "for (" in line:
                continue  # never ends: told by the time limit alone
            for new in becomes:
                yield mutant(match.start(), match.end(), new)
    returned = re.match(r"^ +return (0|1);$", line)
    for match in _CONSTANT.finditer(line):
        value = int(match.group(1), 0)
        if place.startswith("case ") or returned:
            continue
        yield mutant(match.start(), match.end(), f"{value + 1}{match.group(2)}")
        if value > 0:
            yield mutant(match.start(), match.end(), f"{value - 1}{match.group(2)}")
    for match in _NAMED.finditer(line):
        yield mutant(match.start(), match.end(), f"({match.group()} + 1)")
        yield mutant(match.start(), match.end(), f"({match.group()} - 1)")
    for match in _CONDITION.finditer(line):
        end = _closing(code, offset + match.end() - 1)
        for new in ("0", "1") if match.group(1) == "if" else ("0",):
            start = offset + match.end()
            yield Mutant(number, start, end, code[start:end], new, place)
    if _STATEMENT.match(line) and code[:offset].rstrip()[-1:] in ";{})e:":
        start = len(line) - len(line.lstrip())
        yield mutant(start, len(line.rstrip()), ";")
    if returned:
        start = returned.start(1)
        yield mutant(start, start + 1, "0" if returned.group(1) == "1" else "1")


def _closing(code: str, opening: int) -> int:
    """Where the bracket opened at `opening` closes."""
    depth = 0
    for at in range(opening, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at
    raise ValueError("a bracket that does not close")


def _without_comments(source: str) -> str:
    """The same text with spaces for comments, so that offsets stay."""
    return re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match.group()), source, flags=re.DOTALL)
