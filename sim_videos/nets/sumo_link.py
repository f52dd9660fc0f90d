"""A running SUMO at the other end of a socket: as much of its TraCI protocol as a signal controller needs.

    with SumoLink(command) as sumo:
        frame = sumo.step({"J1": "GGrr"})        one second on

Every step is one message there and one back, whatever it holds; this serves SUMO 1.9 and
1.28 alike. Protocol: https://sumo.dlr.de/docs/TraCI/Protocol.html.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from edge.errors import InputError

_GET_VEHICLE, _SET_SIGNAL, _SUBSCRIBE_VEHICLE, _SUBSCRIBE_SIM = 0xA4, 0xC2, 0xD4, 0xDB
_STEP, _CLOSE = 0x02, 0x7F
_OF_VEHICLE, _OF_SIM = 0xE4, 0xEB
_SPEED, _LANE, _PLACE, _ROUTE_INDEX, _EDGES = 0x40, 0x51, 0x56, 0x69, 0x54
_DEPARTED, _ARRIVED = 0x74, 0x7A
_FOREVER = 1e9
_TIMEOUT_S = 120.0


class SumoError(InputError):
    """SUMO could not be started, refused a file, or ended before its time."""


class Moving(NamedTuple):
    """One vehicle after a step. lane as SUMO names it, place_m of its front from the lane's beginning."""

    vehicle: str
    lane: str
    place_m: float
    speed_mps: float
    route_index: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What one step brought. entered: vehicle → the edges of its route."""

    moving: tuple[Moving, ...]
    entered: Mapping[str, tuple[str, ...]]
    left: tuple[str, ...]


class SumoLink:
    """SUMO started with a command line (without --remote-port), stepped from here; a context manager.

    SumoError with SUMO's own words where it does not start or gives up.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        port, listening = _free_port()
        listening.close()
        # A file, since a pipe that nobody reads would fill and stop SUMO.
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - close closes it
        self._process = subprocess.Popen(
            [*command, "--remote-port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=self._words,
            env={**os.environ, **environment},
        )
        self._names: dict[bytes, str] = {}
        self._socket: socket.socket | None = None
        try:
            self._socket = self._connect(port)
            variables = bytes((_DEPARTED, _ARRIVED))
            head = struct.pack("!dd", 0.0, _FOREVER)
            self._ask(_command(_SUBSCRIBE_SIM, head, _string(""), bytes((2,)), variables)).status()
        except BaseException:
            self.close()
            raise
        self._pending: list[bytes] = []

    def step(self, lamps: Mapping[str, str]) -> Frame:
        """Show these states (signal → one letter a link), and go one step on."""
        ask = [_command(_SET_SIGNAL, b"\x20", _string(name), b"\x0c", _string(text)) for name, text in lamps.items()]
        answer = self._ask(*ask, *self._pending, _command(_STEP, struct.pack("!d", 0.0)))
        for _ in ask:
            answer.status()
        for _ in self._pending:
            answer.status()
            answer.skip()
        moving, departed, arrived = self._read(answer)
        entered = self._routes(departed)
        head = struct.pack("!dd", 0.0, _FOREVER)
        variables = bytes((_LANE, _PLACE, _SPEED, _ROUTE_INDEX))
        self._pending = [
            _command(_SUBSCRIBE_VEHICLE, head, _string(name), bytes((len(variables),)), variables) for name in departed
        ]
        return Frame(tuple(moving), entered, tuple(arrived))

    def _routes(self, vehicles: Sequence[str]) -> dict[str, tuple[str, ...]]:
        if not vehicles:
            return {}
        answer = self._ask(*(_command(_GET_VEHICLE, bytes((_EDGES,)), _string(name)) for name in vehicles))
        routes = {}
        for name in vehicles:
            answer.status()
            routes[name] = answer.edges()
        return routes

    def close(self) -> None:
        """End SUMO, which writes its outputs to the end; harmless when it has ended."""
        if self._socket is not None:
            try:
                self._ask(_command(_CLOSE)).status()
            except (SumoError, OSError):
                self._process.kill()
            self._socket.close()
            self._socket = None
        else:
            self._process.kill()
        self._process.wait(_TIMEOUT_S)
        self._words.close()

    def __enter__(self) -> SumoLink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _connect(self, port: int) -> socket.socket:
        """Tries again until SUMO listens or has ended: it says nothing when it is ready."""
        for _ in range(6000):
            if self._process.poll() is not None:
                raise SumoError(f"SUMO did not start: {self._said()}")
            try:
                opened = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S)
            except ConnectionRefusedError:
                try:
                    self._process.wait(0.01)
                except subprocess.TimeoutExpired:
                    continue
            else:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return opened
        raise SumoError("SUMO did not start within a minute; look at the size of its net and at the machine's load")

    def _said(self) -> str:
        self._words.seek(0)
        text = self._words.read().decode(errors="replace")
        lines = [line for line in text.splitlines() if line.startswith("Error")] or text.splitlines()[:1]
        return " ".join(lines) or "no word"

    def _ask(self, *commands: bytes) -> _Answer:
        if self._socket is None:
            raise SumoError("SUMO has been closed")
        data = b"".join(commands)
        try:
            self._socket.sendall(struct.pack("!i", len(data) + 4) + data)
            (length,) = struct.unpack("!i", self._receive(4))
            answer = _Answer(self._receive(length - 4))
        except OSError as error:
            self._process.wait(_TIMEOUT_S)
            raise SumoError(f"SUMO ended: {self._said()}") from error
        return answer

    def _receive(self, count: int) -> bytes:
        assert self._socket is not None  # noqa: S101 - for the type checker: _ask has looked
        parts, left = [], count
        while left:
            part = self._socket.recv(min(left, 1 << 20))
            if not part:
                raise ConnectionResetError
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _read(self, answer: _Answer) -> tuple[list[Moving], list[str], list[str]]:
        """The subscriptions of a step; by hand, since there are hundreds of thousands in an hour."""
        answer.status()
        data, at = answer.data, answer.at
        (count,) = struct.unpack_from("!i", data, at)
        at += 4
        moving: list[Moving] = []
        departed: list[str] = []
        arrived: list[str] = []
        names = self._names
        for _ in range(count):
            length = data[at]
            start = at
            if length == 0:
                (length,) = struct.unpack_from("!i", data, at + 1)
                at += 4
            end = start + length
            kind = data[at + 1]
            at += 2
            (size,) = _INT.unpack_from(data, at)
            raw = data[at + 4 : at + 4 + size]
            at += 4 + size
            if kind == _OF_VEHICLE:
                # Variables come in the order in which they were asked for: lane, place, speed, route index.
                (lane_size,) = _INT.unpack_from(data, at + 4)
                at += 8
                lane = data[at : at + lane_size]
                place_m, speed_mps, index = _REST.unpack_from(data, at + lane_size)
                name = names.get(raw) or names.setdefault(raw, raw.decode())
                lane_name = names.get(lane) or names.setdefault(lane, lane.decode())
                moving.append(Moving(name, lane_name, place_m, speed_mps, index))
            elif kind == _OF_SIM:
                lists = _Answer(data, at + 1)
                for _ in range(2):
                    variable = lists.byte()
                    lists.at += 2
                    (departed if variable == _DEPARTED else arrived).extend(lists.strings())
            at = end
        return moving, departed, arrived


