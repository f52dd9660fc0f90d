"""Each road user counted once on its movement, and the reason wherever it is not."""

from __future__ import annotations

import math

import pytest

from calibration.site import Gate, Movement
from edge.clock import NS_PER_S
from edge.types import Crossing, Kind, NotCounted
from edge.vision import movements as reasons
from edge.vision.movements import MovementCounter
from tests.overhead import NBT, PLANE, SBT, Place, across, follow, straight, track


def counter(*movements: Movement) -> MovementCounter:
    return MovementCounter(movements or (SBT, NBT), PLANE)


def test_counts_once_with_entry_exit_and_speed() -> None:
    crossings, uncounted = follow(counter(), [straight(10.0)], 4)
    assert uncounted == []
    (crossing,) = crossings
    assert crossing.movement == "SBT"
    assert crossing.entered_ns is not None
    assert crossing.entered_ns / NS_PER_S == pytest.approx(1.0, abs=0.02)
    assert crossing.t_ns / NS_PER_S == pytest.approx(2.0, abs=0.02)
    assert crossing.speed_mps == pytest.approx(10.0, rel=0.02)


def test_the_other_way_is_the_other_movement() -> None:
    def north(t_s: float) -> Place | None:
        y = 40 - 10 * t_s
        return (9.0, y) if y > 0 else None

    crossings, _ = follow(counter(), [north], 4)
    assert [crossing.movement for crossing in crossings] == ["NBT"]


def test_waiting_on_the_line_for_ten_minutes_counts_once() -> None:
    def waits(t_s: float) -> Place | None:
        # Stands with its middle on the exit gate, its box trembling by 30 cm.
        if t_s < 2.0:
            return (9.0, 10.0 * t_s)
        if t_s < 602.0:
            return (9.0, 20.0 + 0.3 * math.sin(7 * t_s))
        return (9.0, 20.0 + 5 * (t_s - 602.0)) if t_s < 605 else None

    crossings, _ = follow(counter(), [waits], 606, fps=10)
    assert len(crossings) == 1
    assert crossings[0].waited_s == pytest.approx(600, rel=0.05)


def test_new_numbers_at_the_line_are_one_vehicle() -> None:
    crossings, uncounted = follow(
        counter(), [straight(8.0)], 5, ids=lambda _, t_s: 1 if t_s < 2.45 else 2 if t_s < 2.52 else 3
    )
    assert len(crossings) == 1
    assert uncounted == []


def test_lost_for_a_second_and_found_under_another_number() -> None:
    seen = straight(10.0)

    def hidden(t_s: float) -> Place | None:
        return None if 1.5 <= t_s < 2.5 else seen(t_s)

    crossings, uncounted = follow(counter(), [hidden], 4, ids=lambda _, t_s: 1 if t_s < 2 else 2)
    assert len(crossings) == 1
    assert crossings[0].entered_ns is not None, "the entry was seen under the first number"
    assert uncounted == []


def test_braking_while_hidden_is_the_same_vehicle() -> None:
    def brakes(t_s: float) -> Place | None:
        if t_s < 1.4:
            return (9.0, 10 * t_s)
        if t_s < 2.6:
            return None
        return (9.0, 19.0) if t_s < 5 else (9.0, 19.0 + 6 * (t_s - 5))

    crossings, _ = follow(counter(), [brakes], 8, ids=lambda _, t_s: 1 if t_s < 2 else 2)
    assert [crossing.entered_ns is not None for crossing in crossings] == [True]


def test_a_queue_of_ten_is_ten() -> None:
    crossings, _ = follow(counter(), [straight(7.0, start_s=1.1 * k) for k in range(10)], 18)
    assert len(crossings) == 10
    assert [c.headway_s for c in crossings[1:]] == pytest.approx([1.1] * 9, abs=0.03)
    assert crossings[0].headway_s is None


def test_stands_astride_when_the_recording_begins() -> None:
    crossings, uncounted = follow(counter(), [straight(6.0, from_m=20.1)], 3)
    assert crossings == []
    assert uncounted[0].reason == reasons.GONE_BEFORE


def test_comes_out_from_behind_a_lorry_on_the_line() -> None:
    crossings, _ = follow(counter(), [straight(8.0, from_m=20.1, start_s=3.0)], 5)
    assert len(crossings) == 1
    assert crossings[0].entered_ns is None


