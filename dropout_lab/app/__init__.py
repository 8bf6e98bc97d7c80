"""The command line and its Hydra plugin: they wire the other rooms together."""
