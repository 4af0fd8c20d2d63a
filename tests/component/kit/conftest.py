"""Units of work on a real database, with the table of effects."""

from collections.abc import AsyncIterator

import pytest

from services.kit.unit import Units
from tests.component.kit.node import settings_of, units_of
from tests.world import World


@pytest.fixture(scope="module")
async def units(world: World) -> AsyncIterator[Units]:
    """One module's database. Tests share it: each uses a consumer and keys of its own."""
    async with units_of(settings_of(world)) as opened:
        yield opened
