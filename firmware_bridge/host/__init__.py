"""The signal core compiled for this machine; see `core.py`."""
