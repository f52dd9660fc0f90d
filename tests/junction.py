"""A small junction with two cameras for tests of what follows vision, and the values that it sees."""

from __future__ import annotations

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.frames import Detections, VisionResult
from edge.types import Crossing, Interval, Kind, LaneState, Queue, Sight, SignalState

_SQUARE = [((0, 0), (0, 0)), ((100, 0), (10, 0)), ((100, 100), (10, 10)), ((0, 100), (0, 10))]


def _movement(name: str, approach: str, camera: str, phase: int | None, **more: object) -> dict[str, object]:
    gate = {"line_px": ((10, 10), (90, 10))}
    return {
        "id": name,
        "approach": approach,
        "camera": camera,
        "entry": gate,
        "exit": {"line_px": ((10, 90), (90, 90))},
        "phase": phase,
        **more,
    }


def _camera(name: str) -> dict[str, object]:
    pairs = [{"px": px, "m": m} for px, m in _SQUARE]
    return {"id": name, "size_px": (640, 360), "homography": {"pairs": pairs}}


def _lane(name: str, approach: str, camera: str, phase: int) -> dict[str, object]:
    return {
        "id": name,
        "approach": approach,
        "camera": camera,
        "phase": phase,
        "polygon_px": ((0, 0), (100, 0), (100, 100)),
    }


def junction(*, signal: bool = True) -> Site:
    """NBT (phase 2) and P1 on camera `north`, EBT (phase 4) on camera `east`."""
    times = {"min_green_s": 5, "max_green_s": 40, "yellow_s": 3, "red_clearance_s": 2}
    return Site.model_validate(
        {
            "schema_version": 1,
            "id": "a1",
            "name": "High Street",
            "timezone": "UTC",
            "cameras": [_camera("north"), _camera("east")],
            "approaches": [{"id": "NB", "speed_limit_mps": 14}, {"id": "EB", "speed_limit_mps": 14}],
            "lanes": [_lane("nb1", "NB", "north", 2), _lane("eb1", "EB", "east", 4)],
            "movements": [
                _movement("NBT", "NB", "north", 2),
                _movement("P1", "NB", "north", None, kinds=["person"]),
                _movement("EBT", "EB", "east", 4),
            ],
            "signal": {"phases": [{"number": 2, **times}, {"number": 4, **times}], "rings": [[[2], [4]]]}
            if signal
            else None,
        }
    )


def crossed(
    t_s: float, movement: str = "NBT", kind: Kind = Kind.CAR, *, entered_s: float | None = None, **more: float
) -> Crossing:
    """One road user that left the exit gate at `t_s`."""
    return Crossing(
        t_ns=round(t_s * NS_PER_S),
        movement=movement,
        kind=kind,
        lane={"NBT": "nb1", "EBT": "eb1"}.get(movement),
        track_id=1,
        entered_ns=None if entered_s is None else round(entered_s * NS_PER_S),
        speed_mps=more.get("speed_mps"),
        waited_s=None,
        headway_s=more.get("headway_s"),
    )


def lane(
    t_s: float,
    name: str = "nb1",
    *,
    presence: bool | None = None,
    queue: int | None = None,
    speed_mps: float | None = None,
    wait_s: float | None = None,
) -> LaneState:
    """One lane as of `t_s`, unknown where not given."""
    length_m = None if queue is None else 7.0 * queue
    state = Queue(name, queue, length_m, wait_s)
    return LaneState(round(t_s * NS_PER_S), name, presence, None, queue, speed_mps, None, state)


def seen(
    t_s: float,
    *crossings: Crossing,
    camera: str = "north",
    lanes: tuple[LaneState, ...] = (),
    blind: str | None = None,
) -> VisionResult:
    """One frame's result; `blind` says why the camera cannot be believed."""
    t_ns = round(t_s * NS_PER_S)
    sight = Sight(t_ns, camera, blind is None, blind)
    return VisionResult(t_ns, 0, camera, sight, Detections.empty(t_ns), (), crossings, (), lanes)


def lamps(t_s: float, shown: dict[int, tuple[Interval, float]], mode: str = "running") -> SignalState:
    """Lamps at `t_s`: phase → (interval, second in which it began)."""
    assert mode in {"running", "flash"}
    return SignalState(
        round(t_s * NS_PER_S),
        {phase: interval for phase, (interval, _) in shown.items()},
        {phase: round(since_s * NS_PER_S) for phase, (_, since_s) in shown.items()},
        mode="running" if mode == "running" else "flash",
    )
