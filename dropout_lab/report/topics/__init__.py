"""The topics of the report: each table and each figure with its columns, words and rule, and their order."""
