"""Builds the signal core as a Python extension; everything else is in pyproject.toml.

Without a C compiler the rest installs, and `firmware_bridge.host.core` says what is missing.
"""

from __future__ import annotations

import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

_MISSING = """
stopline: the signal core was not compiled, so no bridge can drive lamps from this machine;
stopline: replay, counting and the serial bridge work without it.
stopline: install a C compiler (apt install gcc python3-dev) and install stopline again.
"""


class BuildCore(build_ext):
    """The usual command, with a clear word where no compiler works."""

    def build_extension(self, ext: Extension) -> None:
        """Compile; a failure is told and passed on to setuptools, which forgives optional extensions."""
        try:
            super().build_extension(ext)
        except (BaseError, CCompilerError) as error:
            sys.stderr.write(f"{_MISSING}stopline: the compiler said: {error}\n\n")
            raise


setup(
    cmdclass={"build_ext": BuildCore},
    cffi_modules=[
        "firmware_bridge/host/build.py:ffibuilder",
        "firmware_bridge/host/build_device.py:ffibuilder",
        "edge/control/adaptive/build.py:ffibuilder",
    ],
)
