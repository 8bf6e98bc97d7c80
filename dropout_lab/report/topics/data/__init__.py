"""The data: what was understood of each column of a table."""
