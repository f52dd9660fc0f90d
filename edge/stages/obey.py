"""Commands joined to policy: once a step, what came is taken or refused, and answered."""

from __future__ import annotations

from typing import Protocol

from edge.control.policy import Policy
from edge.telemetry.commands import Received


class Commands(Protocol):
    """What `edge.telemetry.commands.CommandListener` is to the loop. Neither call waits."""

    def received(self) -> list[Received]: ...
    def answer(self, received: Received, refused: str | None) -> None: ...


def obey(commands: Commands | None, policy: Policy, t_ns: int) -> None:
    """Take in what has come by t_ns, and let go of what is over."""
    if commands is not None:
        for received in commands.received():
            commands.answer(received, policy.take(received.command, received.left_s, t_ns))
    policy.lapse(t_ns)
