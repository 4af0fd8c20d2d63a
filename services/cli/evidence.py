"""Digests evidence files on this machine: the record holds a digest, never the file."""

import hashlib
from pathlib import Path

from services.cli.door import Exit, RefusedError


def digest_of(file: Path | None, digest: str | None) -> str:
    """Give the SHA-256 of a file, or the digest that was given.

    Raises:
        RefusedError: neither or both are given.
    """
    if (file is None) == (digest is None):
        raise RefusedError(Exit.USAGE, "give either --file or --digest")
    if file is None:
        return digest or ""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
