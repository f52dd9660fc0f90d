"""What a camera sees of the street."""

from __future__ import annotations

from sim_videos.render.camera import PinholeCamera
from sim_videos.render.placing import bodies_of, place
from sim_videos.render.seen import SeenUser, seen_users
from sim_videos.scenario import LookSpec
from sim_videos.state import WorldFrame
from sim_videos.street import Street


class Renderer:
    """One camera's view of one street. seed settles what the scenario leaves open: buildings, colours, noise."""

    def __init__(self, street: Street, camera: PinholeCamera, look: LookSpec, *, seed: int) -> None:
        self.street, self.camera, self.look, self.seed = street, camera, look, seed

    def seen(self, world: WorldFrame) -> tuple[SeenUser, ...]:
        """Everybody in the picture and how much of them shows, without painting it."""
        return seen_users(world, place(bodies_of(world), self.camera), None, self.camera.size_px)
