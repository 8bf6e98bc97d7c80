"""Epochs and time to converge."""
