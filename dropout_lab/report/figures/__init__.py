"""The figures: each draws exactly one table into a matplotlib Figure. `gallery` decides which are drawn."""
