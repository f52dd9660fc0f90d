"""A camera over the simulated street.

`camera.py` is where it stands, `renderer.py` what it sees, `faults.py` what goes wrong with it.
"""
