"""What `measure=` measured of the trained networks."""
