"""The figures: each draws exactly one table, and gives a matplotlib Figure. What is drawn when, `gallery` says."""
