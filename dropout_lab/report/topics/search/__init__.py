"""The search: fronts, edges, and the best so far."""
