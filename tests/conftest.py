"""Servers for the tests: one stack a session, one fresh world a module.

`stack` starts what PATCHVIGIL_STACK says, in a folder that is gone afterwards. To save the start
while writing tests, leave `python -m deploy.embedded --home FOLDER` running in another terminal
and set PATCHVIGIL_TEST_STACK_HOME=FOLDER. Worlds do not see each other: sessions may share it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from deploy.stack import provide, running
from deploy.world import Stack
from tests.world import World, fresh_world

settings.register_profile("patient", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("patient")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The servers of this test session, with users, roles, topics and access rules in place."""
    kept = os.environ.get("PATCHVIGIL_TEST_STACK_HOME")
    if kept and (found := running(Path(kept))):
        yield found.stack
        return
    home = Path(kept) if kept else tmp_path_factory.mktemp("stack")
    with provide(home=home, durable=False) as started:
        yield started


@pytest.fixture(scope="module")
def world(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A database, topics, Redis keys, blobs and principals that this module has to itself."""
    with fresh_world(stack, tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def new_world(stack: Stack, tmp_path: Path) -> Iterator[World]:
    """A world for one test alone, where a module's shared one would not do (costs about 2 s)."""
    with fresh_world(stack, tmp_path) as made:
        yield made
