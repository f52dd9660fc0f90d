"""The decode child: opens one camera or file and puts its pictures where the source sees them.

Started as `python -m edge.vision.source.child SOCKET MEMORY` (two inherited file
descriptors). It may hang for ever in a read or die in a decoder; the source then
kills it and starts another. It dies by itself when the source's process is gone.
"""

from __future__ import annotations

import importlib
import json
import mmap
import os
import queue
import select
import socket
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from edge.errors import ConfigError, DeviceError
from edge.vision.source.capture import Capture
from edge.vision.source.wire import PACKET_BYTES, Arrived, Ended, Failed, Message, Opened, encode, picture_bytes

#: How often it looks whether its parent still lives, should another process hold the socket open.
_PARENT_CHECK_S = 1.0
_COMPLAINT_LINES = 8


class Complaints:
    """What the decoder writes to stderr: the last lines of it, in bounded memory.

    libav prints addresses with their passwords, so nothing of it may reach a log unread.
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_COMPLAINT_LINES)
        self._read_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        os.dup2(write_fd, sys.stderr.fileno())
        os.close(write_fd)

    def collect(self) -> None:
        """Take what was written since; what did not fit into the pipe is lost, nothing waits."""
        try:
            text = os.read(self._read_fd, PACKET_BYTES)
        except BlockingIOError:
            return
        self._lines.extend(line.strip()[:300] for line in text.decode(errors="replace").splitlines() if line.strip())

    def text(self) -> str:
        """The last lines, joined by `; `."""
        self.collect()
        return "; ".join(self._lines)


class _Slots:
    """The memory both processes map, and which of its pictures the child may write."""

    def __init__(self, memory_fd: int, count: int, width_px: int, height_px: int) -> None:
        size = picture_bytes(width_px, height_px) * count
        os.ftruncate(memory_fd, size)
        self.free: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.pictures = np.frombuffer(mmap.mmap(memory_fd, size), np.uint8).reshape(count, height_px, width_px, 3)
        for slot in range(count):
            self.free.put(slot)


def _follow_parent(channel: socket.socket, released: Callable[[int], None], parent_pid: int) -> None:
    """Take released slots until the parent is gone, then end the process, hung reads and all."""
    while True:
        readable, _, _ = select.select([channel], [], [], _PARENT_CHECK_S)
        if os.getppid() != parent_pid:
            os._exit(0)
        if not readable:
            continue
        try:
            packet = channel.recv(PACKET_BYTES)
        except OSError:
            packet = b""
        if not packet:
            os._exit(0)
        released(int(packet))


def _resolve(opener: str) -> Callable[..., Capture]:
    module, _, function = opener.partition(":")
    found: Callable[..., Capture] = getattr(importlib.import_module(module), function)
    return found


def _decode(
    capture: Capture, slots: _Slots, skip: int, say: Callable[[Message], None], complaints: Complaints
) -> Message:
    """Send every picture after the first `skip`; returns the message that ends the stream."""
    index = 0
    while capture.grab():
        complaints.collect()
        if index >= skip:
            slot = slots.free.get()
            if not capture.retrieve(slots.pictures[slot]):
                width, height = capture.size_px
                return Failed(f"picture {index} is damaged or no longer {width}x{height}", complaints.text())
            say(Arrived(slot, index, capture.pos_ms()))
        index += 1
    return Ended(complaints.text())


def serve(channel: socket.socket, memory_fd: int) -> None:
    """Carry out the one request that the socket brings."""
    request: dict[str, Any] = json.loads(channel.recv(PACKET_BYTES))
    complaints = Complaints()
    slots: _Slots | None = None

    def released(slot: int) -> None:
        if slots is not None:
            slots.free.put(slot)

    threading.Thread(target=_follow_parent, args=(channel, released, request["parent_pid"]), daemon=True).start()

    def say(message: Message) -> None:
        channel.send(encode(message))

    try:
        capture = _resolve(request["opener"])(request["target"], **request["options"])
        width, height = capture.size_px
        slots = _Slots(memory_fd, request["slots"], width, height)
        say(Opened(width, height, capture.fps, capture.frames_total))
        say(_decode(capture, slots, request["skip"], say, complaints))
    except ConfigError as error:
        say(Failed(str(error), complaints.text(), config=True))
    except DeviceError as error:
        say(Failed(str(error), complaints.text()))


def main() -> None:
    """Serve, then wait to be ended: the source still reads the last pictures."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    try:
        serve(channel, int(sys.argv[2]))
    except (BrokenPipeError, ConnectionResetError):
        os._exit(0)
    except Exception as error:  # noqa: BLE001  top of this process; the source logs it and starts another
        channel.send(encode(Failed(f"the decoder broke: {error!r}", "")))
    threading.Event().wait()


if __name__ == "__main__":
    main()
