"""The second job of `compose.yaml`: users, roles, topics, access rules and every migration."""

import asyncio

from pydantic import SecretStr

from deploy.compose import place
from deploy.credentials import load_or_create
from deploy.embedded.home import Home
from deploy.kafka import scram
from deploy.stack import prepare
from deploy.world import Stack
from schemas.topics import SERVICES
from services.kit.database import open_pool
from services.kit.migration import migrate
from services.kit.settings import Settings

_PATIENCE = 120.0


async def _migrate(stack: Stack) -> None:
    """Bring each service's schema up to date, as that service's own role."""
    for service in SERVICES:
        dsn = SecretStr(stack.postgres.dsn(service))
        pool = await open_pool(Settings(postgres_dsn=dsn), service)
        try:
            await migrate(pool, service)
        finally:
            await pool.close()


def main() -> None:
    """Prepare the servers; doing it again changes nothing."""
    stack = place.stack(load_or_create(Home(place.CREDENTIALS).credentials))
    scram.create_admin(stack.kafka, _PATIENCE)
    prepare(stack)
    asyncio.run(_migrate(stack))


if __name__ == "__main__":
    main()
