"""A serial port that is ours alone, whose troubles are DeviceErrors in one sentence."""

from __future__ import annotations

import errno
import termios
from pathlib import Path

import serial

from edge.errors import DeviceError

_MOST_READ = 4096


class SerialPort:
    """Opened without waiting on reads and writes, and locked against other programs that lock.

    DeviceError where it is missing, busy, not permitted, or no serial port.
    """

    def __init__(self, path: str, baud: int) -> None:
        self.path = path
        #: Bytes over the line since it was opened.
        self.bytes_read = 0
        self.bytes_written = 0
        try:
            self._serial = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
        except (OSError, ValueError) as error:
            raise DeviceError(f"{path}: {_why(path, error)}") from error
        self._keep_running()

    def fileno(self) -> int:
        """For select."""
        return self._serial.fileno()

    def read(self) -> bytes:
        """What has come; DeviceError where the port is gone."""
        try:
            data = self._serial.read(_MOST_READ)
        except (OSError, termios.error, TypeError) as error:
            # SerialException is an OSError; pyserial fails with a TypeError where its file is gone.
            raise DeviceError(f"{self.path}: {_GONE}") from error
        self.bytes_read += len(data)
        return data

    def write(self, data: bytes) -> bool:
        """Whether all of it was taken; what was not is for the link to send again. DeviceError where it is gone."""
        try:
            written = self._serial.write(data) or 0
        except (OSError, termios.error, TypeError) as error:
            raise DeviceError(f"{self.path}: {_GONE}") from error
        self.bytes_written += written
        return written == len(data)

    def close(self) -> None:
        """Free it; a second call does nothing."""
        try:
            self._serial.close()
        except (OSError, termios.error):
            return  # it was unplugged: there is nothing left to free

    def _keep_running(self) -> None:
        """Leave DTR as it is when the port is closed: on many boards its edge restarts the controller."""
        try:
            attributes = termios.tcgetattr(self.fileno())
            attributes[2] &= ~termios.HUPCL
            termios.tcsetattr(self.fileno(), termios.TCSANOW, attributes)
        except (OSError, termios.error) as error:
            self.close()
            raise DeviceError(f"{self.path}: {_GONE}") from error


_GONE = "the port was unplugged"


def _why(path: str, error: OSError | ValueError) -> str:
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.EACCES, errno.EPERM):
        return "no permission; join the group that owns it (sudo usermod -aG dialout $USER) and log in again"
    if code in (errno.EAGAIN, errno.EBUSY):
        return "another program uses the port; end it, or name another port"
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or not Path(path).exists():
        return "there is no such port; plug the controller in, or name its port (ls /dev/serial/by-id)"
    return f"is no serial port that can be used ({error}); name the controller's port (ls /dev/serial/by-id)"
