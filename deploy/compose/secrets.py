"""The first job of `compose.yaml`: makes every password once and gives each container its own.

Runs as root without any right but to change owners. What it made before, it leaves as it is.
"""

import os
from pathlib import Path

from deploy.compose import place
from deploy.credentials import POSTGRES_ADMIN, Credentials, load_or_create, write_private
from deploy.embedded.home import Home
from deploy.kafka import node
from deploy.principals import ensure
from schemas.topics import SERVICES

_KEEPER = "intake"
"""The one service that keeps personal data, and so the one that is given its key."""
_KEY, _KEY_BYTES = place.CREDENTIALS / "pii.key", 32

_SECRET, _GROUP_READS, _ALL_READ = 0o400, 0o440, 0o444


def main() -> None:
    """Write all files into the volumes."""
    home = Home(place.CREDENTIALS)
    credentials = load_or_create(home.credentials)
    for service in SERVICES:
        _give(_settings_file(service), _settings(credentials, service), place.USERS[service])
    _give_key()
    _give(place.CREDENTIALS / "redis.conf", _redis(credentials), place.REDIS_USER)
    published = int(os.environ.get(place.variable("kafka")) or place.KAFKA_PORT)
    settings = node.properties(place.kafka_settings(credentials, published))
    # Its image copies the file, mode and all, and then appends to the copy.
    _give(place.KAFKA_SETTINGS / "server.properties", settings, place.KAFKA_USER, 0o600)
    # Alone in its volume, which only PostgreSQL and the jobs have: its image reads it as a user
    # whose number differs between builds.
    password = credentials.postgres[POSTGRES_ADMIN]
    _give(place.POSTGRES_SECRET / "password", password, 0, _ALL_READ)
    _own(ensure(home), 0, _GROUP_READS)
    _own(place.CREDENTIALS, 0, 0o755)


def _settings_file(service: str) -> Path:
    return place.CREDENTIALS / f"{service.replace('-', '_')}.env"


def _settings(credentials: Credentials, service: str) -> str:
    """Write a service's settings as a shell reads them; no value holds a quote."""
    settings = place.stack(credentials).environment(service)
    if service == _KEEPER:
        settings |= {"PATCHVIGIL_PII_KEY_FILE": str(_KEY)}
    return "".join(f"{name}='{value}'\n" for name, value in settings.items())


def _give_key() -> None:
    """Make the key of personal data once: another one would open nothing of what is stored."""
    if not _KEY.exists():
        write_private(_KEY, os.urandom(_KEY_BYTES))
    _own(_KEY, place.USERS[_KEEPER], _SECRET)


def _redis(credentials: Credentials) -> str:
    return f"requirepass {credentials.redis}\nmaxmemory-policy noeviction\nsave ''\n"


def _give(path: Path, text: str, user: int, mode: int = _SECRET) -> None:
    write_private(path, text)
    _own(path, user, mode)


def _own(path: Path, user: int, mode: int) -> None:
    # Mode first: once the file is another's, this user may not change it any more.
    if path.stat().st_uid == os.geteuid():
        path.chmod(mode)
    os.chown(path, user, place.GROUP)


if __name__ == "__main__":
    main()
