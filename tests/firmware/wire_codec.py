"""The C codec as a process that answers lines: see c/wire.c."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from firmware_bridge.wire import Frame
from tests.firmware.building import CORE, HERE, ROOT, STRICT, build

WIRE = ROOT / "firmware_bridge" / "wire"


class CCodec:
    """sl_wire.c, compiled strictly with the sanitizers of gcc."""

    def __init__(self, folder: Path) -> None:
        program = build(
            folder / "wire",
            [HERE / "wire.c", WIRE / "sl_wire.c", CORE / "stopline_core.c"],
            *STRICT,
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all",
            f"-I{WIRE}",
        )
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=10)
        assert self._process.returncode == 0

    def encode(self, frame: Frame) -> bytes | None:
        """Bytes on the line; None where it is too long."""
        head = f"{frame.sender} {frame.kind} {frame.session} {frame.number} {frame.acknowledged}"
        answer = self._ask(f"E {head} {_hex(frame.payload)}")
        return None if answer == "-" else bytes.fromhex(answer)

    def decode(self, stream: bytes) -> tuple[list[Frame], tuple[int, int]]:
        """Frames in these bytes, and how many were damaged and partial."""
        frames = []
        line = self._ask(f"D {_hex(stream)}")
        while not line.startswith("counts"):
            *head, payload = line.split()
            sender, kind, session, number, acknowledged = map(int, head)
            data = b"" if payload == "-" else bytes.fromhex(payload)
            frames.append(Frame(sender, kind, session, number, acknowledged, data))
            line = self._line()
        damaged, partial = map(int, line.split()[1:])
        return frames, (damaged, partial)

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the C program ended"
        return line.rstrip("\n")


def _hex(data: bytes) -> str:
    return data.hex() or "-"
