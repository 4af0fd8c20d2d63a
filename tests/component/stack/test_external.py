"""Servers that somebody else runs: found by address, prepared, refused with what is missing."""

from pathlib import Path

import asyncpg
import pytest

from deploy.embedded.home import open_home
from deploy.errors import StackError
from deploy.kafka import topics
from deploy.stack import choice, provide, settle
from deploy.world import Stack
from tests.world import World


@pytest.mark.stack
async def test_an_external_stack_is_prepared_with_an_administrators_addresses(
    new_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: Stack = new_world.stack
    monkeypatch.setenv("PATCHVIGIL_KAFKA_BOOTSTRAP", given.kafka.bootstrap)
    monkeypatch.setenv("PATCHVIGIL_KAFKA_USER", "admin")
    monkeypatch.setenv("PATCHVIGIL_KAFKA_PASSWORD", given.kafka.passwords["admin"])
    monkeypatch.setenv("PATCHVIGIL_POSTGRES_DSN", new_world.admin_dsn)
    monkeypatch.setenv("PATCHVIGIL_REDIS_URL", given.redis_url)
    assert settle("auto") == "external"
    # The passwords that this home made before, so that the shared servers' users stay as they are.
    home = tmp_path / "home"
    home.mkdir()
    _copy_credentials(given, home)
    with provide("auto", home, say=lambda _: None) as stack:
        assert stack.kind == "external"
        assert topics.diff(stack.kafka) == []
        connection = await asyncpg.connect(stack.postgres.dsn("triage"))
        assert await connection.fetchval("SELECT current_schema()") == "triage"
        await connection.close()


def test_an_external_server_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATCHVIGIL_KAFKA_BOOTSTRAP", "127.0.0.1:9")
    monkeypatch.setenv("PATCHVIGIL_POSTGRES_DSN", "postgresql://somebody:secret@127.0.0.1:9/db")
    monkeypatch.setenv("PATCHVIGIL_REDIS_URL", "redis://127.0.0.1:9/0")
    with (
        pytest.raises(StackError, match=r"PostgreSQL at 127\.0\.0\.1:9/db cannot") as refused,
        provide("external", tmp_path, say=lambda _: None),
    ):
        pass
    assert "secret" not in str(refused.value)


def _copy_credentials(given: Stack, home: Path) -> None:
    import json  # noqa: PLC0415

    (home / "credentials.json").write_text(
        json.dumps({
            "cluster_id": "", "redis": "",
            "kafka": dict(given.kafka.passwords), "postgres": dict(given.postgres.passwords),
        })
    )  # fmt: skip


def test_missing_addresses_are_named_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("KAFKA_BOOTSTRAP", "POSTGRES_DSN", "REDIS_URL"):
        monkeypatch.delenv(f"PATCHVIGIL_{name}", raising=False)
    with (
        pytest.raises(StackError, match="KAFKA_BOOTSTRAP, PATCHVIGIL_POSTGRES_DSN, PATCHVIGIL_RED"),
        provide("external", tmp_path),
    ):
        pass


def test_containers_without_an_engine_are_refused_with_the_way_to_need_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/absent.sock")
    with (
        pytest.raises(StackError, match="no Docker engine answers") as refused,
        provide("containers", tmp_path / "home", say=lambda _: None),
    ):
        pass
    assert "PATCHVIGIL_STACK=embedded" in refused.value.mend


def test_an_unknown_kind_of_stack_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATCHVIGIL_STACK", "kubernetes")
    with pytest.raises(StackError, match="PATCHVIGIL_STACK=kubernetes") as refused:
        choice()
    assert "auto, external, containers, embedded" in refused.value.mend


def test_a_home_that_cannot_be_made_says_where_else_to_put_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="cannot be used") as refused:
        open_home(tmp_path / "file" / "home")
    assert "PATCHVIGIL_HOME" in refused.value.mend


def test_another_users_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)
    with pytest.raises(StackError, match="belongs to another user") as refused:
        open_home(tmp_path)
    assert "chown" in refused.value.mend


def test_a_full_disk_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1024}))
    with pytest.raises(StackError, match="0 MB free"):
        open_home(tmp_path)
