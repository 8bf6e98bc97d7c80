"""Trackers: services in which a sweep's runs can be looked at beside others. Off by default, and never needed.

A tracker reads what the store has of finished runs, in a process of its own (`follow`): it takes no time of a training
step, and whatever happens to it, no result is lost.
"""