def test_first_seen_between_the_gates_counts_with_unknown_entry() -> None:
    crossings, _ = follow(counter(), [straight(8.0, from_m=14.0)], 3)
    assert len(crossings) == 1
    assert crossings[0].entered_ns is None


@pytest.mark.parametrize(("aside_m", "counted"), [(2.0, 1), (9.0, 0)])
def test_first_seen_beside_the_gates_came_by_another_way(aside_m: float, counted: int) -> None:
    # Cross traffic comes into the picture past the entry gate's line, and turns into the same exit.
    def joins(t_s: float) -> Place | None:
        x = max(9.0, 9.0 + 3.0 + aside_m - 8 * t_s)
        return (x, 14.0 + 6.0 * t_s) if t_s < 2.5 else None

    crossings, uncounted = follow(counter(), [joins], 3)
    assert len(crossings) == counted
    assert [one.reason for one in uncounted] == [reasons.ENTERED_ELSEWHERE] * (1 - counted)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (straight(8.0, from_m=25.0), reasons.GONE_BEFORE),
        (lambda t_s: (9.0, min(15.0, 10 * t_s)), reasons.NOT_YET),
        (lambda _: (9.0, 5.0), reasons.STOOD),
        (lambda t_s: (9.0, 1.0 + t_s), reasons.NEAR_NO_GATE),
        (lambda t_s: (9.0, 5.0) if t_s < 0.3 else None, reasons.TOO_BRIEF),
        (lambda t_s: (0.2, 10 * t_s), reasons.PASSED_BESIDE),
        # Comes in from the side, below the entry gate's line but never through the gate.
        (lambda t_s: (0.2 if t_s < 1.5 else 2.0, 10 * t_s), reasons.ENTERED_ELSEWHERE),
    ],
)
def test_says_why_not(path: object, reason: str) -> None:
    crossings, uncounted = follow(counter(SBT), [path], 3.5)  # type: ignore[list-item]
    assert crossings == []
    assert [n.reason for n in uncounted] == [reason]


def test_people_are_counted_by_their_own_movement_only() -> None:
    crossing = SBT.model_copy(update={"id": "P1", "kinds": (Kind.PERSON,)})
    crossings, _ = follow(counter(SBT, crossing), [straight(1.5, from_m=5)], 14, fps=10, kind=Kind.PERSON)
    assert [c.movement for c in crossings] == ["P1"]
    crossings, uncounted = follow(counter(SBT), [straight(1.5, from_m=5)], 14, fps=10, kind=Kind.PERSON)
    assert crossings == []
    assert uncounted[0].reason == reasons.OTHER_KIND


def test_two_movements_that_share_an_exit_are_told_apart_by_the_entry() -> None:
    west = Gate(line_px=((40.0, 100.0), (40.0, 340.0)), toward_px=(100.0, 220.0))
    turn = SBT.model_copy(update={"id": "WBL", "approach": "WB", "entry": west})
    through = SBT.model_copy(update={"entry": across(10, 6, 17)})

    def turning(t_s: float) -> Place | None:
        # Comes from the west through x = 2 m, curves down through the common exit.
        if t_s < 1:
            return (0.5 + 5 * t_s, 11.0)
        return (5.5, 11.0 + 6 * (t_s - 1)) if t_s < 4 else None

    crossings, _ = follow(counter(through, turn), [turning, straight(8.0, x_m=12)], 4.5)
    assert sorted(c.movement for c in crossings) == ["SBT", "WBL"]


def test_a_u_turn_leaves_beside_where_it_came() -> None:
    entry = Gate(line_px=((20.0, 200.0), (160.0, 200.0)), toward_px=(90.0, 300.0))
    exit_ = Gate(line_px=((200.0, 200.0), (340.0, 200.0)), toward_px=(270.0, 100.0))
    turn = SBT.model_copy(update={"id": "SBU", "entry": entry, "exit": exit_})

    def turning(t_s: float) -> Place | None:
        if t_s < 2:
            return (4.5, 4 + 5 * t_s)
        angle = (t_s - 2) * 1.0
        if angle < math.pi:
            return (9.0 - 4.5 * math.cos(angle), 14 + 4.5 * math.sin(angle))
        return (13.5, 14 - 5 * (t_s - 2 - math.pi)) if t_s < 7.5 else None

    crossings, _ = follow(counter(turn), [turning], 8)
    assert [c.movement for c in crossings] == ["SBU"]


