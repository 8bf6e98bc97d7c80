"""Modules in the folder where a command is given, such as my_net.py."""

import os
import sys


def make_importable() -> None:
    """Let the working directory's modules be found, behind all that is installed."""
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)
