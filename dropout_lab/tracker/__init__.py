"""Trackers: services that show a sweep's runs together with others. Optional, and off by default.

A tracker reads the records of finished runs in its own process (`follow`). It does not slow training down, and its
failures lose no result.
"""
