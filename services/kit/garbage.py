"""Keeps Python's garbage collector from reading again and again what a process never lets go."""

import gc


def set_apart() -> None:
    """Leave everything that is there now out of later collections; once in a process.

    A full collection reads every object. Libraries and contracts are more than 100,000 of them, and
    the 60 ms that it takes fall into whatever is urgent at that moment. Where a process was forked
    from one that did this already, nothing is left to do.
    """
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
