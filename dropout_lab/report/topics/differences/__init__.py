"""Differences from no dropout, and how sure they are."""