def test_a_second_box_on_a_lorry_is_not_a_second_vehicle() -> None:
    count = counter(SBT)
    crossings: list[Crossing] = []
    uncounted: list[NotCounted] = []
    for frame in range(100):
        t_ns, y = frame * 40_000_000, frame * 0.4
        if y < 38:
            lorry = track(t_ns, 1, (9.0, y), (0.0, 10.0), Kind.TRUCK, size_m=(2.5, 10.0))
            cab = track(t_ns, 2, (9.0, y - 1.5), (0.0, 10.0), Kind.CAR, size_m=(2.3, 4.0))
            counted, ended = count.update(t_ns, (lorry, cab), {})
            crossings += counted
            uncounted += ended
    uncounted += count.finish(4 * NS_PER_S)
    assert len(crossings) == 1
    assert [n.reason for n in uncounted] == [reasons.COUNTED_ALREADY]


def test_a_lorry_that_hides_the_car_in_the_next_lane_is_not_the_same_vehicle() -> None:
    count = counter(SBT)
    crossings: list[Crossing] = []
    for frame in range(100):
        t_ns, y = frame * 40_000_000, frame * 0.4
        if y < 38:
            lorry = track(t_ns, 1, (9.0, y), (0.0, 10.0), Kind.TRUCK, size_m=(4.0, 10.0))
            hidden = track(t_ns, 2, (9.5, y - 1.5), (0.0, 10.0), Kind.CAR, size_m=(2.3, 4.0))
            crossings += count.update(t_ns, (lorry, hidden), {1: "outer", 2: "inner"})[0]
    assert len(crossings) == 2


def test_the_class_is_voted_over_the_whole_life() -> None:
    count, kinds = counter(SBT), []
    for frame in range(100):
        t_ns = frame * 40_000_000
        kind = Kind.BUS if frame % 4 else Kind.CAR
        counted, _ = count.update(t_ns, (track(t_ns, 1, (9.0, frame * 0.4), (0.0, 10.0), kind),), {})
        kinds += [c.kind for c in counted]
    assert kinds == [Kind.BUS]


def test_a_track_that_jumps_to_the_next_vehicle_counts_both() -> None:
    # Number 1 leaves the picture below while the tracker gives its number to one above.
    first, second = straight(10.0), straight(10.0, start_s=2.6)

    def both(t_s: float) -> Place | None:
        return first(t_s) if t_s < 2.6 else second(t_s)

    crossings, _ = follow(counter(SBT), [both], 6)
    assert len(crossings) == 2


def test_coasting_sightings_count_nothing() -> None:
    count = counter(SBT)
    counted: list[Crossing] = []
    for frame in range(100):
        t_ns, y = frame * 40_000_000, frame * 0.4
        counted += count.update(t_ns, (track(t_ns, 1, (9.0, y), (0.0, 10.0), seen=y < 15),), {})[0]
    assert counted == []


def test_after_blindness_what_stands_astride_is_not_counted() -> None:
    count = counter(SBT)
    for frame in range(50):
        count.update(frame * 40_000_000, (), {})
    count.blind(2_000_000_000)
    counted: list[Crossing] = []
    for frame in range(51, 120):
        t_ns, y = frame * 40_000_000, 20.0 + (frame - 51) * 0.25
        counted += count.update(t_ns, (track(t_ns, 1, (9.0, y), (0.0, 6.0)),), {})[0]
    assert counted == []


def test_no_headway_across_blindness() -> None:
    count = counter(SBT)
    headways = []
    for start_s, blind in ((0.0, False), (3.0, True), (6.0, False)):
        for frame in range(75):
            t_s = start_s + frame / 25
            place = straight(10.0, start_s=start_s)(t_s)
            tracks = () if place is None else (track(round(t_s * NS_PER_S), int(start_s), place, (0.0, 10.0)),)
            crossings, _ = count.update(round(t_s * NS_PER_S), tracks, {})
            headways += [c.headway_s for c in crossings]
        if blind:
            count.blind(round((start_s + 3) * NS_PER_S))
    assert headways == [None, pytest.approx(3.0, abs=0.05), None]


