"""The fleet of the tests in this folder: six real services, started once, and the story played."""

from collections.abc import Iterator

import pytest

from deploy.demo.story import play
from deploy.world import Stack
from tests.fleet.theatre import Theatre, theatre
from tests.world import fresh_world


@pytest.fixture(scope="package")
def house(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """A running fleet on a world that the tests of this folder share."""
    with (
        fresh_world(stack, tmp_path_factory.mktemp("world")) as world,
        theatre(world.stack, tmp_path_factory.mktemp("theatre")) as made,
    ):
        yield made


@pytest.fixture(scope="package")
def played(house: Theatre) -> Theatre:
    """The fleet after the whole story of the demonstration."""
    play(house.stage, house.reporter())
    return house
