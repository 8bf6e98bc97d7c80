"""Differences to no dropout, and how sure they are."""
