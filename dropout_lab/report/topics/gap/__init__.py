"""The gap between train and validation."""
