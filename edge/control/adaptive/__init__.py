"""Adaptive control: each second the stage sequence of least delay over the next minute, searched in C."""
