"""Settings of all tests."""

import os

from hypothesis import settings

# The networks are so small that a second thread costs more than it brings, most of all beside another process.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("patient", deadline=None)  # the machine may be doing something else
settings.load_profile("patient")
