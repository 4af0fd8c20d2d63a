"""Gives each service its own schema and login role in a database, closed to every other service."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg

from deploy.world import PostgresAddress
from schemas.topics import SERVICES


def schema(service: str) -> str:
    """Name a service's schema: its kebab-case name in snake_case."""
    return service.replace("-", "_")


def prepare(address: PostgresAddress) -> None:
    """Make the database, the six roles and their schemas; what exists is left as it is.

    A role owns its schema and may enter no other; PUBLIC may do nothing, not even connect.

    Raises:
        asyncpg.PostgresError: the administrator may not create roles or databases.
    """
    _run(lambda: _prepare(address))


def answers(address: PostgresAddress) -> bool:
    """Tell whether the server takes the administrator's connection now."""
    try:
        _run(lambda: _enter(address))
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
        return False
    return True


def drop(address: PostgresAddress) -> None:
    """Drop a database and whatever is connected to it; roles stay, others may use them."""
    _run(lambda: _drop(address))


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine in a thread of its own, so that a caller's event loop is left alone."""
    failure: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread below
            failure.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]


def _role_statements(address: PostgresAddress) -> str:
    """Write the roles; their passwords are hex or come quoted, and PostgreSQL hashes them."""
    lines = []
    for service in SERVICES:
        password = address.passwords[service].replace("'", "''")
        lines.append(
            f"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{service}') THEN
                    CREATE ROLE "{service}" LOGIN;
                END IF;
            END $$;
            ALTER ROLE "{service}" PASSWORD '{password}';
            ALTER ROLE "{service}" SET search_path = {schema(service)};
            """
        )
    return "".join(lines)


def _schema_statements(database: str) -> str:
    """Write the schemas and take from PUBLIC what PostgreSQL gives it by default."""
    roles = ", ".join(f'"{service}"' for service in SERVICES)
    lines = [
        f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;',
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;",
        f'GRANT CONNECT, TEMPORARY ON DATABASE "{database}" TO {roles};',
    ]
    lines += [
        f'CREATE SCHEMA IF NOT EXISTS {schema(service)} AUTHORIZATION "{service}";'
        for service in SERVICES
    ]
    return "\n".join(lines)


async def _prepare(address: PostgresAddress) -> None:
    server = await asyncpg.connect(address.dsn(address.admin_role, "postgres"))
    try:
        # Two preparations at once would both create a role; the lock lasts as long as the session.
        await server.execute("SELECT pg_advisory_lock(hashtext('patchvigil.roles'))")
        await server.execute(_role_statements(address))
        await server.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
        known = await server.fetchval(
            "SELECT true FROM pg_database WHERE datname = $1", address.database
        )
        if not known:
            await server.execute(f'CREATE DATABASE "{address.database}"')
    finally:
        await server.close()
    database = await asyncpg.connect(address.admin_dsn)
    try:
        await database.execute(_schema_statements(address.database))
    finally:
        await database.close()


async def _enter(address: PostgresAddress) -> None:
    server = await asyncpg.connect(address.admin_dsn, timeout=5)
    await server.close()


async def _drop(address: PostgresAddress) -> None:
    server = await asyncpg.connect(address.dsn(address.admin_role, "postgres"))
    try:
        await server.execute(f'DROP DATABASE IF EXISTS "{address.database}" WITH (FORCE)')
    finally:
        await server.close()
