"""Encrypts personal data at rest: AES-256-GCM (NIST SP 800-38D) key outside of any database."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

_NONCE, _KEY = 12, 32


class SealError(Exception):
    """Personal data cannot be sealed or opened; the message says why and how to mend it."""


class SealSettings(BaseSettings):
    """Where the key of personal data is."""

    model_config = SettingsConfigDict(
        env_prefix="PATCHVIGIL_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    pii_key_file: Path | None = Field(
        None,
        description="32 random bytes that encrypt personal data; made at first use if absent. "
        "Without it the key lies beside a local blob folder, never inside it.",
    )
    blob_url: str = Field(".patchvigil/blobs", description="As in the kit's settings.")

    @property
    def place(self) -> Path:
        """Where the key is.

        Raises:
            SealError: the blob store is not a local folder and no file is named.
        """
        if self.pii_key_file is not None:
            return self.pii_key_file
        folder = self.blob_url.removeprefix("file://")
        if "://" in folder:
            raise SealError("set PATCHVIGIL_PII_KEY_FILE: the key must not lie in the blob store")
        return Path(unquote(folder)).parent / "pii.key"


class Sealer:
    """Seals and opens texts; each is bound to its place, so that rows cannot be swapped."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, content: bytes, place: str) -> bytes:
        """Encrypt with a fresh nonce."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Decrypt.

        Raises:
            SealError: another key or place, or altered bytes.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
        except InvalidTag as error:
            raise SealError(
                "personal data does not open: restore the key file that sealed it"
            ) from error


@lru_cache(maxsize=8)
def sealer(path: Path) -> Sealer:
    """The sealer with the key of this file, which is made, readable by its owner only, if absent.

    Raises:
        SealError: the file holds no key, or cannot be read or made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:  # noqa: PTH123
            made.write(os.urandom(_KEY))
    except FileExistsError:
        pass
    except OSError as error:
        raise SealError(f"{path}: {error.strerror}: set PATCHVIGIL_PII_KEY_FILE") from error
    key = path.read_bytes()
    if len(key) != _KEY:
        raise SealError(f"{path} has {len(key)} bytes: a key has {_KEY}")
    return Sealer(key)


@dataclass(slots=True)
class _Process:
    """The sealer of this process: set once, when the service starts."""

    sealer: Sealer | None = None


_process = _Process()


def use(chosen: Sealer) -> None:
    """Seal and open with this sealer from now on."""
    _process.sealer = chosen


def current() -> Sealer:
    """The sealer in use.

    Raises:
        SealError: the service was not started.
    """
    if _process.sealer is None:
        raise SealError("no key is loaded: start the service through its app")
    return _process.sealer
