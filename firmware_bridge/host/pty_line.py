"""The device's end of a serial line that exists in the kernel only: a pseudo terminal."""

from __future__ import annotations

import errno
import os
import tty
from pathlib import Path

_MOST_READ = 4096


class PtyLine:
    """A port that another program can open under `path`, plugged in and out at will.

    link: a symbolic link to it that stays the same whenever it is plugged in again.
    """

    def __init__(self, link: Path | None = None) -> None:
        self._link = link
        self._ends: tuple[int, int] | None = None
        #: Bytes read and written since it was plugged in.
        self.bytes_read = 0
        self.bytes_written = 0
        self.plug()

    @property
    def path(self) -> str:
        """What to open."""
        return str(self._link) if self._link is not None else self._slave_path

    def plug(self) -> None:
        """Make the port."""
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._ends = master, slave
        self._slave_path = os.ttyname(slave)
        self.bytes_read = self.bytes_written = 0
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._slave_path)

    def unplug(self) -> None:
        """Take the port away: whoever has it open is hung up. A second call does nothing."""
        if self._ends is None:
            return
        for end in self._ends:
            os.close(end)
        self._ends = None
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def read(self) -> bytes:
        """What the host has sent; nothing where it has not, or the port is not plugged in."""
        if self._ends is None:
            return b""
        try:
            data = os.read(self._ends[0], _MOST_READ)
        except BlockingIOError:
            return b""
        self.bytes_read += len(data)
        return data

    def write(self, data: bytes) -> None:
        """Send to the host; what the line has no room for is lost, as on a line without flow control."""
        if self._ends is None or not data:
            return
        try:
            self.bytes_written += os.write(self._ends[0], data)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
