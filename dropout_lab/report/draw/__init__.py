"""Drawing: the look of all figures, their axes and their layout."""
