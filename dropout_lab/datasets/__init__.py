"""Datasets that fit in memory: one loader, one file, each returns a `dataset.Dataset`."""
