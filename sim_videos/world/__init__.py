"""The street that moves: a scenario run by SUMO (extra `sim`), told as `sim_videos.state`."""

from sim_videos.world.build import build_street
from sim_videos.world.lamps import LampSource
from sim_videos.world.sumo_world import SumoWorld
from sim_videos.world.tally import Flow, Tally

__all__ = ["Flow", "LampSource", "SumoWorld", "Tally", "build_street"]
