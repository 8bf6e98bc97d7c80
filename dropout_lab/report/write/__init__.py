"""The files of the report: the page, and tables for other programs."""
