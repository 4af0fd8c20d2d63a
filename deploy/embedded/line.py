"""The fleet's end of the socket to the process that forks services: orders out, reports in."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.embedded.home import Home
from deploy.errors import StackError


class Line:
    """A running zygote and the socket to it; one JSON object a line, both ways."""

    def __init__(self, home: Home, factories: Mapping[str, str]) -> None:
        """Start the importing process, which works while the servers come up."""
        self._log = home.logs / "services.log"
        self._end, theirs = socket.socketpair()
        self._reader = self._end.makefile("r")
        self._sending = threading.Lock()
        command = [sys.executable, "-m", "deploy.embedded.zygote", str(os.getpid())]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, str(theirs.fileno()), json.dumps(dict(factories))],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        theirs.close()

    def await_import(self) -> None:
        """Wait until every service is imported.

        Raises:
            StackError: one cannot be; the message says which and why.
        """
        first = next(iter(self), {"failed": "the importing process ended"})
        if "failed" in first:
            raise StackError(
                f"the services cannot start: {first['failed']}",
                f"the whole error is in {self._log}",
            )

    def send(self, **order: object) -> None:
        """Give an order (see `zygote.py`).

        Raises:
            OSError: the zygote has ended.
        """
        with self._sending:
            self._end.sendall(json.dumps(order).encode() + b"\n")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Give each report until the zygote ends."""
        for line in self._reader:
            yield json.loads(line)

    def finish(self) -> None:
        """Let the zygote stop every service, and wait until it has; again does nothing."""
        if self._process.poll() is None:
            self._end.shutdown(socket.SHUT_WR)
            self._process.wait()

    def close(self) -> None:
        """Finish and give the socket back."""
        self.finish()
        self._reader.close()
        self._end.close()
