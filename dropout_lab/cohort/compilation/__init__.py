"""Compiled programs of a cohort: whether they pay, and how they are built, tried and kept."""
