"""Confidence and calibration of the networks."""
