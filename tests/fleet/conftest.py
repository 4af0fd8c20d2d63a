"""The fleet of the tests in this folder: six real services, started once, and the story played."""

from collections.abc import Iterator

import pytest

from deploy.demo.acts.plot import DOCUMENTS
from deploy.demo.story import play
from deploy.world import Stack
from tests.fleet import load
from tests.fleet.documents import Document
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


@pytest.fixture(scope="package")
def still(played: Theatre) -> Theatre:
    """The fleet after the story, at rest, in the law's time: nothing happens by itself."""
    again = (DOCUMENTS / "06-advisory-zlib.json").read_bytes()
    load.submit(played, [Document("zlib.json", again), Document("zlib-again.json", again)])
    played.books.come_to_rest()
    played.go_on_in_the_laws_time()
    return played
