"""All configurations."""