_INT = struct.Struct("!i")
# id, status, type and a double; twice; then the same with an int.
_REST = struct.Struct("!3xd3xd3xi")


class _Answer:
    """Reads what came back, front to back."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def whole(self) -> int:
        self.at += 4
        value: int = _INT.unpack_from(self.data, self.at - 4)[0]
        return value

    def string(self) -> str:
        size = self.whole()
        self.at += size
        return self.data[self.at - size : self.at].decode()

    def strings(self) -> list[str]:
        return [self.string() for _ in range(self.whole())]

    def length(self) -> int:
        """Where the next command ends."""
        start = self.at
        size = self.byte()
        return start + (size or self.whole())

    def skip(self) -> None:
        self.at = self.length()

    def status(self) -> None:
        """SumoError with its words where SUMO refused."""
        end = self.length()
        self.byte()
        if self.byte() != 0:
            raise SumoError(f"SUMO refused a command: {self.string()}")
        self.at = end

    def edges(self) -> tuple[str, ...]:
        """The answer to a question for a list of strings."""
        end = self.length()
        self.at += 2
        self.string()
        self.at += 1
        found = tuple(self.strings())
        self.at = end
        return found


def _command(number: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body) + 2
    if size < 256:
        return bytes((size, number)) + body
    return b"\x00" + struct.pack("!i", size + 4) + bytes((number,)) + body


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!i", len(data)) + data


def _free_port() -> tuple[int, socket.socket]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return int(listening.getsockname()[1]), listening


def sumo_environment(binary: Path) -> dict[str, str]:
    """SUMO_HOME of a binary: the folder above its bin."""
    return {"SUMO_HOME": str(binary.resolve().parent.parent)}
