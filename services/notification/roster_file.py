"""Reads the roster file with the secrets it points at, and again when any of them changes.

A broken file is refused whole and the last good one stays in force; secrets never leave this module
but as the bytes that channels sign or log in with.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from services.kit import clock
from services.kit.webhook_signature import secret_bytes
from services.notification.domain import roster as rosters
from services.notification.domain.roster import Roster, RosterError, Webhook
from services.notification.settings import ROSTER_VARIABLE

_log = logging.getLogger(__name__)

_MIN_KEY_BYTES = 16

Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class OnCall:
    """A roster with the secrets its files hold."""

    roster: Roster
    secrets: Mapping[str, bytes]
    ack_key: bytes
    mail_password: str | None

    def secret(self, webhook: Webhook) -> bytes:
        """The receiver's secret."""
        return self.secrets[webhook.secret_file]


def load(path: Path) -> OnCall:
    """Read a roster file and every file it names, relative to its folder.

    Raises:
        RosterError: a file is missing or empty, not YAML, or an entry is wrong.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RosterError(f"{path}: {error.strerror}: point {ROSTER_VARIABLE} at it") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RosterError(f"{path.name} is not YAML in UTF-8: {error}") from error
    try:
        roster = rosters.parse(raw)
    except RosterError as error:
        raise RosterError(f"{path.name}: {error}") from error
    folder = path.parent
    ack_key = _secret(folder, roster.acknowledge.key_file)
    if len(ack_key) < _MIN_KEY_BYTES:
        raise RosterError(
            f"{roster.acknowledge.key_file}: a key has at least {_MIN_KEY_BYTES} bytes"
        )
    mail = roster.mail
    password = _secret(folder, mail.password_file) if mail and mail.password_file else None
    return OnCall(
        roster=roster,
        secrets={each: _secret(folder, each) for each in _secret_files(roster)},
        ack_key=ack_key,
        mail_password=password.decode() if password is not None else None,
    )


def _secret_files(roster: Roster) -> set[str]:
    files = {each.webhook.secret_file for each in roster.people if each.webhook is not None}
    return files | ({roster.tickets.secret_file} if roster.tickets is not None else set())


def _secret(folder: Path, name: str) -> bytes:
    try:
        return secret_bytes((folder / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise RosterError(
            f"{name}: {error.strerror}: put the secret there, beside the roster"
        ) from error
    except ValueError as error:
        raise RosterError(f"{name}: {error}") from error


class RosterFile:
    """The roster in force; looks for the file's changes every so many seconds."""

    def __init__(self, look_every: float = 1.0) -> None:
        self._look_every = look_every
        self.use(None)

    def use(self, path: Path | None) -> None:
        """Follow this file from now on; None means that nobody can be told."""
        self._path = path
        self._stamp: Stamp = ()
        self._looked_at = -math.inf
        self._held: OnCall | None = None
        self._fault: str | None = f"{ROSTER_VARIABLE} is not set" if path is None else None

    @property
    def fault(self) -> str | None:
        """What is wrong with the file now, while the last good one stays in force."""
        return self._fault

    def check(self) -> None:
        """Read the file now; a service with a broken roster must not look as if it could page.

        Raises:
            RosterError: a file is named and cannot be used.
        """
        self.current()
        if self._fault is not None and self._path is not None:
            raise RosterError(self._fault)
        if self._fault is not None:
            _log.warning("nobody can be told: %s", self._fault)

    def current(self) -> OnCall | None:
        """The roster in force, or None where there is none."""
        if self._path is not None and clock.elapsed() - self._looked_at >= self._look_every:
            self._looked_at = clock.elapsed()
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._stamp = stamp
                self._reload(self._path)
        return self._held

    def _reload(self, path: Path) -> None:
        try:
            self._held = load(path)
            self._fault = None
        except RosterError as error:
            self._fault = str(error)
            _log.error("roster not loaded, the last good one stays: %s", error)


def _stamp(path: Path) -> Stamp:
    """Of the file and its folder's files: secrets lie beside the roster and may change too."""
    try:
        files = [path, *(each for each in path.parent.iterdir() if each.is_file())]
        return tuple(sorted((str(f), f.stat().st_mtime_ns, f.stat().st_size) for f in files))
    except OSError:
        return (("missing", 0, 0),)


ON_CALL = RosterFile()
"""The process's roster. Handlers need it, and the kit gives them nothing but a unit."""
