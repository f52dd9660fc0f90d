"""Incidents on a timetable: each one acts on the traffic and says what is going on."""

from sim_videos.world.mishaps.timetable import Timetable

__all__ = ["Timetable"]
