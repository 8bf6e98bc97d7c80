"""A sweep's folder: what is written into it, and what is read from it."""
