"""What is measured: definitions in NumPy, and the table that declares every metric once.

`curves`, `answers` and `functions` define metrics, `metric` is the form of a declaration, `table` holds them, `lookup` and
`summary` are what other rooms use. Trainer and report share them.
"""
