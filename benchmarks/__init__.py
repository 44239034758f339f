"""Measure Interlock beside its peers: each question is in README.md."""
