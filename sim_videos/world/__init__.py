"""The street that moves: a scenario run by SUMO (extra `sim`), told as `sim_videos.state`."""

from sim_videos.world.build import build_street

__all__ = ["build_street"]
