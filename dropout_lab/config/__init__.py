"""Config keys: what they are called, what they may be, and what they mean."""
