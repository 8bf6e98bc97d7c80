"""Users' networks are tried before training: what would not train in lanes as it does alone is refused."""
