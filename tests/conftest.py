"""Settings of all tests."""

from hypothesis import settings

settings.register_profile("patient", deadline=None)  # the machine may be doing something else
settings.load_profile("patient")
