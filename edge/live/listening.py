"""Opens what control listens to: commands from a broker, contacts for preemption, push buttons.

The same for `stopline control` and `stopline live`.
"""

from __future__ import annotations

from contextlib import ExitStack

from calibration.site import Site
from edge.bus import Views
from edge.clock import Clock
from edge.live.cabinet import Inputs
from edge.telemetry.commands import CommandListener
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from firmware_bridge.contacts import Contacts


def opened_inputs(
    opened: ExitStack,
    site: Site,
    clock: Clock,
    *,
    identity: NodeIdentity,
    broker: BrokerAddress | None,
    views: Views | None = None,
    wired: bool = True,
) -> Inputs:
    """Everything that the site names, closed with the stack. DeviceError where a contact cannot be had.

    broker: None listens to no command. wired: whether contacts are there to be read.
    """
    contacts = opened.enter_context(Contacts(site.preempts if wired else (), clock))
    buttons = opened.enter_context(Contacts(site.buttons if wired else (), clock, kind="button"))
    listener = None
    if broker is not None:
        listener = opened.enter_context(CommandListener(identity, broker, clock=clock))
    return Inputs(views, listener, contacts.called, buttons.came)
