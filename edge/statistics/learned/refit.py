"""Fits made beside the loop: started with a copy of the readings, taken when done, never waited for."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.statistics.state import Arrays

Rows = NDArray[np.float64]  # (readings, features)
Fit = Callable[[Rows, int], Arrays]  # a function of a module, so that another process finds it; and a seed

NICENESS = 10  # of the process that fits, so that cameras and lamps come first


class Refits(Protocol):
    """Where fits are made; one at a time for each estimator."""

    def start(self, fit: Fit, rows: Rows, seed: int) -> None:
        """Begin a fit; returns at once where it runs beside the loop."""
        ...

    def take(self) -> Arrays | None:
        """What the fit found, None while it runs. Raises what the fit raised."""
        ...


class InlineRefits:
    """Fits at once, in this process: for tests, benchmarks and whatever must repeat exactly."""

    def __init__(self) -> None:
        self._found: Arrays | None = None

    def start(self, fit: Fit, rows: Rows, seed: int) -> None:
        """Fit now."""
        self._found = fit(rows, seed)

    def take(self) -> Arrays | None:
        """What was found, once."""
        found, self._found = self._found, None
        return found


class ProcessRefits:
    """Fits in one process of low priority. Close it at the end; a fit that still runs is not waited for."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(
            max_workers=1, mp_context=multiprocessing.get_context("spawn"), initializer=os.nice, initargs=(NICENESS,)
        )
        self._running: Future[Arrays] | None = None

    def start(self, fit: Fit, rows: Rows, seed: int) -> None:
        """Hand the fit to the process; one that was started before and not taken is dropped."""
        self._running = self._pool.submit(fit, rows, seed)

    def take(self) -> Arrays | None:
        """What was found, once; None while it runs. Raises what the fit raised, or BrokenProcessPool."""
        if self._running is None or not self._running.done():
            return None
        done, self._running = self._running, None
        return done.result()

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown(wait=False, cancel_futures=True)
