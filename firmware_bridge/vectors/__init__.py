"""Test vectors of the signal core: see README.md in this folder."""
