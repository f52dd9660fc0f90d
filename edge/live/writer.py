"""The outbox in a thread of its own: a disk that takes its time never holds up control.

What waits for the disk is committed together, in the order in which it was told.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from edge.messages import Body
from edge.telemetry.outbox import Outbox

_Batch = list[tuple[int, Body]]


class OutboxWriter:
    """Appends to the outbox that `opened` opens. A context manager; leaving it writes what waits.

    Errors of opening are raised here, those of writing (StorageError) by the next call.
    """

    def __init__(self, opened: Callable[[], Outbox]) -> None:
        self._opened = opened
        self._waiting: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._error: Exception | None = None
        #: Records in the file and records given up, as of the last commit.
        self.records: int | None = None
        self.thinned: int | None = None
        self._thread = threading.Thread(target=self._write, name="outbox", daemon=True)
        self._thread.start()
        self._ready.wait()
        self._check()

    def append_many(self, records: Iterable[tuple[int, Body]]) -> None:
        """Have (t_ns, body) pairs committed soon; returns at once."""
        self._check()
        batch = list(records)
        if batch:
            self._waiting.put(batch)

    def close(self) -> None:
        """Commit what waits and free the file. Safe to call twice."""
        self._waiting.put(None)
        self._thread.join()
        self._check()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _write(self) -> None:
        try:
            with self._opened() as outbox:
                self._count(outbox)
                self._ready.set()
                while (batch := self._everything_that_waits()) is not None:
                    outbox.append_many(batch)
                    self._count(outbox)
        except Exception as error:  # noqa: BLE001  top of this thread; raised by the next call
            self._error = error
        self._ready.set()

    def _count(self, outbox: Outbox) -> None:
        stats = outbox.stats()
        self.records, self.thinned = stats.records, stats.thinned

    def _everything_that_waits(self) -> _Batch | None:
        """Wait for records, then take all there are; None when closed and all are written."""
        batch = self._waiting.get()
        while batch is not None and not self._waiting.empty():
            more = self._waiting.get()
            if more is None:
                self._waiting.put(None)
                break
            batch += more
        return batch
