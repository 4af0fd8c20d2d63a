"""Tries what needs a Docker engine: the fleet of `compose.yaml`, and the containers' world.

`make test-containers` runs it. Without an engine it says so and succeeds; with one, a fleet or a
test that fails makes it fail.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.compose import place
from deploy.embedded.ports import free_port, is_free
from deploy.world import KafkaAddress
from schemas.topics import SERVICES
from tests.containers.engine import NoEngineError, engine
from tests.containers.story import Fleet, play

PROJECT = "patchvigil-test"
"""A compose project of its own, so that nobody's running fleet is touched."""

_COMPOSE = ("docker", "compose", "--progress", "quiet", "--project-name", PROJECT)
_WORLD = ("tests/component/stack/test_access.py", "tests/component/stack/test_topics.py")
_UP_SECONDS = "300"


def say(text: str) -> None:
    """Tell a person what happens."""
    print(f"containers: {text}", flush=True)  # noqa: T201 - the purpose of this program


@contextmanager
def composed() -> Iterator[Fleet]:
    """Bring the compose fleet up, and remove it with its volumes afterwards."""
    ports = _published()
    os.environ.update({place.variable(name): str(port) for name, port in ports.items()})
    down = [*_COMPOSE, "down", "--volumes", "--timeout", "30"]
    # What a run that was killed left behind, mostly nothing.
    subprocess.run(down, check=False, capture_output=True)
    began = time.monotonic()
    try:
        subprocess.run([*_COMPOSE, "build", "--quiet"], check=True)
        say(f"the images are built after {time.monotonic() - began:.0f} s")
        up = [*_COMPOSE, "up", "--detach", "--wait", "--wait-timeout", _UP_SECONDS]
        subprocess.run(up, check=True)
        say(f"the compose fleet is up after {time.monotonic() - began:.0f} s")
        yield Fleet(
            {service: f"http://127.0.0.1:{ports[service]}" for service in SERVICES},
            _secret("tokens.json"),
            KafkaAddress(f"127.0.0.1:{ports['kafka']}", _secret("credentials.json")["kafka"]),
        )
    except BaseException:
        subprocess.run([*_COMPOSE, "ps", "--all"], check=False)
        subprocess.run([*_COMPOSE, "logs", "--no-color", "--tail", "20"], check=False)
        raise
    finally:
        subprocess.run(down, check=False)


def _published() -> dict[str, int]:
    """Choose where the fleet is published: as usual, or elsewhere where a port is taken."""
    chosen: dict[str, int] = {}
    for name, port in place.PUBLISHED.items():
        chosen[name] = port if is_free(port) else free_port(chosen.values())
        if chosen[name] != port:
            say(f"port {port} is taken by another program: {name} is published on {chosen[name]}")
    return chosen


def _secret(name: str) -> dict[str, Any]:
    """Read a file of the volume of secrets, as an operator would."""
    command = [*_COMPOSE, "run", "--rm", "--no-deps", "--no-TTY", "secrets"]
    done = subprocess.run([*command, "cat", f"/run/credentials/{name}"], check=True, stdout=-1)
    return dict(json.loads(done.stdout))


def main() -> int:
    """Try both worlds; the status is 0 if they work or if there is no engine."""
    folder = Path(os.environ.get("PATCHVIGIL_CONTAINERS_HOME") or tempfile.mkdtemp())
    try:
        with engine(folder, say):
            with composed() as fleet:
                play(fleet, say)
            say("the compose fleet works; now the tests in the containers' world")
            world = os.environ | {"PATCHVIGIL_STACK": "containers"}
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", *_WORLD], check=False, env=world
            )
    except NoEngineError as error:
        say(f"NOT RUN, there is no Docker engine: {error}")
        return 0
    except (AssertionError, subprocess.CalledProcessError) as error:
        say(f"FAILED: {error}")
        return 1
    say("passed" if done.returncode == 0 else "FAILED: the tests in the containers' world")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
