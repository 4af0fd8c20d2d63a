"""Tries what needs a Docker engine: the fleet of `compose.yaml`, and the containers' world.

`make test-containers` runs it. Without an engine it says so and succeeds; with one, a fleet or a
test that fails makes it fail.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.embedded.ports import SERVICE_PORTS, is_free
from deploy.world import KafkaAddress
from tests.containers.engine import NoEngineError, engine
from tests.containers.story import Fleet, play

PROJECT = "patchvigil-test"
"""A compose project of its own, so that nobody's running fleet is touched."""

_COMPOSE = ("docker", "compose", "--progress", "quiet", "--project-name", PROJECT)
_WORLD = ("tests/component/stack/test_access.py", "tests/component/stack/test_topics.py")
_UP_SECONDS = "300"
_KAFKA_PORT = 9092


def say(text: str) -> None:
    """Tell a person what happens."""
    print(f"containers: {text}", flush=True)  # noqa: T201 - the purpose of this program


@contextmanager
def composed() -> Iterator[Fleet]:
    """Bring the compose fleet up, and remove it with its volumes afterwards."""
    taken = [port for port in (*SERVICE_PORTS.values(), _KAFKA_PORT) if not is_free(port)]
    assert not taken, f"ports {taken} are in use: stop what runs there (`patchvigil down`)"
    try:
        subprocess.run([*_COMPOSE, "build", "--quiet"], check=True)
        up = [*_COMPOSE, "up", "--detach", "--wait", "--wait-timeout", _UP_SECONDS]
        subprocess.run(up, check=True)
        yield Fleet(
            {service: f"http://127.0.0.1:{port}" for service, port in SERVICE_PORTS.items()},
            _secret("tokens.json"),
            KafkaAddress(f"127.0.0.1:{_KAFKA_PORT}", _secret("credentials.json")["kafka"]),
        )
    except BaseException:
        subprocess.run([*_COMPOSE, "ps", "--all"], check=False)
        subprocess.run([*_COMPOSE, "logs", "--no-color", "--tail", "20"], check=False)
        raise
    finally:
        subprocess.run([*_COMPOSE, "down", "--volumes", "--timeout", "30"], check=False)


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
