"""A replay scored against the truth of its rendered scene: `score_replay` gives a `SceneScore`."""

from sim_videos.score.scene import SceneScore, SceneScorer, score_replay

__all__ = ["SceneScore", "SceneScorer", "score_replay"]
