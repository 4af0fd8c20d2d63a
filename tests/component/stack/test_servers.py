"""The embedded servers: data survives restarts, no process survives a stop, faults are told."""

import os
import signal
import socket
import time
from pathlib import Path

import asyncpg
import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition

from deploy.embedded import process, servers
from deploy.embedded.home import open_home
from deploy.errors import StackError
from deploy.stack import provide, running, stop
from deploy.world import Stack
from tests.component.stack.started import alone, await_none, processes

pytestmark = pytest.mark.stack


def _write(stack: Stack) -> None:
    producer = Producer(stack.kafka.client("triage"))
    producer.produce("cases", key=b"k", value=b"kept", partition=0)
    assert producer.flush(10) == 0
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set("kept", "yes")


def _last_case(stack: Stack) -> bytes | None:
    consumer = Consumer({**stack.kafka.client("triage"), "group.id": "triage.probe"})
    consumer.assign([TopicPartition("cases", 0, 0)])
    message = consumer.poll(10)
    consumer.close()
    assert message is not None
    assert message.error() is None
    return message.value()


async def _execute(stack: Stack, sql: str) -> object:
    connection = await asyncpg.connect(stack.postgres.dsn("triage"))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_a_restart_keeps_the_data_the_ports_and_the_passwords(tmp_path: Path) -> None:
    with provide("embedded", tmp_path) as first:
        _write(first)
        await _execute(first, "CREATE TABLE kept AS SELECT 42 AS n")
    await_none(tmp_path)
    said: list[str] = []
    with provide("embedded", tmp_path, say=said.append) as second:
        assert second == first
        assert _last_case(second) == b"kept"
        assert await _execute(second, "SELECT n FROM kept") == 42
        with redis.Redis.from_url(second.redis_url) as client:
            assert client.get("kept") == b"yes"
    assert not any("set up" in line for line in said)
    await_none(tmp_path)


async def test_a_port_that_another_program_took_is_replaced_and_told(tmp_path: Path) -> None:
    with provide("embedded", tmp_path, durable=False) as first:
        pass
    with socket.create_server(("127.0.0.1", first.postgres.port)):
        said: list[str] = []
        with provide("embedded", tmp_path, durable=False, say=said.append) as second:
            assert second.postgres.port != first.postgres.port
            assert await _execute(second, "SELECT 1") == 1
    expected = f"port {first.postgres.port} is taken by another program: postgres uses"
    assert any(line.startswith(expected) for line in said)


def test_servers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with alone(tmp_path) as parent:
        assert set(processes(tmp_path).values()) >= {"java", "postgres", "valkey-server"}
        parent.kill()
        parent.wait()
        await_none(tmp_path)
    assert running(tmp_path) is None


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_cleanly(tmp_path: Path, sign: signal.Signals) -> None:
    with alone(tmp_path) as parent:
        parent.send_signal(sign)
        assert parent.wait(30) == 0
    assert processes(tmp_path) == {}
    assert not (tmp_path / "postgres" / "data" / "postmaster.pid").exists()
    assert not (tmp_path / "stack.json").exists()


def test_stop_ends_what_runs_in_a_home_and_says_if_nothing_did(tmp_path: Path) -> None:
    with alone(tmp_path) as parent:
        assert stop(tmp_path)
        assert parent.wait(10) == 0
    assert not stop(tmp_path)


def test_secrets_are_readable_by_their_owner_only(stack: Stack, tmp_path: Path) -> None:
    del stack
    home = open_home(tmp_path / "home")
    assert home.path.stat().st_mode & 0o077 == 0
    private = home.path / "x"
    process_umask = os.umask(0)
    try:
        from deploy.credentials import write_private  # noqa: PLC0415

        write_private(private, "secret")
    finally:
        os.umask(process_umask)
    assert private.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("initdb: could not write file: No space left on device", "the disk is full"),
        ("java.net.BindException: Address already in use", "its port was taken"),
        ('FATAL: data directory "x" has wrong ownership', "may not read or write its folder"),
        ("There is insufficient memory for the Java Runtime", "not enough memory"),
        ("Segmentation fault", "kafka did not start, it ended with status 3"),
    ],
)
def test_a_server_that_ends_early_is_explained(said: str, reason: str, tmp_path: Path) -> None:
    error = process.explain("kafka", 3, said, tmp_path / "kafka.log")
    assert reason in error.reason
    assert error.mend


def test_a_full_disk_is_named_although_no_log_could_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1024}))
    error = process.explain("kafka", 1, "", tmp_path / "kafka.log")
    assert "kafka did not start: the disk is full" in error.reason


def test_a_server_that_ends_by_itself_is_told_and_one_that_is_stopped_is_not(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    home = open_home(tmp_path)
    with servers.operate(home, said.append, durable=False) as running_servers:
        running_servers.stop("valkey")
        running_servers.start("valkey")
        (kafka,) = [pid for pid, name in processes(tmp_path).items() if name == "java"]
        os.kill(kafka, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while not (told := [line for line in said if "ended while it ran" in line]):
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
    (line,) = told
    assert line.startswith("kafka ended while it ran, it ended with status -9")
    assert "What to do: " in line


def test_a_server_that_cannot_start_ends_the_others_too(tmp_path: Path) -> None:
    with provide("embedded", tmp_path, durable=False):
        pass
    (tmp_path / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with (
        pytest.raises(
            StackError, match="postgres did not start, it ended with status 1"
        ) as refused,
        provide("embedded", tmp_path),
    ):
        pass
    assert "postgres.log" in refused.value.mend
    await_none(tmp_path)
