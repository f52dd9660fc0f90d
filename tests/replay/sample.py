"""A made-up replay of a four-phase junction, for tests of what reads one."""

from __future__ import annotations

import random

from edge.replay.record import Event, Record

S = 1_000_000_000
CYCLE_S = 60
#: phase → (start of green, end of green) within the cycle.
GREENS = {2: (0, 26), 4: (32, 54), 6: (0, 26), 8: (32, 54)}
MOVEMENTS = [
    ("NBT", "away", 2, ["car", "truck", "bus", "motorcycle", "bicycle"]),
    ("NBL", "away", 2, ["car", "truck", "bus", "motorcycle", "bicycle"]),
    ("EBT", "rightward", 4, ["car", "truck", "bus", "motorcycle", "bicycle"]),
    ("WBT", "leftward", 8, ["car", "truck", "bus", "motorcycle", "bicycle"]),
    ("P2", None, None, ["person"]),
]
LANES = [("N1", 2), ("N2", 2), ("E1", 4), ("W1", 8)]


def interval(phase: int, t_s: float) -> str:
    start, end = GREENS[phase]
    at = t_s % CYCLE_S
    if start <= at < end:
        return "green"
    if end <= at < end + 4:
        return "yellow"
    return "red_clearance" if end + 4 <= at < end + 6 else "red"


def run_event(duration_s: float) -> Event:
    return {
        "kind": "run",
        "t_ns": 0,
        "site": "sample",
        "site_name": "High Street and Station Road",
        "timezone": "Europe/London",
        "camera": "north",
        "frame_size_px": [1280, 720],
        "fps": 25.0,
        "frames_total": int(duration_s * 25),
        "detector": "sample",
        "video_sha256": None,
        "movements": [
            {"id": name, "approach": name[:2], "direction": direction, "phase": phase, "kinds": kinds}
            for name, direction, phase, kinds in MOVEMENTS
        ],
        "lanes": [{"id": lane, "approach": lane[0] + "B", "phase": phase, "stop_line": True} for lane, phase in LANES],
        "phases": list(GREENS),
        "plan": "day",
        "settings": {"tracker": {"lost_s": 1.2}, "counting": {"band_m": 0.4}},
    }


def sample_record(duration_s: int = 300, stopped: str | None = None, seed: int = 7) -> Record:
    """A record whose vehicles pass at green and queue at red; a blind spell at 100..112 s."""
    draw = random.Random(seed)
    events: list[Event] = []
    shown: list[str] = []
    for t_s in range(duration_s):
        now = [interval(p, t_s) for p in GREENS]
        if now != shown:
            shown = now
            phases = [{"phase": p, "interval": i, "age_s": 0.0} for p, i in zip(GREENS, now, strict=True)]
            events.append({"kind": "signal", "t_ns": t_s * S, "mode": "running", "phases": phases, "requested": [2, 6]})
        blind = 100 <= t_s < 112
        lanes = []
        for lane, served_by in LANES:
            queue = None if blind else standing((t_s - GREENS[served_by][0]) % CYCLE_S)
            lanes.append({"lane": lane, "queue_vehicles": queue, "queue_m": None, "presence": None})
        events.append({"kind": "lanes", "t_ns": t_s * S, "lanes": lanes})
        for name, _, phase, kinds in MOVEMENTS:
            going = phase is not None and interval(phase, t_s) == "green"
            if not blind and draw.random() < (0.35 if going else 0.02 if phase is not None else 0.04):
                kind = draw.choices(kinds, [70, 12, 6, 5, 7][: len(kinds)])[0]
                since = (t_s - GREENS[phase][0]) % CYCLE_S + 0.4 if phase is not None else None
                events.append(crossing(t_s + 0.4, name, kind, since, len(events), draw))
        if draw.random() < 0.05:
            events.append(not_counted(t_s, len(events), draw))
    events += [
        {"kind": "sight", "t_ns": 100 * S, "ok": False, "reason": "dark"},
        {"kind": "sight", "t_ns": 112 * S, "ok": True, "reason": None},
    ]
    events.sort(key=lambda event: event["t_ns"])
    run = run_event(duration_s)
    end = {
        "kind": "end",
        "t_ns": duration_s * S,
        "frames": duration_s * 25,
        "frames_total": run["frames_total"],
        "stopped": stopped,
    }
    return Record(run, end, (run, *events, end))


def standing(since_green_s: int) -> int:
    """Four vehicles that leave two seconds apart, and arrivals after the green."""
    return int((since_green_s - 26) / 7) if since_green_s > 26 else max(0, 4 - since_green_s // 2)


def crossing(t_s: float, movement: str, kind: str, since_s: float | None, track: int, draw: random.Random) -> Event:
    return {
        "kind": "crossing",
        "t_ns": round(t_s * S),
        "movement": movement,
        "class": kind,
        "lane": None,
        "track_id": track,
        "entered_ns": None,
        "speed_mps": draw.uniform(5, 14),
        "waited_s": draw.uniform(0, 20),
        "since_green_s": since_s,
        "headway_s": None,
    }


def not_counted(t_s: float, track: int, draw: random.Random) -> Event:
    return {
        "kind": "not_counted",
        "t_ns": round(t_s * S),
        "track_id": track,
        "class": "car",
        "movement": draw.choice(["NBT", None]),
        "reason": draw.choice(["came near no gate", "seen too briefly", "entered but did not reach the exit gate"]),
        "first_px": [10.0, 20.0],
        "last_px": [300.0, 200.5],
        "travelled_m": draw.uniform(0, 20),
    }


FACTS: dict[str, object] = {
    "video": "high-street.mp4",
    "recorded": "2026-05-01 07:00",
    "speed": "41 frames/s",
    "model": "sample",
    "threads": 2,
    "stopline": "0.1.0",
}
