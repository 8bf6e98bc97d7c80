"""Rates and placements."""
