"""Keeps large payloads by their SHA-256: a folder or any object store; what is read is verified."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import obstore
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

_DIGEST = re.compile(r"^sha256:([0-9a-f]{64})$")


class BlobError(Exception):
    """A payload that is named by its digest is missing or is not what the digest says."""


@dataclass(frozen=True, slots=True)
class Blobs:
    """A content-addressed store. Digests read `sha256:<hex>`, as `ce_dataref` carries them."""

    store: ObjectStore

    async def put(self, content: bytes) -> str:
        """Keep `content` and return its digest; the same content is kept once."""
        digest = hashlib.sha256(content).hexdigest()
        await obstore.put_async(self.store, _path(digest), content)
        return f"sha256:{digest}"

    async def get(self, digest: str) -> bytes:
        """Read what `digest` names.

        Raises:
            BlobError: the digest is not one, nothing is kept under it, or it was altered.
        """
        matched = _DIGEST.match(digest)
        if matched is None:
            raise BlobError(f"{digest!r} is no digest: it reads sha256:<64 hex digits>")
        try:
            result = await obstore.get_async(self.store, _path(matched[1]))
            content = bytes(await result.bytes_async())
        except FileNotFoundError as error:
            raise BlobError(f"{digest} is not in the blob store: restore it there") from error
        if hashlib.sha256(content).hexdigest() != matched[1]:
            raise BlobError(f"what is stored under {digest} is something else: restore it")
        return content


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


def open_blobs(url: str) -> Blobs:
    """Open the store at `url`; text without a scheme is a local folder, made if it is missing."""
    if url == "memory:":
        return Blobs(MemoryStore())
    if url.startswith("file://"):
        url = url.removeprefix("file://")
    if "://" not in url:
        return Blobs(LocalStore(Path(url).absolute(), mkdir=True))
    return Blobs(from_url(url))
