"""dropout-lab: where should dropout go in a network, which kind, at what rate, and how sure can one be?"""

__version__ = "0.1.0"
