"""One SUMO simulation in this process: started with all that makes it repeatable, closed for sure.

libsumo runs inside the process and holds one simulation at a time.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import libsumo

from edge.errors import ConfigError


class Session:
    """A running simulation; a context manager, and only one may be open at a time."""

    def __init__(self, net: Path, routes: Path, step_ms: int, seed: int) -> None:
        if libsumo.isLoaded():
            raise RuntimeError("libsumo already runs a simulation in this process; close that world first")
        command = [
            *("sumo", "--net-file", str(net), "--route-files", str(routes)),
            *("--step-length", f"{step_ms / 1000:.3f}", "--seed", f"{seed % 2**31}"),
            # Nobody vanishes: a jam stays a jam until it dissolves.
            *("--time-to-teleport", "-1", "--collision.action", "none"),
            *("--lanechange.duration", "3", "--ignore-route-errors", "false"),
            *("--pedestrian.model", "striping"),
            *("--no-step-log", "true", "--no-warnings", "true", "--xml-validation", "never"),
            *("--default.speeddev", "0", "--max-depart-delay", "-1"),
        ]
        try:
            libsumo.start(command)
        except (libsumo.TraCIException, libsumo.FatalTraCIError) as error:
            self.close()
            raise ConfigError(f"{net}: SUMO cannot run it ({str(error).strip()}); correct the net") from error

    def close(self) -> None:
        """Ends the simulation; harmless when it has ended."""
        if libsumo.isLoaded():
            libsumo.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
