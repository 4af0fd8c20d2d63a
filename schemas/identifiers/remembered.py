"""Remembers what a function made of short texts; long ones would fill the memory of a service."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar, cast

LONGEST = 1024
"""Characters of a text that is remembered; names, versions and identifiers are shorter."""

P = ParamSpec("P")
R = TypeVar("R")


def remembered(entries: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a pure function of texts so that it remembers this many answers.

    A cache keeps its keys: thousands of texts of a megabyte, which parsers refuse in the end, would
    stay in memory after their documents are gone. It keeps its answers, too: objects, unlike texts
    and bytes, are read by each full garbage collection, 65,000 of them in 60 ms.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        cached = cast("Callable[P, R]", lru_cache(entries)(function))

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for each in args:
                if isinstance(each, str) and len(each) > LONGEST:
                    return function(*args, **kwargs)
            return cached(*args, **kwargs)

        return call

    return decorate
