"""kill -9 of publisher, broker and collector in the middle of a real replay: each record in the office once.

`python -m benchmarks.loss` does this for more seeds, and with Mosquitto as well.
"""

from __future__ import annotations

from benchmarks.loss import run


def test_a_replay_loses_nothing_while_everything_around_it_is_killed() -> None:
    row = run("embedded", seed=3, frames=400, speed=5.0)
    assert row.kills >= 3
    assert row.committed > 50
    assert row.lost == 0
    assert row.doubled == 0
