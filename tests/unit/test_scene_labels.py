"""Labels of rendered frames: what a person could label, where it is, and what training should skip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.types import KINDS, Kind
from sim_videos.labels import LEAST_PX, LEAST_VISIBLE, labels_of
from sim_videos.render.seen import SeenUser

SIZE = (640, 360)


def seen(box: tuple[float, float, float, float], visible: float = 1.0, user_id: int = 1) -> SeenUser:
    return SeenUser(user_id, box, visible)


def test_a_label_is_class_middle_and_size_in_shares() -> None:
    labels, skipped = labels_of([seen((64.0, 36.0, 128.0, 72.0))], {1: Kind.BUS}, SIZE)
    assert [box.line for box in labels] == ["2 0.15000 0.15000 0.10000 0.10000"]
    assert skipped == []


@pytest.mark.parametrize(
    ("box", "visible", "where"),
    [
        ((10.0, 10.0, 40.0, 40.0), LEAST_VISIBLE, "label"),
        ((10.0, 10.0, 40.0, 40.0), LEAST_VISIBLE - 0.01, "skip"),
        ((10.0, 10.0, 10.0 + LEAST_PX, 40.0), 1.0, "label"),
        ((10.0, 10.0, 10.0 + LEAST_PX - 0.1, 40.0), 1.0, "skip"),
        ((10.0, 10.0, 40.0, 11.0), 1.0, "nowhere"),
        ((10.0, 10.0, 40.0, 40.0), 0.0, "nowhere"),
    ],
)
def test_hidden_and_tiny_ones_are_to_be_skipped(
    box: tuple[float, float, float, float], visible: float, where: str
) -> None:
    labels, skipped = labels_of([seen(box, visible)], {1: Kind.CAR}, SIZE)
    assert (len(labels), len(skipped)) == {"label": (1, 0), "skip": (0, 1), "nowhere": (0, 0)}[where]


@given(
    st.lists(
        st.tuples(
            st.floats(0, 600),
            st.floats(0, 340),
            st.floats(0, 40),
            st.floats(0, 20),
            st.floats(0, 1),
            st.sampled_from(KINDS),
        ),
        max_size=8,
    )
)
def test_boxes_come_back_from_their_shares(rows: list[tuple[float, float, float, float, float, Kind]]) -> None:
    users = [seen((x, y, x + w, y + h), visible, number) for number, (x, y, w, h, visible, _) in enumerate(rows)]
    kinds = {number: row[5] for number, row in enumerate(rows)}
    labels, skipped = labels_of(users, kinds, SIZE)
    assert len(labels) + len(skipped) <= len(rows)
    for box in (*labels, *skipped):
        x1, x2 = (box.x - box.width / 2) * SIZE[0], (box.x + box.width / 2) * SIZE[0]
        y1, y2 = (box.y - box.height / 2) * SIZE[1], (box.y + box.height / 2) * SIZE[1]
        same = [user for user in users if user.box_px == pytest.approx((x1, y1, x2, y2), abs=1e-6)]
        assert KINDS[box.kind] in {kinds[user.user_id] for user in same}


def test_what_is_lost_in_fog_is_to_be_skipped() -> None:
    box = (10.0, 10.0, 40.0, 40.0)
    labels, skipped = labels_of([seen(box), seen(box, user_id=2)], {1: Kind.CAR, 2: Kind.BUS}, SIZE, veiled={2})
    assert ([one.kind for one in labels], [one.kind for one in skipped]) == ([0], [2])
