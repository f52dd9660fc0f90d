"""Delay of a run, from SUMO's own list of trips: mean over all vehicles of time lost and the wait to depart.

Unfinished trips count with what they have lost so far; a vehicle that was scheduled
within the hour and never departed counts with the time from then to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from edge.errors import InputError


@dataclass(frozen=True, slots=True)
class Delay:
    """mean_s is None where there was no vehicle. waiting: vehicles that never departed; unfinished: on their way.

    each_s: of every vehicle, in no order.
    """

    mean_s: float | None
    vehicles: int
    unfinished: int
    waiting: int
    each_s: tuple[float, ...] = ()


def delay_of(tripinfo: Path, due: dict[str, float], end_s: float) -> Delay:
    """Of a tripinfo file with unfinished trips in it. due: vehicle → when it was scheduled, s."""
    try:
        root = ET.parse(tripinfo).getroot()  # noqa: S314 - a file the user names, as every input
    except (OSError, ET.ParseError) as error:
        raise InputError(f"{tripinfo}: SUMO's list of trips is not whole ({error}); run it again") from error
    each_s: list[float] = []
    unfinished = 0
    seen = set()
    for trip in root.iter("tripinfo"):
        seen.add(trip.get("id", ""))
        each_s.append(float(trip.get("timeLoss", "0")) + float(trip.get("departDelay", "0")))
        unfinished += float(trip.get("arrival", "-1")) < 0
    waiting = [depart_s for name, depart_s in due.items() if name not in seen]
    each_s += [end_s - depart_s for depart_s in waiting]
    mean_s = sum(each_s) / len(each_s) if each_s else None
    return Delay(mean_s, len(each_s), unfinished, len(waiting), tuple(each_s))


def scheduled(routes: Path, begin_s: float, end_s: float) -> dict[str, float]:
    """Vehicle → departure, s, of all that a route file schedules from begin_s to before end_s.

    InputError for a file that cannot be read, and for flows by chance, whose departures only SUMO knows.
    """
    try:
        root = ET.parse(routes).getroot()  # noqa: S314 - a file the user names, as every input
    except OSError as error:
        raise InputError(f"{routes}: cannot be read ({error.strerror}); give a SUMO route file, .rou.xml") from error
    except ET.ParseError as error:
        raise InputError(f"{routes}: is not XML ({error}); give a SUMO route file, .rou.xml") from error
    due = {}
    for element in root:
        if element.tag in {"vehicle", "trip"}:
            due[element.get("id", "")] = _seconds(routes, element, "depart", begin_s)
        elif element.tag == "flow":
            due.update(_flow(routes, element, end_s))
    return {name: depart_s for name, depart_s in due.items() if begin_s <= depart_s < end_s}


def _flow(routes: Path, flow: ET.Element, end_s: float) -> Iterator[tuple[str, float]]:
    name = flow.get("id", "")
    first_s = _seconds(routes, flow, "begin", 0.0)
    last_s = min(_seconds(routes, flow, "end", end_s), end_s)
    number = flow.get("number")
    for key, hour_s in (("vehsPerHour", 3600.0), ("period", None), ("probability", 0.0)):
        text = flow.get(key)
        if text is None:
            continue
        if hour_s == 0.0 or not _is_number(text):
            raise InputError(
                f"{routes}: flow {name} departs by chance ({key}={text}), so nobody knows who was due; "
                "give vehsPerHour or a fixed period"
            )
        period_s = float(text) if hour_s is None else hour_s / float(text)
        count = int(number) if number is not None else int((last_s - first_s) / period_s - 1e-9) + 1
        yield from ((f"{name}.{i}", first_s + i * period_s) for i in range(count))
        return
    if number is not None and int(number) > 0:
        whole_s = _seconds(routes, flow, "end", end_s) - first_s
        yield from ((f"{name}.{i}", first_s + i * whole_s / int(number)) for i in range(int(number)))


def _seconds(routes: Path, element: ET.Element, key: str, default_s: float) -> float:
    text = element.get(key)
    if text is None or text in {"triggered", "begin"}:
        return default_s
    parts = text.split(":")
    if not all(_is_number(part) for part in parts):
        raise InputError(f"{routes}: {element.tag} {element.get('id')} has {key}={text}; write seconds")
    seconds = 0.0
    for part in parts:
        seconds = seconds * 60 + float(part)
    return seconds


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
