"""The engineer's test set: short scenarios with the signal sequence that a timing sheet promises, on the real core."""
