"""A fit that another process begins and ends only when the test says so, through a named pipe."""

from __future__ import annotations

import os
from pathlib import Path

from edge.statistics.learned.models import Model, fit_clusters, odd_outside_clusters
from edge.statistics.learned.refit import Rows
from edge.statistics.learned.refitted import Refitted
from edge.statistics.state import Arrays

PIPE = "STOPLINE_TEST_FIT_PIPE"


def fit_when_told(rows: Rows, seed: int) -> Arrays:
    """Blocks until somebody writes to the pipe; "fail" makes it fail."""
    if Path(os.environ[PIPE]).read_text(encoding="utf-8") == "fail":
        raise ValueError("told to fail")
    return fit_clusters(rows, seed)


class Told(Refitted):
    """Fitted when told."""

    name = "told"
    model = Model(fit_when_told, odd_outside_clusters)
