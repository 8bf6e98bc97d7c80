"""The answer of the report: one decision, and every sentence, word and command that follows from it."""
