"""What the numbers in reports and answers mean, in sentences for people."""

from __future__ import annotations

from firmware_bridge.wire_messages import Answer, Fate, Result

_FATES: dict[int, str] = {
    Fate.NO_TABLE: "the controller holds no timing table",
    Fate.OTHER_TABLE: "the controller runs another timing table",
    Fate.LATE: "it came too late to the controller",
    Fate.BY_CORE: "the core does not take it",
}
_RESULTS: dict[int, str] = {
    Result.NOT_BEGUN: "parts of the table were lost; load it again",
    Result.TOO_LONG: "the table has more channels than the controller",
    Result.WRONG_BOARD: "the table is for another kind of board; mend signal.wiring.board in the site file",
    Result.BAD_TABLE: "the table breaks rule {detail} of the core at channel {channel}",
    Result.WRONG_CRC: "the table came with a wrong CRC; load it again",
    Result.NOT_FLASHING: "the junction does not flash; turn on the flash switch and load it again",
    Result.NOBODY_THERE: "nobody is at the cabinet: open its door, or hold the reset button, and try again",
    Result.NOT_STORED: "its memory did not take the table; the one before stays in use",
    Result.NO_SUCH_FAULT: "that fault is not latched",
}

#: Results that no second attempt changes: a person must mend the site or take another controller.
TABLES_FAULT = frozenset({Result.TOO_LONG, Result.WRONG_BOARD, Result.BAD_TABLE})


def fate_text(fate: int) -> str | None:
    """Why the newest request was not taken; None where it was."""
    if fate == Fate.TAKEN:
        return None
    return _FATES.get(fate, f"for a reason of number {fate}")


def result_text(answer: Answer) -> str:
    """Why a command was not carried out."""
    text = _RESULTS.get(answer.result, f"for a reason of number {answer.result}")
    return text.format(detail=answer.detail, channel=answer.channel)
