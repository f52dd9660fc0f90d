"""Every error that Stopline raises on purpose, and the exit code each ends a process with.

    StoplineError
    ├── ConfigError        a person must change a file; systemd does not restart   78
    │   ├── SiteError      a site description                                      78
    │   └── ModelError     a model file, its manifest, or a missing extra          79
    ├── InputError         a recorded video or truth file cannot be used           65
    ├── DeviceError        camera, serial port, pin: retried with backoff          69
    ├── NetworkError       broker refused, port taken                              76
    ├── StorageError       disk full, database unreadable                          74
    ├── ProtocolError      a message that is not ours: dropped and counted         70
    └── SafetyFault        latched with its first reason                           70

Codes follow sysexits.h where it has one. A message is one sentence that names
the file, the field and the fix.
"""

from __future__ import annotations

from typing import ClassVar


class StoplineError(Exception):
    """Root of the tree; only its children are raised."""

    exit_code: ClassVar[int] = 70


class ConfigError(StoplineError):
    """A configuration a person must mend; names file, key, value and fix."""

    exit_code = 78


class SiteError(ConfigError):
    """A site description that cannot be served."""


class ModelError(ConfigError):
    """A model that is missing, altered or of a kind this installation cannot run."""

    exit_code = 79


class InputError(StoplineError):
    """A recorded input that is missing, empty, damaged or of another size."""

    exit_code = 65


class DeviceError(StoplineError):
    """A device that does not answer; the caller retries with backoff."""

    exit_code = 69


class NetworkError(StoplineError):
    """A broker that refuses or a port that is taken."""

    exit_code = 76


class StorageError(StoplineError):
    """A disk that is full or a database that cannot be read."""

    exit_code = 74


class ProtocolError(StoplineError):
    """A message that does not follow the wire contract; dropped and counted."""


class SafetyFault(StoplineError):
    """A state the signal core must never be asked into."""
