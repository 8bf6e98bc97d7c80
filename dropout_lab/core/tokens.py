"""What every vocabulary begins with, and what stands where no class is asked for."""

PADDING, UNKNOWN = 0, 1
"""What fills a sequence up to its length, and what stands for any token that the training part does not have."""
SPECIAL_TOKENS = ("<pad>", "<unk>")

NO_CLASS = -1
"""The target at a place of a sequence where nothing is asked."""
