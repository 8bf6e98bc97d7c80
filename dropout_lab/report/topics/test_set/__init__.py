"""The held-out test set."""
