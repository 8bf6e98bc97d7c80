"""What is measured: definitions in NumPy, and the table that declares every metric once.

`curves`, `answers` and `functions` define metrics. `metric` is the form of a declaration, `table` holds all of them.
Other rooms use `lookup` and `summary`; trainer and report share them.
"""
