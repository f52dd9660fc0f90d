"""Who a cabinet's node is on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import ConfigError
from edge.messages import topic


@dataclass(frozen=True, slots=True)
class NodeIdentity:
    """The three levels under which a node's topics lie; ConfigError where one cannot be a level."""

    org: str
    site: str
    node: str

    def __post_init__(self) -> None:
        try:
            topic(self.org, self.site, self.node, "status")
        except ValueError as error:
            raise ConfigError(f"org, site and node name the node on the wire: {error}") from error

    def __str__(self) -> str:
        return f"{self.org}/{self.site}/{self.node}"

    def topic(self, name: str) -> str:
        """Full topic of one row of `edge.messages.TOPICS`."""
        return topic(self.org, self.site, self.node, name)
