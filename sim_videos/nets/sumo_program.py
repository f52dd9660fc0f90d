"""Which SUMO runs, and by which command line: that of Stopline's extra `sim`, or another by its path."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edge.errors import ConfigError


@dataclass(frozen=True)
class SumoProgram:
    """A sumo binary. Versions differ in their traffic: never compare figures across them."""

    binary: Path

    @classmethod
    def found(cls, binary: Path | None = None) -> SumoProgram:
        """The one given, or that of the extra; ConfigError naming what to install."""
        if binary is None:
            try:
                import sumo
            except ModuleNotFoundError as error:
                raise ConfigError("SUMO is missing: pip install 'stopline[sim]', or give --sumo BINARY") from error
            binary = Path(sumo.SUMO_HOME) / "bin" / "sumo"
        if not binary.is_file():
            raise ConfigError(f"{binary}: there is no such program; give the path of SUMO's binary, …/bin/sumo")
        return cls(binary)

    @cached_property
    def version(self) -> str:
        """As the program says it: 1.9.1."""
        done = subprocess.run(
            [str(self.binary), "--version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=self.environment,
        )
        first = (done.stdout.splitlines() or [""])[0]
        found = re.search(r"\d+\.\d+\.\d+", first)
        if found is None:
            raise ConfigError(f"{self.binary}: does not say which SUMO it is ({first or done.stderr.strip()})")
        return found.group()

    @property
    def environment(self) -> dict[str, str]:
        """SUMO_HOME of the binary."""
        return {"SUMO_HOME": str(self.binary.parent.parent)}

    def command(
        self,
        net: Path,
        routes: Path,
        begin_s: int,
        end_s: int,
        seed: int,
        tripinfo: Path,
        *,
        more: tuple[str, ...] = (),
    ) -> list[str]:
        """A run of one-second steps with its list of trips; the same seed gives the same run."""
        return [
            *(str(self.binary), "--net-file", str(net), "--route-files", str(routes)),
            *("--begin", str(begin_s), "--end", str(end_s), "--seed", str(seed)),
            *("--time-to-teleport", "-1", "--tripinfo-output", str(tripinfo)),
            *("--tripinfo-output.write-unfinished", "--no-warnings", "--no-step-log", "--xml-validation", "never"),
            *more,
        ]
