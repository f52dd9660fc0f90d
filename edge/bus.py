"""What cameras see, from their processes to the one that controls: the latest view of each, older ones lost.

    stopline live --bus DIR   (north) ─→ DIR/north.ipc ─┐
    stopline live --bus DIR   (east)  ─→ DIR/east.ipc  ─┴─→ stopline control --demand ipc:DIR

ZeroMQ over a local socket for each camera, conflated: whoever is late gets the newest view and no
backlog, and nobody waits for anybody. A camera whose process dies sends nothing more, so its
lanes grow stale and unknown. What it has counted goes with each view as a tally from its
beginning on (`edge.control.tally`), so that a view that is lost loses no vehicle.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import zmq
from pydantic import TypeAdapter, ValidationError

from edge.control.tally import Tally
from edge.control.view import View
from edge.errors import ConfigError, DeviceError, InputError, ProtocolError

_log = logging.getLogger(__name__)
_VIEW = TypeAdapter(View)
#: Of a socket's path, by the kernel: sun_path of unix(7), with its final zero.
_LONGEST_PATH = 107


class Views(Protocol):
    """Where control gets views from. `latest` never waits."""

    def latest(self, t_ns: int) -> Sequence[View]:
        """What has come since the last call, as of t_ns: at most the newest of each camera."""
        ...

    def close(self) -> None: ...


def encode(view: View) -> bytes:
    """One view as one line of JSON, without its newline."""
    return _VIEW.dump_json(view)


def decode(data: bytes | str) -> View:
    """The view of a line; ProtocolError says what is wrong with it."""
    try:
        return _VIEW.validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "line"
        raise ProtocolError(f"view refused: {where}: {first['msg']}") from error


class ViewPublisher:
    """One camera's end. ConfigError and DeviceError where its socket cannot be made in the folder."""

    def __init__(self, folder: Path, camera: str) -> None:
        address = _address(folder, camera)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DeviceError(f"--bus: {folder} cannot be made: {error.strerror}") from error
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        self._socket.setsockopt(zmq.CONFLATE, 1)
        self._socket.setsockopt(zmq.LINGER, 0)
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            self._socket.close()
            raise DeviceError(f"--bus: no socket can be made in {folder}: {error.strerror}") from error

    def publish(self, view: View) -> None:
        """Leave it for whoever listens; never waits."""
        try:
            self._socket.send(encode(view), zmq.NOBLOCK)
        except zmq.Again:
            _log.debug("a view of %s was dropped", view.sight.camera)

    def close(self) -> None:
        """No more views; a second call does nothing."""
        self._socket.close()


class ViewSubscriber:
    """The control's end: `Views` of these cameras, whenever they come and go. ConfigError: the path is too long."""

    def __init__(self, folder: Path, cameras: Iterable[str]) -> None:
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        for camera, address in {camera: _address(folder, camera) for camera in cameras}.items():
            socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
            socket.setsockopt(zmq.CONFLATE, 1)
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL, 100)
            socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
            socket.setsockopt(zmq.SUBSCRIBE, b"")
            socket.connect(address)
            self._sockets[camera] = socket
        #: Messages that were no view of their camera.
        self.refused = 0

    def latest(self, t_ns: int) -> Sequence[View]:
        """The newest of each camera that has sent one since; those from after t_ns come as they are."""
        del t_ns
        views = [self._newest(camera, socket) for camera, socket in self._sockets.items()]
        return [view for view in views if view is not None]

    def close(self) -> None:
        """No more views; a second call does nothing."""
        for socket in self._sockets.values():
            socket.close()

    def _newest(self, camera: str, socket: zmq.Socket[bytes]) -> View | None:
        try:
            view = decode(socket.recv(zmq.NOBLOCK))
        except zmq.Again:
            return None
        except ProtocolError as error:
            self._refuse(camera, str(error))
            return None
        if view.sight.camera != camera:
            self._refuse(camera, f"it is one of camera {view.sight.camera}")
            return None
        return view

    def _refuse(self, camera: str, why: str) -> None:
        if not self.refused:
            _log.warning("view of camera %s dropped: %s", camera, why)
        self.refused += 1


class RecordedViews:
    """`Views` from a file of lines, played from the first call on, once. InputError names file and line."""

    def __init__(self, path: Path) -> None:
        self._views: list[View] = []
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"--demand: {path} cannot be read: {error}") from error
        for number, line in enumerate(lines, start=1):
            try:
                self._views.append(decode(line))
            except ProtocolError as error:
                raise InputError(f"--demand: {path}, line {number}: {error}") from error
        if not self._views:
            raise InputError(f"--demand: {path} has no view; give one JSON line for each frame of each camera")
        self._zero_ns: int | None = None
        self._next = 0

    def latest(self, t_ns: int) -> Sequence[View]:
        """The newest of each camera by then, at the times of this run."""
        if self._zero_ns is None:
            self._zero_ns = t_ns - self._views[0].sight.t_ns
        newest: dict[str, View] = {}
        while self._next < len(self._views) and self._views[self._next].sight.t_ns + self._zero_ns <= t_ns:
            view = _moved(self._views[self._next], self._zero_ns)
            newest[view.sight.camera] = view
            self._next += 1
        return list(newest.values())

    def close(self) -> None:
        """Nothing is open."""


def _moved(view: View, by_ns: int) -> View:
    tally = view.tally
    if tally is not None:
        counts = tuple(replace(count, last_ns=count.last_ns + by_ns) for count in tally.counts)
        tally = Tally(tally.since_ns + by_ns, counts)
    lanes = tuple(replace(lane, t_ns=lane.t_ns + by_ns) for lane in view.lanes)
    return replace(view, sight=replace(view.sight, t_ns=view.sight.t_ns + by_ns), lanes=lanes, tally=tally)


def _address(folder: Path, camera: str) -> str:
    path = folder.resolve() / f"{camera}.ipc"
    if len(bytes(path)) > _LONGEST_PATH:
        raise ConfigError(f"--bus: {path} is longer than {_LONGEST_PATH} bytes; choose a folder with a shorter name")
    return f"ipc://{path}"
