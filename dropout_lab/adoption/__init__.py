"""Networks as people write them: their own dropouts become sites, their source untouched."""
