"""The names of the files in a replay's folder."""

from __future__ import annotations

EVENTS = "events.jsonl"
CROSSINGS = "crossings.csv"
COUNTS = "counts.csv"
VIDEO = "annotated.mp4"
REPORT = "report.html"
#: What may differ between two equal runs: versions, names, speeds.
RUN = "run.json"
#: Every request to the signals, where the site has a plan.
BRIDGE = "bridge.jsonl"
#: High-resolution events of lamps, detectors and control, where the site has a plan.
HIRES = "hires.csv"
#: What was seen in each frame, where it is asked for: needed to score a replay against a scene's truth.
FRAMES = "frames.jsonl.gz"
#: What `stopline incidents replay` found when it asked the rules again.
INCIDENTS = "incidents.jsonl"
#: Folder of the pictures of incidents, where the site asks for them.
SNAPSHOTS = "snapshots"

ALL = (EVENTS, CROSSINGS, COUNTS, VIDEO, REPORT, RUN, BRIDGE, HIRES, FRAMES, INCIDENTS)
