"""Codes of Indiana's high-resolution events: those that a cabinet of ours writes, and what their parameter is.

Sturdevant et al., "Indiana Traffic Signal Hi Resolution Data Logger Enumerations", INDOT and
Purdue University, 2012 (doi:10.4231/K4RN35SH), in the edition of the pooled fund study
TPF-5(377), 2020. 173 has the values of unitFlashStatus, NTCIP 1202 v03 section 5.4.6.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Event codes. The parameter is a phase unless its line says otherwise."""

    PHASE_ON = 0
    BEGIN_GREEN = 1
    PHASE_CHECK = 2
    MIN_COMPLETE = 3
    GAP_OUT = 4
    MAX_OUT = 5
    FORCE_OFF = 6
    GREEN_TERMINATION = 7
    BEGIN_YELLOW = 8
    END_YELLOW = 9
    BEGIN_RED_CLEARANCE = 10
    END_RED_CLEARANCE = 11
    PHASE_INACTIVE = 12
    PREEMPT_FORCE_OFF = 20
    BEGIN_WALK = 21
    BEGIN_PED_CLEARANCE = 22
    BEGIN_DONT_WALK = 23
    PED_DARK = 24
    BARRIER_TERMINATION = 31  # barrier: 1 follows the first barrier group
    HOLD_ACTIVE = 41
    HOLD_RELEASED = 42
    CALL_REGISTERED = 43
    CALL_DROPPED = 44
    PED_CALL_REGISTERED = 45
    DETECTOR_OFF = 81  # detector channel, as in all up to 88
    DETECTOR_ON = 82
    DETECTOR_RESTORED = 83
    DETECTOR_FAULT_OTHER = 84
    DETECTOR_FAULT_WATCHDOG = 85
    DETECTOR_FAULT_OPEN = 86
    DETECTOR_FAULT_SHORTED = 87
    DETECTOR_FAULT_EXCESSIVE = 88
    PED_DETECTOR_OFF = 89  # number of the push button
    PED_DETECTOR_ON = 90  # number of the push button
    PREEMPT_INPUT_ON = 102  # preempt, as in all up to 111
    PREEMPT_INPUT_OFF = 104
    PREEMPT_ENTRY = 105
    PREEMPT_DWELL = 107
    PREEMPT_MAX_PRESENCE = 110
    PREEMPT_EXIT = 111
    PATTERN_CHANGE = 131  # pattern, 254 is free
    CYCLE_LENGTH_CHANGE = 132  # whole seconds, 255 for all above
    OFFSET_CHANGE = 133  # whole seconds, 255 for all above
    SPLIT_1_CHANGE = 134  # whole seconds; up to 149 for phase 16
    COORD_STATE_CHANGE = 150  # CoordState
    CYCLE_LENGTH_BEYOND_255 = 156  # whole seconds above 255
    FLASH_STATUS_CHANGE = 173  # FlashStatus
    ALARM_ON = 200  # Alarm
    ALARM_OFF = 201  # Alarm


class CoordState(IntEnum):
    """Parameter of 150."""

    FREE = 0
    IN_STEP = 1
    TRANSITION_ADD = 2
    TRANSITION_SUBTRACT = 3
    TRANSITION_DWELL = 4
    LOCAL_ZERO = 5


class FlashStatus(IntEnum):
    """Parameter of 173: unitFlashStatus of NTCIP 1202."""

    OTHER = 1
    NOT_FLASH = 2
    LOCAL_MANUAL = 4
    FAULT_MONITOR = 5
    STARTUP = 7


class Alarm(IntEnum):
    """Parameter of 200 and 201, which the enumerations leave to the maker: these are Stopline's."""

    CORE_FAULT = 1
    FALLBACK = 2


#: Pattern number of free operation.
FREE_PATTERN = 254
#: What an eight-bit parameter holds.
LIMIT = 255
