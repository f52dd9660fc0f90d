"""Detectors: `open_detector` gives one for a model file, a model of the manifest, or the best one here."""

from edge.vision.detect.open import open_detector

__all__ = ["open_detector"]
