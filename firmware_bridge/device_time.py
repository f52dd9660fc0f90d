"""A device's milliseconds as cabinet time, from when its reports come."""

from __future__ import annotations

from edge.clock import NS_PER_MS

_U32 = 1 << 32
#: A device's clock is believed to be slower than ours by no more than 1 in so many: a ceramic resonator is.
_DRIFT = 100


class DeviceTime:
    """Maps one device's wrapping milliseconds; begun anew whenever the device may have been.

    A report is never early, only late: the least delay seen says how the clocks stand, and
    is let go of as fast as the clocks may drift apart.
    """

    def __init__(self) -> None:
        self._device_ns: int | None = None
        self._offset_ns = 0

    def cabinet_ns(self, time_ms: int, heard_ns: int) -> int:
        """Cabinet time of a report that says time_ms and was heard at heard_ns."""
        device_ns = self._unwrapped_ns(time_ms)
        offset_ns = heard_ns - device_ns
        if self._device_ns is None:
            self._offset_ns = offset_ns
        else:
            most_ns = self._offset_ns + max(0, device_ns - self._device_ns) // _DRIFT
            self._offset_ns = min(offset_ns, most_ns)
        self._device_ns = device_ns
        return device_ns + self._offset_ns

    def _unwrapped_ns(self, time_ms: int) -> int:
        if self._device_ns is None:
            return time_ms * NS_PER_MS
        last_ms = self._device_ns // NS_PER_MS
        step_ms = (time_ms - last_ms + _U32 // 2) % _U32 - _U32 // 2
        return (last_ms + step_ms) * NS_PER_MS
