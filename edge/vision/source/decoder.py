"""The source's side of a decode child: start it, hear it with a deadline, kill it.

Pictures come through anonymous memory (memfd) that both processes map. It has no
name, so nothing is left behind whichever of the two is killed, and how.
"""

from __future__ import annotations

import contextlib
import json
import logging
import mmap
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np

import edge
from edge.errors import DeviceError
from edge.frames import ImageBGR
from edge.vision.source.request import OpenRequest, redact
from edge.vision.source.wire import PACKET_BYTES, Ended, Failed, Message, Opened, decode, picture_bytes

_log = logging.getLogger(__name__)
_REAP_S = 5.0


class DecoderDiedError(DeviceError):
    """The child ended without a word: killed, or crashed in a decoder."""


class DecodeChild:
    """One decode child. Messages come by `receive`; close it in the end.

    slots: pictures that may be on their way; the child waits when all are.
    skip: decoded pictures to pass over before the first that is sent.
    """

    def __init__(self, request: OpenRequest, *, slots: int, skip: int = 0) -> None:
        self._slots = slots
        self._pictures: ImageBGR | None = None
        self._map: mmap.mmap | None = None
        self._memory_fd = os.memfd_create("stopline-frames")
        self._channel, childs_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(edge.__file__).parent.parent)
        with childs_end:
            fds = (childs_end.fileno(), self._memory_fd)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge.vision.source.child", *map(str, fds)],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # Ctrl-C is for the parent; it then ends the child, after the last frame it wants.
                process_group=0,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.getenv("PYTHONPATH")])])},
            )
        # The address goes through the socket, not the command line, which everyone may read.
        self._channel.send(
            json.dumps(
                {
                    "opener": request.opener,
                    "target": request.target,
                    "options": dict(request.options),
                    "slots": slots,
                    "skip": skip,
                    "parent_pid": os.getpid(),
                }
            ).encode()
        )

    @property
    def pid(self) -> int:
        """Process id, for those who end it from outside."""
        return self._process.pid

    def receive(self, timeout_s: float) -> Message | None:
        """The next message, None after `timeout_s` without one.

        Messages sent before the child died still come; then DecoderDiedError.
        """
        if not select.select([self._channel], [], [], timeout_s)[0]:
            return None
        try:
            packet = self._channel.recv(PACKET_BYTES)
        except ConnectionResetError:
            # Reported once, before what is still in the queue, when the child left messages unread.
            packet = self._channel.recv(PACKET_BYTES)
        if not packet:
            raise DecoderDiedError(self._how_it_ended())
        message = decode(packet)
        match message:
            case Opened(width_px=width, height_px=height):
                self._attach(width, height)
            case Failed() | Ended():
                message = _redacted(message)
        return message

    def take(self, slot: int) -> ImageBGR:
        """A copy of the picture in `slot`, (h, w, 3) BGR; the slot goes back to the child."""
        if self._pictures is None:
            raise ValueError("a picture cannot come before the message that says its size")
        image: ImageBGR = self._pictures[slot].copy()
        # Should it have died, receive() says so after the messages it still sent.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._channel.send(str(slot).encode())
        return image

    def kill(self) -> None:
        """End the child whatever it hangs in; from any thread."""
        self._process.kill()

    def close(self) -> None:
        """Kill, reap, and free memory and socket."""
        self.kill()
        try:
            self._process.wait(_REAP_S)
        except subprocess.TimeoutExpired:
            _log.warning("decode child %d hangs in its driver and cannot be ended", self.pid)
        self._channel.close()
        self._pictures = None
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._memory_fd >= 0:
            os.close(self._memory_fd)
            self._memory_fd = -1

    def _attach(self, width_px: int, height_px: int) -> None:
        size = picture_bytes(width_px, height_px) * self._slots
        self._map = mmap.mmap(self._memory_fd, size, prot=mmap.PROT_READ)
        self._pictures = np.frombuffer(self._map, np.uint8).reshape(self._slots, height_px, width_px, 3)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(_REAP_S)
        except subprocess.TimeoutExpired:
            return "the decoder closed its connection"
        if code < 0:
            return f"the decoder was ended by {signal.Signals(-code).name}"
        return f"the decoder ended with exit code {code}"


def _redacted(message: Failed | Ended) -> Failed | Ended:
    if isinstance(message, Ended):
        return Ended(redact(message.complaints))
    return Failed(redact(message.reason), redact(message.complaints), message.config)
