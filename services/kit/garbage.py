"""Keeps Python's garbage collector from reading again and again what a process never lets go."""

import gc

_YOUNG = 20_000
"""Objects after which the young ones are looked at: a batch makes tens of thousands, which end with
it. Python's own 700 looks at each of them several times while the batch still holds them."""


def set_apart() -> None:
    """Leave everything that is there now out of later collections; once in a process.

    A full collection reads every object. Libraries and contracts are more than 100,000 of them, and
    the 60 ms that it takes fall into whatever is urgent at that moment. Where a process was forked
    from one that did this already, only the young ones are left to set.
    """
    gc.set_threshold(_YOUNG, 20, 20)
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
