"""The frames of a sweep: its records as data frames, by seed, ranked, and the meaning of their columns."""
