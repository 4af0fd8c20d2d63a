"""Lets Python look for garbage seldom: a short run keeps nearly all that it makes."""

import gc

_AT_ONCE = 200_000
"""Objects made between two looks; by default 700, each look going over more and more of them."""


def seldom() -> None:
    """Leave what is loaded alone, and look at what comes seldom. Cycles are still found."""
    gc.freeze()
    gc.set_threshold(_AT_ONCE, 50, 1000)
