"""Imports every service once, then forks a process for each order that it is given.

Six interpreters that import the same libraries side by side take twelve seconds on two cores; one
that imports and forks takes three, and the forks share their memory. A fork is only safe while no
thread, connection or event loop exists, so this process never has any: it reads orders from a
socket and waits for its children. `fleet.py` is the other end.
"""

import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from deploy.embedded.child import die_with_parent
from deploy.embedded.serve import PROGRAMS, serve

_GRACE = 30
"""Seconds that the services have to stop before they are killed."""


class ThreadsError(Exception):
    """Importing the services started threads, which a fork would lose."""


@dataclass(slots=True)
class _Zygote:
    """The orders' socket and the children that live."""

    parent: socket.socket
    factories: Mapping[str, str]
    children: dict[int, str] = field(default_factory=dict)

    def tell(self, **message: object) -> None:
        """Send one line to the fleet; it may have gone, then its end is noticed elsewhere."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.parent.sendall(json.dumps(message).encode() + b"\n")

    def follow(self, order: dict[str, Any]) -> None:
        """Start or signal a service."""
        if "start" in order:
            self._fork(order["start"], order["environment"], Path(order["log"]))
        else:
            for pid, service in self.children.items():
                if service == order["service"]:
                    os.kill(pid, order["signal"])

    def _fork(self, service: str, environment: Mapping[str, str], log: Path) -> None:
        own = os.getpid()
        pid = os.fork()
        if pid:
            self.children[pid] = service
            self.tell(started=service, pid=pid)
            return
        status = 1
        try:
            _become(log, environment, own)
            status = _work(service, self.factories[service])
        except BaseException:  # noqa: BLE001 - the end of a process: nothing may pass this frame
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def bury(self) -> None:
        """Report every child that has ended."""
        while self.children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            code = os.waitstatus_to_exitcode(status)
            self.tell(ended=self.children.pop(pid), pid=pid, status=code)


def _work(service: str, entry: str) -> int:
    """Serve an application, or run a program that answers no HTTP; gives the exit status."""
    if service not in PROGRAMS:
        return serve(entry)
    sys.argv = [service]
    module, _, name = entry.partition(":")
    return int(getattr(importlib.import_module(module), name)())


def _become(log: Path, environment: Mapping[str, str], parent: int) -> None:
    """Turn a fresh fork into a process of its own: signals, output, settings."""
    signal.set_wakeup_fd(-1)
    for sign in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, signal.SIG_DFL)
    die_with_parent(parent, signal.SIGTERM)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, sys.stdout.fileno())
    os.dup2(descriptor, sys.stderr.fileno())
    os.close(descriptor)
    os.environ.update(environment)


def _import(factories: Mapping[str, str]) -> str:
    """Import each service's module; the answer is empty, or says which cannot be imported."""
    for service, factory in factories.items():
        module, _, name = factory.partition(":")
        try:
            getattr(importlib.import_module(module), name)
        except Exception as error:  # noqa: BLE001 - whatever a module does on import is its fault
            traceback.print_exc()
            return f"{service} ({module}) cannot be imported: {type(error).__name__}: {error}"
    if threading.active_count() > 1:
        names = ", ".join(thread.name for thread in threading.enumerate()[1:])
        raise ThreadsError(f"importing the services started threads: {names}")
    gc.collect()
    gc.freeze()  # the children share these pages for as long as the collector leaves them alone
    return ""


def main() -> None:
    """Import, then follow orders until the fleet closes the socket or a signal ends us."""
    parent_pid, descriptor = int(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent_pid, signal.SIGTERM)
    zygote = _Zygote(socket.socket(fileno=descriptor), json.loads(sys.argv[3]))
    if reason := _import(zygote.factories):
        zygote.tell(failed=reason)
        return
    wake, ring = socket.socketpair()
    wake.setblocking(False)
    ring.setblocking(False)
    signal.set_wakeup_fd(ring.fileno())
    signal.signal(signal.SIGCHLD, _noted)
    signal.signal(signal.SIGTERM, _leave)
    zygote.tell(ready=True)
    try:
        _obey(zygote, wake)
    finally:
        _end(zygote)


def _noted(_sign: int, _frame: FrameType | None) -> None:
    """Let the wake-up descriptor interrupt the wait."""


def _leave(_sign: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _obey(zygote: _Zygote, wake: socket.socket) -> None:
    pending = b""
    with selectors.DefaultSelector() as selector:
        selector.register(zygote.parent, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is wake:
                    wake.recv(4096)
                    zygote.bury()
                    continue
                received = zygote.parent.recv(65536)
                if not received:
                    return
                *lines, pending = (pending + received).split(b"\n")
                for line in lines:
                    zygote.follow(json.loads(line))


def _end(zygote: _Zygote) -> None:
    """Stop every child and wait for it; each has its own graceful time, then they are killed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def kill(_sign: int, _frame: FrameType | None) -> None:
        for pid in zygote.children:
            os.kill(pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.alarm(_GRACE)
    for pid in zygote.children:
        os.kill(pid, signal.SIGTERM)
    while zygote.children:
        pid, _ = os.wait()
        zygote.children.pop(pid, None)


if __name__ == "__main__":
    main()
