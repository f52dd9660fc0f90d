"""The closed loop: a simulated street, eyes on it, a controller, and its lamps back on the street."""
