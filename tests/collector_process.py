"""The collector as a person runs it: a process of its own, ended by its id."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Self

COMMAND = (sys.executable, "-m", "edge.cli.main", "collector", "run")
READY = re.compile(r"Stopline collector: (http://\S+/)  broker \S+:(\d+)  db (\S+)")


class CollectorProcess:
    """Starts `stopline collector run` and waits for the line that says it is ready."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._log = (folder / "collector.log").open("ab")
        self.process = subprocess.Popen(
            [*COMMAND, "--port", "0", "--db", str(folder / "town.sqlite"), *arguments],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        ready = READY.match(line)
        assert ready, f"not ready but {line!r}, see {(folder / 'collector.log').read_text()}"
        self.url, self.broker_port = ready[1], int(ready[2])

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self._wait()

    def end(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self._wait()

    def _wait(self) -> int:
        code = self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self._log.close()
        return code
