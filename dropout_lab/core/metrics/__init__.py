"""What is measured: definitions in NumPy, and the table that declares every metric once.

`curves` and `answers` define metrics, `metric` is the form of a declaration, `table` holds all of them, `lookup` and
`summary` are what other rooms use. Trainer and report share them.
"""
