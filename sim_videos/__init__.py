"""Rendered scenes with truth, and the demo clip that is committed with the code."""

from __future__ import annotations

from pathlib import Path

_CLIPS = Path(__file__).parent / "clips"
#: The embedded demo clip, the truth of each of its frames, and its counts as a hand count has them.
DEMO_CLIP = _CLIPS / "demo.mp4"
DEMO_TRUTH = _CLIPS / "demo.truth.jsonl"
DEMO_COUNT = _CLIPS / "demo.truth.json"
