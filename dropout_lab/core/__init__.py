"""Trials, metrics, random streams and errors: what every other room may use."""
