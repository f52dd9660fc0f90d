"""Estimators that need the extra `learned` (scikit-learn to fit, onnxruntime for networks).

scikit-learn only fits; what it finds is kept as plain arrays, scored with numpy, and saved without pickles.
"""
