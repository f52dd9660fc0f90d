"""Proofs of the signal core by a bounded model checker, and what they assume: README.md."""
