"""Models: one architecture, one file. A model is an `nn.Module` that holds a `Site` wherever dropout may act."""
