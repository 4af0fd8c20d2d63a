"""Chooses TCP ports on the loopback interface and keeps them across restarts."""

import json
import random
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from schemas.topics import SERVICES

FIRST_SERVICE_PORT = 8101
"""The first service answers HTTP here, the others on the ports that follow, unless taken."""

SERVICE_PORTS = {service: FIRST_SERVICE_PORT + index for index, service in enumerate(SERVICES)}

# Below the range from which systems pick ports for outgoing connections, so that a port chosen
# now is not handed to some client a moment before the server binds it.
_RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(taken: Iterable[int] = ()) -> int:
    """Pick a free port outside of `taken`."""
    avoid = set(taken)
    while True:
        port = random.choice(_RANGE)  # noqa: S311 - chance here avoids neighbours, it keeps no secret
        if port not in avoid and is_free(port):
            return port


def choose(
    names: Iterable[str], path: Path, preferred: dict[str, int], say: Callable[[str], None]
) -> dict[str, int]:
    """Give each name a port: last time's if free, else the preferred, else any; and remember it.

    A port that had to change is told through `say`.
    """
    known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    chosen: dict[str, int] = {}
    for name in names:
        wishes = [known[name]] if name in known else []
        wishes += [preferred[name]] if name in preferred else []
        usable = (port for port in wishes if port not in chosen.values() and is_free(port))
        chosen[name] = next(usable, 0) or free_port([*chosen.values(), *preferred.values()])
        if wishes and chosen[name] != wishes[0]:
            say(f"port {wishes[0]} is taken by another program: {name} uses {chosen[name]} instead")
    path.write_text(json.dumps({**known, **chosen}, indent=1))
    return chosen


def answers(port: int, ask: bytes = b"", expect: bytes = b"") -> bool:
    """Tell whether a server on this port accepts a connection, and replies `expect` to `ask`."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            if ask:
                connection.sendall(ask)
                return expect in connection.recv(1024)
    except OSError:
        return False
    return True
