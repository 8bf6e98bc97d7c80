"""From config to objects: the only room that knows what a configuration's sections are made of."""
