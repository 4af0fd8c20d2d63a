"""Says where this user's cache is: what is in it can be made again at any time."""

import os
from pathlib import Path

import platformdirs


def folder() -> Path:
    """Give the cache: PATCHVIGIL_CACHE, or this user's own; shared by every checkout."""
    base = os.environ.get("PATCHVIGIL_CACHE") or platformdirs.user_cache_dir("patchvigil")
    return Path(base).resolve()
