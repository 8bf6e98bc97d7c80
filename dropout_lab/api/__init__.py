"""The Python interface: keyword arguments in the place of words, and a result in the place of a printed page."""
