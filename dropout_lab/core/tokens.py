"""The tokens that every vocabulary begins with, and the target of places without a class."""

PADDING, UNKNOWN = 0, 1
"""The token that pads a sequence to its length, and the one for tokens that the training part does not have."""
SPECIAL_TOKENS = ("<pad>", "<unk>")

NO_CLASS = -1
"""The target at a place of a sequence that has no class."""