WALK = SBT.model_copy(update={"id": "PES", "kinds": (Kind.PERSON,)})
BACK = NBT.model_copy(update={"id": "PEN", "kinds": (Kind.PERSON,)})


def test_people_who_walk_together_are_all_counted() -> None:
    count = counter(WALK)
    crossings: list[Crossing] = []
    for frame in range(200):
        t_ns, y = frame * 100_000_000, 5.0 + frame * 0.13
        pair = [track(t_ns, i, (9.0 + 0.1 * i, y), (0.0, 1.3), Kind.PERSON, size_m=(0.6, 0.6)) for i in (1, 2)]
        crossings += count.update(t_ns, tuple(pair), {})[0]
    assert [c.track_id for c in crossings] == [1, 2]


def test_who_comes_back_over_the_crossing_is_counted_again() -> None:
    def there_and_back(t_s: float) -> Place | None:
        return (9.0, 5 + 1.3 * t_s) if t_s < 16 else (9.0, 5 + 1.3 * 16 - 1.3 * (t_s - 16))

    crossings, _ = follow(counter(WALK, BACK), [there_and_back], 32, fps=10, kind=Kind.PERSON)
    assert [c.movement for c in crossings] == ["PES", "PEN"]


def test_who_was_taken_for_a_cyclist_on_the_gate_is_counted_once_the_vote_says_otherwise() -> None:
    count = counter(WALK)
    crossings: list[Crossing] = []
    for frame in range(140):
        t_ns, y = frame * 100_000_000, 9.0 + frame * 0.13
        rider = y < 20.5 and frame % 3 > 0
        crossings += count.update(
            t_ns, (track(t_ns, 1, (9.0, y), (0.0, 1.3), Kind.BICYCLE if rider else Kind.PERSON),), {}
        )[0]
    (crossing,) = crossings
    assert crossing.kind is Kind.PERSON
    assert crossing.t_ns / NS_PER_S == pytest.approx((20.0 - 9.0) / 1.3, abs=0.1), "dated to the line, not to the vote"


def test_the_way_before_turning_round_is_way_too() -> None:
    # First seen between the gates, goes up for 4 m, comes back over the exit gate and is lost just past it.
    def turns(t_s: float) -> Place | None:
        y = 18.0 - 1.3 * t_s if t_s < 3.1 else 14.0 + 1.3 * (t_s - 3.1)
        return (9.0, y) if y < 20.8 else None

    crossings, _ = follow(counter(WALK), [turns], 12, fps=10, kind=Kind.PERSON)
    assert [c.movement for c in crossings] == ["PES"]


def test_a_car_does_not_go_on_where_somebody_who_stood_was_lost() -> None:
    count = counter(SBT)
    crossings: list[Crossing] = []
    for frame in range(100):
        t_ns, t_s = frame * 40_000_000, frame / 25
        found = [track(t_ns, 1, (9.0, 14.0), (0.0, 0.0), Kind.PERSON)] if t_s < 1.5 else []
        if t_s >= 1.6:
            found = [track(t_ns, 2, (9.0, 14.0 + 8 * (t_s - 1.6)), (0.0, 8.0))]
        crossings += count.update(t_ns, tuple(found), {})[0]
    assert [(c.track_id, c.kind) for c in crossings] == [(2, Kind.CAR)]


def test_of_two_lost_as_they_meet_each_goes_on_his_own_way() -> None:
    def south(t_s: float) -> Place | None:
        return (9.0, 9 + 1.3 * t_s) if not 4 <= t_s < 5.2 else None

    def north(t_s: float) -> Place | None:
        return (9.4, 21 - 1.3 * t_s) if not 4 <= t_s < 5.0 else None

    crossings, _ = follow(
        counter(WALK, BACK), [south, north], 14, fps=10, ids=lambda i, t_s: i + 10 * (t_s > 4.5), kind=Kind.PERSON
    )
    assert sorted((c.movement, c.track_id, c.entered_ns is not None) for c in crossings) == [
        ("PEN", 11, True),
        ("PES", 10, True),
    ]
