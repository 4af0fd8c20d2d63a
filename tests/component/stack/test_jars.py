"""Kafka's jars: downloaded once with progress, checked, and each obstacle told with its mend."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.embedded import jars
from deploy.errors import StackError

FILES = {f"part-{number}": bytes([number]) * 1000 for number in range(20)}


class _Repository(BaseHTTPRequestHandler):
    """A Maven repository that holds the files of the lock above."""

    def do_GET(self) -> None:
        name = self.path.rsplit("/", 1)[1].removesuffix("-1.0.jar")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(FILES[name])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lock the files above, with an empty cache."""
    lock = tmp_path / "kafka.lock"
    lines = [
        f"org.example {name} 1.0 {hashlib.sha256(content).hexdigest()} {len(content)}"
        for name, content in FILES.items()
    ]
    lock.write_text("# group artifact version sha256 bytes\n" + "\n".join(lines))
    monkeypatch.setattr(jars, "LOCK", lock)
    monkeypatch.setenv("PATCHVIGIL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Repository)
    thread = Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}/maven2"
    monkeypatch.setenv("PATCHVIGIL_MAVEN_URL", address)
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_is_missing_is_downloaded_once_with_progress(cache: Path, repository: str) -> None:
    said: list[str] = []
    place = jars.fetch(said.append)
    assert place.parent == cache
    assert {path.name for path in place.iterdir()} == {f"{name}-1.0.jar" for name in FILES}
    assert f"20 files, 0 MB from {repository}" in said[0]
    assert len(said) == 11  # and a line each tenth
    (place / "part-3-1.0.jar").unlink()
    assert jars.fetch(said.append) == place
    assert "1 files" in said[11]
    count = len(said)
    jars.fetch(said.append)
    assert len(said) == count


def test_a_file_that_a_mirror_altered_is_refused(
    cache: Path, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "part-7", b"altered")
    with pytest.raises(StackError, match=f"{repository}/.*part-7.*digest differs"):
        jars.fetch(lambda _: None)
    assert not list(cache.glob("*/part-7*"))


@pytest.mark.parametrize(
    ("address", "proxy", "reason"),
    [
        ("http://127.0.0.1:9", "", "Connection refused"),
        ("https://repository.invalid/maven2", "http://127.0.0.1:9", "Connection refused"),
        ("https://repository.invalid/maven2", "", "Name or service not known|name resolution"),
    ],
)
def test_no_maven_central_says_how_to_go_on(
    cache: Path, monkeypatch: pytest.MonkeyPatch, address: str, proxy: str, reason: str
) -> None:
    del cache
    monkeypatch.setenv("PATCHVIGIL_MAVEN_URL", address)
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(StackError, match=f"cannot be downloaded from .*({reason})") as refused:
        jars.fetch(lambda _: None)
    for way in ("https_proxy", "PATCHVIGIL_MAVEN_URL", "PATCHVIGIL_STACK=external"):
        assert way in refused.value.mend


def test_a_repository_without_the_file_is_told_from_one_that_is_away(
    cache: Path, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cache
    monkeypatch.setattr(_Repository, "do_GET", lambda self: self.send_error(404, "Not Found"))
    with pytest.raises(StackError, match=f"{repository}: HTTP Error 404"):
        jars.fetch(lambda _: None)


def test_an_address_that_is_none_is_refused_by_its_variable(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cache
    monkeypatch.setenv("PATCHVIGIL_MAVEN_URL", "repo.example.org/maven2")
    with pytest.raises(StackError, match=r"PATCHVIGIL_MAVEN_URL=repo\.example\.org/maven2 is no"):
        jars.fetch(lambda _: None)


def test_a_cache_that_is_no_folder_says_where_else_to_put_it(cache: Path, repository: str) -> None:
    del repository
    cache.write_text("")
    with pytest.raises(StackError, match=r"cannot be stored in .*Not a directory") as refused:
        jars.fetch(lambda _: None)
    assert "PATCHVIGIL_CACHE" in refused.value.mend


def test_a_full_disk_leaves_no_half_of_a_file(
    cache: Path, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del repository

    def full(_path: Path, _target: Path) -> Path:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(StackError, match="No space left on device") as refused:
        jars.fetch(lambda _: None)
    assert "free some space" in refused.value.mend
    assert _settles_at_none(cache)


def _settles_at_none(folder: Path) -> bool:
    """Wait for the other downloads, which notice the same."""
    deadline = time.monotonic() + 10
    while left := [path for path in folder.rglob("*") if path.is_file()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    return True


@contextmanager
def _silent() -> Iterator[str]:
    """Listen and never answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_ctrl_c_ends_a_download_that_hangs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.embedded", "--home", str(tmp_path / "home")]
    with _silent() as address:
        environment = os.environ | {
            "PATCHVIGIL_MAVEN_URL": address,
            "PATCHVIGIL_CACHE": str(tmp_path / "cache"),
        }
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as began:
            assert began.stderr is not None
            assert any(line.startswith("downloading Apache Kafka") for line in began.stderr)
            began.send_signal(signal.SIGINT)
            assert began.wait(10) == 0
