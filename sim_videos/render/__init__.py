"""A camera over the simulated street.

`camera.py` is where it stands, `renderer.py` what it sees, `faults.py` what goes wrong with it.
"""

from sim_videos.render.faults import CameraFeed
from sim_videos.render.renderer import Picture, Renderer, Style
from sim_videos.render.seen import SeenUser

__all__ = ["CameraFeed", "Picture", "Renderer", "SeenUser", "Style"]
