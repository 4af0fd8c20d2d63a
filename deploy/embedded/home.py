"""The folder that holds everything of one embedded stack, and who may use it at a time."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.errors import StackError

STORY_HOME, RECORDS_HOME = "demo", "public"
"""Where the demonstration keeps its own homes, below the default one."""

LEAST_FREE = 300 * 1024 * 1024
"""Bytes that the first set-up and a day of demonstration need on disk."""

_OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one home; nothing outside of it is written but the cache of downloads."""

    path: Path

    @property
    def logs(self) -> Path:
        """Where each server and service writes its log."""
        return self.path / "logs"

    @property
    def credentials(self) -> Path:
        """The file of all passwords (mode 0600)."""
        return self.path / "credentials.json"

    @property
    def ports(self) -> Path:
        """The file of the ports that were chosen, kept across restarts."""
        return self.path / "ports.json"

    @property
    def state(self) -> Path:
        """What runs here now (mode 0600); absent when nothing does."""
        return self.path / "stack.json"

    @property
    def lock(self) -> Path:
        """Locked by the process that runs the stack."""
        return self.path / "lock"

    @property
    def blobs(self) -> Path:
        """The blob store's folder."""
        return self.path / "blobs"

    def folder(self, name: str) -> Path:
        """Give a server's folder, made if it is not there."""
        folder = self.path / name
        folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        return folder


def default_home() -> Path:
    """Give PATCHVIGIL_HOME, or `.patchvigil` in the working directory."""
    return Path(os.environ.get("PATCHVIGIL_HOME") or ".patchvigil").resolve()


def busy_home() -> Path:
    """Give the home whose stack runs: the default one, else a demonstration's that was left so.

    The default one where nothing runs.
    """
    own = default_home()
    homes = (own, own / STORY_HOME, own / RECORDS_HOME)
    return next((home for home in homes if is_held(Home(home))), own)


def open_home(path: Path) -> Home:
    """Make the folder ready for this user.

    Raises:
        StackError: another user's folder, not writable, or too little disk.
    """
    home = Home(path.resolve())
    elsewhere = "choose another folder with PATCHVIGIL_HOME"
    try:
        home.path.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        owner = home.path.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise StackError(
                f"the data folder {home.path} belongs to another user (uid {owner})",
                f"run as that user, take the folder over with chown -R, or {elsewhere}",
            )
        home.path.chmod(_OWNER_ONLY)
        for name in (home.logs, home.blobs):
            name.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        free = shutil.disk_usage(home.path).free
    except OSError as error:
        raise StackError(
            f"the data folder {home.path} cannot be used: {error.strerror}", elsewhere
        ) from error
    if free < LEAST_FREE:
        raise StackError(
            f"the disk of {home.path} has {free // 2**20} MB free of the"
            f" {LEAST_FREE // 2**20} MB that are needed",
            f"free some space or {elsewhere}",
        )
    return home


@contextmanager
def hold(home: Home) -> Iterator[None]:
    """Keep other processes from running a stack in the same home.

    Raises:
        StackError: one already runs there.
    """
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN):
                raise
            raise StackError(
                f"a stack already runs in {home.path}",
                "use it, stop it with `patchvigil down`, or choose another with PATCHVIGIL_HOME",
            ) from error
        yield
    finally:
        os.close(descriptor)


def is_held(home: Home) -> bool:
    """Tell whether a process runs a stack in this home at this moment; in another user's: no."""
    try:
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
