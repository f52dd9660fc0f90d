"""kill -9 of processes that append: what they said was committed is there, in an unbroken sequence."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from edge.messages import Stream, parse_record
from tests.unit.test_outbox import open_at

_APPEND_FOR_EVER = """
import sys
from pathlib import Path
from tests.unit.test_outbox import crossing, lanes, open_at
with open_at(Path(sys.argv[1]), max_bytes=64 << 20) as outbox:
    mark = int(sys.argv[2])
    while True:
        seqs = outbox.append_many([(0, crossing(mark)), (0, crossing(mark)), (0, lanes())])
        print(seqs[0], seqs[1], flush=True)
"""


def test_nothing_committed_is_lost_when_writers_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    rng = random.Random(7)
    reported: dict[int, int] = {}
    for round_ in range(6):
        marks = (2 * round_, 2 * round_ + 1)
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", _APPEND_FOR_EVER, str(path), str(mark)], stdout=subprocess.PIPE, text=True
            )
            for mark in marks
        ]
        # The moment is random: after some number of reports of one writer, whatever the other one does.
        first = writers[rng.randrange(2)].stdout
        assert first is not None
        seen = [first.readline() for _ in range(rng.randrange(1, 25))]
        for writer in writers:
            writer.kill()
        for writer, mark in zip(writers, marks, strict=True):
            assert writer.stdout is not None
            rest = writer.stdout.read()
            text = "".join(seen) + rest if writer.stdout is first else rest
            writer.wait()
            writer.stdout.close()
            for line in text.splitlines(keepends=True):
                if line.endswith("\n"):
                    reported |= dict.fromkeys(map(int, line.split()), mark)
    with open_at(path, max_bytes=64 << 20) as outbox:
        assert outbox.stats().set_aside is None
        records = [parse_record(p.payload) for p in outbox.pending(Stream.CROSSING, limit=1_000_000)]
        assert [r.seq for r in records] == list(range(1, len(records) + 1))
        written = {r.seq: r.body.track_id for r in records if r.body.stream is Stream.CROSSING}
        assert reported.items() <= written.items()
        assert len(reported) > 20
        # Batches are all or none: two crossings and one record of lanes each.
        lanes = outbox.pending(Stream.LANES, limit=1_000_000)
        assert len(records) == 2 * len(lanes)
        assert outbox.stats().records == len(records) + len(lanes)
